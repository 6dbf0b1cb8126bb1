"""An HTTP client for the tests of the server."""

import time
from pathlib import Path
from typing import Any

import httpx

ENDED = ("done", "failed", "cancelled")

RULES = {"llm": "none"}
"""Settings of an analysis whose words nobody looks at: the built-in language model takes most of its time."""

WAIT = 600.0
"""Seconds a test waits for what must come; many times what it takes, so that a busy machine fails no test."""


class Client(httpx.Client):
    """An HTTP client that knows how to wait for a job."""

    def wait(self, job: str, seconds: float = WAIT) -> dict[str, Any]:
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
    return Client(base_url=f"{address.split('/?')[0].rstrip('/')}/api/v1/", timeout=WAIT)
