"""The 29 regions as the public demonstration of the flow route cuts them: whole pixels, ends excluded.

Sizes are of a picture that is the 400x480 crop already. They differ from `mellm.face.regions`: lids 9 px and
shifted sideways too, brows and mouth 14 px, nostril wings 20 px, chin 24 px; the right cheek alone is kept
below the eye's corner. Knows landmarks and boxes; knows no flow and no text.
Source: MELLM_pipeline of github.com/zyzhangUstc/MELLM, read 2026-11 (behaviour only; written anew).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.anchors import ANCHORS, anchor
from mellm.face.people import Landmarks

_LID, _BROW, _WING, _MOUTH, _CHIN = 10, 15, 20, 15, 25
"""Sizes as they are meant; `_span` and `_around` make them what they are."""
_LID_SHIFT, _OUT = 5, 7
_CHEEK_SIZE, _CHEEK_SHIFT, _LEAST_CHEEK = 0.12, 0.05, 4
_SIDES = (("left", ("outer", "centre", "inner")), ("right", ("inner", "centre", "outer")))
"""Lids from the picture's left to its right."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Slice:
    """One region: its name in the demonstration's prompt, and `flow[top:bottom, left:right]`."""

    name: str
    left: int
    top: int
    right: int
    bottom: int

    def cut(self, flow: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the region's flow (h, w, 2); empty where it lies outside."""
        height, width = flow.shape[:2]
        return flow[max(0, self.top) : min(height, self.bottom), max(0, self.left) : min(width, self.right)]


def published_regions(landmarks: Landmarks, width: int, height: int) -> list[Slice]:
    """Return the 29 regions in the demonstration's order, for a picture of `width` x `height` px."""
    found = [*_lids(landmarks, width, height), *_brows_and_wings(landmarks)]
    found += _mouth(landmarks, width, height)
    found.append(_chin(landmarks, width, height))
    return [*found, *_cheeks(landmarks, width, height)]


def _span(name: str, centre: Point, size: int, width: int, height: int) -> Slice:
    """A box of `size` px whose last row and column are then left out: `size - 1`."""
    x, y = (round(value) - size // 2 for value in centre)
    return Slice(
        name,
        _within(x, width),
        _within(y, height),
        _within(x + size - 1, width),
        _within(y + size - 1, height),
    )


def _around(name: str, centre: Point, size: int) -> Slice:
    """A box of twice half the size, rounded down."""
    (x, y), half = (round(value) for value in centre), size // 2
    return Slice(name, x - half, y - half, x + half, y + half)


def _within(value: int, end: int) -> int:
    return max(0, min(end - 1, value))


def _at(landmarks: Landmarks, *names: str) -> Point:
    x, y = anchor(landmarks, *names)[:2]
    return float(x), float(y)


def _lids(landmarks: Landmarks, width: int, height: int) -> Iterator[Slice]:
    for lid, down in (("lower", _LID_SHIFT), ("upper", -_LID_SHIFT)):
        for side, parts in _SIDES:
            for k, (part, place) in enumerate(zip(parts, ("Left Side", "Center", "Right Side"), strict=True)):
                x, y = _at(landmarks, f"{side} {lid} lid {part}")
                name = f"{side.title()} {lid.title()} Eyelid ({place})"
                yield _span(name, (x + (k - 1) * _LID_SHIFT, y + down), _LID, width, height)


def _brows_and_wings(landmarks: Landmarks) -> Iterator[Slice]:
    for side, _ in _SIDES:
        for part, ends in (
            ("outer", ("outer top", "outer bottom", "outer end")),
            ("inner", ("inner top", "inner end top", "inner bottom", "inner end bottom")),
        ):
            centre = _at(landmarks, *(f"{side} brow {end}" for end in ends))
            yield _around(f"{side.title()} {part.title()} Eyebrow", centre, _BROW)
    for side, out in (("left", -_OUT), ("right", _OUT)):
        x, y = _at(landmarks, f"{side} nostril wing")
        yield _around(f"{side.title()} Nostril Wing", (x + out, y - _OUT), _WING)


def _mouth(landmarks: Landmarks, width: int, height: int) -> Iterator[Slice]:
    for side, out in (("left", -_OUT), ("right", _OUT)):
        x, y = _at(landmarks, f"{side} mouth corner")
        yield _span(f"{side.title()} Mouth Corner", (x + out, y), _MOUTH, width, height)
    for name, anchors in (
        ("Upper Lip (Left Side)", ("left upper lip",)),
        ("Upper Lip (Center)", ("upper lip centre",)),
        ("Upper Lip (Right Side)", ("right upper lip",)),
        ("Lower Lip (Left Side)", ("left lower lip inner", "left lower lip outer")),
        ("Lower Lip (Right Side)", ("right lower lip inner", "right lower lip outer")),
        ("Lower Lip (Center)", ("lower lip centre",)),
    ):
        yield _span(name, _at(landmarks, *anchors), _MOUTH, width, height)


def _chin(landmarks: Landmarks, width: int, height: int) -> Slice:
    """At the chin's tip; half-way to the lower lip where the picture ends just below it."""
    x, y = _at(landmarks, "chin")
    if height - y < _CHIN / 2:
        y = (y + _at(landmarks, "lower lip centre")[1]) // 2
    return _span("Chin", (x, y), _CHIN, width, height)


def _cheeks(landmarks: Landmarks, width: int, height: int) -> Iterator[Slice]:
    tall = _tall(landmarks)
    side, shift = max(_LEAST_CHEEK, round(_CHEEK_SIZE * tall)), _CHEEK_SHIFT * tall
    for name, out in (("left", -shift), ("right", shift)):
        eye, mouth = (
            np.asarray(_at(landmarks, f"{name} {place}"), np.float32)
            for place in ("eye outer corner", "mouth corner")
        )
        middle = (eye + mouth) / np.float32(2)
        x, y = float(middle[0]) + out, float(middle[1]) - shift
        top, lowest = round(y - side // 2), round(float(eye[1]))
        if name == "right" and top < lowest:
            top = round(y + (lowest - top) - side // 2)
        left = round(x - side // 2)
        yield Slice(
            f"{name.title()} Cheek",
            max(0, left),
            max(0, top),
            min(width, left + side),
            min(height, top + side),
        )


def _tall(landmarks: Landmarks) -> float:
    """From the highest brow point to the lowest of the chin, px: 98 points have none beyond these."""
    if landmarks.scheme == "wflw98":
        rows = landmarks.xy[:, 1].astype(np.float32)
    else:
        places = [anchor(landmarks, name)[1] for name in ANCHORS[landmarks.scheme]]
        rows = np.array(places, np.float32)
    return float(rows.max() - rows.min())
