"""What the names of a folder's pictures say about when each was taken: counts, times or dates.

Knows names and a frame rate; opens no file.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from mellm.wording.message import Message

_UNITS = {"ms": 1000, "µs": 1_000_000, "ns": 1_000_000_000, "1/100 s": 100, "1/10 s": 10, "s": 1}
"""What one second may come to in file names."""
_TOLERANCE = Fraction(1, 10)
"""How far a usual step may be from 1 / fps for a number to be a time in some unit."""
_CLOCK_STEP = 5
"""Numbers that rise by at least this, by a little more or less each time, come from a clock."""
_COPY = re.compile(r"(.*\d)(?: ?\((\d+)\)| - \w+(?: \(\d+\))?| copy(?: \d+)?| \d)", re.IGNORECASE)
"""Marks that Windows, macOS and browsers add to the name of a copy."""
_DATE = r"(?P<date>(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]))"
_CLOCK = (
    r"(?P<h>[01]\d|2[0-3])(?P<sep>[-_.:h]?)(?P<m>[0-5]\d)[-_.:m]?(?P<s>[0-5]\d)(?:[-_.,s]?(?P<part>\d{1,9}))?"
)
_DAY_AND_TIME = re.compile(rf"(?<!\d){_DATE}(?:[-_. T]*{_CLOCK})?(?!\d)")
_TIME = re.compile(rf"(?<!\d){_CLOCK}(?!\d)")
_DECIMAL = re.compile(r"(?<![\d.,])(\d+[.,]\d{2,9})(?![\d.,])")


@dataclass(frozen=True, slots=True)
class NameTimes:
    """When each picture was taken, in seconds from the first, and what the user should know about it."""

    seconds: tuple[Fraction, ...]
    warning: Message | None = None


def name_times(files: Sequence[Path], numbers: Sequence[int | None], fps: Fraction) -> NameTimes:
    """Return the times that the names give; even ones at `fps` where they give none that rise.

    Counts are in frames, missing ones being left as gaps. Numbers whose usual step is one frame's time in
    some unit are times, and so are times of day and decimal seconds.

    >>> names = [Path(f"{n:04}.jpg") for n in (0, 33, 67, 133)]
    >>> [round(float(t), 3) for t in name_times(names, [0, 33, 67, 133], Fraction(30)).seconds]
    [0.0, 0.033, 0.067, 0.133]
    """
    even = NameTimes(tuple(index / fps for index in range(len(files))))
    counts = [number for number in numbers if number is not None]
    if len(files) < 2:
        return even
    ends = {"first": files[0].name, "last": files[-1].name}
    clocks = _clock_times(files)
    if clocks is not None:
        from_first = tuple(time - clocks[0] for time in clocks)
        counted = tuple((number - counts[0]) / fps for number in counts)
        if _fits(clocks, 1 / fps) and from_first != counted:
            warning = Message("media.names_are_times", {"unit": "s", **ends})
            return even if _is_even(from_first, fps) else NameTimes(from_first, warning)
        if _unmistakable(files):
            return NameTimes(even.seconds, Message("media.names_are_dates", {"fps": float(fps)}))
    steps = [after - before for before, after in pairwise(counts)]
    if len(counts) < len(files) or len(set(steps)) < 2:
        return even
    if min(steps) < 1:
        return NameTimes(even.seconds, Message("media.numbers_do_not_rise"))
    return _by_number(counts, steps, fps, ends)


def _by_number(counts: list[int], steps: list[int], fps: Fraction, ends: dict[str, str]) -> NameTimes:
    usual = sorted(steps)[(len(steps) - 1) // 2]
    near = sum(abs(step - usual) <= max(1, usual * _TOLERANCE) for step in steps)
    stride = 2 * steps.count(usual) > len(steps) and all(step % usual == 0 for step in steps)
    clock = usual >= _CLOCK_STEP and 2 * near > len(steps)
    if usual > 1 and len(steps) > 2 and (stride or clock):
        for unit, second in _UNITS.items():
            times = [Fraction(number, second) for number in counts]
            if _fits(times, 1 / fps):
                return NameTimes(
                    tuple(time - times[0] for time in times),
                    Message("media.names_are_times", {"unit": unit, **ends}),
                )
        return NameTimes(
            tuple((number - counts[0]) / (usual * fps) for number in counts),
            Message("media.names_step_by", {"step": usual, **ends}),
        )
    gaps = sum(step - 1 for step in steps)
    return NameTimes(
        tuple((number - counts[0]) / fps for number in counts),
        Message("media.numbers_missing", {"count": gaps, **ends}),
    )


def _fits(times: Sequence[Fraction], frame: Fraction) -> bool:
    """Whether times rise, mostly by the time of one frame (seconds)."""
    steps = [after - before for before, after in pairwise(times)]
    # A clock's last digit may round any single step; what most come to together is the frame.
    usual = sorted(steps)[(len(steps) - 1) // 2]
    near = [step for step in steps if abs(step - usual) <= usual * 4 * _TOLERANCE]
    mean = sum(near, Fraction(0)) / max(len(near), 1)
    return min(steps) > 0 and 2 * len(near) > len(steps) and abs(mean - frame) <= frame * _TOLERANCE


def _is_even(times: Sequence[Fraction], fps: Fraction) -> bool:
    return all(time == index / fps for index, time in enumerate(times))


def _clock_times(files: Sequence[Path]) -> list[Fraction] | None:
    """Seconds by times of day or decimal seconds; None where a name has none, or all are the same."""
    for reader in (_day_and_time, _time_of_day, _decimal):
        times = [reader(file.stem) for file in files]
        found = [time for time in times if time is not None]
        if len(found) == len(files) and len(set(found)) > 1:
            return found
    return None


def _unmistakable(files: Sequence[Path]) -> bool:
    """Whether the names differ in a date, or in the time beside one."""
    days = [_day_and_time(file.stem) for file in files]
    return None not in days and len(set(days)) > 1


def _day_and_time(stem: str) -> Fraction | None:
    match = _DAY_AND_TIME.search(stem)
    if match is None:
        return None
    try:
        day = datetime.date.fromisoformat(re.sub(r"\D", "", match["date"]))
    except ValueError:
        return None
    return Fraction(day.toordinal() * 86400) + (_seconds(match) if match["h"] else 0)


def _time_of_day(stem: str) -> Fraction | None:
    match = _TIME.search(stem)
    return None if match is None else _seconds(match)


def _seconds(match: re.Match[str]) -> Fraction:
    part = match["part"] or ""
    whole = int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"])
    return Fraction(whole) + Fraction(int(part or 0), 10 ** len(part))


def _decimal(stem: str) -> Fraction | None:
    match = _DECIMAL.search(stem)
    return None if match is None else Fraction(match[1].replace(",", "."))


def without_copy_mark(file: Path) -> str:
    """The stem of the file that this one is a copy of by its name; its own stem where it is none.

    >>> without_copy_mark(Path("img8 (2).jpg")), without_copy_mark(Path("img8.jpg"))
    ('img8', 'img8')
    """
    match = _COPY.fullmatch(file.stem)
    return match[1] if match else file.stem


def twins(files: Sequence[Path]) -> tuple[Path, Path] | None:
    """Two pictures that are one frame by their names: a copy beside its original, or one name in two formats.

    >>> [file.name for file in twins([Path("img8.jpg"), Path("img8.png"), Path("img9.jpg")])]
    ['img8.jpg', 'img8.png']
    """
    seen: dict[str, Path] = {}
    for file in files:
        if (other := seen.setdefault(file.stem.casefold(), file)) is not file:
            return other, file
    for file in files:
        original = seen.get(without_copy_mark(file).casefold())
        if original is not None and original is not file:
            return original, file
    return None
