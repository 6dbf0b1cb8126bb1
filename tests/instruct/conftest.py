import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from instruct_samples import write_flow_folder

from mellm.instruct import BuildConfig, FlowOnlySource, build, open_store


@pytest.fixture(scope="session")
def flow_folder(tmp_path_factory):
    return write_flow_folder(tmp_path_factory.mktemp("flow"))


@pytest.fixture(scope="session")
def built(flow_folder, tmp_path_factory):
    """A dataset built from made-up flow; read only."""
    folder = tmp_path_factory.mktemp("meu") / "data"
    build(BuildConfig(FlowOnlySource(flow_folder), shard=10), folder)
    return open_store(folder)


@pytest.fixture(scope="session")
def pairs(built):
    """All records with their cases."""
    return list(built.checked())
