"""Answers about the rest of a report: blinks, speech, shut eyes, the head, faces, what it lacks."""

from mellm.analysis.asking.happenings import Happening, counted, named
from mellm.analysis.asking.narrowing import (
    asked_for,
    end_of,
    listed,
    moment,
    nothing,
    nth,
    only_given,
    subjects,
    when,
)
from mellm.analysis.asking.questions import Question, Scope, Topic
from mellm.analysis.asking.told import Told
from mellm.analysis.asking.what_it_shows import suggests
from mellm.report import Report
from mellm.wording.message import Field, Message


def how_many(scope: Scope, count: int) -> Message:
    """Return a sentence on how many blinks, runs of speech, shut eyes or movements of the head there are."""
    fields = {"count": count}
    return {
        "blink": Message("ask.blinks", fields),
        "speech": Message("ask.speech", fields),
        "closure": Message("ask.closures", fields),
        "head": Message("ask.head", fields),
    }.get(scope, Message("ask.events", fields))


def events(question: Question, report: Report) -> Told:
    """How many blinks, runs of speech or shut eyes, and when; the one at a time or at a place in the row."""
    found = asked_for(question, report)
    frames, short = [h.frames[1] for h in found], str(len(found))
    if question.places.ordinal is not None and found:
        return Told([nth(question, report, found[0])], frames, short=f"{found[0].onset:.2f}")
    if (question.time is not None or question.frame is not None) and question.topic is not Topic.HEAD:
        told = sum((is_at(question, report, h) for h in found), Told())
        told = told if found else nothing_at(question, report)
        told.short = short
        return told
    if not found and counted(report, question.scope)[0]:
        told = nothing(question, report)
        told.short = short
        return told
    more = [listed(report, found)] if found else []
    return Told([how_many(question.scope, len(found)), *more], frames, short=short)


def is_at(question: Question, report: Report, h: Happening) -> Told:
    """That an event is there at the time or in the frame that a question names."""
    time, frame = moment(question, report)
    fields: dict[str, Field] = {"time": time, "at": frame, "what": h.what, "span": when(report, h)}
    said = Message("ask.at", fields) if h.timed else Message("ask.in_frame", fields)
    return Told([said], list(h.frames), [h.number] if h.number else [])


def nothing_at(question: Question, report: Report) -> Told:
    """That nothing of the kind is there at a time, and what is nearest."""
    time, frame = moment(question, report)
    person = question.places.person
    found = [h for h in counted(report, question.scope)[0] if person in (None, h.person)]
    if not found:
        return nothing(question, report)
    near = min(found, key=lambda h: min(abs(h.onset - time), abs(h.offset - time)))
    fields: dict[str, Field] = {
        "time": time,
        "at": frame,
        "sought": named(question.scope),
        "what": near.what,
        "span": when(report, near),
    }
    return Told(
        [Message("ask.nothing_at", fields)], [near.frames[1]], [near.number] if near.number else [], "none"
    )


def head(question: Question, report: Report) -> Told:
    """Fast movements of the head, and how far it moves in each micro-expression."""
    alone = Message("ask.not_looked_for", {"why": Message("ask.only_given")})
    told = Told([alone], short="0") if only_given(report) else events(question, report)
    if question.places.ordinal is not None:
        return told
    for h in subjects(question, report):
        assert h.me is not None and h.number is not None
        moved = Message("ask.head_moved", {"number": h.number, "px": h.me.head_motion_px})
        told += Told([moved], [h.frames[1]], [h.number])
    return told


def people(question: Question, report: Report) -> Told:
    """How many faces were followed."""
    count = len(report.people)
    first = [person.first_frame for person in report.people]
    return Told([Message("ask.people", {"count": count})], first, short=str(count))


def length(question: Question, report: Report) -> Told:
    """How long the video is."""
    source, seconds = report.source, end_of(report)
    said = Message("ask.length", {"seconds": seconds, "frames": source.frames, "fps": source.fps or 0.0})
    return Told([said], short=f"{seconds:.2f}")


def confidence(question: Question, report: Report) -> Told:
    """How surely each micro-expression was spotted, and how likely what it suggests is."""
    found = subjects(question, report)
    if not found:
        return nothing(question, report, "micro")
    told = Told()
    for h in found:
        assert h.me is not None and h.number is not None
        interval = h.me.interval
        fields: dict[str, Field] = {"number": h.number, "span": h.span, "p": interval.confidence}
        given = interval.origin == "given" or interval.set_by is not None
        said = Message("ask.confidence_given", fields) if given else Message("ask.confidence", fields)
        told += Told([said], [h.frames[1]], [h.number]) + suggests(h, h.me.emotion.taxonomy)
    return told


def truth(question: Question, report: Report) -> Told:
    """That no movement of a face proves a state of mind."""
    return Told([Message("ask.not_measured"), Message("ask.suggests_only")], measured=False)


def other(question: Question, report: Report) -> Told:
    """That the report does not hold it, and what it holds."""
    return Told([Message("ask.not_measured"), Message("ask.holds")], measured=False)
