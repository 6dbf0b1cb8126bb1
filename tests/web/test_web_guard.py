"""Who may ask, how much and how often."""

from pathlib import Path

import httpx
import pytest
from web_client import client_of

from mellm.errors import MellmError
from mellm.web.guard import Rate
from mellm.web.server import create_app, serving
from mellm.web.server_options import ServerOptions, is_local


def test_other_sites_are_refused(client) -> None:
    host = client.base_url.netloc.decode()
    assert client.get("jobs", headers={"origin": f"http://{host}"}).status_code == 200
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": f"evil.example:{client.base_url.port}"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ):
        assert client.post("jobs", json={}, headers=headers).status_code == 403
    answer = client.get("jobs", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_carries_the_policy(client) -> None:
    for path in ("/", "/gallery", "/static/nothing.js", "/api/v1/jobs", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../server.py", "..%2fserver.py", "/etc/passwd", "%2e%2e/options.py", "clip.html"]
)
def test_static_files_are_a_closed_list(client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_token_is_needed_beyond_this_machine(tmp_path: Path) -> None:
    with pytest.raises(MellmError, match="--token"):
        create_app(ServerOptions(store=tmp_path, host="0.0.0.0"))
    assert is_local("localhost") and is_local("127.3.2.1") and is_local("[::1]")
    assert not is_local("example.com") and not is_local("10.0.0.1")


def test_the_token_opens_page_and_api(tmp_path: Path) -> None:
    options = ServerOptions(store=tmp_path / "s", port=0, token="open-sesame")
    with serving(options) as address, client_of(address) as client:
        assert client.get("jobs").status_code == 401
        assert client.get("jobs", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert client.get("jobs", headers={"authorization": "Bearer open-sesame"}).status_code == 200
        answer = httpx.get(address, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == "/"
        assert (
            "HttpOnly" in answer.headers["set-cookie"] and "SameSite=Strict" in answer.headers["set-cookie"]
        )
        client.cookies.update(answer.cookies)
        assert client.get("jobs").status_code == 200
        # With a token the host name may be any, as it has to be in a network.
        assert client.get("jobs", headers={"host": "lab-pc:8000"}).status_code == 200


def test_sizes_rates_and_the_queue_have_limits(tmp_path: Path) -> None:
    options = ServerOptions(store=tmp_path / "s", port=0, upload_bytes=1000, queue=0, submissions=6)
    with serving(options) as address, client_of(address) as client:
        assert client.post("media", params={"name": "a"}, content=b"x" * 5_000_000).status_code == 413

        def endless():
            for _ in range(64):
                yield b"x" * 100

        answer = client.post("media", params={"name": "a"}, content=endless())
        assert answer.status_code == 413 and "larger" in answer.json()["error"]
        assert list((tmp_path / "s" / "media").iterdir()) == []
        assert list((tmp_path / "s" / "drafts").iterdir()) == []
        digest = client.post("media", params={"name": "a"}, content=b"GIF89a").json()["sha256"]
        full = client.post("jobs", json={"media": digest})
        assert full.status_code == 429 and full.headers["retry-after"]
        assert client.get("jobs").json()["jobs"] == []
        for _ in range(4):
            answer = client.post("jobs", json={"media": digest})
        assert answer.status_code == 429 and "Too many" in answer.json()["error"]


def test_the_bucket_fills_again() -> None:
    rate = Rate(120)
    assert [rate.wait("a") for _ in range(120)] == [0.0] * 120
    wait = rate.wait("a")
    assert 0 < wait <= 0.5
    assert rate.wait("b") == 0.0
    assert Rate(0).wait("a") == 0.0
