"""What was seen of a video's people, kept: where each face was and how its regions moved.

A trace does not depend on the spotter or its dial, so another one watches nothing again. Knows files and no
model.
"""

from dataclasses import astuple
from pathlib import Path

import numpy as np

from mellm.analysis.clip import Watched
from mellm.face.people import FaceObservation, Landmarks
from mellm.face.roi import Roi
from mellm.spot import RegionalMotion


def keep_watched(file: Path, people: list[Watched], frames: int) -> None:
    """Write people and the number of frames that were decoded; a person without a trace is left out."""
    arrays: dict[str, object] = {"decoded": frames}
    seen = [person for person in people if person.motion is not None]
    arrays["people"] = np.array([person.person for person in seen], np.int64)
    for person in seen:
        motion, first = person.motion, person.first
        assert motion is not None
        mark = f"{person.person}."
        arrays |= {mark + name: values for name, values in motion.arrays().items()}
        arrays[mark + "points"] = first.landmarks.points
        arrays[mark + "first"] = np.array([first.frame, first.time, *first.box, first.score])
        known = {frame: place for frame, place in person.places.items() if place is not None}
        arrays[mark + "seen"] = np.array(list(person.places), np.int64)
        arrays[mark + "placed"] = np.array(list(known), np.int64)
        arrays[mark + "places"] = np.array([astuple(p) for p in known.values()]).reshape(-1, 4)
    partial = file.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(file)


def kept_watched(file: Path) -> tuple[list[Watched], int]:
    """Return what `keep_watched` wrote: people with traces, without events, and the frames decoded."""
    with np.load(file) as data:
        arrays = {name: data[name] for name in data.files}
    return [_person(arrays, int(number)) for number in arrays["people"]], int(arrays["decoded"])


def _person(arrays: dict[str, np.ndarray], number: int) -> Watched:
    mark = f"{number}."
    frame, time, left, top, width, height, score = (float(value) for value in arrays[mark + "first"])
    points = Landmarks(arrays[mark + "points"])
    first = FaceObservation(int(frame), time, number, (left, top, width, height), points, score)
    own = {name.removeprefix(mark): values for name, values in arrays.items() if name.startswith(mark)}
    motion = RegionalMotion.of_arrays(own)
    places: dict[int, Roi | None] = {int(frame): None for frame in arrays[mark + "seen"]}
    for frame, place in zip(arrays[mark + "placed"], arrays[mark + "places"], strict=True):
        places[int(frame)] = Roi(*(float(value) for value in place))
    return Watched(first, places, motion)
