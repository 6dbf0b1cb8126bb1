"""What the colours of a flow map mean, drawn: the wheel, and a strip with directions and scale.

Knows how to draw on pictures, nothing of how flow is estimated.
"""

from collections.abc import Callable

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.flow.colour import DIRECTION_COLOURS, middlebury, mmc_colours
from mellm.flow.field import FlowField
from mellm.flow.region_motion import OCTANTS
from mellm.media.frame import Image
from mellm.wording.languages import Language
from mellm.wording.page_words import page_word

FONT = cv2.FONT_HERSHEY_SIMPLEX
INK = (235, 235, 235)
PAPER = 24

_PALETTES: dict[str, Callable[[FlowField], Image]] = {
    "mmc": lambda flow: mmc_colours(flow, scale_px=1.0),
    "middlebury": lambda flow: middlebury(flow, scale_px=1.0),
}


def legend(size: int = 320, palette: str = "mmc") -> Image:
    """Return the colour wheel, uint8 (size, size, 3) RGB, with an arrow and a name for each direction.

    `palette` is `mmc` or `middlebury`. The rim is the scale's full value, the centre no motion.
    """
    _need_palette(palette)
    if size < 160:
        raise InputError(f"A legend of {size} px cannot be read; give at least 160.")
    picture = np.full((size, size, 3), PAPER, np.uint8)
    centre, radius = (size - 1) / 2, 0.33 * size
    y, x = (np.mgrid[:size, :size].astype(np.float32) - centre) / radius
    disc = x**2 + y**2 <= 1
    picture[disc] = _PALETTES[palette](np.stack([x, y], -1).astype(np.float32))[disc]
    text = size / 900
    for name in OCTANTS:
        u, v = _unit(name)
        tip = (round(centre + 0.9 * radius * u), round(centre + 0.9 * radius * v))
        tail = (round(centre + 0.45 * radius * u), round(centre + 0.45 * radius * v))
        cv2.arrowedLine(picture, tail, tip, (0, 0, 0), max(2, size // 120), cv2.LINE_AA, tipLength=0.35)
        cv2.arrowedLine(picture, tail, tip, (255, 255, 255), max(1, size // 240), cv2.LINE_AA, tipLength=0.35)
        (wide, high), _ = cv2.getTextSize(name, FONT, text, 1)
        at = np.array([centre + 1.1 * radius * u, centre + 1.1 * radius * v])
        # Words grow away from the wheel: right of it to the right, left of it to the left.
        left = at[0] - wide * (0.5 - 0.5 * np.sign(round(u, 3)))
        base = at[1] + high * (0.5 + 0.5 * np.sign(round(v, 3)))
        left = np.clip(left, 2, size - wide - 2)
        cv2.putText(picture, name, (round(left), round(base)), FONT, text, INK, 1, cv2.LINE_AA)
    return picture


def annotate(
    picture: Image, scale_px: float, *, fixed: bool = True, palette: str = "mmc", language: Language = "en"
) -> Image:
    """Return `picture` with a strip below: the eight directions in their colours, and the scale in px.

    `scale_px` is the magnitude of full colour, printed. `fixed=False` says that it is this picture's own
    largest magnitude, so that nobody compares two such pictures by eye. The picture itself is not touched:
    the result is uint8 (H + strip, W, 3) RGB.
    """
    _need_palette(palette)
    width = picture.shape[1]
    arrow, per_row = 30, 8 if width >= 8 * 34 else 4
    rows = 8 // per_row
    strip = np.full((rows * arrow + 26, width, 3), PAPER, np.uint8)
    for k, name in enumerate(OCTANTS):
        u, v = _unit(name)
        colour = _PALETTES[palette](np.array([[[u, v]]], np.float32))[0, 0].tolist()
        x = round((k % per_row + 0.5) * width / per_row)
        y = (k // per_row) * arrow + arrow // 2 + 2
        reach = arrow * 0.38
        tail, tip = (round(x - u * reach), round(y - v * reach)), (round(x + u * reach), round(y + v * reach))
        cv2.arrowedLine(strip, tail, tip, colour, 3, cv2.LINE_AA, tipLength=0.45)
    write_words(
        strip, "strip_colour" if fixed else "strip_own_colour", 6, strip.shape[0] - 8, language, px=scale_px
    )
    return np.concatenate([picture, strip])


def write_words(
    strip: Image, code: str, left: int, base: int, language: Language = "en", **fields: float
) -> None:
    """Write a line of `mellm.wording.page_words` on a picture, from `left` on, as small as it needs to be.

    Chinese needs the fonts of OpenCV 5; with an older one the line is English.
    """
    room = max(strip.shape[1] - left - 6, 1)
    if language != "en" and hasattr(cv2, "FontFace"):
        words = page_word(code, language, **fields)
        wide = sum(1.0 if ord(letter) > 0x2E80 else 0.6 for letter in words)
        size = max(6, min(15, int(room / wide)))
        cv2.putText(strip, words, (left, base), INK, cv2.FontFace("uni"), size, 400)
        return
    words = page_word(code, "en", **fields)
    scale = min(0.45, 0.45 * room / cv2.getTextSize(words, FONT, 0.45, 1)[0][0])
    cv2.putText(strip, words, (left, base), FONT, scale, INK, 1, cv2.LINE_AA)


def direction_words() -> str:
    """Return the colour code in words, for prompts and captions.

    >>> direction_words().split("; ")[0]
    'red: right'
    """
    return "; ".join(f"{colour}: {name}" for name, colour in DIRECTION_COLOURS.items())


def _unit(name: str) -> tuple[float, float]:
    """Unit vector (u right, v down) of an octant's name."""
    angle = np.radians(45.0 * OCTANTS.index(name))
    return float(np.cos(angle)), float(-np.sin(angle))


def _need_palette(palette: str) -> None:
    if palette not in _PALETTES:
        raise InputError(f"There is no palette {palette!r}; choose one of {', '.join(_PALETTES)}.")
