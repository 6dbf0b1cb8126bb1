"""Answers about the rest of a report: blinks, speech, shut eyes, the head, faces, what it lacks."""

from mellm.analysis.asking.questions import Question
from mellm.analysis.asking.told import LISTED, Told
from mellm.analysis.asking.what_it_shows import subjects
from mellm.report import OtherEvent, Report
from mellm.wording.message import Message


def _others(kind: str, report: Report) -> list[OtherEvent]:
    return [event for event in report.other_events if event.kind == kind]


def _times(said: Message, events: list[OtherEvent]) -> Told:
    parts = tuple(Message("ask.time", {"time": e.onset_time}) for e in events[:LISTED])
    more = [Message("ask.listed", {"parts": parts})] if events else []
    return Told([said, *more], [e.apex_frame for e in events], short=str(len(events)))


def blinks(question: Question, report: Report) -> Told:
    """How many blinks, and when."""
    found = _others("blink", report)
    return _times(Message("ask.blinks", {"count": len(found)}), found)


def speech(question: Question, report: Report) -> Told:
    """How many stretches of speech, and when."""
    found = _others("speech", report)
    return _times(Message("ask.speech", {"count": len(found)}), found)


def closures(question: Question, report: Report) -> Told:
    """How often the eyes stay shut, and when."""
    found = _others("closure", report)
    return _times(Message("ask.closures", {"count": len(found)}), found)


def head(question: Question, report: Report) -> Told:
    """Fast movements of the head, and how far it moves in each micro-expression."""
    found = _others("head", report)
    told = _times(Message("ask.head", {"count": len(found)}), found)
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
    source = report.source
    seconds = source.duration or (source.times() or [0.0])[-1]
    said = Message("ask.length", {"seconds": seconds, "frames": source.frames, "fps": source.fps or 0.0})
    return Told([said], short=f"{seconds:.2f}")


def confidence(question: Question, report: Report) -> Told:
    """How surely each micro-expression was spotted."""
    found = subjects(question, report)
    if not found:
        return Told.nothing("micro", report)
    told = Told()
    for h in found:
        assert h.me is not None and h.number is not None
        p = h.me.interval.confidence
        said = Message("ask.confidence", {"number": h.number, "span": h.span, "p": p})
        told += Told([said], [h.frames[1]], [h.number])
    return told


def truth(question: Question, report: Report) -> Told:
    """That no movement of a face proves a state of mind."""
    return Told([Message("ask.not_measured"), Message("ask.suggests_only")], measured=False)


def other(question: Question, report: Report) -> Told:
    """That the report does not hold it, and what it holds."""
    return Told([Message("ask.not_measured"), Message("ask.holds")], measured=False)
