"""Draws docs/images/lids.webp: lids of generated faces as the simulator draws them.

Four units at the size of a micro-expression and two stages of a blink; nobody on it exists, the portraits are
generated. Each row is one eye, four times as large as in the frame. Run from the repository root:

    python benchmarks/draw_lids.py --faces ../shared/data/faces --out docs/images/lids.webp

`--before SHEET`, a sheet drawn by an earlier renderer, puts its blinks beside today's.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.media import read_image
from mellm.simulate.gallery import Gallery
from mellm.simulate.scene import Motion, Scene
from mellm.simulate.unit_fields import au_field, lid_closure

SIZE = (400, 480)
ZOOM = 4
EYE = (60, 42)  # px of the frame shown, width and height
STRIP = 26
PEAK = 1.5  # px, of the units
MOVES: tuple[tuple[str, str], ...] = (
    ("onset", ""),
    ("AU 5", "5"),
    ("AU 6", "6"),
    ("AU 7", "7"),
    ("AU 43, 1.5 px", "43"),
    ("AU 45, half", "half"),
    ("AU 45, shut", "shut"),
)

Picture = NDArray[np.uint8]


def scene(gallery: Gallery, identity: str) -> Scene:
    """One portrait's face, 70 % of a 400x480 frame wide."""
    portrait = next(p for p in gallery.of(None) if p.identity == identity)
    picture, mesh = read_image(portrait.path), portrait.mesh
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    zoom = float(high[0] - low[0]) / (0.7 * SIZE[0])
    corner = (low + high) / 2 - zoom * np.array([0.5, 0.52]) * SIZE
    return Scene(picture, mesh, np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]]), SIZE)


def moved(face: Scene, move: str) -> Picture:
    """The frame after one of `MOVES`, without a camera."""
    if not move:
        return face.onset
    closing = lid_closure(face.mesh)
    if move in ("half", "shut"):
        field = closing * (0.5 if move == "half" else 1.0)
    elif move == "43":
        field = closing * (PEAK / float(np.hypot(closing[:, 0], closing[:, 1]).max()))
    else:
        field = PEAK * au_field(int(move), "both", face.mesh)
    return face.draw(Motion(np.asarray(field, np.float32)))


def eye(face: Scene, frame: Picture) -> Picture:
    """The eye at the picture's left with its brow, enlarged."""
    middle = face.mesh[[33, 133], :2].mean(0) + np.array([0, -0.16 * EYE[1]])
    left, top = (round(float(m - side / 2)) for m, side in zip(middle, EYE, strict=True))
    cut = frame[top : top + EYE[1], left : left + EYE[0]]
    return np.asarray(cv2.resize(cut, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC), np.uint8)


def sheet(faces: list[Scene]) -> Picture:
    """Rows of eyes under a row of captions."""
    rows = [np.hstack([eye(face, moved(face, move)) for _, move in MOVES]) for face in faces]
    return np.vstack([captions([caption for caption, _ in MOVES]), *rows])


def captions(texts: list[str]) -> Picture:
    """A strip with a text over every eye."""
    strip = np.full((STRIP, len(texts) * EYE[0] * ZOOM, 3), 255, np.uint8)
    for k, text in enumerate(texts):
        at = (k * EYE[0] * ZOOM + 6, 18)
        cv2.putText(strip, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def blinks_of(earlier: Picture) -> Picture:
    """The blinks of a sheet that was drawn before, captioned so."""
    eyes = earlier[STRIP:, -2 * EYE[0] * ZOOM :]
    return np.vstack([captions([f"before: {caption}" for caption, _ in MOVES[-2:]]), eyes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--faces", type=Path, default=Path("../shared/data/faces"))
    parser.add_argument("--identities", nargs="*", default=[])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    gallery = Gallery(given.faces)
    names = given.identities or [p.identity for p in gallery.of("test")[:4]]
    drawn = sheet([scene(gallery, name) for name in names])
    if given.before:
        drawn = np.hstack([drawn, blinks_of(read_image(given.before))])
    cv2.imwrite(str(given.out), cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, 88])


if __name__ == "__main__":
    main()
