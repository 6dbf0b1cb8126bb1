"""A portrait, a gallery of differently named copies of it, and scenes cut from it."""

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm.media import read_image
from mellm.simulate.gallery import Gallery, Portrait, split_of
from mellm.simulate.scene import Scene

SIZE = (200, 240)


@pytest.fixture(scope="session")
def portrait_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 12 'identities' in every split: the shipped portrait under many names."""
    folder = tmp_path_factory.mktemp("faces")
    picture = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    assert picture is not None
    face = cv2.resize(picture[10:270, 100:350], None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC)
    wanted = {"train": 4, "val": 2, "test": 2}
    number = 0
    while any(wanted.values()):
        name = f"face{number:03d}"
        number += 1
        if wanted[split_of(name)] > 0:
            wanted[split_of(name)] -= 1
            cv2.imwrite(str(folder / f"{name}.png"), face)
    return folder


@pytest.fixture(scope="session")
def mesh_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("meshes")


@pytest.fixture(scope="session")
def gallery(portrait_folder: Path, mesh_cache: Path) -> Gallery:
    return Gallery(portrait_folder, cache=mesh_cache)


@pytest.fixture(scope="session")
def portrait(gallery: Gallery) -> Portrait:
    return gallery.portraits[0]


@pytest.fixture(scope="session")
def scene(portrait: Portrait) -> Scene:
    """The portrait's face filling a 240x288 frame."""
    picture = read_image(portrait.path)
    mesh = portrait.mesh
    zoom = float(np.ptp(mesh[:, 0])) / 170
    centre = (mesh[:, :2].min(0) + mesh[:, :2].max(0)) / 2
    frame = np.array([[zoom, 0, centre[0] - zoom * 120], [0, zoom, centre[1] - zoom * 150]])
    return Scene(picture, mesh, frame, (240, 288))
