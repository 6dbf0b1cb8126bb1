"""Pictures for the face tests: the shipped portrait, and what can be made of it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import mellm
from mellm.face import FaceObservation, find_faces
from mellm.media.frame import Image


@pytest.fixture(scope="session")
def portrait() -> Image:
    path = Path(mellm.__file__).parent / "simulate" / "portrait.jpg"
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="session")
def face(portrait: Image) -> FaceObservation:
    [found] = find_faces(portrait)
    return found
