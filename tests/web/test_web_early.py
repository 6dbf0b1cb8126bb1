"""A clip is looked at before its analysis has ended, and corrected while another one runs."""

import json
import time
from pathlib import Path

from web_client import Client

from long_report import store_long_report
from mellm.simulate.generated_clip import ClipTruth

PLAIN = {"llm": "none", "magnify": 3}


def test_a_clip_opens_before_its_analysis_has_ended(
    client: Client, smile_clip: tuple[Path, ClipTruth]
) -> None:
    """Frames from the upload on, moments once spotted, each reading and its pictures once it is there."""
    request = {"media": client.upload(smile_clip[0]), "settings": PLAIN}
    job = client.post("jobs", json=request).json()["id"]
    table = client.get(f"jobs/{job}/frames").json()
    assert client.get(f"jobs/{job}").json()["state"] in ("queued", "running")
    assert table["count"] == len(table["times"]) == 72 and (table["width"], table["height"]) == (480, 480)
    assert client.get(f"jobs/{job}/frames/40").content.startswith(b"\xff\xd8")
    assert client.get(f"jobs/{job}/frames/72").status_code == 404
    order, moments, watched = [], [], None
    with client.stream("GET", f"jobs/{job}/events") as stream:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                order.append(event)
                if event == "watched":
                    watched = json.loads(line[5:])
                elif event == "moment":
                    moments.append(json.loads(line[5:]))
                    part = client.get(f"jobs/{job}/partial").json()
                    assert part["people"] and part["traces"] and part["moments"]
                    for name in moments[-1]["pictures"].values():
                        assert client.get(f"jobs/{job}/pictures/{name}").content.startswith(b"\x89PNG")
    assert watched is not None and not watched["complete"] and order.index("watched") < order.index("moment")
    (spotted,), report = watched["moments"], client.get(f"jobs/{job}/report").json()
    (me,) = report["micro_expressions"]
    assert moments[-1] == me and me["number"] == 1
    assert (spotted["onset"], spotted["apex"]) == (
        me["interval"]["onset_frame"],
        me["interval"]["apex_frame"],
    )
    whole = client.get(f"jobs/{job}/partial").json()
    assert whole["complete"] and whole["micro_expressions"] == [me]
    course = client.get(f"jobs/{job}/faces", params={"first": 30, "last": 39}).json()
    assert course["frames"] == list(range(30, 40)) and len(course["pose"]) == 10
    box = report["people"][0]["box"]
    points = course["points"][0]
    assert all(box[0] - 60 < u < box[0] + box[2] + 60 for u, _ in points) and course["lines"]
    assert max(max(pair) for pair in course["lines"]) < len(points)
    curve = course["regions"]["left mouth corner"]
    assert len(curve) == 10 and max(value for value in curve if value is not None) > 0.3


def test_a_moved_apex_does_not_wait_for_a_long_clip(client: Client, job: str, tmp_path: Path) -> None:
    store_long_report(tmp_path, minutes=20, moments=1)
    (clip,) = (tmp_path / "media").iterdir()
    long = client.post("jobs", json={"media": client.upload(clip, "long.mp4"), "settings": PLAIN}).json()[
        "id"
    ]
    while client.get(f"jobs/{long}").json()["state"] != "running":
        time.sleep(0.05)
    waiting = client.post("jobs", json={"media": client.upload(clip), "settings": PLAIN, "name": "next"})
    assert waiting.json()["waits_for"] == "long.mp4"
    media = client.get(f"jobs/{job}").json()["request"]["media"]
    request = {"media": media, "parent": job, "settings": PLAIN, "frames": {"onset": 32, "apex": 37}}
    moved = client.wait(client.post("jobs", json=request).json()["id"])
    assert moved["state"] == "done"
    assert client.get(f"jobs/{long}").json()["state"] == "running"
    for one in (waiting.json()["id"], long):
        client.post(f"jobs/{one}/cancel")
        assert client.wait(one)["state"] == "cancelled"
