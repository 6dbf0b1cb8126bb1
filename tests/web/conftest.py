"""A real server on a free port, with one clip analysed; shared by the tests that only look."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the `web` extra is not installed")
pytest.importorskip("uvicorn", reason="the `web` extra is not installed")
httpx = pytest.importorskip("httpx", reason="httpx is not installed")

from mellm.data.meflow.clip import ClipTruth  # noqa: E402
from mellm.web.options import ServerOptions  # noqa: E402
from mellm.web.server import serving  # noqa: E402

ENDED = ("done", "failed", "cancelled")


class Client(httpx.Client):
    """An HTTP client that knows how to wait for a job."""

    def wait(self, job: str, seconds: float = 90) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.get(f"jobs/{job}").json()
            if found["state"] in ENDED:
                return dict(found)
            time.sleep(0.05)
        raise AssertionError(f"job {job} has not ended: {found}")

    def upload(self, path: Path, name: str | None = None) -> str:
        answer = self.post("media", params={"name": name or path.name}, content=path.read_bytes())
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["sha256"])


def client_of(address: str) -> Client:
    return Client(base_url=f"{address.split('/?')[0].rstrip('/')}/api/v1/", timeout=60)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    options = ServerOptions(store=tmp_path_factory.mktemp("server"), port=0)
    with serving(options) as address, client_of(address) as client:
        yield client


@pytest.fixture(scope="session")
def job(client: Client, smile_clip: tuple[Path, ClipTruth]) -> str:
    """The finished analysis of the demonstration clip."""
    digest = client.upload(smile_clip[0])
    answer = client.post("jobs", json={"media": digest})
    assert answer.status_code == 202
    done = client.wait(answer.json()["id"])
    assert done["state"] == "done", done
    return str(done["id"])
