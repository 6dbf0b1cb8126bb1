"""What is asked of the process that makes files of a clip."""

from typing import Literal, TypedDict


class Wish(TypedDict, total=False):
    """What shall be made: `target` is where it goes.

    For a video: the moment's frames, the middle of the face in the first one (px), flow estimator and factor.
    """

    make: Literal["sound", "video"]
    target: str
    frames: list[int]
    apex: int
    face: tuple[float, float]
    estimator: str
    factor: float
