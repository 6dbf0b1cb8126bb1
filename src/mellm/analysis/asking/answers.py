"""Answers to questions about one report, in sentences that cite its frames.

Only the report speaks: what it does not hold is said to be not measured. Knows no video and no model.
"""

from collections.abc import Callable, Iterator

from pydantic import BaseModel, Field

from mellm.analysis.asking import rest_of_report as rest
from mellm.analysis.asking import what_it_shows as shows
from mellm.analysis.asking.happenings import Happening, counted, happenings
from mellm.analysis.asking.questions import Question, Topic, read_question
from mellm.analysis.asking.told import LISTED, Told
from mellm.analysis.rewritten import rewritten
from mellm.report import MicroExpression, Reading, Report
from mellm.wording.languages import Language
from mellm.wording.message import Message, word


class Answer(BaseModel):
    """An answer."""

    question: str
    topic: str = Field(description="What was understood, such as `count`; `other`: nothing that is measured")
    language: Language
    text: str = Field(description="The answer in sentences")
    short: str = Field(default="", description="In the form of the ME-VQA and ME-LVQA challenges, English")
    frames: list[int] = Field(default_factory=list, description="Frames the answer rests on, from 0")
    micro_expressions: list[int] = Field(default_factory=list, description="Numbers in the report, from 1")
    measured: bool = Field(default=True, description="False: the report holds no answer")

    def pieces(self) -> Iterator[str]:
        """The text a sentence at a time, as it is streamed."""
        ends = "。" if self.language == "zh" else ". "
        start = 0
        while start < len(self.text):
            found = self.text.find(ends, start)
            stop = len(self.text) if found < 0 else found + len(ends)
            yield self.text[start:stop]
            start = stop


def ask(report: Report, question: str | Question, language: Language | None = None) -> Answer:
    """Answer a question about a report; `language` None: the question's own.

    Raises InputError where there is no question.
    """
    asked = read_question(question, language) if isinstance(question, str) else question
    told = _ANSWERS[asked.topic](asked, report)
    sentences = [word(message, asked.language) for message in told.said]
    if asked.topic is Topic.DETAIL:
        sentences += _readings(asked, report)
    return Answer(
        question=asked.text,
        topic=asked.topic.value,
        language=asked.language,
        text=("" if asked.language == "zh" else " ").join(sentences),
        short=told.short,
        frames=sorted(set(told.frames)),
        micro_expressions=sorted(set(told.numbers)),
        measured=told.measured,
    )


def _readings(question: Question, report: Report) -> list[str]:
    """The readings' own words on the micro-expressions a question is about."""
    found = [h.me for h in shows.subjects(question, report) if h.me is not None]
    return [
        part
        for me in found
        for reading in [reading_in(me, question.language)]
        for part in (reading.analysis, reading.reasoning, reading.conclusion)
        if part
    ]


def reading_in(me: MicroExpression, language: Language) -> Reading:
    """A micro-expression's reading in a language: its own, or written anew from the evidence."""
    if me.reading.language == language:
        return me.reading
    return rewritten(me, language, me.emotion.taxonomy)


def _count(question: Question, report: Report) -> Told:
    micro, macro = (len(counted(report, scope)[0]) for scope in ("micro", "macro"))
    found, unsure = counted(report, question.scope)
    if question.scope == "micro":
        said = Message("ask.count_micro", {"count": micro})
    elif question.scope == "macro":
        said = Message("ask.count_macro", {"count": macro})
    else:
        said = Message("ask.count_any", {"count": micro + macro, "micro": micro, "macro": macro})
    told = _listed([said], found)
    if unsure:
        parts = tuple(h.span for h in unsure[:LISTED])
        told.said.append(Message("ask.unsure", {"count": len(unsure), "parts": parts}))
    told.short = str(len(found))
    return told


def _listed(said: list[Message], found: list[Happening]) -> Told:
    if found:
        said = [*said, Message("ask.listed", {"parts": tuple(h.span for h in found[:LISTED])})]
    return Told(said, [h.frames[1] for h in found], [h.number for h in found if h.number])


def _when(question: Question, report: Report) -> Told:
    found = counted(report, question.scope)[0]
    if question.number is not None:
        found = [h for h in found if h.number == question.number]
    return _count(question, report) if found else Told.nothing(question.scope, report)


def _what(question: Question) -> Message:
    if question.scope == "micro":
        return Message("ask.micro")
    return Message("ask.macro") if question.scope == "macro" else Message("ask.any")


def _outermost(question: Question, report: Report) -> Told:
    """The first or the last expression, with what it shows."""
    found = counted(report, question.scope)[0]
    if not found:
        return Told.nothing(question.scope, report)
    first = question.topic is Topic.FIRST
    h = found[0 if first else -1]
    where = _where(question, h)
    said = Message("ask.first", where) if first else Message("ask.last", where)
    return _alone(said, h, h.onset) + _shown_by(h)


def _alone(said: Message, h: Happening, value: float) -> Told:
    """A sentence about one expression, and the number it is asked for, in seconds."""
    return Told([said], list(h.frames), [h.number] if h.number else [], f"{value:.2f}")


def _where(question: Question, h: Happening) -> dict[str, int | float | Message]:
    return {
        "what": _what(question),
        "onset": h.onset,
        "first": h.frames[0],
        "apex": h.apex,
        "frame": h.frames[1],
        "offset": h.offset,
    }


def _shown_by(h: Happening) -> Told:
    """What a micro-expression suggests; that what was not read has no emotion."""
    if h.me is None:
        return Told([Message("ask.unsure_emotion") if h.unsure else Message("ask.macro_emotion")])
    told = shows.at_moment(h, h.me.emotion.taxonomy)
    told.short = ""
    return told


def _by_length(question: Question, report: Report) -> Told:
    """The longest or the shortest expression."""
    found = counted(report, question.scope)[0]
    if not found:
        return Told.nothing(question.scope, report)
    longest = question.topic is Topic.LONGEST
    h = (max if longest else min)(found, key=lambda one: one.seconds)
    where: dict[str, float | Message] = {"what": _what(question), "seconds": h.seconds, "span": h.span}
    said = Message("ask.longest", where) if longest else Message("ask.shortest", where)
    return _alone(said, h, h.seconds)


def _strongest(question: Question, report: Report) -> Told:
    moved = [(r.mean_px, h, r) for h in happenings(report, "micro") if h.me for r in h.me.regions if r.moving]
    if not moved:
        return Told.nothing("micro", report)
    px, h, region = max(moved, key=lambda row: row[0])
    assert h.number is not None
    said = Message("ask.strongest", {"number": h.number, "span": h.span, "region": region.name, "px": px})
    return Told([said], list(h.frames[:2]), [h.number], str(h.number))


def _order(question: Question, report: Report) -> Told:
    found = counted(report, question.scope)[0]
    if not found:
        return Told.nothing(question.scope, report)
    parts = tuple(_in_order(h) for h in found)
    short = ", ".join(_named(h, "micro-expression") for h in found)
    said = Message("ask.order", {"parts": parts})
    return Told([said], [h.frames[1] for h in found], [h.number for h in found if h.number], short)


def _in_order(h: Happening) -> Message:
    if h.me is not None:
        return Message("ask.order_micro", {"onset": h.onset, "label": h.me.emotion.label})
    when = {"onset": h.onset}
    return Message("ask.order_unsure", when) if h.micro else Message("ask.order_macro", when)


def _named(h: Happening, unread: str) -> str:
    """The emotion of an expression, or what it is; `unread` for a micro-expression that was not read."""
    if h.me is not None:
        return str(h.me.emotion.label or "none")
    return unread if h.micro else "macro-expression"


def _at(question: Question, report: Report) -> Told:
    times = report.source.times()
    if question.frame is not None:
        frame = question.frame
        time = times[frame] if frame < len(times) else float("inf")
    else:
        time = question.time or 0.0
        frame = min(range(len(times)), key=lambda k: abs(times[k] - time), default=0)
    length = report.source.duration or (times[-1] if times else 0.0)
    if time > length:
        late = (
            question.time if question.time is not None else (question.frame or 0) / (report.source.fps or 1)
        )
        return Told([Message("ask.after_end", {"seconds": length, "time": late})], measured=False)
    found = counted(report, question.scope)[0]
    if not found:
        return Told.nothing(question.scope, report)
    here = [h for h in found if h.onset <= time <= h.offset]
    if not here:
        near = min(found, key=lambda h: min(abs(h.onset - time), abs(h.offset - time)))
        said = Message("ask.nothing_at", {"time": time, "at": frame, "what": near.what, "span": near.span})
        return Told([said], [near.frames[1]], [near.number] if near.number else [], "none")
    told = Told()
    for h in sorted(here, key=lambda one: one.seconds):
        said = Message("ask.at", {"time": time, "at": frame, "what": h.what, "span": h.span})
        told += Told([said], list(h.frames), [h.number] if h.number else []) + _shown_by(h)
    best = min(here, key=lambda one: one.seconds)
    told.short = _named(best, "none")
    return told


def _detail(question: Question, report: Report) -> Told:
    told = shows.spoken(question, report)
    # The readings follow in their own words; only the challenge's form is needed of the rest.
    return told if not report.micro_expressions else Told([], told.frames, told.numbers, told.short)


_ANSWERS: dict[Topic, Callable[[Question, Report], Told]] = {
    Topic.COUNT: _count,
    Topic.WHEN: _when,
    Topic.FIRST: _outermost,
    Topic.LAST: _outermost,
    Topic.LONGEST: _by_length,
    Topic.SHORTEST: _by_length,
    Topic.STRONGEST: _strongest,
    Topic.ORDER: _order,
    Topic.AT: _at,
    Topic.COARSE: shows.emotion,
    Topic.FINE: shows.emotion,
    Topic.UNITS: shows.units,
    Topic.UNITS_OVER: shows.units_over,
    Topic.SHOWN: shows.shown,
    Topic.SIDE: shows.side,
    Topic.REGION: shows.region,
    Topic.SPOKEN: shows.spoken,
    Topic.DETAIL: _detail,
    Topic.BLINKS: rest.blinks,
    Topic.SPEECH: rest.speech,
    Topic.CLOSURES: rest.closures,
    Topic.HEAD: rest.head,
    Topic.PEOPLE: rest.people,
    Topic.LENGTH: rest.length,
    Topic.CONFIDENCE: rest.confidence,
    Topic.TRUTH: rest.truth,
    Topic.OTHER: rest.other,
}
