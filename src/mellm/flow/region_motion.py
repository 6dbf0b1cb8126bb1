"""Regional motion: what the expression flow does inside each of the 29 regions.

The FACS models, the prompts and the report all read this type.
"""

from dataclasses import dataclass

from mellm.face.region_id import RegionId

OCTANTS = ("right", "up-right", "up", "up-left", "left", "down-left", "down", "down-right")
"""Direction names in the picture, counter-clockwise from the picture's right, 45 degrees each."""


@dataclass(frozen=True, slots=True)
class RegionMotion:
    """Motion of one region between onset and apex.

    name: the region; sides are image sides
    u, v: mean expression-flow vector, pixels, u right, v down
    mean, max: mean and maximum magnitude inside the region, pixels
    relative: mean magnitude as a fraction of the inter-ocular distance (outer eye corners)
    angle: direction of the mean vector in degrees, 0 = picture's right, 90 = up, [0, 360); None: no motion
    octant: one of OCTANTS; None if there is no clear direction or no motion
    concentration: |sum v| / sum |v|, 0..1 (1: every pixel moves the same way)
    moving: above the noise floor
    """

    name: RegionId
    u: float
    v: float
    mean: float
    max: float
    relative: float
    angle: float | None
    octant: str | None
    concentration: float
    moving: bool
