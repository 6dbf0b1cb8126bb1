"""Draws docs/images/flow.png: onset, apex, true flow, MEFlowNet, TV-L1 and DIS side by side.

The shipped portrait (astronaut Eileen Collins, NASA, public domain), which no model was trained on, is set
into two known motions with head turn, light and sensor noise. Expression flow is drawn in the colours of an
MMC-Map, with its mean end-point error on the face. Run from the repository root:

    python benchmarks/draw_flow.py --out docs/images/flow.png
"""

import argparse
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import find_faces
from mellm.face.people import Landmarks
from mellm.flow import create, mmc_colours
from mellm.media import read_image
from mellm.simulate.scene import Motion, Pose, Scene
from mellm.simulate.sensor import Camera, light_field, photograph
from mellm.simulate.unit_fields import au_field

SIZE = (400, 480)
ESTIMATORS = {"meflownet": "MEFlowNet", "tvl1": "TV-L1", "dis": "DIS"}
# Action units with the subject's side and their peak in px, and what the head does meanwhile.
MOVES = (
    (
        "AU 6 + 12, head turned 1 degree",
        ((6, "both", 0.8), (12, "both", 1.5)),
        Pose(0.4, 1.0, 0.2, (0.8, -0.4)),
    ),
    (
        "AU L2 + 4, head turned 0.6 degrees",
        ((2, "left", 1.0), (4, "both", 0.9)),
        Pose(-0.5, -0.4, 0.1, (0.3, 0.6)),
    ),
)
CAMERA = Camera(read=1.0, shot=2.0)
FULL = 1.2  # px of full colour
ROWS = slice(40, 440)  # of the frame, shown
STRIP = 26
PAPER, INK = 255, (40, 40, 40)


def scene() -> Scene:
    """The portrait's face, 70 % of a 400x480 frame wide."""
    picture = read_image(Path(str(files("mellm.data") / "portrait.jpg")))
    mesh = find_faces(picture, max_people=1)[0].landmarks.points
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    zoom = float(high[0] - low[0]) / (0.7 * SIZE[0])
    corner = (low + high) / 2 - zoom * np.array([0.5, 0.52]) * SIZE
    return Scene(picture, mesh, np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]]), SIZE)


def row(portrait: Scene, units: tuple[tuple[int, str, float], ...], pose: Pose, seed: int) -> list[tuple]:
    """Panels of one pair: (picture, caption) each."""
    rng = np.random.default_rng(seed)
    expression = sum(size * au_field(au, side, portrait.mesh) for au, side, size in units)
    moved = portrait.move(Motion(np.asarray(expression, np.float32), pose))
    onset = photograph(portrait.onset, CAMERA, rng)
    apex = photograph(moved.image, CAMERA, rng, light_field(SIZE, 0.015, rng))
    truth = moved.facial - moved.head
    face = portrait.face & moved.valid
    panels = [(onset, "onset"), (apex, "apex"), (coloured(truth, portrait.face), "true expression flow")]
    for name, title in ESTIMATORS.items():
        flow = create(name).estimate(onset, apex, Landmarks(portrait.mesh.copy())).expression
        error = float(np.hypot(*np.moveaxis(flow - truth, -1, 0))[face].mean())
        panels.append((coloured(flow, portrait.face), f"{title}: off by {error:.2f} px"))
    return panels


def coloured(flow: NDArray[np.float32], face: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(face[..., None], mmc_colours(flow, scale_px=FULL), 0).astype(np.uint8)


def captioned(picture: NDArray[np.uint8], text: str, width: int) -> NDArray[np.uint8]:
    shown = picture[ROWS]
    small = cv2.resize(shown, (width, width * len(shown) // SIZE[0]), interpolation=cv2.INTER_AREA)
    strip = np.full((STRIP, width, 3), PAPER, np.uint8)
    cv2.putText(strip, text, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, small])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images/flow.png"))
    parser.add_argument("--width", type=int, default=184, help="of one panel, px")
    args = parser.parse_args()
    portrait = scene()
    high = STRIP + args.width * (ROWS.stop - ROWS.start) // SIZE[0]
    gap = np.full((high, 4, 3), PAPER, np.uint8)
    rows = []
    for seed, (title, units, pose) in enumerate(MOVES):
        print(title)
        line: list[NDArray[np.uint8]] = []
        for picture, text in row(portrait, units, pose, seed):
            print(f"  {text}")
            line += [captioned(picture, text, args.width), gap]
        rows.append(np.concatenate(line[:-1], axis=1))
    whole = np.concatenate(rows)
    cv2.imwrite(str(args.out), whole[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB, {whole.shape[1]}x{whole.shape[0]}")


if __name__ == "__main__":
    main()
