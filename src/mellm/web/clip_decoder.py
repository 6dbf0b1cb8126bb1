"""The decoding process of one clip: asked for a frame by its index, answers with a JPEG of that frame.

Tells how many frames there are and when each is shown. Started as
`python -m mellm.web.clip_decoder MEMORY LIMITS PATH [FPS]`. Keeps pictures it has made, and decodes a few
frames around the one asked for, since people step. Knows no job and no HTTP.
"""

import json
import logging
import sys
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

from mellm.errors import InputError, MellmError
from mellm.media import Limits, Media, open_media
from mellm.media.frame import Image
from mellm.web.child_process import ParentPipe
from mellm.web.memory_limit import limit_memory
from mellm.web.sound import has_sound

_log = logging.getLogger("mellm.web.clip_decoder")

CACHE_BYTES = 96 * 1024 * 1024
AHEAD, BEHIND = 12, 4
"""Frames decoded after and before one that was not there."""

QUALITY = 90


class Pictures:
    """The encoded frames of one clip, by index and largest width."""

    def __init__(self, media: Media) -> None:
        """Keep the opened clip."""
        self._media = media
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._size = 0

    def jpeg(self, index: int, width: int) -> bytes:
        """Frame `index` as a JPEG at most `width` pixels wide. Raises InputError where there is none."""
        key = (index, width)
        if key not in self._kept:
            for frame in self._media.frames(max(0, index - BEHIND), index + AHEAD):
                if (frame.index, width) not in self._kept:
                    self._keep((frame.index, width), encode_jpeg(frame.image, width))
        if key not in self._kept:
            raise InputError(f"The clip has no frame {index}; frames are counted from 0.")
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: tuple[int, int], data: bytes) -> None:
        self._kept[key] = data
        self._size += len(data)
        while self._size > CACHE_BYTES and len(self._kept) > AHEAD + BEHIND + 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)


def encode_jpeg(image: Image, width: int) -> bytes:
    """A picture as JPEG, made smaller (never larger) to `width` pixels; colours are not subsampled."""
    if image.shape[1] > width:
        size = (width, max(1, round(image.shape[0] * width / image.shape[1])))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(image.dtype)
    how = [
        cv2.IMWRITE_JPEG_QUALITY, QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]  # fmt: skip
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), how)
    if not done:
        raise InputError("The frame cannot be shown as a JPEG; it is too large.")
    return bytes(data.tobytes())


def _table(media: Media, path: Path) -> dict[str, object]:
    """The clip's frames as far as they are known without decoding any."""
    times, rate = media.frame_times(), media.info.fps
    if not times and media.info.frames:
        times = [k / float(rate) if rate else 0.0 for k in range(media.info.frames)]
    names = [file.name for file in media.files] if media.info.kind == "folder" else []
    return {
        "width": media.info.width,
        "height": media.info.height,
        "fps": None if rate is None else float(rate),
        "times": [round(time, 6) for time in times],
        "count": len(times),
        "names": names,
        "sound": has_sound(path),
    }


def main() -> None:
    """Open the clip and serve frames until the parent goes away."""
    parent = ParentPipe()
    limit_memory(int(sys.argv[1]))
    limits, path = Limits(**json.loads(sys.argv[2])), Path(sys.argv[3])
    fps = float(sys.argv[4]) if len(sys.argv) > 4 else None
    try:
        with open_media(path, limits=limits, fps=fps) as media:
            pictures = Pictures(media)
            parent.send({"ready": True})
            for order in parent.orders():
                try:
                    if "table" in order:
                        parent.send({"table": _table(media, path)})
                        continue
                    parent.send({"index": order["index"]}, pictures.jpeg(order["index"], order["width"]))
                except MellmError as error:
                    parent.send({"failed": str(error), "asked": order["index"]})
    except MellmError as error:
        parent.send({"failed": str(error)})
    except MemoryError:
        _log.exception("no memory left for a frame")
        parent.send({"failed": "This frame needs more memory than the server allows."})


if __name__ == "__main__":
    main()
