"""What survives: kill -9 of the server and of workers, limits, a second server, hostile files."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest
from web_client import RULES, WAIT, client_of

from mellm.errors import InputError, MellmError
from mellm.report import MessageRecord
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.contract import JobRequest
from mellm.web.database import Database
from mellm.web.frame_server import FramePool, StillLookingError
from mellm.web.job_store import Entry, JobStore, QueueFullError
from mellm.web.server import create_app, serving
from mellm.web.server_options import MIB, ServerOptions
from mellm.wording.message import Message

RUN = """
import sys
from pathlib import Path
from mellm.web.server_options import ServerOptions
from mellm.web.server import serve
from mellm.wording.message import Message
serve(ServerOptions(store=Path(sys.argv[1]), port=0), ready=lambda address: print(address, flush=True))
"""


def start(store: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", RUN, str(store)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def entry(job: str, asked: JobRequest) -> Entry:
    return Entry(job, job, "clip", asked)


def request(digest: str = "0" * 64, **settings: object) -> JobRequest:
    return JobRequest.model_validate({"media": digest, "settings": settings})


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 on Windows")
def test_kill_9_loses_no_result_and_runs_the_rest(
    smile_clip: tuple[Path, ClipTruth], brief_clip: Path, tmp_path: Path
) -> None:
    process, address = start(tmp_path)
    with client_of(address) as client:
        brief, digest = client.upload(brief_clip), client.upload(smile_clip[0])
        first = client.post("jobs", json={"media": brief, "settings": RULES}).json()["id"]
        assert client.wait(first)["state"] == "done"
        report = client.get(f"jobs/{first}/report").json()
        others = [
            client.post("jobs", json={"media": media, "settings": {**RULES, "max_people": 2}}).json()["id"]
            for media in (digest, brief)
        ]
        while client.get(f"jobs/{others[0]}").json()["state"] == "queued":
            time.sleep(0.02)
    process.kill()
    process.wait()
    process, address = start(tmp_path)
    try:
        with client_of(address) as client:
            assert client.get(f"jobs/{first}/report").json() == report
            assert [client.wait(other)["state"] for other in others] == ["done", "done"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) in (0, -signal.SIGTERM)


def test_a_worker_that_dies_is_replaced(smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> None:
    app = create_app(ServerOptions(store=tmp_path, port=0))
    app.service.close()
    others = _workers_of(os.getpid())
    with serving(ServerOptions(store=tmp_path, port=0)) as address, client_of(address) as client:
        digest = client.upload(smile_clip[0])
        job = client.post("jobs", json={"media": digest, "settings": RULES}).json()["id"]
        stage = ""
        while stage not in ("faces", "spotting", "saving"):
            stage = (client.get(f"jobs/{job}").json()["progress"] or {}).get("stage")
            time.sleep(0.02)
        for pid in _workers_of(os.getpid()) - others:
            os.kill(pid, signal.SIGKILL)
        assert client.wait(job)["state"] == "done"


def _workers_of(parent: int) -> set[int]:
    """The worker processes of a server, where the system lists them."""
    listed = Path("/proc").iterdir() if Path("/proc").is_dir() else ()
    return {int(e.name) for e in listed if e.name.isdecimal() and _is_worker_of(e, parent)}


def _is_worker_of(entry: Path, parent: int) -> bool:
    try:
        command = (entry / "cmdline").read_bytes()
        return b"mellm.web.worker" in command and f"PPid:\t{parent}\n" in (entry / "status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="address space can be limited on Linux only")
def test_memory_and_time_have_limits(smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> None:
    for name, options, words in (
        ("memory", ServerOptions(store=tmp_path / "m", port=0, memory=300 * MIB), "memory|ended by itself"),
        ("time", ServerOptions(store=tmp_path / "t", port=0, job_seconds=0.05), "longer than"),
    ):
        with serving(options) as address, client_of(address) as client:
            job = client.post("jobs", json={"media": client.upload(smile_clip[0])}).json()["id"]
            ended = client.wait(job)
            assert ended["state"] == "failed", name
            assert any(word in ended["error"] for word in words.split("|")), ended["error"]


def test_a_frame_that_takes_long_is_asked_for_again(
    smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    """A far jump is told to be asked for again, and is there in the end; nothing is started over."""
    clip, waited = smile_clip[0], 0
    pool = FramePool(ServerOptions(store=tmp_path, frame_seconds=0.02))
    while True:
        try:
            data = pool.jpeg(clip, None, 70, 480)
            break
        except StillLookingError:
            waited += 1
    assert waited > 0 and data.startswith(b"\xff\xd8")
    pool.close()
    pool = FramePool(ServerOptions(store=tmp_path))
    with pytest.raises(InputError, match="no frame 99"):
        pool.jpeg(clip, None, 99, 480)
    pool.close()


def test_a_second_server_on_the_store_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with pytest.raises(MellmError, match="another server"):
        Database(tmp_path)
    database.close()
    Database(tmp_path).close()


def test_states_after_a_restart(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = JobStore(database)
    store.submit([entry(f"{n:020x}", request(max_people=n)) for n in (1, 2, 3)], limit=3)
    with pytest.raises(QueueFullError):
        store.submit([entry("f" * 20, request(max_people=4))], limit=3)
    first, second = store.claim(), store.claim()
    assert first is not None and second is not None
    store.finish(first.id, verdict=MessageRecord.of(Message.plain("found")), emotions=["fear"], people=1)
    database.close()
    database = Database(tmp_path)
    store = JobStore(database)
    states = [job.state for job in store.jobs()[0]]
    assert states == ["queued", "queued", "done"]
    kept = store.job(first.id)
    assert kept is not None and kept.emotions == ["fear"] and kept.verdict == "found"
    database.close()


def test_a_moment_goes_before_clips(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = JobStore(database)
    moment = JobRequest.model_validate(
        {"media": "0" * 64, "parent": "a" * 20, "frames": {"onset": 1, "apex": 2}}
    )
    store.submit([entry("1" * 20, request()), entry("2" * 20, moment)], limit=9)
    claimed = store.claim()
    assert claimed is not None and claimed.id == "2" * 20
    assert [job.id for job in store.jobs()[0]] == ["1" * 20]
    database.close()


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,)}" + b" " * 40,
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"PK\x03\x04" + b"\0" * 100,
        b"%PDF-1.7 " + b"\xff" * 100,
    ],
)
def test_what_is_no_media_is_not_taken(client, data: bytes) -> None:
    answer = client.post("media", params={"name": "clip.mp4"}, content=data)
    assert answer.status_code == 415 and "neither a video nor a picture" in answer.json()["error"]
    form = client.post("analyses", files={"file": ("clip.mp4", data)})
    assert form.status_code == 415
    assert client.get(f"media/{hashlib.sha256(data).hexdigest()}").status_code == 404


def test_hostile_files_fail_one_by_one(client, smile_clip: tuple[Path, ClipTruth]) -> None:
    clip = smile_clip[0].read_bytes()
    hostile = {
        "bomb.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x86\xa0\0\1\x86\xa0\x08\x02\0\0\0" + b"\0" * 40,
        "../../etc/cron.d/x.mp4": clip[:3000],
        "cut.mp4": clip[: len(clip) // 2],
        "zeros.mov": b"\0" * 10_000,
        "one.jpg": (files("mellm.data") / "portrait.jpg").read_bytes(),
    }
    names = list(hostile)
    digests = [
        client.post("media", params={"name": name}, content=hostile[name]).json()["sha256"] for name in names
    ]
    asked = {"jobs": [{"media": d, "settings": RULES} for d in digests]}
    jobs = client.post("batches", json=asked).json()["jobs"]
    for name, job in zip(names, jobs, strict=True):
        ended = client.wait(job["id"])
        assert ended["state"] == "failed", (name, ended)
        assert ended["error"] and "/" not in ended["name"] and "Traceback" not in ended["error"]
        # People know the file by its name, not by the hash it is kept under.
        assert ended["request"]["media"] not in ended["error"] and ended["name"] in ended["error"]
