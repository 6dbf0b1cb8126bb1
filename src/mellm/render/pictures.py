"""The pictures of one micro-expression: onset, apex, colour maps, regions with arrows, magnified motion.

Knows frames, flow and regions; knows nothing of reports or pages.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from mellm.errors import MellmError
from mellm.face.people import Region
from mellm.flow.colour import MMC_SCALE_PX, image_scale, middlebury, mmc_map
from mellm.flow.field import Flow
from mellm.flow.legend import INK, PAPER, annotate, write_words
from mellm.flow.magnify import magnify as magnify_motion
from mellm.flow.region_motion import RegionMotion
from mellm.media.frame import Image
from mellm.wording.languages import Language

KINDS = ("onset", "apex", "regions", "mmc", "mmc_fixed", "middlebury", "magnified")
"""Every picture `draw_pictures` makes, in the order a page shows them."""

MOVING = (230, 159, 0)
STILL = (86, 180, 233)
"""Okabe-Ito orange and sky blue: told apart with every common colour vision."""

_WIDTH = (560, 960)
"""Pictures are enlarged to the first and reduced to the second width, px."""

Box = tuple[int, int, int, int]


def face_box(regions: Sequence[Region], width: int, height: int, margin: float = 0.45) -> Box:
    """Return the part of a width x height picture round the regions: (left, top, width, height), px.

    `margin` is added on every side as a fraction of the regions' extent.
    """
    half = [region.size / 2 for region in regions]
    lefts = [r.center[0] - h for r, h in zip(regions, half, strict=True)]
    rights = [r.center[0] + h for r, h in zip(regions, half, strict=True)]
    tops = [r.center[1] - h for r, h in zip(regions, half, strict=True)]
    bottoms = [r.center[1] + h for r, h in zip(regions, half, strict=True)]
    across, down = max(rights) - min(lefts), max(bottoms) - min(tops)
    left = int(np.clip(min(lefts) - margin * across, 0, width - 2))
    right = int(np.clip(max(rights) + margin * across, left + 2, width))
    # The forehead needs more room than the chin.
    top = int(np.clip(min(tops) - 1.2 * margin * down, 0, height - 2))
    bottom = int(np.clip(max(bottoms) + 0.5 * margin * down, top + 2, height))
    return left, top, right - left, bottom - top


def draw_pictures(
    onset: Image,
    apex: Image,
    flow: Flow,
    regions: Sequence[Region],
    motion: Sequence[RegionMotion],
    *,
    box: Box | None = None,
    magnify: float | None = None,
    language: Language = "en",
) -> dict[str, Image]:
    """Draw everything a report shows of one micro-expression.

    Args:
        onset, apex: uint8 (H, W, 3) RGB, of the flow's size
        flow: onset -> apex
        regions, motion: the 29 regions in the onset picture's pixels, and how they moved
        box: (left, top, width, height) px to show; None: the whole picture (see `face_box`)
        magnify: also draw the onset with its expression this many times as strong
        language: of the words on the strips

    Returns kind -> picture, all of one width, kinds from `KINDS`. Maps and regions carry a strip with
    their scale below the picture; the rest is the picture alone.
    """
    height, width = onset.shape[:2]
    left, top, wide, high = box or (0, 0, width, height)
    crop = np.s_[top : top + high, left : left + wide]
    factor = float(np.clip(wide, *_WIDTH)) / wide
    expression = np.ascontiguousarray(flow.expression[crop])
    face, own_scale = np.ascontiguousarray(onset[crop]), image_scale(expression)
    onset_view = _resize(face, factor)
    pictures = {
        "onset": onset_view,
        "apex": _resize(apex[crop], factor),
        "regions": draw_regions(
            onset_view, regions, motion, origin=(left, top), factor=factor, language=language
        ),
        "mmc": annotate(
            _resize(mmc_map(expression, face), factor), own_scale, fixed=False, language=language
        ),
        "mmc_fixed": annotate(
            _resize(mmc_map(expression, face, scale_px=MMC_SCALE_PX), factor),
            MMC_SCALE_PX,
            language=language,
        ),
        "middlebury": annotate(
            _resize(middlebury(expression, scale_px=MMC_SCALE_PX), factor),
            MMC_SCALE_PX,
            palette="middlebury",
            language=language,
        ),
    }
    if magnify is not None:
        pictures["magnified"] = _caption(
            _resize(magnify_motion(onset, flow, magnify)[crop], factor),
            "strip_magnified",
            language,
            times=magnify,
        )
    return pictures


def map_scales(flow: Flow) -> dict[str, float]:
    """Return the motion of full colour, px of the flow, in each MMC-Map that `draw_pictures` draws of it."""
    return {"mmc": round(image_scale(flow.expression), 4), "mmc_fixed": MMC_SCALE_PX}


def draw_regions(
    picture: Image,
    regions: Sequence[Region],
    motion: Sequence[RegionMotion],
    *,
    origin: tuple[float, float] = (0, 0),
    factor: float = 1.0,
    language: Language = "en",
) -> Image:
    """Return `picture` with the regions' boxes and their mean motion as arrows, and a strip with the scale.

    Regions are placed at (centre - origin) * factor. Orange boxes with an arrow moved; blue ones did not.
    """
    out = picture.copy()
    moved = {m.name: m for m in motion}
    longest = max((np.hypot(m.u, m.v) for m in motion if m.moving), default=0.0)
    # The longest arrow spans an eighth of the picture; the scale bar is a round number of px of motion.
    reach = picture.shape[1] / 8 / max(longest, 0.1)
    unit = next(step for step in (2.0, 1.0, 0.5, 0.2, 0.1, 0.05) if step * reach <= picture.shape[1] / 6)
    thin = max(1, round(picture.shape[1] / 600))
    for region in regions:
        m = moved.get(region.name)
        moving = m is not None and m.moving
        centre = (np.array(region.center) - origin + 0.5) * factor
        half = region.size * factor / 2
        a, b = (tuple(round(float(x)) for x in centre + s * half) for s in (-1, 1))
        cv2.rectangle(out, a, b, MOVING if moving else STILL, 2 * thin if moving else thin)
    for region in regions:
        m = moved.get(region.name)
        if m is None or not m.moving:
            continue
        centre = (np.array(region.center) - origin + 0.5) * factor
        tip = centre + np.array([m.u, m.v]) * reach
        ends = [tuple(round(float(x)) for x in p) for p in (centre, tip)]
        # Drawn twice so that it shows on light and on dark skin.
        cv2.arrowedLine(out, ends[0], ends[1], (0, 0, 0), 3 * thin + 2, cv2.LINE_AA, tipLength=0.3)
        cv2.arrowedLine(out, ends[0], ends[1], (255, 255, 255), 2 * thin, cv2.LINE_AA, tipLength=0.3)
    return _caption(out, "strip_regions", language, bar=unit * reach, px=unit)


def _caption(
    picture: Image, code: str, language: Language, *, bar: float | None = None, **fields: float
) -> Image:
    """Return `picture` with a dark strip below that holds a line of small text, and a bar of `bar` px."""
    strip = np.full((26, picture.shape[1], 3), PAPER, np.uint8)
    at = 6
    if bar is not None:
        length = max(2, round(bar))
        cv2.line(strip, (at, 13), (at + length, 13), INK, 2, cv2.LINE_AA)
        for x in (at, at + length):
            cv2.line(strip, (x, 8), (x, 18), INK, 1, cv2.LINE_AA)
        at += length + 8
    write_words(strip, code, at, 18, language, **fields)
    return np.concatenate([picture, strip])


def _resize(picture: Image, factor: float) -> Image:
    if factor == 1.0:
        return np.ascontiguousarray(picture)
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def encode_png(picture: Image) -> bytes:
    """Return a picture as a PNG file's bytes."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise MellmError(
            "A picture could not be encoded as PNG; check that the OpenCV installation is whole."
        )
    return bytes(data.tobytes())
