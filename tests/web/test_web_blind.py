"""Who codes blind gets at nothing that the program found, by no route, before handing in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from web_client import Client, client_of

from long_report import store_long_report
from mellm.web.face_tracks import _CHOSEN, TRACKS_FILE
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions

HIDDEN = [
    "report",
    "summary",
    "moments",
    "moments/1",
    "moments/1/video",
    "traces",
    "faces",
    "pictures/me1_onset.png",
    "readings/1",
    "agreement?a=Ada&b=program:",
    "export/json",
    "export/eaf?version=program",
    "export/zip",
    "instruct",
]
"""Routes of a clip that give what the program found."""

OPEN = [
    "frames",
    "frames/3",
    "media",
    "coders",
    "annotation?coder=Cy",
    "neighbours",
    "annotation/versions?coder=Cy",
]
"""Those that give the recording and one's own words."""

EMPTY = ["", "partial", "sentences", "thumbnail"]
"""Those that leave out what the program found."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, list[str], Path]]:
    store = tmp_path_factory.mktemp("blind")
    jobs = [store_long_report(store, 0.5, 4, name=f"clip {n}.mp4", seed=n) for n in range(3)]
    for job in jobs:
        with (store / "results" / job / TRACKS_FILE).open("wb") as out:
            points, scale, pose = np.zeros((1, len(_CHOSEN), 2), np.uint16), np.ones(2), np.zeros((1, 3))
            named = {"frames": np.zeros(1, np.int32), "points": points, "scale": scale, "pose": pose}
            np.savez(out, **{f"1/{name}": part for name, part in named.items()})  # type: ignore[arg-type]
    with serving(ServerOptions(store=store, port=0)) as address, client_of(address) as client:
        yield client, jobs, store


def seen(client: Client, job: str, name: str, viewer: str | None) -> httpx.Response:
    """What somebody gets of a clip."""
    mark = "&" if "?" in name else "?"
    return client.get(f"jobs/{job}/{name}" + ("" if viewer is None else f"{mark}viewer={viewer}"))


def hand_in(client: Client, job: str, coder: str, base: int = 0, **more: Any) -> None:
    body = {"coder": coder, "base_version": base, "finished": True, "moments": [], **more}
    assert client.put(f"jobs/{job}/annotation", json=body).status_code == 200


def test_every_route_of_a_clip_is_known_here(server: tuple[Client, list[str], Path]) -> None:
    """A new route has to be sorted into one of the lists above."""
    paths = server[0].get("openapi.json").json()["paths"]
    start = "/api/v1/jobs/{job}"
    known = {name.partition("?")[0] for name in (*HIDDEN, *OPEN, *EMPTY)}
    known = {name.replace("/1", "/{number}").replace("me1_onset.png", "{name}") for name in known}
    known = {
        name.replace("frames/3", "frames/{index}").replace("export/json", "export/{kind}") for name in known
    }
    gets = {
        path.removeprefix(start).strip("/")
        for path in paths
        if path.startswith(start) and "get" in paths[path]
    }
    told_elsewhere = {"events", "sound"}
    assert gets - known - told_elsewhere == set()


def test_no_route_shows_what_the_program_found(server: tuple[Client, list[str], Path]) -> None:
    client, (job, *others), _ = server
    hand_in(client, job, "Bo", moments=[{"number": 1, "verdict": "agreed"}])
    before = {name: client.get(f"jobs/{job}/{name}") for name in HIDDEN if "video" not in name}
    assert {name for name, answer in before.items() if answer.status_code >= 400} <= {
        "agreement?a=Ada&b=program:",
        "instruct",
    }
    assert client.patch(f"jobs/{job}", json={"blind": "program"}).json()["verdict"] is None
    for viewer in (None, "Ada", "nobody", ""):
        who = {} if viewer is None else {"viewer": viewer}
        for name in HIDDEN:
            answer = seen(client, job, name, viewer)
            assert answer.status_code == 403, f"{name} for {viewer}: {answer.status_code}"
        asked = client.post(f"jobs/{job}/ask", params=who, json={"question": "Which action units?"})
        assert asked.status_code == 403
        shown = client.get(f"jobs/{job}", params=who).json()
        assert shown["verdict"] is None and shown["emotions"] == []
        part = client.get(f"jobs/{job}/partial", params=who).json()
        assert not (part["moments"] or part["micro_expressions"] or part["traces"] or part["other_events"])
        assert client.get(f"jobs/{job}/sentences", params=who).json() == {"chinese": {}}
        (mine,) = [one for one in client.get("jobs", params=who).json()["jobs"] if one["id"] == job]
        assert mine["verdict"] is None and mine["emotions"] == []
        events = client.get(f"jobs/{job}/events", params=who).text
        assert "event: job" in events and "micro-expression" not in events
        (one,) = client.get(f"jobs/{job}/coders", params=who).json()["coders"]
        assert one["coder"] == "Bo" and one["moments"] is None
        restored = client.post(
            f"jobs/{job}/annotation/versions/1/restore", params=who, json={"base_version": 1}
        )
        assert restored.status_code == 403
    label = client.get(f"jobs/{others[0]}/moments/1").json()["emotion"]["label"]
    # The same work sent again answers with the job, not with what it found.
    media = client.get(f"jobs/{job}").json()["request"]["media"]
    assert client.post("jobs", json={"media": media}).json()["verdict"] is None
    found = {one["id"] for one in client.get("jobs", params={"text": label}).json()["jobs"]}
    assert job not in found and found
    # The small picture is of the first frame, not of an apex.
    small = client.get(f"jobs/{job}/thumbnail")
    first = cv2.imdecode(
        np.frombuffer(client.get(f"jobs/{job}/frames/0").content, np.uint8), cv2.IMREAD_COLOR
    )
    shown = cv2.imdecode(np.frombuffer(small.content, np.uint8), cv2.IMREAD_COLOR)
    assert "no-store" in small.headers["cache-control"] and np.array_equal(first, shown)
    for name in OPEN:
        assert seen(client, job, name, "Cy").status_code == 200, name
    # All clips at once: the others are there.
    rows = client.get("export/mes", params={"version": "program"}).text
    assert "clip 1.mp4" in rows and "clip 0.mp4" not in rows


def test_who_has_handed_in_sees_it(server: tuple[Client, list[str], Path]) -> None:
    client, (_, job, _), _ = server
    client.patch(f"jobs/{job}", json={"blind": "program"})
    hand_in(
        client, job, "Ada", moments=[{"number": None, "frames": {"onset": 5, "apex": 9}, "verdict": "added"}]
    )
    for name in HIDDEN:
        answer = seen(client, job, name, "Ada")
        assert answer.status_code != 403, f"{name}: {answer.text[:200]}"
    assert client.get(f"jobs/{job}", params={"viewer": "Ada"}).json()["verdict"]
    assert client.get(f"jobs/{job}/report", params={"viewer": "Bo"}).status_code == 403


def test_what_was_made_for_a_blind_clip_is_as_blind(server: tuple[Client, list[str], Path]) -> None:
    """A moved moment read anew belongs to its clip."""
    client, (_, _, job), _ = server
    client.patch(f"jobs/{job}", json={"blind": "program"})
    media = client.get(f"jobs/{job}").json()["request"]["media"]
    request = {"media": media, "parent": job, "frames": {"onset": 5, "apex": 9}, "settings": {"llm": "none"}}
    child = client.wait(client.post("jobs", json=request).json()["id"])
    assert child["verdict"] is None
    for name in ("report", "summary", "export/json"):
        assert client.get(f"jobs/{child['id']}/{name}").status_code == 403
    hand_in(client, job, "Ada")
    assert client.get(f"jobs/{child['id']}/report", params={"viewer": "Ada"}).status_code == 200
