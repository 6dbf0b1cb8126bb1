"""Small pieces of HTML and SVG that the page and its cards share. Knows no report."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import cv2
import numpy as np

from mellm.errors import MellmError
from mellm.face.regions import AREAS
from mellm.media.frame import Image
from mellm.wording.names import Language
from mellm.wording.page_words import word
from mellm.wording.sentences import in_language

_JPEG_QUALITY = 92


def picture_uri(data: bytes) -> str:
    """Return a picture as a data URI; a PNG is embedded as JPEG, a fifth of the size, equal to the eye."""
    done, jpeg = cv2.imencode(".jpg", _decode(data), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    kind, body = ("jpeg", jpeg.tobytes()) if done else ("png", data)
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


def picture_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) of an encoded picture, px."""
    height, width = _decode(data).shape[:2]
    return width, height


def _decode(data: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise MellmError("One of the report's pictures cannot be read; save the report again.")
    return np.asarray(picture, np.uint8)


def bar(share: float, width: int = 100) -> str:
    """A horizontal bar as SVG: no style attribute, so the strict policy holds."""
    fill = min(max(share, 0.0), 1.0) * width
    return (
        f'<svg class="bar" viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="{width}" height="10" rx="2"/>'
        f'<rect class="fill" width="{fill:.1f}" height="10" rx="2"/></svg>'
    )


def areas_of(regions: Iterable[str]) -> str:
    """Face areas of some regions, joined by `|` as the page's script reads them."""
    names = set(regions)
    return "|".join(area for area, members in AREAS.items() if names & set(members))


def warning_list(warnings: Sequence[str], language: Language) -> str:
    """Warnings as a list; empty for none."""
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(in_language(text, language))}</li>" for text in warnings)
    return f'<ul class="warnings" aria-label="{escape(word("warnings", language))}">{items}</ul>'
