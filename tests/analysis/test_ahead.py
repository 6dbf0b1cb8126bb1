"""An iterator that runs ahead in a thread: order, errors, and an early end."""

import threading
from collections.abc import Iterator

import pytest

from mellm.analysis.ahead import ahead


def test_items_come_in_order_and_are_made_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for k in range(20):
            made.append(k)
            yield k

    runner = ahead(items(), steps=3)
    assert next(runner) == 0
    assert list(runner) == list(range(1, 20))
    assert made == list(range(20))


def test_an_error_is_raised_where_the_items_are_taken() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken frame")

    runner = ahead(items())
    assert next(runner) == 1
    with pytest.raises(ValueError, match="broken frame"):
        next(runner)


def test_no_thread_is_left_when_the_taker_stops() -> None:
    def forever() -> Iterator[int]:
        k = 0
        while True:
            yield (k := k + 1)

    before = threading.active_count()
    runner = ahead(forever())
    assert next(runner) == 1
    runner.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
