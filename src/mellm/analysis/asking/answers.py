"""Answers to questions about one report, in sentences that cite its frames.

Only the report speaks: what it does not hold is said to be not measured. Knows no video and no model.
"""

from collections.abc import Callable, Iterator

from pydantic import BaseModel, Field

from mellm.analysis.asking import narrowing
from mellm.analysis.asking import rest_of_report as rest
from mellm.analysis.asking import what_it_shows as shows
from mellm.analysis.asking.happenings import Happening, named
from mellm.analysis.asking.narrowing import asked_for, nothing, subjects
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
    told = narrowing.refusal(asked, report)
    sentences = []
    if told is None:
        told = _ANSWERS[asked.topic](asked, report)
        told.said = [
            *narrowing.looked_at(asked, report),
            *told.said,
            *narrowing.lengths(asked, report),
        ]
        sentences = _readings(asked, report) if asked.topic is Topic.DETAIL else []
    sentences = [*(word(message, asked.language) for message in told.said), *sentences]
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
    found = [h for h in subjects(question, report) if h.me is not None]
    return [part for h in found for part in _reading_of(h, question.language)]


def _reading_of(h: Happening, language: Language) -> list[str]:
    """A reading's words; before them, where a language model ends in another label, that it does."""
    assert h.me is not None
    own, reading = h.me.reading, reading_in(h.me, language)
    words = [part for part in (reading.analysis, reading.reasoning, reading.conclusion) if part]
    if own.agrees_with_facs:
        return words
    labels: dict[str, int | str | None] = {
        "number": h.number,
        "label": own.label,
        "suggested": h.me.emotion.label,
    }
    said = [Message("ask.disagrees", labels)]
    if reading is own:
        # The words that follow are the model's: what it disagrees with is told first.
        said = [*shows.at_moment(h, h.me.emotion.taxonomy).said, *said]
    return [*(word(message, language) for message in said), *words]


def reading_in(me: MicroExpression, language: Language) -> Reading:
    """A micro-expression's reading in a language: its own, or written anew from the evidence."""
    if me.reading.language == language:
        return me.reading
    return rewritten(me, language, me.emotion.taxonomy)


def _count(question: Question, report: Report) -> Told:
    found = asked_for(question, report)
    unsure = [h for h in found if h.unsure]
    fields = {"count": len(found)}
    if question.scope == "any":
        micro = sum(h.micro for h in found)
        said = Message("ask.count_any", {**fields, "micro": micro, "macro": len(found) - micro})
    elif question.scope == "micro":
        said = Message("ask.count_micro", fields)
    elif question.scope == "macro":
        said = Message("ask.count_macro", fields)
    else:
        said = rest.how_many(question.scope, len(found))
    told = Told([said], [h.frames[1] for h in found], [h.number for h in found if h.number])
    if found:
        told.said.append(narrowing.listed(report, found))
    if unsure:
        parts = tuple(h.span for h in unsure[:LISTED])
        told.said.append(Message("ask.unsure", {"count": len(unsure), "parts": parts}))
    if narrowing.only_given(report):
        told.said.append(Message("ask.given_alone"))
    told.short = str(len(found))
    return told


def _when(question: Question, report: Report) -> Told:
    found = asked_for(question, report)
    return _count(question, report) if found else nothing(question, report)


def _nth(question: Question, report: Report) -> Told:
    """The first, the last or another expression of the row, with what it shows."""
    found = asked_for(question, report)
    if not found:
        return nothing(question, report)
    h = found[0]
    return _alone(_begins(question, report, h), h, h.onset) + _shown_by(h)


def _begins(question: Question, report: Report, h: Happening) -> Message:
    """A sentence on where an expression of the row begins and ends."""
    if not h.timed:
        return narrowing.nth(question, report, h)
    where: dict[str, int | float | Message] = {
        "what": named(question.scope),
        "onset": h.onset,
        "first": h.frames[0],
        "apex": h.apex,
        "frame": h.frames[1],
        "offset": h.offset,
    }
    if question.topic is Topic.FIRST:
        return Message("ask.first", where)
    if question.topic is Topic.LAST:
        return Message("ask.last", where)
    return Message("ask.nth_begins", {**where, "nth": narrowing.place_in_row(question)})


def _alone(said: Message, h: Happening, value: float) -> Told:
    """A sentence about one event, and the number it is asked for, in seconds."""
    short = f"{value:.2f}" if h.timed else ""
    return Told([said], list(h.frames), [h.number] if h.number else [], short)


def _shown_by(h: Happening) -> Told:
    """What a micro-expression suggests; that what was not read has no emotion."""
    if h.me is None:
        return Told([narrowing.unread(h)] if h.kind in ("micro", "macro") else [])
    told = shows.at_moment(h, h.me.emotion.taxonomy)
    told.short = ""
    return told


def _by_length(question: Question, report: Report) -> Told:
    """The longest or the shortest event."""
    found = asked_for(question, report)
    if not found:
        return nothing(question, report)
    longest = question.topic is Topic.LONGEST
    h = (max if longest else min)(found, key=lambda one: one.seconds)
    where: dict[str, float | Message] = {"what": named(question.scope), "seconds": h.seconds, "span": h.span}
    said = Message("ask.longest", where) if longest else Message("ask.shortest", where)
    return _alone(said, h, h.seconds)


def _strongest(question: Question, report: Report) -> Told:
    moved = [(r.mean_px, h, r) for h in subjects(question, report) if h.me for r in h.me.regions if r.moving]
    if not moved:
        return nothing(question, report, "micro")
    px, h, region = max(moved, key=lambda row: row[0])
    assert h.number is not None
    said = Message("ask.strongest", {"number": h.number, "span": h.span, "region": region.name, "px": px})
    return Told([said], list(h.frames[:2]), [h.number], str(h.number))


def _order(question: Question, report: Report) -> Told:
    found = asked_for(question, report)
    if not found:
        return nothing(question, report)
    parts = tuple(_in_order(h) for h in found)
    short = ", ".join(_named(h, "micro-expression") for h in found)
    said = Message("ask.order", {"parts": parts})
    return Told([said], [h.frames[1] for h in found], [h.number for h in found if h.number], short)


def _in_order(h: Happening) -> Message:
    if h.me is not None:
        return Message("ask.order_micro", {"onset": h.onset, "label": h.me.emotion.label})
    if h.kind not in ("micro", "macro"):
        return Message("ask.order_event", {"onset": h.onset, "what": h.what})
    when = {"onset": h.onset}
    return Message("ask.order_unsure", when) if h.micro else Message("ask.order_macro", when)


def _named(h: Happening, unread: str) -> str:
    """The emotion of an expression, or what it is; `unread` for a micro-expression that was not read."""
    if h.me is not None:
        return str(h.me.emotion.label or "none")
    if h.kind in ("micro", "macro"):
        return unread if h.micro else "macro-expression"
    return str(h.what)


def _at(question: Question, report: Report) -> Told:
    """What is there at a time, in a frame, or in a part of the video."""
    here = asked_for(question, report)
    if question.time is None and question.frame is None:
        if not here:
            return nothing(question, report)
        short = ", ".join(_named(h, "micro-expression") for h in here)
        told = Told(short=short)
        for h in here:
            said = Message("ask.there_is", {"what": h.what, "span": narrowing.when(report, h)})
            told += Told([said], list(h.frames), [h.number] if h.number else []) + _shown_by(h)
        return told
    if not here:
        return rest.nothing_at(question, report)
    told = Told()
    for h in sorted(here, key=lambda one: one.seconds):
        told += rest.is_at(question, report, h) + _shown_by(h)
    expressions = [h for h in here if h.kind in ("micro", "macro")]
    told.short = _named(min(expressions or here, key=lambda one: one.seconds), "none")
    return told


def _detail(question: Question, report: Report) -> Told:
    told = shows.spoken(question, report)
    # The readings follow in their own words; only the challenge's form is needed of the rest.
    return Told([], told.frames, told.numbers, told.short) if subjects(question, report) else told


_ANSWERS: dict[Topic, Callable[[Question, Report], Told]] = {
    Topic.COUNT: _count,
    Topic.WHEN: _when,
    Topic.FIRST: _nth,
    Topic.LAST: _nth,
    Topic.NTH: _nth,
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
    Topic.COMPARED: shows.compared,
    Topic.SIDE: shows.side,
    Topic.REGION: shows.region,
    Topic.SPOKEN: shows.spoken,
    Topic.DETAIL: _detail,
    Topic.BLINKS: rest.events,
    Topic.SPEECH: rest.events,
    Topic.CLOSURES: rest.events,
    Topic.HEAD: rest.head,
    Topic.PEOPLE: rest.people,
    Topic.LENGTH: rest.length,
    Topic.CONFIDENCE: rest.confidence,
    Topic.TRUTH: rest.truth,
    Topic.OTHER: rest.other,
}
