"""Named places on a face, and where each landmark scheme keeps them: one index table per scheme.

Everything that measures a face asks for names ("left mouth corner"), so it works on any scheme. Sides are
image sides. Indices count from 0. Knows nothing about regions, pictures or time.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mellm.face.people import Landmarks, Scheme

Indices = tuple[int, ...]

# Image-left eye = the subject's right eye; index 33 of the mesh is its outer corner.
_MESH_PAIRS: dict[str, tuple[Indices, Indices]] = {
    "eye outer corner": ((33,), (263,)),
    "eye inner corner": ((133,), (362,)),
    "upper lid outer": ((160,), (387,)),
    "upper lid centre": ((159, 158), (386, 385)),
    "upper lid inner": ((158, 157), (385, 384)),
    "lower lid outer": ((163, 144), (390, 373)),
    "lower lid centre": ((145,), (374,)),
    "lower lid inner": ((153, 154), (380, 381)),
    "brow outer end": ((70, 46), (300, 276)),
    "brow outer top": ((63, 105), (293, 334)),
    "brow outer bottom": ((53, 52), (283, 282)),
    "brow inner top": ((66,), (296,)),
    "brow inner bottom": ((65,), (295,)),
    "brow inner end top": ((107,), (336,)),
    "brow inner end bottom": ((55,), (285,)),
    "nostril wing": ((98,), (327,)),
    "mouth corner": ((61,), (291,)),
    "upper lip": ((39,), (269,)),
    "lower lip outer": ((91, 181), (321, 405)),
    "lower lip inner": ((84,), (314,)),
}
_MESH_MIDDLE: dict[str, Indices] = {
    "nose bridge": (168,),
    "nose tip": (4,),
    "upper lip centre": (0,),
    "lower lip centre": (17,),
    "chin": (152,),
}
_WFLW_PAIRS: dict[str, tuple[Indices, Indices]] = {
    "eye outer corner": ((60,), (72,)),
    "eye inner corner": ((64,), (68,)),
    "upper lid outer": ((61,), (71,)),
    "upper lid centre": ((62,), (70,)),
    "upper lid inner": ((63,), (69,)),
    "lower lid outer": ((67,), (73,)),
    "lower lid centre": ((66,), (74,)),
    "lower lid inner": ((65,), (75,)),
    "brow outer end": ((33,), (46,)),
    "brow outer top": ((34,), (45,)),
    "brow outer bottom": ((41,), (47,)),
    "brow inner top": ((36,), (43,)),
    "brow inner bottom": ((39,), (49,)),
    "brow inner end top": ((37,), (42,)),
    "brow inner end bottom": ((38,), (50,)),
    "nostril wing": ((55,), (59,)),
    "mouth corner": ((76,), (82,)),
    "upper lip": ((77,), (81,)),
    "lower lip outer": ((87,), (83,)),
    "lower lip inner": ((86,), (84,)),
}
_WFLW_MIDDLE: dict[str, Indices] = {
    "nose bridge": (51,),
    "nose tip": (54,),
    "upper lip centre": (79,),
    "lower lip centre": (85,),
    "chin": (16,),
}
# 68 points have two per lid and one row per brow: the middle of a lid is the mean of its two points.
_IBUG_PAIRS: dict[str, tuple[Indices, Indices]] = {
    "eye outer corner": ((36,), (45,)),
    "eye inner corner": ((39,), (42,)),
    "upper lid outer": ((37,), (44,)),
    "upper lid centre": ((37, 38), (43, 44)),
    "upper lid inner": ((38,), (43,)),
    "lower lid outer": ((41,), (46,)),
    "lower lid centre": ((40, 41), (46, 47)),
    "lower lid inner": ((40,), (47,)),
    "brow outer end": ((17,), (26,)),
    "brow outer top": ((18,), (25,)),
    "brow outer bottom": ((18,), (25,)),
    "brow inner top": ((20,), (23,)),
    "brow inner bottom": ((20,), (23,)),
    "brow inner end top": ((21,), (22,)),
    "brow inner end bottom": ((21,), (22,)),
    "nostril wing": ((31,), (35,)),
    "mouth corner": ((48,), (54,)),
    "upper lip": ((49,), (53,)),
    "lower lip outer": ((59,), (55,)),
    "lower lip inner": ((58,), (56,)),
}
_IBUG_MIDDLE: dict[str, Indices] = {
    "nose bridge": (27,),
    "nose tip": (30,),
    "upper lip centre": (51,),
    "lower lip centre": (57,),
    "chin": (8,),
}


def _table(pairs: dict[str, tuple[Indices, Indices]], middle: dict[str, Indices]) -> dict[str, Indices]:
    sided = {
        f"{side} {name}": both[i] for i, side in enumerate(("left", "right")) for name, both in pairs.items()
    }
    return sided | middle


_MESH: Final = _table(_MESH_PAIRS, _MESH_MIDDLE)

ANCHOR_NAMES: tuple[str, ...] = tuple(_MESH)
"""Every named place; the points of the `template` scheme are these, in this order."""

ANCHORS: dict[Scheme, dict[str, Indices]] = {
    "mesh468": _MESH,
    "wflw98": _table(_WFLW_PAIRS, _WFLW_MIDDLE),
    "ibug68": _table(_IBUG_PAIRS, _IBUG_MIDDLE),
    "template": {name: (i,) for i, name in enumerate(ANCHOR_NAMES)},
}
"""Scheme -> anchor -> the landmarks whose mean it is."""

POINT_COUNTS: dict[Scheme, int] = {
    "mesh468": 468,
    "wflw98": 98,
    "ibug68": 68,
    "template": len(ANCHOR_NAMES),
}

FACE_OVAL: Indices = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the 468-point mesh, clockwise on the screen from the middle of the forehead."""


def anchor(landmarks: Landmarks, *names: str) -> NDArray[np.float64]:
    """The mean place of the named anchors, float64 (2,) or (3,), pixels."""
    table = ANCHORS[landmarks.scheme]
    places = [_place(landmarks, table[name]) for name in names]
    return places[0] if len(places) == 1 else np.asarray(np.mean(places, axis=0))


def _place(landmarks: Landmarks, points: Indices) -> NDArray[np.float64]:
    # Most anchors are one point: averaging it costs ten times what reading it does.
    if len(points) == 1:
        return np.asarray(landmarks.points[points[0]], np.float64)
    return np.asarray(landmarks.points[list(points)].mean(axis=0, dtype=np.float64))


def anchors(landmarks: Landmarks) -> NDArray[np.float64]:
    """All anchors in the order of ANCHOR_NAMES, float64 (45, 2) or (45, 3), pixels."""
    return np.stack([anchor(landmarks, name) for name in ANCHOR_NAMES])
