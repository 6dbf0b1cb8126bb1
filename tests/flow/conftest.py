"""A face of known size and the flows that are known on it."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mellm.face import Landmarks, find_faces
from mellm.flow.field import FlowField
from mellm.media.frame import Image


@dataclass(frozen=True)
class Face:
    """A picture of a face, its landmarks, and the pixels of the face."""

    picture: Image
    landmarks: Landmarks
    inside: NDArray[np.bool_]

    def grid(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        height, width = self.picture.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        return x, y

    def bump(self, point: int, u: float, v: float, spread: float) -> FlowField:
        """A local movement of (u, v) px around a mesh point, Gaussian of `spread` px."""
        x, y = self.grid()
        px, py = self.landmarks.xy[point]
        size = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * spread**2))
        return (size[..., None] * np.array([u, v])).astype(np.float32)

    def moved(self, flow: FlowField) -> Image:
        """The picture in which the point x of `picture` is at x + flow(x)."""
        x, y = self.grid()
        back = -flow
        for _ in range(10):
            back = -cv2.remap(flow, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
        return cv2.remap(
            self.picture,
            x + back[..., 0],
            y + back[..., 1],
            cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REFLECT,
        )


@pytest.fixture(scope="session")
def face(portrait: Image) -> Face:
    """The portrait's face, 190 px wide in 300x360, with the real model's landmarks."""
    return _face(portrait, (300, 360))


@pytest.fixture(scope="session")
def crop(portrait: Image) -> Face:
    """The same, 250 px wide on a picture of the working crop's size."""
    return _face(portrait, (400, 480))


def _face(portrait: Image, size: tuple[int, int]) -> Face:
    picture = cv2.resize(portrait[35:215, 150:300], size, interpolation=cv2.INTER_CUBIC)
    [found] = find_faces(picture)
    hull = cv2.convexHull(found.landmarks.xy.astype(np.int32))
    inside = cv2.fillConvexPoly(np.zeros(picture.shape[:2], np.uint8), hull, 1) > 0
    return Face(picture, found.landmarks, inside)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def epe(flow: FlowField, truth: FlowField, where: NDArray[np.bool_]) -> float:
    """Mean end-point error over `where`, px."""
    return float(np.linalg.norm(flow - truth, axis=-1)[where].mean())


@pytest.fixture(scope="session", name="epe")
def _epe():
    return epe
