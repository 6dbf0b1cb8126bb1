from importlib.resources import files

import cv2
import pytest

from mellm.simulate.gallery import split_of


@pytest.fixture(scope="session")
def portraits(tmp_path_factory):
    """The shipped portrait under a name of each split."""
    folder = tmp_path_factory.mktemp("portraits")
    picture = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    large = cv2.resize(picture[:320, 60:380], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    for split in ("train", "val", "test"):
        name = next(f"{split}{k}" for k in range(300) if split_of(f"{split}{k}") == split)
        cv2.imwrite(str(folder / f"{name}.png"), large)
    return folder
