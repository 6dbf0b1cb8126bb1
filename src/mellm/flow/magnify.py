"""Motion magnification: warps a picture so that the expression's motion is larger.

Warps a picture by a multiple of the expression flow. Knows nothing of faces: it moves what the flow moves.
"""

from typing import Literal

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.flow.cubic import read_picture
from mellm.flow.field import Flow, FlowField
from mellm.media.frame import Image

STEEPEST = 0.75
"""Largest allowed change of displacement per pixel: below 1 the warp cannot fold over itself."""


def magnify(
    picture: Image, flow: Flow, factor: float = 5.0, *, frame: Literal["onset", "apex"] = "onset"
) -> Image:
    """Return `picture` with the expression `factor` times as strong, uint8 (H, W, 3) RGB, without holes.

    `frame` says which picture is given. The onset frame is moved by `factor` x expression: the head stays
    where it was, skin keeps its look. The apex frame holds one measure of expression already (and the
    head's motion, wrinkles and shading of the apex), so it is moved by `factor - 1` more. The flow is
    smoothed as far as needed for the warp not to fold over itself, so very large factors come out softer
    than asked.
    Raises InputError where picture and flow differ in size, or for a factor below 0.
    """
    if picture.shape[:2] != flow.facial.shape[:2]:
        raise InputError(
            f"The picture is {picture.shape[1]}x{picture.shape[0]} px and the flow "
            f"{flow.facial.shape[1]}x{flow.facial.shape[0]}; give the picture the flow was estimated on."
        )
    if factor < 0:
        raise InputError(f"Motion cannot be magnified {factor} times; give a factor of 0 or more.")
    move = flow.expression * np.float32(factor if frame == "onset" else factor - 1)
    if frame == "apex":
        # Expression is known at onset points; carry it to where those points are in the apex frame.
        move = _pull(move, invert(flow.facial))
    back = invert(without_folds(move))
    return np.asarray(read_picture(picture, _pixels(back) + back), np.uint8)


def without_folds(move: FlowField) -> FlowField:
    """Return `move` smoothed just as far as needed for its steepest change to be below `STEEPEST`."""
    sigma = 1.0
    smooth = np.asarray(cv2.GaussianBlur(move, (0, 0), sigma), np.float32)
    while sigma < max(move.shape[:2]) and _steepness(smooth) > STEEPEST:
        sigma *= 1.5
        smooth = np.asarray(cv2.GaussianBlur(move, (0, 0), sigma), np.float32)
    return smooth


def invert(move: FlowField, rounds: int = 12) -> FlowField:
    """Return `back` with back(y) = -move(y + back(y)), by fixed-point iteration (Chen et al., 2008)."""
    back = -move
    for _ in range(rounds):
        back = -_pull(move, back)
    return back


def _steepness(move: FlowField) -> float:
    return max(
        float(np.abs(np.diff(move, axis=0)).sum(-1).max(initial=0.0)),
        float(np.abs(np.diff(move, axis=1)).sum(-1).max(initial=0.0)),
    )


def _pull(field: FlowField, back: FlowField) -> FlowField:
    """Return field(x + back(x)), bilinear."""
    at = _pixels(back) + back
    read = cv2.remap(field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32)


def _pixels(field: FlowField) -> FlowField:
    """Return every pixel's own position (H, W, 2)."""
    height, width = field.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([x, y], axis=-1)
