"""Long videos and what is in them: from a table of truth beside them, or from a published set's sheet."""

import csv
import logging
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mellm.datasets.sample import Sample
from mellm.datasets.set_index import read_set
from mellm.errors import InputError
from mellm.evaluate.frame_samples import FrameSet
from mellm.facs.taxonomies import canonical
from mellm.media import open_media
from mellm.simulate.long_videos import TRUTH, TrueEvent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LongVideo:
    """One video: its file or folder of frames, frames per second, the person, its expressions (no blinks)."""

    path: Path
    fps: float
    person: str
    events: tuple[TrueEvent, ...]

    def of(self, kind: str) -> list[TrueEvent]:
        """The events of a kind."""
        return [event for event in self.events if event.kind == kind]


def read_truth(folder: Path) -> list[LongVideo]:
    """Read the videos that a folder's `truth.csv` lists; a video without any event has a row of kind `none`.

    Raises InputError where the table is missing or wrong, or a video is.
    """
    file = folder / TRUTH
    if not file.is_file():
        raise InputError(
            f"There is no {TRUTH} in {folder}: it says what is in the videos (docs/evaluation.md)."
        )
    found: dict[str, list[TrueEvent]] = defaultdict(list)
    people: dict[str, str] = {}
    with file.open(encoding="utf-8", newline="") as table:
        for number, row in enumerate(csv.DictReader(table), 2):
            try:
                frames = (int(row["onset"] or 0), int(row["apex"] or 0), int(row["offset"] or 0))
                event = TrueEvent(
                    row["video"], row["person"], row["kind"], *frames, row.get("units") or "",
                    canonical(row.get("emotion") or ""),
                )  # fmt: skip
            except (KeyError, ValueError, TypeError) as error:
                raise InputError(
                    f"{TRUTH}, row {number}: not video, person, kind, onset, apex, offset."
                ) from error
            people[event.video] = event.person
            if event.kind in ("micro", "macro") and event not in found[event.video]:
                found[event.video].append(event)
            elif event.kind in ("micro", "macro"):
                _log.warning(
                    "%s, row %d: this event stands there already and is counted once.", TRUTH, number
                )
    videos = []
    for name, person in people.items():
        if not (folder / name).exists():
            raise InputError(f"{TRUTH} names {name}, which is not in {folder}.")
        videos.append(LongVideo(folder / name, _rate(folder / name), person, tuple(found[name])))
    return videos


def read_long_set(one: FrameSet) -> list[LongVideo]:
    """Read a published set's long videos: its rows by the folder of frames they lie in.

    Folders of numbered pictures whose first is not number 0 count from their first. Raises InputError where
    no folder is on this machine.
    """
    found: dict[str, list[tuple[str, Sample]]] = defaultdict(list)
    for kind in ("micro", "macro"):
        for sample in read_set(one.set, one.root, one.sheet, kind).samples:
            if (
                sample.onset is not None
                and (sample.offset or sample.apex)
                and (one.root / sample.path).exists()
            ):
                found[sample.path].append((kind, sample))
    if not found:
        raise InputError(f"No video of {one.set} is in {one.root}: `mellm data check` says what is missing.")
    videos = []
    for path, rows in found.items():
        place, person = one.root / path, rows[0][1].subject
        fps = rows[0][1].fps or 30.0
        with open_media(place, fps=fps) as media:
            index = {number: k for k, number in enumerate(media.numbers) if number is not None}
        events = [_event(path, kind, sample, index) for kind, sample in rows]
        videos.append(LongVideo(place, fps, person, tuple(events)))
    return videos


def _event(path: str, kind: str, sample: Sample, index: dict[int, int]) -> TrueEvent:
    onset = sample.onset or 0
    offset = sample.offset or sample.apex or onset
    numbers = (onset, sample.apex or (onset + offset) // 2, offset)
    frames = [_place(number, index) for number in numbers]
    return TrueEvent(
        path, sample.subject, kind, frames[0], frames[1], frames[2], sample.action_units, sample.emotion
    )


def _place(number: int, index: dict[int, int]) -> int:
    """The index of a numbered frame; of the nearest one where sheets name a frame that is missing."""
    if not index or number in index:
        return index.get(number, number)
    return index[min(index, key=lambda known: abs(known - number))]


def _rate(path: Path) -> float:
    with open_media(path) as media:
        return float(media.info.fps or 30)
