"""A moment as a video of the aligned face whose expression is many times as strong.

Every frame is warped by its own flow from the onset, so that what is seen is what was filmed: nothing is
drawn between two pictures. Flow is averaged over neighbouring frames first: noise would be magnified too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.flow.field import Flow, FlowEstimator
from mellm.flow.magnify import magnify
from mellm.media.frame import Image

MOST_FRAMES = 240
"""Longest moment that is made a video of: flow takes a part of a second for each frame."""

_MILLISECONDS = 1000


def magnified_frames(
    crops: Sequence[Image],
    landmarks: Landmarks,
    estimator: FlowEstimator,
    factor: float,
    *,
    told: Callable[[int, int], None] | None = None,
) -> list[Image]:
    """Return the frames of a moment, all but the first with the expression `factor` times as strong.

    Args:
        crops: uint8 (480, 400, 3) RGB, the same alignment for all, the onset first
        landmarks: the face's points in the first of them
        estimator: measures the motion from the first to each other
        factor: 1 leaves everything as it is
        told: called with frames measured and frames in all

    Raises InputError for more than `MOST_FRAMES`, or for none.
    """
    if not 2 <= len(crops) <= MOST_FRAMES:
        raise InputError(
            f"A video takes 2 to {MOST_FRAMES} frames, and this moment has {len(crops)}: choose others."
        )
    flows: list[Flow] = []
    for done, crop in enumerate(crops[1:], 1):
        flows.append(estimator.estimate(crops[0], crop, landmarks))
        if told is not None:
            told(done, len(crops) - 1)
    calm = [magnify(crop, _averaged(flows, k), factor, frame="apex") for k, crop in enumerate(crops[1:])]
    return [np.asarray(crops[0], np.uint8), *calm]


def _averaged(flows: Sequence[Flow], k: int) -> Flow:
    """The flow of frame k, its expression averaged with its neighbours' by 1, 2, 1."""
    near = [flows[max(k - 1, 0)], flows[k], flows[k], flows[min(k + 1, len(flows) - 1)]]
    expression = np.mean([flow.expression for flow in near], axis=0, dtype=np.float32)
    return replace(flows[k], head=flows[k].facial - expression)


def write_webm(frames: Sequence[Image], times: Sequence[float], path: Path) -> None:
    """Write frames as VP8 in WebM, each shown from its time on, seconds; the first one's is taken as 0.

    The last frame stays as long as the one before it.
    """
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=_MILLISECONDS)
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _MILLISECONDS)
        stream.options = {"deadline": "good", "cpu-used": "4", "crf": "10", "b": "4M"}
        shown = [round((time - times[0]) * _MILLISECONDS) for time in times]
        last = shown[-1] + max(shown[-1] - shown[-2], 1)
        for picture, at in [*zip(frames, shown, strict=True), (frames[-1], last)]:
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(picture[: stream.height, : stream.width]), format="rgb24"
            )
            frame.pts, frame.time_base = at, Fraction(1, _MILLISECONDS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
