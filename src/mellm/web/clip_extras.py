"""The process that makes a file of a clip: its sound, or the magnified video of a moment.

Started as `python -m mellm.web.clip_extras MEMORY LIMITS PATH [FPS]`; takes one order and ends. Knows no job.
"""

import json
import logging
import math
import sys
from pathlib import Path
from typing import cast

from mellm.errors import InputError, MellmError
from mellm.face import Alignment, find_faces
from mellm.face.refinding import landmarks_at, place_of
from mellm.flow import create
from mellm.media import Limits, open_media
from mellm.render.magnified_video import magnified_frames, write_webm
from mellm.web.child_process import ParentPipe
from mellm.web.clip_wish import Wish
from mellm.web.memory_limit import limit_memory
from mellm.web.sound import write_sound

_log = logging.getLogger("mellm.web.clip_extras")


def write_video(path: Path, limits: Limits, fps: float | None, wish: Wish) -> None:
    """Write the magnified video of a moment. Raises InputError where its face is not found."""
    with open_media(path, limits=limits, fps=fps) as media:
        read = media.read(wish["frames"])
    frames = [read[k] for k in wish["frames"] if k in read]
    if len(frames) < 2 or frames[0].index != wish["frames"][0] or wish["apex"] not in read:
        raise InputError("The frames of this moment cannot be read any more.")
    faces = find_faces(frames[0].image, 16)
    if not faces:
        raise InputError("No face is found where this moment begins.")
    face = min(faces, key=lambda one: math.dist(_middle(one.box), wish["face"]))
    apex = landmarks_at(read[wish["apex"]].image, place_of(face.landmarks))
    alignment = Alignment.fit((face.landmarks, apex or face.landmarks))
    pictures = magnified_frames(
        [alignment.crop(frame.image) for frame in frames],
        alignment.landmarks_to_crop(face.landmarks),
        create(wish["estimator"]),
        wish["factor"],
    )
    write_webm(pictures, [frame.time for frame in frames], Path(wish["target"]))


def _middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def main() -> None:
    """Make what is asked for, and say so."""
    parent = ParentPipe()
    limit_memory(int(sys.argv[1]))
    limits, path = Limits(**json.loads(sys.argv[2])), Path(sys.argv[3])
    fps = float(sys.argv[4]) if len(sys.argv) > 4 else None
    wish = cast(Wish, next(parent.orders()))
    try:
        if wish["make"] == "sound":
            write_sound(path, Path(wish["target"]))
        else:
            write_video(path, limits, fps, wish)
        parent.send({"made": True})
    except MellmError as error:
        parent.send({"failed": str(error)})
    except Exception:
        # Whatever a damaged file provokes deep inside a decoder is this wish's failure, not the server's.
        _log.exception("%s could not be made", wish["make"])
        parent.send({"failed": f"The {wish['make']} could not be made of this clip."})


if __name__ == "__main__":
    main()
