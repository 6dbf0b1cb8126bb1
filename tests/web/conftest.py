"""A real server on a free port, with one clip analysed; shared by the tests that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the `web` extra is not installed")
pytest.importorskip("uvicorn", reason="the `web` extra is not installed")
pytest.importorskip("httpx", reason="httpx is not installed")

from web_client import RULES, Client, client_of

from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    options = ServerOptions(store=tmp_path_factory.mktemp("server"), port=0)
    with serving(options) as address, client_of(address) as client:
        yield client


@pytest.fixture(scope="session")
def job(client: Client, smile_clip: tuple[Path, ClipTruth]) -> str:
    """The finished analysis of the demonstration clip, by rules."""
    digest = client.upload(smile_clip[0])
    answer = client.post("jobs", json={"media": digest, "settings": RULES})
    assert answer.status_code in (200, 202), "another test may have asked for the same clip already"
    done = client.wait(answer.json()["id"])
    assert done["state"] == "done", done
    return str(done["id"])
