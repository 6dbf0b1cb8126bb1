"""A folder of frames as one upload: order, names, limits, and what is no picture."""

import csv
import io
import zipfile
from pathlib import Path

import av
import cv2
import pytest
from web_client import RULES, Client, client_of

from mellm.errors import InputError
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.folders import frame_name
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def frames(
    smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, bytes]]:
    """The demonstration clip as numbered pictures, named and listed in an order that is not theirs."""
    folder = tmp_path_factory.mktemp("frames")
    with av.open(str(smile_clip[0])) as container:
        for index, frame in enumerate(container.decode(video=0)):
            cv2.imwrite(str(folder / f"img{index + 1}.jpg"), frame.to_ndarray(format="bgr24"))
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]


def send(client: Client, pictures: list[tuple[str, bytes]], name: str = "EP02_01f") -> object:
    return client.post("folders", params={"name": name}, files=[("frames", one) for one in pictures])


def test_a_folder_of_frames_is_one_analysis(
    client: Client, frames: list[tuple[str, bytes]], smile_clip: tuple[Path, ClipTruth]
) -> None:
    assert [name for name, _ in frames[:3]] == ["img1.jpg", "img10.jpg", "img11.jpg"]
    first = send(client, frames)
    assert first.status_code == 201, first.text
    again = send(client, frames[::-1])
    assert (again.status_code, again.json()["sha256"]) == (200, first.json()["sha256"])
    request = {"media": first.json()["sha256"], "settings": {**RULES, "fps": 30}}
    job = client.wait(client.post("jobs", json=request).json()["id"])
    assert job["state"] == "done" and job["name"] == "EP02_01f", job
    report = client.get(f"jobs/{job['id']}/report").json()
    (event,) = smile_clip[1].events
    (me,) = report["micro_expressions"]
    apex = me["interval"]["apex_frame"]
    assert abs(apex - event.apex) <= 2 and me["interval"]["files"][1] == f"img{apex + 1}.jpg"
    assert (report["source"]["kind"], report["source"]["path"]) == ("folder", "EP02_01f")
    check_times(client, job["id"], apex)
    table = client.get(f"jobs/{job['id']}/frames").json()
    assert table["names"][:2] == ["img1.jpg", "img2.jpg"] and table["count"] == 72
    assert len(table["times"]) == 72 and table["times"][30] == pytest.approx(1.0)
    assert client.get(f"jobs/{job['id']}/frames/71").headers["content-type"] == "image/jpeg"
    without = client.wait(client.post("jobs", json={"media": first.json()["sha256"]}).json()["id"])
    assert without["state"] == "failed" and "frame rate" in without["error"]


def check_times(client: Client, job: str, apex: int) -> None:
    """Every export has the same seconds for the same frame, and says which file it is."""
    body = {"coder": "Ada", "base_version": 0, "moments": [{"number": 1, "verdict": "changed"}]}
    body["moments"][0]["frames"] = {"onset": 20, "apex": apex, "offset": 60}
    assert client.put(f"jobs/{job}/annotation", json=body).status_code == 200
    (row,) = csv.DictReader(io.StringIO(client.get(f"jobs/{job}/export/mes").text))
    assert (row["onset_file"], row["apex_file"], row["offset_file"]) == (
        "img21.jpg", f"img{apex + 1}.jpg", "img61.jpg",
    )  # fmt: skip
    frames = list(csv.DictReader(io.StringIO(client.get(f"jobs/{job}/export/csv").text)))
    fex = list(csv.DictReader(io.StringIO(client.get(f"jobs/{job}/export/fex").text)))
    assert fex[apex]["input"] == f"img{apex + 1}.jpg"
    with zipfile.ZipFile(io.BytesIO(client.get(f"jobs/{job}/export/bids").content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("tsv"))
        events = csv.DictReader(io.StringIO(archive.read(name).decode()), delimiter="\t")
        micro = next(event for event in events if event["trial_type"] == "micro-expression")
    elan = client.get(f"jobs/{job}/export/eaf").text
    seconds = client.get(f"jobs/{job}/frames").json()["times"]
    for frame, column in ((20, "onset"), (apex, "apex"), (60, "offset")):
        assert float(row[f"{column}_s"]) == pytest.approx(seconds[frame], abs=1e-4)
        assert float(frames[frame]["timestamp"]) == pytest.approx(seconds[frame], abs=1e-4)
    assert float(micro["onset"]) == pytest.approx(seconds[20], abs=1e-4)
    assert micro["apex_file"] == f"img{apex + 1}.jpg"
    for when in (seconds[20], seconds[apex], seconds[61]):
        assert f'TIME_VALUE="{round(when * 1000)}"' in elan


def test_what_is_no_folder_of_pictures_is_refused(client: Client, frames: list[tuple[str, bytes]]) -> None:
    two = frames[:2]
    for pictures, words in (
        ([*two, ("notes.txt", b"hello")], "no picture by its name"),
        ([*two, ("img3.jpg", b"MZ\x90" + bytes(200))], "no picture"),
        ([*two, two[0]], "Two pictures"),
        (two[:1], "at least two"),
    ):
        answer = send(client, pictures)
        assert answer.status_code == 422 and words in answer.json()["error"], answer.text
    for arguments in (
        {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"--b\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"x", "headers": {"content-type": "text/plain"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"files": [("other", two[0])]},
        {
            "content": b"--b\r\n" + b"x: " + b"y" * 9000,
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
    ):
        answer = client.post("folders", params={"name": "x"}, **arguments)
        assert answer.status_code == 422 and answer.json()["error"], answer.text


def test_limits_hold_and_leave_nothing_behind(frames: list[tuple[str, bytes]], tmp_path: Path) -> None:
    size = sum(len(data) for _, data in frames)
    options = ServerOptions(store=tmp_path, port=0, upload_bytes=size // 2)
    with serving(options) as address, client_of(address) as client:
        answer = send(client, frames)
        assert answer.status_code == 413 and "in parts" in answer.json()["error"]
        digest = send(client, frames[:4]).json()["sha256"]
        job = client.post("jobs", json={"media": digest, "settings": {"fps": 30}}).json()["id"]
        client.wait(job)
        assert [path.name for path in (tmp_path / "media").iterdir()] == [digest]
        assert client.delete(f"jobs/{job}").status_code == 204
        assert list((tmp_path / "media").iterdir()) == [] and list((tmp_path / "drafts").iterdir()) == []


def test_names_keep_their_numbers_and_lose_everything_else() -> None:
    for given, kept in (
        ("img46.jpg", "img46.jpg"),
        ("..\\..\\a b-7.PNG", "a b-7.PNG"),
        ("/etc/../x/006_05562.jpg", "006_05562.jpg"),
        ("...hidden.png", "hidden.png"),
        ("\u5e27 12.png", "\u5e27 12.png"),
        ("\u5e27" * 100 + "12.bmp", "\u5e27" * 38 + "12.bmp"),
        ("a<b>\u2028|12.png", "a_b___12.png"),
        ("a" * 300 + "12.bmp", "a" * 114 + "12.bmp"),
    ):
        assert frame_name(given) == kept
    for given in ("x.mp4", "", "..", ".png", "a\0.jpg/"):
        with pytest.raises(InputError, match="no picture by its name"):
            frame_name(given)
