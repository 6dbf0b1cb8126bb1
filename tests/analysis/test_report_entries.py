"""Verdicts from what was found, and the records by which they are shown in another language."""

from types import SimpleNamespace
from typing import Any

import pytest

from mellm.analysis.report_entries import message_records, verdict
from mellm.wording.message import Message, word

FAST_HEAD = Message("spot.none", {"why": Message("spot.fast_head")})
NO_FACE = Message("spot.none", {"why": Message("spot.no_face")})


def person(number: int, reason: Message | None = None) -> Any:
    return SimpleNamespace(person=number, reason=reason)


def reading(number: int, label: str | None) -> Any:
    return SimpleNamespace(person=number, emotion=SimpleNamespace(label=label))


@pytest.mark.parametrize(
    ("readings", "people", "sentence"),
    [
        ([], [], "No micro-expression found: no face was seen in any frame."),
        ([reading(1, "fear")], [person(1)], "1 micro-expression found (person 1: suggests fear)."),
        (
            [reading(1, "fear"), reading(1, None), reading(2, "anger")],
            [person(1), person(2)],
            "2 micro-expressions found (person 1: suggests fear; person 2: suggests anger).",
        ),
        (
            [reading(1, None)],
            [person(1)],
            "No evidence of a micro-expression: no region moved as an action unit would move it.",
        ),
        ([], [person(1, NO_FACE), person(2, NO_FACE)], "No micro-expression found: no face was seen."),
        (
            [],
            [person(1, NO_FACE), person(2, FAST_HEAD)],
            "Person 1: No micro-expression found: no face was seen. "
            "Person 2: No micro-expression found: the head moves too fast.",
        ),
        ([], [person(1)], "No micro-expression found: no face could be read at the frames given."),
    ],
)
def test_one_sentence_says_what_was_found(readings: list[Any], people: list[Any], sentence: str) -> None:
    assert str(verdict(readings, people)) == sentence


def test_records_hold_each_sentence_once_and_none_without_a_code() -> None:
    warning = Message("flow.no_face")
    records = message_records(FAST_HEAD, [warning, Message.plain("as it is"), warning], "zh")
    assert [record.text for record in records] == [word(FAST_HEAD, "zh"), str(warning)]
    assert [record.word("zh") for record in records] == [word(FAST_HEAD, "zh"), word(warning, "zh")]
