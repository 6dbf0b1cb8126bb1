"""When things happen in real long videos: schedules read from tables, and stretches drawn from them.

A schedule says when a person's expressions and blinks begin, peak and end, and which action units they are
coded with; it holds no picture and no motion. Rows that lie outside their video, or whose frames are out of
order, are left out and counted.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from mellm.datasets.annotation_sheets import Row, read_sheet
from mellm.datasets.sheet_text import number
from mellm.errors import InputError
from mellm.facs.taxonomies import canonical

FPS = 30.0
"""Frames per second of the schedules' own numbers."""
LONGEST = {"micro": 0.6, "macro": 10.0}
"""Seconds; a micro-expression that is coded as longer is none by its definition (half a second, and what 30
frames a second cannot tell), a macro-expression is taken for a typing error."""
Kind = Literal["micro", "macro", "blink"]
_EVENTS = [("Subject",), ("Filename",), ("Onset",), ("Expression type",)]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One event: seconds from the stretch's beginning, the coders' units, their emotion (or nothing)."""

    kind: Kind
    onset: float
    apex: float
    offset: float
    units: str = ""
    emotion: str = ""

    def later(self, seconds: float) -> "Scheduled":
        """The same event so much later."""
        return replace(
            self, onset=self.onset + seconds, apex=self.apex + seconds, offset=self.offset + seconds
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one person's video, or of several of them one after another."""

    person: str
    name: str
    seconds: float
    events: tuple[Scheduled, ...]

    def count(self, kind: Kind) -> int:
        """Events of a kind."""
        return sum(event.kind == kind for event in self.events)


@dataclass(frozen=True, slots=True)
class Schedules:
    """All videos of a table; `left_out` counts rows that cannot be right."""

    videos: tuple[Stretch, ...]
    left_out: int

    @classmethod
    def read(
        cls, events: Path, spans: Path, blinks: Path | None = None, sheet: Path | None = None
    ) -> "Schedules":
        """Read the tables of events, of the videos' first and last frames, of blinks.

        sheet: an annotation sheet of the same set's micro-expressions, which says their emotions. Raises
        InputError where a table cannot be read.
        """
        found: dict[tuple[str, str], list[Scheduled]] = defaultdict(list)
        first: dict[tuple[str, str], tuple[int, int]] = {}
        for row in read_sheet(spans, [("subject",), ("filename",), ("first_frame",), ("last_frame",)]):
            begin, end = _whole(row, "first_frame"), _whole(row, "last_frame")
            if begin is not None and end is not None and begin < end:
                first[_clip(row)] = begin, end
        emotions = _emotions(sheet)
        left_out = 0
        for row in read_sheet(events, _EVENTS):
            event = _event(row, first.get(_clip(row)), emotions)
            left_out += event is None
            if event is not None:
                found[_clip(row)].append(event)
        for row in read_sheet(blinks, [("Subject",), ("Filename",), ("Onset",)]) if blinks else ():
            span, onset, offset = first.get(_clip(row)), _whole(row, "Onset"), _whole(row, "Offset")
            if span is None or onset is None or offset is None or not span[0] <= onset < offset <= span[1]:
                left_out += 1
                continue
            start, stop = ((frame - span[0]) / FPS for frame in (onset, offset))
            found[_clip(row)].append(Scheduled("blink", start, start + 0.4 * (stop - start), stop))
        videos = tuple(
            Stretch(clip[0], clip[1], (end - begin) / FPS, tuple(sorted(found[clip], key=lambda e: e.onset)))
            for clip, (begin, end) in first.items()
        )
        if not videos:
            raise InputError(f"{spans.name} holds no video.")
        return cls(videos, left_out)

    def windows(self, count: int, seconds: float, rng: np.random.Generator) -> list[Stretch]:
        """Draw stretches of a length, with 0, 1, 2, 3 micro-expressions in turn, of different people.

        No event is cut by a window. Who has no blinks coded borrows those of a stretch of somebody who has.
        """
        blinking = [v for v in self.videos if v.count("blink") > 5]
        order = [self.videos[int(k)] for k in rng.permutation(len(self.videos))]
        drawn: list[Stretch] = []
        people: set[str] = set()
        for number_ in range(count):
            wanted = number_ % 4
            for video in order:
                window = _window(video, seconds, rng)
                if video.person not in people and window and window.count("micro") == wanted:
                    drawn.append(window if window.count("blink") else _borrowed(window, blinking, rng))
                    people.add(video.person)
                    break
        return drawn

    def joined(self, seconds: float, rng: np.random.Generator, least: int = 1) -> Stretch:
        """Draw a person with blinks coded, and join that person's videos to a length.

        At least `least` micro-expressions are in it. Raises InputError where nobody has so many.
        """
        people = {v.person for v in self.videos if v.count("blink") > 5} or {v.person for v in self.videos}
        for person in rng.permutation(sorted(people)):
            own = [v for v in self.videos if v.person == person]
            total, events, names = 0.0, [], []
            for video in own:
                events += [e.later(total) for e in video.events]
                total += video.seconds
                names.append(video.name)
                if total >= seconds:
                    break
            kept = tuple(e for e in events if e.offset < seconds - 0.5)
            joined = Stretch(str(person), "+".join(names), min(total, seconds), kept)
            if total >= seconds and joined.count("micro") >= least:
                return joined
        raise InputError("Nobody's videos are so long with so many micro-expressions.")


def _window(video: Stretch, seconds: float, rng: np.random.Generator) -> Stretch | None:
    if video.seconds <= seconds:
        return None
    for start in rng.uniform(0, video.seconds - seconds, 8).tolist():
        inside = [e for e in video.events if start < e.onset and e.offset < start + seconds - 0.2]
        if not any(
            e.onset <= start < e.offset or e.onset < start + seconds <= e.offset for e in video.events
        ):
            return replace(
                video,
                seconds=seconds,
                events=tuple(e.later(-start) for e in inside),
                name=f"{video.name}@{start:.1f}",
            )
    return None


def _borrowed(window: Stretch, blinking: Sequence[Stretch], rng: np.random.Generator) -> Stretch:
    """The window with the blinks of a stretch of another person, those apart that meet an expression."""
    if not blinking:
        return window
    lender = blinking[int(rng.integers(len(blinking)))]
    start = float(rng.uniform(0, max(0.0, lender.seconds - window.seconds)))
    blinks = (e.later(-start) for e in lender.events if e.kind == "blink" and e.onset > start)
    kept = [
        b
        for b in blinks
        if b.offset < window.seconds - 0.2
        and all(b.offset < e.onset or b.onset > e.offset for e in window.events)
    ]
    return replace(window, events=tuple(sorted((*window.events, *kept), key=lambda e: e.onset)))


def _event(
    row: Row, span: tuple[int, int] | None, emotions: dict[tuple[str, str, int], str]
) -> Scheduled | None:
    onset, apex, offset = (_whole(row, name) for name in ("Onset", "Apex", "Offset"))
    if span is None or onset is None or apex is None or offset is None:
        return None
    kind: Kind = "micro" if row.text(["Expression type"]).lower().startswith("micro") else "macro"
    if not span[0] <= onset < apex < offset <= span[1] or (offset - onset) / FPS > LONGEST[kind]:
        return None
    first, top, last = ((frame - span[0]) / FPS for frame in (onset, apex, offset))
    emotion = emotions.get((*_clip(row), onset), "") if kind == "micro" else ""
    return Scheduled(kind, first, top, last, row.text(["AU"]), emotion)


def _emotions(sheet: Path | None) -> dict[tuple[str, str, int], str]:
    if sheet is None:
        return {}
    rows = read_sheet(sheet, [("Subject",), ("Filename",), ("Onset",), ("emotion",)])
    return {
        (*_clip(row), onset): canonical(row.text(["emotion"]))
        for row in rows
        if (onset := _whole(row, "Onset")) is not None
    }


def _clip(row: Row) -> tuple[str, str]:
    return row.text(["Subject"]), row.text(["Filename"])


def _whole(row: Row, name: str) -> int | None:
    value = number(row.text([name]))
    return None if value is None else round(value)
