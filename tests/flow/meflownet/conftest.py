import cv2
import numpy as np
import pytest

from mellm.flow.meflownet.chart import COLS, HEIGHT, ROWS, WIDTH, to_template
from mellm.flow.meflownet.motion_prior import MotionPrior, face_cells
from mellm.simulate.canonical_mesh import canonical_points


@pytest.fixture(scope="session")
def template():
    """The generator's mean mesh, upright in the chart."""
    return to_template(canonical_points() * np.array([1, -1, -1], np.float32))


@pytest.fixture(scope="session")
def toy_prior(template):
    """Two expression motions (brows up; mouth to the side) and no head correction."""
    y, x = np.mgrid[0:ROWS, 0:COLS].astype(np.float32)
    brows = np.exp(-0.5 * (((y - 40) / 6) ** 2 + ((x - 50) / 25) ** 2))
    mouth = np.exp(-0.5 * (((y - 85) / 6) ** 2 + ((x - 50) / 12) ** 2))
    motions = np.zeros((ROWS, COLS, 2, 2), np.float32)
    motions[..., 1, 0] = -brows / np.sqrt((brows**2).sum())
    motions[..., 0, 1] = mouth / np.sqrt((mouth**2).sum())
    face = face_cells(template)
    depth = np.zeros((face.sum(), 0), np.float32)
    head, none = np.zeros((face.sum(), 2, 0), np.float32), np.zeros(0, np.float32)
    return MotionPrior(template, motions[face], np.full(2, 20, np.float32), depth, none, head, none, 0.05)


@pytest.fixture(scope="session")
def texture():
    """Something to look at on the chart, float32 (480, 400), 0..255: blobs of several sizes."""
    rng = np.random.default_rng(3)
    image = np.zeros((HEIGHT, WIDTH), np.float32)
    for size in (2, 5, 15):
        noise = rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
        blurred = cv2.GaussianBlur(noise, (0, 0), size)
        image += blurred / blurred.std()
    return np.clip(128 + 30 * image, 0, 255).astype(np.float32)
