"""The machine as it may be: no home, full disks, closed pipes, signals, folders that cannot be written."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from mellm.simulate.generated_clip import ClipTruth

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and devices of POSIX")


def run(*args: str | Path, cwd: Path, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run the command with some variables set, and those that are None taken away."""
    changed = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-m", "mellm", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=900,
        env={name: value for name, value in changed.items() if value is not None},
    )


def is_one_sentence(done: subprocess.CompletedProcess[str], words: str) -> bool:
    lines = done.stderr.strip().splitlines()
    return done.returncode == 2 and len(lines) == 1 and lines[0].startswith("mellm: ") and words in lines[0]


@pytest.fixture
def recordings(smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number in range(4):
        shutil.copy(smile_clip[0], folder / f"{number}.mp4")
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "analyze clip.mp4 --out file",
        "analyze clip.mp4 --out file/report",
        "analyze recordings --out file/reports",
        "demo --out file/demo",
        "flow estimate a.png b.png --out nowhere/flow.npz",
        "flow show flow.npz --out .",
        "data index casme2 sheet.csv --out nowhere/table.csv",
        "data meflow build file/data --faces .",
        "evaluate megc2019 --data . --json file/run.json",
        "train facs recipe.yaml --out nowhere/weights.safetensors",
    ],
)
def test_a_target_that_cannot_be_written_is_said_first(words: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "recordings").mkdir()
    done = run(*words.split(), cwd=tmp_path)
    assert is_one_sentence(done, words.split()[-1].split("/")[0] if "--out" in words else "file"), done.stderr


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("models", "pull", "--group", "face", cwd=tmp_path, MELLM_CACHE=str(tmp_path / "file"))
    assert is_one_sentence(done, "MELLM_CACHE"), done.stderr


@POSIX
def test_a_user_without_a_home(tmp_path: Path) -> None:
    spy = tmp_path / "nobody"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(
        "import pwd\n"
        "def unknown(*asked):\n"
        "    raise KeyError('no such user')\n"
        "pwd.getpwuid = pwd.getpwnam = unknown\n"
    )
    path = os.pathsep.join(filter(None, (str(spy), os.environ.get("PYTHONPATH"))))
    gone: dict[str, str | None] = {"HOME": None, "XDG_CACHE_HOME": None, "PYTHONPATH": path}
    assert run("--version", cwd=tmp_path, MELLM_CACHE=None, **gone).returncode == 0
    assert run("data", "list", cwd=tmp_path, MELLM_CACHE=None, **gone).returncode == 0
    assert run("models", "list", cwd=tmp_path, MELLM_CACHE=str(tmp_path), **gone).returncode == 0
    for verb in (("models", "list"), ("spot", "clip.mp4")):
        (tmp_path / "clip.mp4").write_bytes(b"")
        done = run(*verb, cwd=tmp_path, MELLM_CACHE=None, **gone)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert is_one_sentence(run("models", "list", cwd=tmp_path, MELLM_CACHE=None, **gone), "MELLM_CACHE")


@POSIX
@pytest.mark.parametrize("words", ["models list --json", "models list", "data list", "--help", "spot --help"])
def test_a_reader_that_goes_away_is_no_error(words: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mellm", *words.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mellm", "models", "list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "No space left" in done.stderr


@POSIX
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_batch_that_is_ended_leaves_no_process(
    number: int, code: int, recordings: Path, tmp_path: Path
) -> None:
    words = ["analyze", "recordings", "--llm", "none", "-q", "--workers", "2", "--out", "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mellm", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background of a shell is born deaf to SIGINT; its children are not to be.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    end = time.monotonic() + 900
    table = tmp_path / "out" / "clips.csv"
    while not table.exists() and time.monotonic() < end:
        time.sleep(0.05)
    children = children_of(process.pid)
    assert len(children) >= 2
    process.send_signal(number)
    _, said = process.communicate(timeout=900)
    assert process.returncode == code
    while (left := [pid for pid in children if alive(pid)]) and time.monotonic() < end + 300:
        time.sleep(0.05)
    assert left == []
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows and {row["status"] for row in rows} == {"done"}
    if number != signal.SIGKILL:
        assert "kept in out" in said and "again to go on" in said and len(said.splitlines()) == 1
        assert f"{len(rows)} of 4 clips" in said


def children_of(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()[1:]]
    return [int(pid) for pid, above in pairs if int(above) == parent]


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_a_script_without_a_main_guard_is_told_so(recordings: Path, tmp_path: Path) -> None:
    body = "run_batch('recordings', 'out', Settings(llm='none'), workers=2)\n"
    (tmp_path / "plain.py").write_text(
        f"from mellm import Settings\nfrom mellm.analysis.batch import run_batch\n{body}"
    )
    done = subprocess.run([sys.executable, "plain.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "__main__" in done.stderr.splitlines()[-1]
    assert "memory" not in done.stderr and done.stderr.count("Traceback") == 1
    assert not (tmp_path / "out").exists()
