"""Measuring one sample for MEU-Instruct: the 29 regions and the map, and whether that can be right.

Sees pictures and flow; knows nothing of labels, sets or files.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.people import Region
from mellm.flow.field import FlowEstimator
from mellm.flow.region_motion import RegionMotion
from mellm.media.frame import Image

FARTHEST = 0.12
"""Mean motion of a region, as a fraction of the inter-ocular distance, above which flow has failed."""

HIDDEN = 0.3
"""Share of a region that may be hidden in one frame of a generated pair (lids that close hide some)."""


def measure_frames(
    onset: Image, apex: Image, estimator: FlowEstimator, map_scale_px: float | None
) -> tuple[list[RegionMotion], Image]:
    """Align both frames on the face, estimate flow, measure the regions (px of the crop), draw the map.

    Raises InputError where no face is seen in either frame or their sizes differ.
    """
    from mellm.face import FaceTracker
    from mellm.flow import measure_pair
    from mellm.flow.colour import mmc_map
    from mellm.media.frame import Frame

    if onset.shape != apex.shape:
        raise InputError("The onset and apex frames differ in size.")
    tracker = FaceTracker(max_people=1)
    seen = [tracker.update(Frame(i, 0.0, image)) for i, image in enumerate((onset, apex))]
    if not all(seen):
        raise InputError("No face was seen in the onset and the apex frame.")
    pair = measure_pair(onset, apex, (seen[0][0].landmarks, seen[1][0].landmarks), estimator)
    return pair.motion, mmc_map(pair.flow.expression, pair.onset, scale_px=map_scale_px)


def implausible(motion: Sequence[RegionMotion]) -> str:
    """Say why a measurement cannot be a micro-expression's; empty where it can."""
    farthest = max(motion, key=lambda m: m.relative)
    if farthest.relative <= FARTHEST:
        return ""
    return (
        f"the {farthest.name} moves {farthest.relative:.0%} of the eyes' distance: something covers the "
        "face, or the flow failed"
    )


def covered(visible: NDArray[np.bool_], regions: Sequence[Region]) -> str:
    """Say which region is hidden in one of the frames for more than `HIDDEN` of it; empty if none is."""
    for region in regions:
        (x, y), half = region.center, region.size / 2
        patch = visible[max(0, round(y - half)) : round(y + half), max(0, round(x - half)) : round(x + half)]
        if patch.size and 1 - patch.mean() > HIDDEN:
            return f"something covers the {region.name}"
    return ""
