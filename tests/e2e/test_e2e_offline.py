"""Nothing leaves the machine: every command of the README, watched for look-ups, sockets and files at home.

A hook in every Python process that a command starts writes down what it looks up and connects to. CI is not
set in these processes: some libraries are quiet only where it is.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import cv2
import httpx
import pytest

from flow_folder import make_folder
from mellm.datasets.megc2019 import read_flow_set
from mellm.simulate.generated_clip import ClipTruth
from mellm.weights import cache_folder
from writing_model import WritingModel

SPY = """
import os, sys
LOG = os.environ["SPY_LOG"]
HOME = ("127.0.0.1", "localhost", "::1")
def tell(what):
    with open(LOG, "a") as file:
        file.write(what + "\\n")
def heard(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        if args[0] not in (None, "", *HOME):
            tell(f"looks up {args[0]}")
            raise OSError("nothing goes out from here")
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple):
            tell(f"connects to {address[0]}:{address[1]}")
            if address[0] not in HOME:
                raise OSError("nothing goes out from here")
sys.addaudithook(heard)
"""

QUIET_WHERE = ("CI", "TF_BUILD", "JENKINS_URL", "DO_NOT_TRACK", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = {
    "analyze": [
        "--onset {onset} --apex {apex} --out one",
        "numbered --fps 200 --by-file-number --onset-frame 46 --apex-frame 59 --out marked --llm none",
        "recordings --out reports --workers 2 --llm none",
    ],
    "ask": ["one units?"],
    "export": ["one --to eaf --out exported"],
    "demo": ["--out demo"],
    "spot": ["{clip} --json"],
    "flow estimate": ["{onset} {apex} --out flow.npz"],
    "flow bench": ["--data faces --pairs 1 --estimators meflownet,dis"],
    "evaluate megc2019": [
        "--data flows --protocol loso",
        "--data flows --protocol zero-shot --model language --limit 1",
    ],
    "evaluate me-vqa": ["--data flows --questions questions.jsonl --model language"],
    "serve": [],  # has a test of its own
}
"""Each verb of the README, and what it is run with here."""


class Watched:
    """Commands in a folder of their own, with a home that was empty."""

    def __init__(self, folder: Path) -> None:
        """Lay the hook where every Python process finds it."""
        self.folder, self.home, self.log = folder, folder / "home", folder / "log"
        spy = folder / "spy"
        for place in (self.home, spy):
            place.mkdir(parents=True)
        (spy / "sitecustomize.py").write_text(SPY)
        kept = {name: value for name, value in os.environ.items() if name not in QUIET_WHERE}
        path = os.pathsep.join(filter(None, (str(spy), os.environ.get("PYTHONPATH"))))
        self.environment = kept | {
            "HOME": str(self.home),
            "MELLM_CACHE": str(cache_folder().parent),
            "PYTHONPATH": path,
            "SPY_LOG": str(self.log),
        }

    def start(self, *arguments: str, module: str = "mellm") -> subprocess.Popen[str]:
        """Start `python -m mellm ...`."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self) -> set[str]:
        """What the processes looked up and connected to."""
        return set(self.log.read_text().splitlines()) if self.log.exists() else set()

    def left(self) -> list[str]:
        """What lies at home."""
        return sorted(str(p.relative_to(self.home)) for p in self.home.rglob("*"))


@pytest.fixture(scope="module")
def watched(
    pair: tuple[Path, Path], smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory
) -> Watched:
    folder = tmp_path_factory.mktemp("watched")
    found = Watched(folder)
    for name in ("numbered", "recordings", "faces"):
        (folder / name).mkdir()
    for number, picture in zip((46, 59), pair, strict=True):
        shutil.copy(picture, folder / "numbered" / f"img{number}.png")
    picture = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    large = cv2.resize(picture[:320, 60:380], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    # A name that belongs to the test split.
    cv2.imwrite(str(folder / "faces" / "24.png"), large)
    shutil.copy(smile_clip[0], folder / "recordings" / "smile.mp4")
    make_folder(folder / "flows")
    sample = read_flow_set(folder / "flows").samples[0]
    (folder / "questions.jsonl").write_text(
        json.dumps(
            {
                "id": "1",
                "dataset": sample.dataset,
                "image_id": sample.key,
                "subject": "s",
                "filename": "f",
                "question": "What is the coarse expression class?",
                "answer": sample.label,
            }
        )
    )
    return found


def test_the_readme_has_no_command_that_is_not_watched() -> None:
    text = README.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)mellm ([a-z]+)(?: ([a-z][a-z0-9-]+)(?=[ `]))?", text, re.MULTILINE)
    groups = ("flow", "evaluate", "data", "models", "train")
    verbs = {f"{verb} {word}" if verb in groups else verb for verb, word in named}
    assert verbs and verbs <= set(COMMANDS)


@pytest.mark.parametrize(
    ("verb", "arguments"), [(verb, line) for verb, lines in COMMANDS.items() for line in lines]
)
def test_nothing_leaves_the_machine(
    verb: str,
    arguments: str,
    watched: Watched,
    pair: tuple[Path, Path],
    smile_clip: tuple[Path, ClipTruth],
) -> None:
    words = [
        word.format(onset=pair[0], apex=pair[1], clip=smile_clip[0])
        for word in [*verb.split(), *arguments.split()]
    ]
    _, said = (process := watched.start(*words)).communicate(timeout=900)
    assert process.returncode == 0, said
    assert (watched.told(), watched.left()) == (set(), [])


def test_a_language_model_behind_a_url_is_the_only_one_spoken_to(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    watched, server = Watched(tmp_path), WritingModel()
    server.go_on.set()
    try:
        words = ("--onset", str(pair[0]), "--apex", str(pair[1]), "--llm", server.spec, "--out", "o")
        _, said = (process := watched.start("analyze", *words)).communicate(timeout=900)
    finally:
        server.shutdown()
        server.server_close()
    assert process.returncode == 0, said
    assert (watched.told(), watched.left()) == ({f"connects to 127.0.0.1:{server.server_port}"}, [])


def test_the_application_and_its_processes_speak_to_nobody(pair: tuple[Path, Path], tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    process = watched.start("serve", "--port", "0", "--store", "store")
    try:
        assert process.stdout is not None
        address = next(line for line in process.stdout if "http" in line).split()[-1].rstrip("/")
        with httpx.Client(base_url=f"{address}/api/v1", timeout=900) as client:
            pictures = {part: path.open("rb") for part, path in zip(("onset", "apex"), pair, strict=True)}
            job = (
                client.post("/analyses", files=pictures, data={"settings": '{"llm": "none"}'})
                .raise_for_status()
                .json()["id"]
            )
            end = time.monotonic() + 900
            state = ""
            while state not in ("done", "failed") and time.monotonic() < end:
                time.sleep(0.3)
                state = client.get(f"/jobs/{job}").json()["state"]
            assert state == "done"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=900)
    assert (watched.told(), watched.left()) == (set(), [])


def test_a_model_of_your_own_is_read_without_asking_its_hub(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    backends = Path(__file__).resolve().parents[1] / "language" / "backends"
    watched = Watched(tmp_path)
    watched.environment["PYTHONPATH"] += f"{os.pathsep}{backends}"
    (tmp_path / "load.py").write_text(
        "from pathlib import Path\n"
        "from tiny_models import save_text_model\n"
        "from mellm.language.backends import Decoding, Message, create_backend\n"
        "folder = save_text_model(Path('tiny'))\n"
        "model = create_backend(f'transformers:{folder},dtype=float32,device=cpu')\n"
        "list(model.generate([Message('user', 'Which emotion?')], Decoding(max_tokens=2)))\n"
    )
    _, said = (process := watched.start(module="load")).communicate(timeout=900)
    assert process.returncode == 0, said
    assert (watched.told(), watched.left()) == (set(), [])
