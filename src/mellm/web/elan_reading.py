"""A coder's tiers of an ELAN file (.eaf) as an annotation, whether mellm wrote it or somebody in ELAN alone.

Where tiers say what the file's header says, the header's words hold, so that nothing is lost on the way;
where somebody changed a tier in ELAN, the tier holds. Knows reports and annotations, no files and no HTTP.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from pydantic import ValidationError

from mellm.errors import InputError
from mellm.report import Report
from mellm.web.annotation import AnnotationBody, CodedMoment
from mellm.web.elan import PROPERTY
from mellm.web.elan_clock import Clock, Span
from mellm.web.elan_rows import KINDS, Rows, moment_of, rows_of
from mellm.web.elan_text import held, held_name
from mellm.wording.message import Message

_TIER = re.compile(r"P(\d+) (" + "|".join(sorted(KINDS, key=len, reverse=True)) + r") (.+)$")
_LANE = re.compile(r" \((\d+)\)$")


def read_elan(
    data: bytes, coder: str, report: Report, times: Sequence[float], rereads: Mapping[str, Report]
) -> AnnotationBody:
    """Return what one coder's tiers say.

    Args:
        data: the file
        coder: whose tiers; `coder` for those of somebody without a name
        report: the program's, of the same clip
        times: seconds of each frame
        rereads: reports of the moments that were read anew, by job

    Raises InputError where the file is no ELAN document, or has no tier of this coder.
    """
    root = _document(data)
    clock = Clock(times, report.source.fps)
    name = held_name(coder)
    found = _found(root, name)
    kept = _kept(root, name)
    if not found and kept is None:
        raise InputError(Message("coding.eaf_empty", {"coder": name}))
    said = kept or AnnotationBody(coder="" if name == "coder" else name)
    known = {moment.id: moment for moment in said.moments if moment.id is not None}
    moments = []
    for rows in found:
        moment = moment_of(rows, report, clock)
        former = known.pop(moment.id, None) if moment.id is not None else None
        moments.append(_newer(former, moment, rows, said.coder, report, clock, times, rereads))
    order = {moment.id: k for k, moment in enumerate(said.moments)}
    moments.sort(key=lambda moment: order.get(moment.id, len(order)))
    return said.model_copy(update={"moments": moments})


def _newer(
    former: CodedMoment | None,
    moment: CodedMoment,
    rows: Rows,
    coder: str,
    report: Report,
    clock: Clock,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> CodedMoment:
    """The moment of the header where its tiers are as they were written, else that of the tiers."""
    if former is None:
        return moment.model_copy(update={"id": moment.number})
    written = rows_of(former, coder, report, clock, times, rereads)
    if written is not None and _plain(written.spans) == _plain(rows.spans):
        return former
    moved = moment.frames != former.frames
    return moment.model_copy(
        update={"key": former.key, "id": former.id, "reread": None if moved else former.reread}
    )


def _plain(spans: Mapping[str, Sequence[Span]]) -> dict[str, list[tuple[int, int, str]]]:
    """Rows in one order."""
    return {kind: sorted((span.begin, span.end, span.text) for span in rows) for kind, rows in spans.items()}


def _document(data: bytes) -> ElementTree.Element:
    # Without a document type there are no entities of a file's own: nothing grows while it is read.
    if b"<!DOCTYPE" in data[:4096].upper() or b"<!ENTITY" in data.upper():
        raise InputError(Message("coding.eaf", {"why": "it has a document type of its own"}))
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InputError(Message("coding.eaf", {"why": str(error)})) from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise InputError(Message("coding.eaf", {"why": f"its root is {root.tag[:40]}"}))
    return root


def _found(root: ElementTree.Element, coder: str) -> list[Rows]:
    """The moments in a coder's tiers: each row of an ME tier with what the other tiers say at its time."""
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE") or -1) for slot in root.iter("TIME_SLOT")}
    tiers: dict[tuple[int, int], dict[str, list[Span]]] = defaultdict(dict)
    for tier in root.iter("TIER"):
        named = _TIER.match(tier.get("TIER_ID") or "")
        rest = named[3].removeprefix(coder) if named and named[3].startswith(coder) else None
        lane = _LANE.fullmatch(rest) if rest else None
        if named and (rest == "" or lane):
            spans = [_span(entry, slots) for entry in tier.iter("ALIGNABLE_ANNOTATION")]
            place = int(named[1]), int(lane[1]) if lane else 1
            tiers[place][named[2]] = [span for span in spans if span is not None]
    found = []
    for (person, _), kinds in tiers.items():
        for me in kinds.get("ME", []):
            rows = Rows(person, {"ME": [me]})
            for kind, rows_of_kind in kinds.items():
                inside = [s for s in rows_of_kind if me.begin <= (s.begin + s.end) // 2 < me.end]
                if kind != "ME":
                    for span in inside:
                        rows.add(kind, span)
            found.append(rows)
    return found


def _span(entry: ElementTree.Element, slots: Mapping[str | None, int]) -> Span | None:
    begin, end = (slots.get(entry.get(f"TIME_SLOT_REF{k}"), -1) for k in (1, 2))
    text = held(entry.findtext("ANNOTATION_VALUE") or "")
    return Span(begin, end, text) if 0 <= begin < end else None


def _kept(root: ElementTree.Element, coder: str) -> AnnotationBody | None:
    for entry in root.iterfind("HEADER/PROPERTY"):
        if entry.get("NAME") == f"{PROPERTY}:{coder}" and entry.text:
            try:
                return AnnotationBody.model_validate_json(entry.text)
            except ValidationError:
                return None
    return None
