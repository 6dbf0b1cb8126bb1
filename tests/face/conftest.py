"""The shipped portrait's face, found once."""

import pytest

from mellm.face import FaceObservation, find_faces
from mellm.media.frame import Image


@pytest.fixture(scope="session")
def face(portrait: Image) -> FaceObservation:
    [found] = find_faces(portrait)
    return found
