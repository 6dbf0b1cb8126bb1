"""ELAN files (.eaf, format 3.0): the program's tiers and the person's side by side.

Tiers per person in the picture: micro-expressions, action units, emotion, conclusion, other events; those
of the person who coded end in `coder`. Times are whole milliseconds, as ELAN keeps them; an annotation ends
where its last frame ends. Knows reports and annotations, no files and no HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from mellm.report import Interval, MicroExpression, Report
from mellm.web.annotation import AnnotationBody, CodedMoment
from mellm.web.contract import Frames

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = "default-lt"


@dataclass(frozen=True, slots=True)
class _Span:
    """One annotation: begin and end in ms, and its text."""

    begin: int
    end: int
    text: str


def elan_document(
    report: Report, annotation: AnnotationBody | None, times: Sequence[float], *, date: str
) -> bytes:
    """Return the .eaf file.

    Args:
        report: the program's
        annotation: the person's, None where nobody has coded
        times: seconds of each frame
        date: ISO 8601, of the export
    """
    clock = _Clock(times, report.source.fps)
    tiers: dict[str, tuple[int, list[_Span]]] = {}

    def add(person: int, tier: str, span: _Span | None) -> None:
        if span is not None and span.text:
            tiers.setdefault(f"P{person} {tier}", (person, []))[1].append(span)

    for number, me in enumerate(report.micro_expressions, 1):
        for tier, text in _program(number, me).items():
            add(me.person, tier, clock.interval(me.interval, text))
        for name, span in clock.phases(me.interval):
            add(me.person, "phase", _Span(*span, name))
    for event in report.other_events:
        text = f"{event.kind} {event.note}".strip()
        add(event.person, "other", clock.span(event.onset_frame, event.offset_frame, text))
    for moment in annotation.moments if annotation else []:
        frames = _frames_of(moment, report)
        if frames is None or moment.verdict == "open":
            continue
        last = frames.offset if frames.offset is not None else frames.apex
        for tier, text in _coder(moment, report).items():
            add(moment.person, f"{tier} coder", clock.span(frames.onset, last, text))
    return _write(report, tiers, annotation.coder if annotation else "", date)


def _program(number: int, me: MicroExpression) -> dict[str, str]:
    units = "+".join(au.code for au in sorted(me.action_units, key=lambda au: au.au) if au.present)
    label = me.emotion.label
    share = f" {me.emotion.probabilities.get(label, 0.0):.2f}" if label else ""
    return {
        "ME": f"ME {number}, apex frame {me.interval.apex_frame}",
        "AU": units,
        "emotion": f"{label}{share}" if label else "",
        "conclusion": me.reading.conclusion,
    }


def _coder(moment: CodedMoment, report: Report) -> dict[str, str]:
    if moment.verdict == "rejected":
        return {"ME": f"rejected: ME {moment.number} {moment.note}".strip(), "note": moment.note}
    frames = _frames_of(moment, report)
    me = _of_program(moment, report)
    said = {unit.was or unit.code: unit for unit in moment.units}
    codes = [au.code for au in me.action_units if au.present and au.code not in said] if me else []
    codes += [unit.code for unit in moment.units if unit.verdict != "rejected"]
    if moment.emotion is not None:
        emotion = moment.emotion.label or "none"
    else:
        emotion = (me.emotion.label or "") if me else ""
    name = f"ME {moment.number}" if moment.number else "ME added"
    return {
        "ME": f"{name} {moment.verdict}, apex frame {frames.apex if frames else '-'}",
        "AU": "+".join(codes),
        "emotion": emotion,
        "conclusion": moment.text.conclusion if moment.text else "",
        "note": moment.note,
    }


def _of_program(moment: CodedMoment, report: Report) -> MicroExpression | None:
    known = moment.number is not None and moment.number <= len(report.micro_expressions)
    return report.micro_expressions[moment.number - 1] if known and moment.number else None


def _frames_of(moment: CodedMoment, report: Report) -> Frames | None:
    if moment.frames is not None:
        return moment.frames
    me = _of_program(moment, report)
    if me is None:
        return None
    when = me.interval
    return Frames(onset=when.onset_frame, apex=when.apex_frame, offset=when.offset_frame)


class _Clock:
    """Frames -> milliseconds."""

    def __init__(self, times: Sequence[float], fps: float | None) -> None:
        self._times = times
        self._step = 1 / fps if fps else 0.04

    def begin(self, frame: int) -> int:
        """When a frame begins."""
        if frame < len(self._times):
            return round(self._times[frame] * 1000)
        last = self._times[-1] if self._times else 0.0
        return round((last + self._step * (frame - len(self._times) + 1)) * 1000)

    def span(self, first: int, last: int, text: str) -> _Span:
        begin = self.begin(first)
        return _Span(begin, max(self.begin(last + 1), begin + 1), text)

    def interval(self, when: Interval, text: str) -> _Span:
        last = when.offset_frame if when.offset_frame is not None else when.apex_frame
        return self.span(when.onset_frame, last, text)

    def phases(self, when: Interval) -> list[tuple[str, tuple[int, int]]]:
        """Onset phase up to the apex, offset phase after it."""
        onset, apex = self.begin(when.onset_frame), self.begin(when.apex_frame)
        found = [("onset to apex", (onset, apex))] if apex > onset else []
        if when.offset_frame is not None:
            end = self.begin(when.offset_frame + 1)
            found += [("apex to offset", (apex, end))] if end > apex else []
        return found


def _write(report: Report, tiers: dict[str, tuple[int, list[_Span]]], author: str, date: str) -> bytes:
    ElementTree.register_namespace("xsi", _XSI)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": author or "mellm",
            "DATE": date,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    name = _clean(report.source.path.replace("\\", "/").rsplit("/", 1)[-1])
    media = {"MEDIA_URL": name, "MIME_TYPE": "video/*", "RELATIVE_MEDIA_URL": f"./{name}"}
    ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", media)
    order = ElementTree.SubElement(root, "TIME_ORDER")
    slots, annotations = 0, 0
    written = []
    for tier_id, (person, spans) in tiers.items():
        tier = ElementTree.Element(
            "TIER", {"LINGUISTIC_TYPE_REF": _TYPE, "PARTICIPANT": f"P{person}", "TIER_ID": tier_id}
        )
        for span in _apart(spans):
            ids = []
            for value in (span.begin, span.end):
                slots += 1
                slot = {"TIME_SLOT_ID": f"ts{slots}", "TIME_VALUE": str(value)}
                ElementTree.SubElement(order, "TIME_SLOT", slot)
                ids.append(f"ts{slots}")
            annotations += 1
            entry = ElementTree.SubElement(
                ElementTree.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                {"ANNOTATION_ID": f"a{annotations}", "TIME_SLOT_REF1": ids[0], "TIME_SLOT_REF2": ids[1]},
            )
            ElementTree.SubElement(entry, "ANNOTATION_VALUE").text = _clean(span.text)
        written.append(tier)
    last = ElementTree.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"})
    last.text = str(annotations)
    root.extend(written)
    kind = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"}
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", kind)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _apart(spans: Sequence[_Span]) -> list[_Span]:
    """Spans in order that do not overlap, as one tier needs them: those that would are joined."""
    result: list[_Span] = []
    for span in sorted(spans, key=lambda s: (s.begin, s.end)):
        if result and span.begin < result[-1].end:
            former = result.pop()
            span = _Span(former.begin, max(former.end, span.end), f"{former.text} | {span.text}")
        result.append(span)
    return result


def _clean(text: str) -> str:
    """Without the control characters XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
