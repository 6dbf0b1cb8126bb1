"""HEIC photographs, as phones take them, through pillow-heif (or pi-heif, the same without an encoder).

The library is optional: it is loaded when the first such picture is met.
"""

from importlib import import_module
from io import BytesIO
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

_LIBRARIES = ("pillow_heif", "pi_heif")


class _Opened(Protocol):
    size: tuple[int, int]
    has_alpha: bool

    def to_pillow(self) -> Pillow.Image: ...


class _Library(Protocol):
    def open_heif(self, data: BytesIO, *, convert_hdr_to_8bit: bool) -> _Opened: ...


def _library() -> _Library | None:
    for name in _LIBRARIES:
        try:
            return cast(_Library, import_module(name))
        except ImportError:
            continue
    return None


def heic_is_readable() -> bool:
    """Whether a library that reads HEIC is installed."""
    return _library() is not None


def heic_size(data: bytes) -> tuple[int, int]:
    """Width and height of the upright picture, px. Raises ValueError where it is damaged."""
    return _open(data).size


def heic_pixels(data: bytes) -> NDArray[np.uint8]:
    """The main picture, upright: uint8 (H, W, 3) RGB or (H, W, 4) RGBA.

    Raises ValueError where it is damaged.
    """
    opened = _open(data)
    picture = opened.to_pillow().convert("RGBA" if opened.has_alpha else "RGB")
    return np.asarray(picture, np.uint8)


def _open(data: bytes) -> _Opened:
    library = _library()
    if library is None:
        raise ValueError("no library reads HEIC")
    try:
        return library.open_heif(BytesIO(data), convert_hdr_to_8bit=True)
    except EOFError as error:
        raise ValueError(str(error)) from error
