"""Fixtures of the whole suite: the shipped portrait, a pair and a clip of known motion."""

import os
from importlib.resources import files
from pathlib import Path

# One thread per test process: beside another one (`-n 2`), small matrices are up to ten times slower on two.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest

from mellm.face import find_faces
from mellm.media import read_image
from mellm.media.frame import Image
from mellm.simulate.generated_clip import ClipTruth, demo_clip

SHARED = Path(__file__).resolve().parents[1] / "../shared/data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The research data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared/data) is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def portrait() -> Image:
    """A real photograph of a face, uint8 RGB."""
    return read_image(Path(str(files("mellm.data") / "portrait.jpg")))


@pytest.fixture(scope="session")
def pair(portrait: Image, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Onset and apex pictures of 400x480: both mouth corners 1.5 px up and 1.5 px out, sensor noise."""
    onset = cv2.resize(portrait[0:420, 60:410], (400, 480), interpolation=cv2.INTER_AREA)
    points = find_faces(onset)[0].landmarks.xy
    y, x = np.mgrid[:480, :400].astype(np.float32)
    u, v = np.zeros((2, 480, 400), np.float32)
    for index, outwards in ((61, -1), (291, 1)):
        bump = np.exp(-((x - points[index, 0]) ** 2 + (y - points[index, 1]) ** 2) / (2 * 18**2))
        u += outwards * 1.5 * bump
        v -= 1.5 * bump
    apex = cv2.remap(onset, x - u, y - v, cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("pair")
    for name, picture in (("onset", onset), ("apex", apex)):
        noisy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), noisy[..., ::-1])
    return folder / "onset.png", folder / "apex.png"


@pytest.fixture(scope="session")
def smile_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClipTruth]:
    """The demonstration clip (2.4 s, one micro-expression, a small head turn) and its truth."""
    path = tmp_path_factory.mktemp("clip") / "smile.mp4"
    return path, demo_clip(path)
