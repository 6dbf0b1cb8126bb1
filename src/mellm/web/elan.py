"""ELAN files (.eaf, format 3.0): the program's tiers and every coder's side by side.

Tiers per person in the picture: micro-expressions, phases, action units, emotion, conclusion, other events;
those of a coder end in the coder's name. Times are whole milliseconds, as ELAN keeps them. Knows reports and
annotations, no files and no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from mellm.render.numbers import lasting_number
from mellm.report import Interval, MicroExpression, Report
from mellm.web.annotation import Annotation, AnnotationBody
from mellm.web.elan_clock import Clock, Span, apart
from mellm.web.elan_rows import PHASES, Rows, rows_of
from mellm.web.elan_text import held, held_json, held_name, possible

PROPERTY = "mellm-annotation"
"""Header property with a coder's annotation as JSON, for what tiers cannot hold; `:` and the name follow."""

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = "default-lt"

_NO_URI = '%#?:^`|"<>[]{}\\'
"""Characters that end or break a URI."""


@dataclass
class _Tier:
    """One tier: whose face, who coded it, and its rows."""

    person: int
    annotator: str
    spans: list[Span] = field(default_factory=list)


def tier_name(person: int, kind: str, coder: str, lane: int = 1) -> str:
    """The name of a coder's tier; moments that overlap stand in lanes of their own."""
    return f"P{person} {kind} {coder}" + (f" ({lane})" if lane > 1 else "")


def coder_name(annotation: AnnotationBody) -> str:
    """What a coder's tiers are called after."""
    if annotation.role == "final":
        return "final"
    return held_name(annotation.coder)


def elan_document(
    report: Report,
    annotations: Sequence[Annotation],
    times: Sequence[float],
    rereads: Mapping[str, Report],
    *,
    date: str,
) -> bytes:
    """Return the .eaf file.

    Args:
        report: the program's
        annotations: one of each coder whose tiers it shall have
        times: seconds of each frame
        rereads: reports of the moments that people had read anew, by job
        date: ISO 8601 with its offset from UTC, of the export
    """
    clock = Clock(times, report.source.fps)
    tiers: dict[str, _Tier] = {}

    def add(person: int, name: str, annotator: str, span: Span) -> None:
        span = Span(span.begin, span.end, held(span.text))
        if span.text:
            tiers.setdefault(name, _Tier(person, annotator)).spans.append(span)

    for place, me in enumerate(report.micro_expressions):
        for kind, span in _program(place, me, clock):
            add(me.person, f"P{me.person} {kind}", "mellm", span)
    for event in report.other_events:
        text = f"{event.kind} {event.note}"
        span = clock.span(event.onset_frame, event.offset_frame, text)
        add(event.person, f"P{event.person} other", "mellm", span)
    for annotation in annotations:
        name = coder_name(annotation)
        for rows, lane in _in_lanes(_rows(annotation, report, clock, times, rereads)):
            for kind, spans in rows.spans.items():
                for span in spans:
                    add(rows.person, tier_name(rows.person, kind, name, lane), name, span)
    return _write(report, tiers, annotations, date)


def _rows(
    annotation: AnnotationBody,
    report: Report,
    clock: Clock,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> list[Rows]:
    found = (
        rows_of(moment, annotation.coder, report, clock, times, rereads) for moment in annotation.moments
    )
    return [rows for rows in found if rows is not None]


def _in_lanes(found: Sequence[Rows]) -> list[tuple[Rows, int]]:
    """Each moment with the first lane that is free for it."""
    ends: dict[tuple[int, int], int] = {}
    placed = []
    for rows in sorted(found, key=lambda rows: rows.begin):
        lane = 1
        while ends.get((rows.person, lane), -1) > rows.begin:
            lane += 1
        ends[rows.person, lane] = rows.end
        placed.append((rows, lane))
    return placed


def _program(place: int, me: MicroExpression, clock: Clock) -> list[tuple[str, Span]]:
    units = "+".join(au.code for au in sorted(me.action_units, key=lambda au: au.au) if au.present)
    label, when = me.emotion.label, me.interval
    share = f" {me.emotion.probabilities.get(label, 0.0):.2f}" if label else ""
    last = when.offset_frame if when.offset_frame is not None else when.apex_frame
    texts = {
        "ME": f"ME {lasting_number(me, place)}, apex frame {when.apex_frame}"
        + (f" ({when.files[1]})" if len(when.files) > 1 else ""),
        "AU": units,
        "emotion": f"{label}{share}" if label else "",
        "conclusion": me.reading.conclusion,
    }
    whole = [(kind, clock.span(when.onset_frame, last, text)) for kind, text in texts.items()]
    return [*whole, *(("phase", span) for span in _phases(when, clock))]


def _phases(when: Interval, clock: Clock) -> list[Span]:
    """Onset phase up to the apex, offset phase after it."""
    onset, apex = clock.begin(when.onset_frame), clock.begin(when.apex_frame)
    found = [Span(onset, apex, PHASES[0])] if apex > onset else []
    if when.offset_frame is not None:
        end = clock.begin(when.offset_frame + 1)
        found += [Span(apex, end, PHASES[1])] if end > apex else []
    return found


def _write(report: Report, tiers: Mapping[str, _Tier], annotations: Sequence[Annotation], date: str) -> bytes:
    ElementTree.register_namespace("xsi", _XSI)
    authors = ", ".join(one.coder for one in annotations if one.coder)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": held(authors) or "mellm",
            "DATE": date,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if report.source.kind != "folder":
        name = possible(report.source.path.replace("\\", "/").rsplit("/", 1)[-1])
        address = _address(name)
        media = {"MEDIA_URL": address, "MIME_TYPE": "video/*", "RELATIVE_MEDIA_URL": f"./{address}"}
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", media)
    for one in annotations:
        kept = ElementTree.SubElement(header, "PROPERTY", {"NAME": f"{PROPERTY}:{coder_name(one)}"})
        kept.text = held_json(one.model_dump_json(exclude={"job", "version", "created"}))
    order = ElementTree.SubElement(root, "TIME_ORDER")
    count = 0
    for name, tier in tiers.items():
        attributes = {
            "LINGUISTIC_TYPE_REF": _TYPE,
            "PARTICIPANT": f"P{tier.person}",
            "TIER_ID": name,
            "ANNOTATOR": tier.annotator,
        }
        element = ElementTree.SubElement(root, "TIER", attributes)
        for span in apart(tier.spans):
            count += 1
            _annotation(element, order, count, span)
    last = ElementTree.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"})
    last.text = str(count)
    kind = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"}
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", kind)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _annotation(tier: ElementTree.Element, order: ElementTree.Element, number: int, span: Span) -> None:
    """Write annotation `number` with two time slots of its own."""
    slots = f"ts{2 * number - 1}", f"ts{2 * number}"
    for slot, value in zip(slots, (span.begin, span.end), strict=True):
        attributes = {"TIME_SLOT_ID": slot, "TIME_VALUE": str(value)}
        ElementTree.SubElement(order, "TIME_SLOT", attributes)
    attributes = {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": slots[0], "TIME_SLOT_REF2": slots[1]}
    holder = ElementTree.SubElement(tier, "ANNOTATION")
    entry = ElementTree.SubElement(holder, "ALIGNABLE_ANNOTATION", attributes)
    ElementTree.SubElement(entry, "ANNOTATION_VALUE").text = span.text


def _address(name: str) -> str:
    """Return a file's name as a URI in which letters of every script and spaces stay, as ELAN writes them."""
    return "".join(f"%{ord(c):02X}" if c in _NO_URI else c for c in name)
