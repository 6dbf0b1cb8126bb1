"""The API on a real server: jobs, frames, readings, events, annotations."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from web_client import RULES

from mellm.media import open_media
from mellm.report import Report
from mellm.simulate.generated_clip import ClipTruth


def test_a_clip_becomes_a_report(client, job: str, smile_clip: tuple[Path, ClipTruth]) -> None:
    one = client.get(f"jobs/{job}").json()
    assert one["emotions"] == ["happiness"] and one["name"] == "smile.mp4"
    report = Report.model_validate(client.get(f"jobs/{job}/report").json())
    (me,) = report.micro_expressions
    assert abs(me.interval.apex_frame - smile_clip[1].events[0].apex) <= 2
    assert report.source.path == "smile.mp4"
    assert report.source.sha256 == hashlib.sha256(smile_clip[0].read_bytes()).hexdigest()
    for name in me.pictures.values():
        assert client.get(f"jobs/{job}/pictures/{name}").content.startswith(b"\x89PNG")


def test_frames_are_exactly_the_files(client, job: str, smile_clip: tuple[Path, ClipTruth]) -> None:
    with open_media(smile_clip[0]) as media:
        frames = list(media.frames())
    pictures = np.stack([frame.image[::4, ::4] for frame in frames]).astype(np.int16)
    table = client.get(f"jobs/{job}/frames").json()
    assert table["times"] == pytest.approx([frame.time for frame in frames], abs=1e-6)
    assert (table["width"], table["height"]) == (480, 480)
    for index in (0, 40, 37, 71):
        answer = client.get(f"jobs/{job}/frames/{index}")
        assert answer.headers["content-type"] == "image/jpeg"
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        distance = np.abs(picture[::4, ::4].astype(np.int16) - pictures).mean((1, 2, 3))
        assert int(np.argmin(distance)) == index
    assert client.get(f"jobs/{job}/frames/72").status_code == 404
    small = client.get(f"jobs/{job}/frames/3", params={"width": 100}).content
    assert cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR).shape[:2] == (100, 100)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(200)])
def test_times_are_the_files_own(client, tmp_path: Path, rate: Fraction) -> None:
    """Frame number and time agree with the file at 29.97 and at 200 fps; the number is drawn into it."""
    path = tmp_path / "numbers.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 64, "yuv420p", {"bf": "2"}
        for number in range(40):
            picture = np.full((64, 64, 3), 40, np.uint8)
            for bit in range(6):
                picture[:, 10 * bit : 10 * bit + 10] = 220 if number >> bit & 1 else 20
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    done = client.wait(client.post("jobs", json={"media": client.upload(path)}).json()["id"])
    assert done["state"] == "done" and "no face" in done["verdict"]
    table = client.get(f"jobs/{done['id']}/frames").json()
    assert table["times"] == pytest.approx([float(k / rate) for k in range(40)], abs=1e-5)
    for number in (39, 0, 17, 16, 18, 38):
        picture = cv2.imdecode(
            np.frombuffer(client.get(f"jobs/{done['id']}/frames/{number}").content, np.uint8),
            cv2.IMREAD_GRAYSCALE,
        )
        assert sum((picture[32, 10 * bit + 5] > 120) << bit for bit in range(6)) == number


def test_the_same_work_is_one_job(
    client, job: str, smile_clip: tuple[Path, ClipTruth], brief_clip: Path
) -> None:
    digest = client.upload(smile_clip[0], "other name.mp4")
    again = client.post("jobs", json={"media": digest, "settings": RULES})
    same = client.post("jobs", json={"media": digest, "name": "smile.mp4", "settings": RULES})
    assert same.status_code == 200 and same.json()["id"] == job
    assert again.status_code == 200 and again.json()["id"] == job and again.json()["state"] == "done"
    brief = client.upload(brief_clip)
    one, other = (
        client.post("jobs", json={"media": brief, "settings": {**RULES, "taxonomy": name}})
        for name in ("7", "3")
    )
    assert one.status_code == other.status_code == 202 and one.json()["id"] != other.json()["id"]
    for answer in (one, other):
        client.wait(answer.json()["id"])


def test_a_form_with_a_pair(client, pair: tuple[Path, Path]) -> None:
    files = {part: path.open("rb") for part, path in zip(("onset", "apex"), pair, strict=True)}
    answer = client.post("analyses", files=files, data={"settings": '{"language": "zh"}'})
    assert answer.status_code == 202
    done = client.wait(answer.json()["id"])
    assert done["state"] == "done" and done["kind"] == "pair" and done["name"] == "onset.png → apex.png"
    report = Report.model_validate(client.get(f"jobs/{done['id']}/report").json())
    assert report.micro_expressions[0].reading.language == "zh"
    assert client.get(f"jobs/{done['id']}/frames").json()["times"] == [0.0, 0.0]
    assert client.get(f"jobs/{done['id']}/frames/1").status_code == 200
    eaf = client.get(f"jobs/{done['id']}/export/eaf")
    assert eaf.status_code == 200


def test_a_moment_is_read_again(client, job: str) -> None:
    parent = client.get(f"jobs/{job}").json()
    request = {"media": parent["request"]["media"], "parent": job, "frames": {"onset": 33, "apex": 38}}
    request["settings"] = RULES
    child = client.wait(client.post("jobs", json=request).json()["id"])
    assert child["state"] == "done"
    report = Report.model_validate(client.get(f"jobs/{child['id']}/report").json())
    assert report.micro_expressions[0].interval.apex_frame == 38
    assert report.micro_expressions[0].interval.origin == "given"
    assert child["id"] not in [j["id"] for j in client.get("jobs").json()["jobs"]]


def test_readings_in_both_languages(client, job: str) -> None:
    english, chinese = (
        client.get(f"jobs/{job}/readings/1", params={"language": language}).json()
        for language in ("en", "zh")
    )
    # Written from the evidence, whoever wrote the report's own reading.
    assert english["model"] == chinese["model"] == "evidence"
    assert "AU 12 (lip corner puller)" in english["analysis"]
    assert "嘴" in chinese["analysis"]
    three = client.get(f"jobs/{job}/readings/1", params={"taxonomy": "3"}).json()
    assert "3 classes" in three["conclusion"]
    assert client.get(f"jobs/{job}/readings/2").status_code == 404


def test_events_tell_the_stages_and_the_built_in_models_words(
    client, smile_clip: tuple[Path, ClipTruth]
) -> None:
    digest = client.upload(smile_clip[0])
    started = client.post("jobs", json={"media": digest, "settings": {"max_people": 2}}).json()
    seen = []
    with client.stream("GET", f"jobs/{started['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen += [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert seen[-1]["state"] == "done"
    assert "faces" in {event["progress"]["stage"] for event in seen if event.get("progress")}
    # A model's words come between the job's states, from the beginning on; the last may come in the report.
    words = "".join(event["text"] for event in seen if "text" in event)
    report = Report.model_validate(client.get(f"jobs/{started['id']}/report").json())
    assert (report.micro_expressions[0].reading.raw or "").startswith(words)


def test_cancel_and_run_again(client, smile_clip: tuple[Path, ClipTruth]) -> None:
    digest = client.upload(smile_clip[0])
    request = {"media": digest, "settings": {**RULES, "max_people": 3}}
    first = client.post("jobs", json=request).json()["id"]
    client.post(f"jobs/{first}/cancel")
    assert client.wait(first)["state"] == "cancelled"
    assert client.get(f"jobs/{first}/report").status_code == 409
    again = client.post("jobs", json=request)
    assert again.status_code == 202 and again.json()["id"] == first
    assert client.wait(first)["state"] == "done"
    assert client.get(f"jobs/{first}/thumbnail").content.startswith(b"\xff\xd8")
    assert client.delete(f"jobs/{first}").status_code == 204
    assert client.get(f"jobs/{first}").status_code == 404


def test_a_batch(client, job: str, smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> None:
    note = tmp_path / "note.mp4"
    note.write_bytes(b"\0\1\2 no video" * 40)
    digests = [client.upload(smile_clip[0]), client.upload(note)]
    asked = {"jobs": [{"media": d, "name": "b", "settings": RULES} for d in digests]}
    jobs = client.post("batches", json=asked).json()["jobs"]
    ended = [client.wait(j["id"]) for j in jobs]
    assert [j["state"] for j in ended] == ["done", "failed"]
    assert "b" in ended[1]["error"]
    found = client.get("jobs", params={"state": "failed"}).json()["jobs"]
    assert [j["id"] for j in found] == [ended[1]["id"]]


def test_annotations_are_kept_in_versions(client, job: str) -> None:
    assert client.get(f"jobs/{job}/annotation").json()["version"] == 0
    moment = {
        "number": 1,
        "verdict": "changed",
        "units": [{"code": "r12b", "verdict": "changed", "was": "12A"}],
    }
    first = client.put(
        f"jobs/{job}/annotation", json={"base_version": 0, "coder": "Ada", "moments": [moment]}
    )
    assert first.status_code == 200 and first.json()["version"] == 1
    assert first.json()["moments"][0]["units"][0]["code"] == "R12B"
    late = client.put(f"jobs/{job}/annotation", json={"base_version": 0, "coder": "Ada", "moments": []})
    assert late.status_code == 409 and "Version 1" in late.json()["error"]
    second = client.put(f"jobs/{job}/annotation", json={"base_version": 1, "note": "seen twice"})
    assert second.json()["version"] == 2
    versions = client.get(f"jobs/{job}/annotation/versions").json()["versions"]
    assert [v["version"] for v in versions] == [1, 2] and versions[0]["coder"] == "Ada"
    report = Report.model_validate(client.get(f"jobs/{job}/report").json())
    assert "12A" in {au.code for au in report.micro_expressions[0].action_units}
    wrong = {"base_version": 2, "moments": [{"units": [{"code": "smile", "verdict": "added"}]}]}
    assert client.put(f"jobs/{job}/annotation", json=wrong).status_code == 422


def test_mistakes_are_one_sentence(client, job: str) -> None:
    for answer, status, words in (
        (client.get("jobs/nothing"), 404, "no job"),
        (client.post("jobs", json={"media": "0" * 64}), 404, "upload it first"),
        (client.post("jobs", json={}), 422, "either `media`"),
        (client.post("jobs", json={"media": "0" * 64, "settings": {"estimator": "x"}}), 422, "estimator"),
        (client.post("media", params={"name": "a"}, content=b""), 422, "empty"),
        (client.get(f"jobs/{job}/pictures/..%2f..%2fmellm.sqlite"), 404, ""),
        (client.get(f"jobs/{job}/pictures/report.json"), 404, "no picture"),
        (client.get(f"jobs/{job}/export/exe"), 422, "kind"),
        (client.post("analyses", content=b"x"), 422, "multipart"),
        (client.post("jobs", content=b"{", headers={"content-type": "application/json"}), 422, ""),
        (client.put("jobs"), 405, "method"),
    ):
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]
    assert client.put("jobs").headers["allow"] == "GET, POST"


def test_the_schema_names_every_route(client) -> None:
    schema = client.get("openapi.json").json()
    assert "/api/v1/jobs/{job}/events" in schema["paths"]
    assert schema["openapi"].startswith("3.")
