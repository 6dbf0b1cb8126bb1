"""The events that a question is about, and what is said where there are none, or where none was looked for.

A question may name a time, a part of the video, a length, a person and a place in the row; each is honoured,
or the answer says that there is no such thing.
"""

import math
from collections.abc import Callable, Iterator

from mellm.analysis.asking.happenings import Happening, counted, happenings, has_times, many, named
from mellm.analysis.asking.questions import Question, Scope, Topic
from mellm.analysis.asking.told import LISTED, Told
from mellm.report import Report
from mellm.wording.message import Field, Message

_TOLD_ANYWAY = frozenset({Topic.TRUTH, Topic.OTHER, Topic.PEOPLE, Topic.LENGTH})
_BY_TIME = frozenset({Topic.LONGEST, Topic.SHORTEST, Topic.ORDER, Topic.LENGTH})
_OF_MICRO = frozenset({
    Topic.COARSE, Topic.FINE, Topic.UNITS, Topic.UNITS_OVER, Topic.SHOWN, Topic.COMPARED, Topic.SIDE,
    Topic.REGION, Topic.SPOKEN, Topic.DETAIL, Topic.CONFIDENCE, Topic.STRONGEST,
})  # fmt: skip
"""Topics of which only the micro-expressions that were read know anything."""
_SHORT = {
    Topic.COUNT: "0", Topic.BLINKS: "0", Topic.SPEECH: "0", Topic.CLOSURES: "0", Topic.HEAD: "0",
    Topic.PEOPLE: "0", Topic.SHOWN: "no",
}  # fmt: skip
"""What the challenges' form takes where there is nothing: a count stays a number."""
_TOO_LITTLE = ("spot.seen_too_short", "spot.rate_too_low", "spot.too_few_frames")
"""Reasons for which nothing could be spotted, whatever moved."""

_SUFFIXES = (Message("ask.th"), Message("ask.st"), Message("ask.nd"), Message("ask.rd"))
_SUFFIXES_OF_TIMES = (
    Message("ask.th_time"),
    Message("ask.st_time"),
    Message("ask.nd_time"),
    Message("ask.rd_time"),
)


def asked_for(question: Question, report: Report) -> list[Happening]:
    """Return the events that a question is about, in time, those too unsure to be read among them."""
    found = _fitting(question, report, counted(report, question.scope)[0])
    return found if question.places.ordinal is None else _picked(question, found)


def subjects(question: Question, report: Report) -> list[Happening]:
    """Return the micro-expressions that were read and that a question is about."""
    if question.places.ordinal is not None:
        return [h for h in asked_for(question, report) if h.me is not None]
    return _fitting(question, report, happenings(report, "micro"))


def nothing(question: Question, report: Report, scope: Scope | None = None) -> Told:
    """Return the answer where there is no event of a kind, with the report's own reason."""
    kind = scope or question.scope
    fields: dict[str, Field] = {"what": named(kind)}
    everywhere = counted(report, kind)[0] or happenings(report, kind)
    if everywhere:
        # The question leaves them out.
        said = [
            Message("ask.none_there", {**fields, "many": many(kind, len(everywhere))}),
            listed(report, everywhere),
        ]
    else:
        said = [Message("ask.none_of", fields)]
        if kind in ("micro", "any") and not report.micro_expressions:
            said.append(Message("ask.why_none", {"why": report.record(report.verdict).message}))
    return Told(said, short=_SHORT.get(question.topic, ""))


def listed(report: Report, found: list[Happening]) -> Message:
    """Return when events are."""
    return Message("ask.listed", {"parts": tuple(when(report, h) for h in found[:LISTED])})


def when(report: Report, h: Happening) -> Message:
    """Return when an event is; whose it is, too, where several people were seen."""
    several = len(report.people) > 1
    return Message("ask.of_person", {"person": h.person, "span": h.span}) if several else h.span


def refusal(question: Question, report: Report) -> Told | None:
    """Return the answer where a question cannot be answered as it is asked; None where it can."""
    told = next(filter(None, (rule(question, report) for rule in _RULES)), None)
    if told is not None and not told.short:
        told.short = _SHORT.get(question.topic, "")
    return told


def place_in_row(question: Question) -> Message:
    """Return the place in the row of events that a question names, such as `2nd`."""
    place = question.places.ordinal or 1
    if place == -1:
        return Message("ask.nth_last")
    tens, ones = divmod(abs(place), 10)
    row = _SUFFIXES if question.scope in ("micro", "macro", "any", "all") else _SUFFIXES_OF_TIMES
    suffix = row[0] if tens % 10 == 1 else row[ones if ones < len(row) else 0]
    fields: dict[str, Field] = {"place": abs(place), "suffix": suffix}
    return Message("ask.nth_from_end", fields) if place < 0 else Message("ask.nth", fields)


def looked_at(question: Question, report: Report) -> list[Message]:
    """Return a sentence on what narrows the answer: the person, the part of the video; none where nothing."""
    places = question.places
    if question.topic in _TOLD_ANYWAY - {Topic.PEOPLE}:
        return []
    parts = []
    if places.person is not None and question.topic is not Topic.PEOPLE:
        parts.append(Message("ask.person", {"person": places.person}))
    if places.span is not None:
        start, end = _ends(question, report)
        parts.append(_part(start, end, frames=places.span.frames))
    if places.time is not None and not _tells_time(question):
        parts.append(Message("ask.place_time", {"time": places.time}))
    if places.frame is not None and not _tells_time(question):
        parts.append(Message("ask.place_frame", {"frame": places.frame}))
    if places.lasting is not None and places.lasting.start is not None:
        parts.append(Message("ask.longer_than", {"seconds": places.lasting.start}))
    if places.lasting is not None and places.lasting.end is not None:
        parts.append(Message("ask.shorter_than", {"seconds": places.lasting.end}))
    return [Message("ask.looked_at", {"parts": tuple(parts)})] if parts else []


def lengths(question: Question, report: Report) -> list[Message]:
    """Return a sentence on how long the events last, where that is asked; none where nothing has times."""
    if not question.asks_length or question.topic in (Topic.LENGTH, Topic.LONGEST, Topic.SHORTEST):
        return []
    parts = tuple(
        Message("ask.seconds", {"seconds": h.seconds})
        for h in asked_for(question, report)[:LISTED]
        if h.timed
    )
    return [Message("ask.lasting", {"parts": parts})] if parts else []


def _tells_time(question: Question) -> bool:
    """Whether the answer's own sentences name the time."""
    return question.topic in (Topic.AT, Topic.BLINKS, Topic.SPEECH, Topic.CLOSURES)


def _part(start: float, end: float, *, frames: bool) -> Message:
    fields: dict[str, Field] = {"start": start, "end": end}
    if math.isinf(start):
        return Message("ask.before_frame", fields) if frames else Message("ask.before", fields)
    if math.isinf(end):
        return Message("ask.after_frame", fields) if frames else Message("ask.after", fields)
    return Message("ask.between_frames", fields) if frames else Message("ask.between", fields)


def _ends(question: Question, report: Report) -> tuple[float, float]:
    """Start and end of the part of the video that a question names."""
    span = question.places.span
    if span is None:
        return -math.inf, math.inf
    start = -math.inf if span.start is None else span.start
    if span.share:
        whole = end_of(report)
        return start * whole, math.inf if span.end is None else span.end * whole
    if span.start is not None and span.start < 0:
        start += report.source.frames if span.frames else end_of(report)
    return start, math.inf if span.end is None else span.end


def moment(question: Question, report: Report) -> tuple[float, int]:
    """Return the second and the frame that a question names; the nearest frame where it names a time."""
    times = report.source.times()
    if question.frame is not None:
        return times[question.frame], question.frame
    time = question.time or 0.0
    return time, min(range(len(times)), key=lambda k: abs(times[k] - time), default=0)


def end_of(report: Report) -> float:
    """Return when the video ends, s."""
    return report.source.duration or (report.source.times() or [0.0])[-1]


def _fitting(question: Question, report: Report, found: list[Happening]) -> list[Happening]:
    """Those events that fit a question's person, number, time, part of the video and length."""
    places, lasting = question.places, question.places.lasting
    start, end = _ends(question, report)
    frames = places.span is not None and places.span.frames
    at = None if places.time is None and places.frame is None else moment(question, report)[1]

    def fits(h: Happening) -> bool:
        first, last = (h.frames[0], h.frames[2]) if frames else (h.onset, h.offset)
        return (
            places.person in (None, h.person)
            and question.number in (None, h.number)
            and (at is None or h.frames[0] <= at <= h.frames[2])
            and first < end
            and last > start
            and (lasting is None or lasting.start is None or h.seconds > lasting.start)
            and (lasting is None or lasting.end is None or h.seconds < lasting.end)
        )

    return [h for h in found if fits(h)]


def _picked(question: Question, found: list[Happening]) -> list[Happening]:
    place = question.places.ordinal or 1
    if abs(place) > len(found):
        return []
    return [found[place - 1 if place > 0 else place]]


def _person(question: Question, report: Report) -> Told | None:
    person = question.places.person
    if person is None or not report.people or person in (one.person for one in report.people):
        return None
    said = Message("ask.no_person", {"person": person, "count": len(report.people)})
    return Told([said], measured=False)


def _times(question: Question, report: Report) -> Told | None:
    """That two pictures have no times."""
    places = question.places
    spoken = places.time is not None or places.lasting is not None
    spoken |= places.span is not None and not places.span.frames
    if has_times(report) or not (spoken or question.topic in _BY_TIME):
        return None
    return Told([Message("ask.no_times")], measured=False)


def _end(question: Question, report: Report) -> Told | None:
    """That the video has no such time or frame."""
    places, source = question.places, report.source
    frame = places.frame
    if frame is None and places.span is not None and places.span.frames:
        frame = int(max(places.span.start or 0, 0))
    if frame is not None and frame >= source.frames:
        return Told([Message("ask.no_frame", {"frame": frame, "last": source.frames - 1})], measured=False)
    time = places.time
    if time is None and places.span is not None and not places.span.frames:
        time = places.span.start
    if time is not None and has_times(report) and time > end_of(report):
        said = Message("ask.after_end", {"seconds": end_of(report), "time": time})
        return Told([said], measured=False)
    return None


def _measured(question: Question, report: Report) -> Told | None:
    """That nothing of the kind was looked for, and why."""
    if question.topic in _TOLD_ANYWAY:
        return None
    why = _why_nothing_was_watched(report)
    if why is not None:
        return Told([Message("ask.not_looked_for", {"why": why})], measured=False)
    spotted = question.scope in ("macro", "blink", "closure", "speech", "head")
    if only_given(report) and spotted and question.topic is not Topic.HEAD:
        return Told([Message("ask.not_looked_for", {"why": Message("ask.only_given")})], measured=False)
    return None


def only_given(report: Report) -> bool:
    """Return whether a person gave the frames that were compared, so that nothing was spotted."""
    given = any(me.interval.origin == "given" for me in report.micro_expressions)
    return not report.traces and (given or report.source.kind == "pair")


def _why_nothing_was_watched(report: Report) -> Message | None:
    """Return why no event can be known: no face, or a clip too short to spot in; None where some can."""
    if not report.people:
        return Message("ask.no_face")
    if report.micro_expressions or report.other_events or report.uncertain_events:
        return None
    whys = list(_reasons(report.record(report.verdict).message))
    too_little = next((why for why in whys if why.code in _TOO_LITTLE), None)
    blind = too_little is not None and all(w.code in (*_TOO_LITTLE, "spot.no_face") for w in whys)
    return too_little if blind else None


def _reasons(verdict: Message) -> Iterator[Message]:
    """The reasons within a verdict, one for each person or one for all."""
    for value in verdict.fields.values():
        if isinstance(value, tuple):
            for part in value:
                yield from _reasons(part)
        elif isinstance(value, Message):
            inner = list(_reasons(value)) if value.code.startswith(("verdict.", "spot.none")) else []
            yield from inner or [value]


def _number(question: Question, report: Report) -> Told | None:
    """That there is no micro-expression of a number."""
    numbers = [h.number for h in happenings(report, "micro")]
    if question.number is None or not numbers or question.number in numbers:
        return None
    said = Message("ask.no_number", {"number": question.number, "many": many("micro", len(numbers))})
    return Told([said])


def _place(question: Question, report: Report) -> Told | None:
    """That there is no event at a place in the row, or that it was not read."""
    topic = question.topic
    if question.places.ordinal is None or topic in _TOLD_ANYWAY or topic is Topic.AT:
        return None
    found = _fitting(question, report, counted(report, question.scope)[0])
    if not found:
        return nothing(question, report)
    picked = _picked(question, found)
    if not picked:
        fields: dict[str, Field] = {"what": named(question.scope), "many": many(question.scope, len(found))}
        return Told([Message("ask.no_nth", {**fields, "nth": place_in_row(question)}), listed(report, found)])
    if topic in _OF_MICRO and picked[0].me is None:
        return Told(
            [nth(question, report, picked[0]), unread(picked[0])], [picked[0].frames[1]], measured=False
        )
    return None


def nth(question: Question, report: Report, h: Happening) -> Message:
    """Return a sentence on the event at a place in the row."""
    fields: dict[str, Field] = {"nth": place_in_row(question), "what": named(question.scope)}
    return Message("ask.nth_is", {**fields, "span": when(report, h)})


def unread(h: Happening) -> Message:
    """Return why an event has no emotion and no units."""
    return Message("ask.unsure_emotion") if h.unsure else Message("ask.macro_emotion")


_RULES: tuple[Callable[[Question, Report], Told | None], ...] = (
    _person,
    _times,
    _end,
    _measured,
    _number,
    _place,
)
