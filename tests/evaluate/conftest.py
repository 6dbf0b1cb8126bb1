from pathlib import Path

import pytest

from flow_folder import make_folder


@pytest.fixture(scope="session")
def flow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two made-up data sets of four people each, whose motion is known."""
    return make_folder(tmp_path_factory.mktemp("flow"))
