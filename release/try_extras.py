"""Each extra of the built wheel in a fresh environment, and a command that needs it.

python release/try_extras.py dist/mellm-0.1.0-py3-none-any.whl               # every extra
python release/try_extras.py dist/mellm-0.1.0-py3-none-any.whl web evaluate  # these; `core` is none

Uses uv where it is installed, else venv and pip. Home and working folder are empty, away from the repository.
`core` goes the whole way of a stranger: offline it is refused, first use fetches the models into its own home
(some 129 MB), the demonstration's report is there, and offline it works again. The other extras share one
folder of models.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

PAIR = """
from importlib.resources import files
from pathlib import Path
Path("recordings/faces").mkdir(parents=True)
photo = (files("mellm.data") / "portrait.jpg").read_bytes()
for name in ("a", "b"):
    Path(f"recordings/faces/{name}.jpg").write_bytes(photo)
"""
SERVE = """
from pathlib import Path
import httpx
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
with serving(ServerOptions(store=Path("store"), port=0)) as address:
    assert httpx.get(address, timeout=60).status_code == 200
    assert httpx.get(address.rstrip("/") + "/api/v1/openapi.json", timeout=60).json()["info"]["title"]
"""
SCORES = """
from mellm.evaluate.text_overlap import TextScores
scores = TextScores()
scores.update(["lip corner puller"], ["lip corner puller"])
assert scores.compute().rougeL == 1
"""
SHEET = """
from openpyxl import Workbook
from pathlib import Path
book = Workbook()
book.active.append(["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units",
    "Estimated Emotion"])
book.active.append(["01", "EP02_01f", 46, 59, 86, "4", "disgust"])
Path("set").mkdir()
book.save("set/CASME2-coding-20190701.xlsx")
from mellm.datasets import index
assert len(index("casme2", "set")) == 1
"""
HEIC = """
from pathlib import Path
import pillow_heif
from PIL import Image
from importlib.resources import files
pillow_heif.register_heif_opener()
Image.open(files("mellm.data") / "portrait.jpg").save("a.heic")
from mellm.media import read_image
assert read_image(Path("a.heic")).shape == (512, 512, 3)
"""
ADAPTER = """
from mellm.language.backends.peft_folder import export_adapter
from peft import PeftConfig
assert PeftConfig.from_pretrained(str(export_adapter("adapter"))).r == 32
"""
REPORT = """
from pathlib import Path
from mellm.report import Report
assert Report.load("demo.mellm").micro_expressions and Path("demo.mellm/report.html").stat().st_size
"""
PYTHON, MELLM = ("python", "-c"), ("mellm",)
BATCH = (*MELLM, "analyze", "recordings", "--fps", "30", "--out", "reports", "--llm", "none")
TRIED: dict[str, list[tuple[str, ...]]] = {
    "core": [
        (*MELLM, "demo"),
        (*PYTHON, REPORT),
        (*MELLM, "demo", "--offline", "--out", "again.mellm"),
    ],
    "web": [(*PYTHON, SERVE)],
    "evaluate": [(*PYTHON, SCORES), (*MELLM, "evaluate", "--help")],
    "data": [(*PYTHON, SHEET)],
    "heic": [(*PYTHON, HEIC)],
    "parquet": [
        (*PYTHON, PAIR),
        BATCH,
        (*PYTHON, "import pyarrow.parquet as p; p.read_table('reports/clips.parquet')"),
    ],
    "ray": [(*PYTHON, PAIR), (*BATCH, "--engine", "ray", "--workers", "1")],
    "train": [(*PYTHON, ADAPTER), (*MELLM, "train", "--help")],
}
"""Extra -> commands that must succeed with it."""
REFUSED = {"core": (*MELLM, "demo", "--offline")}
"""Extra -> a command that must fail before any other."""


def make(environment: Path, wheel: Path, extra: str, python: str) -> None:
    """Install the wheel with an extra into a new environment."""
    wanted = str(wheel) if extra == "core" else f"{wheel}[{extra}]"
    if shutil.which("uv"):
        subprocess.run(["uv", "venv", "--quiet", "--python", python, environment], check=True)
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--python", environment / "bin" / "python", wanted],
            check=True,
        )
    else:
        subprocess.run([python, "-m", "venv", environment], check=True)
        pip = [
            environment / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, wanted], check=True)


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder, without what Python compiled."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def attempt(extra: str, wheel: Path, python: str, models: Path) -> None:
    """Make the environment of an extra and run its commands; raises CalledProcessError where one fails."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make(place / "venv", wheel, extra, python)
        installed = time.monotonic() - start
        for folder in ("home", "empty"):
            (place / folder).mkdir()
        environment = {
            "PATH": f"{place / 'venv' / 'bin'}:/usr/bin:/bin",
            "HOME": str(place / "home"),
            **({} if extra == "core" else {"MELLM_CACHE": str(models)}),
            **{
                k: v for k, v in os.environ.items() if k.startswith(("PIP_", "UV_")) or k == "OMP_NUM_THREADS"
            },
        }
        options = [] if extra == "core" else ["--extra", extra]
        everything = ("python", str(HERE / "import_all.py"), *options)
        refused = [REFUSED[extra]] if extra in REFUSED else []
        for command in (everything, *refused, *TRIED[extra]):
            ran = subprocess.run(
                command, cwd=place / "empty", env=environment, check=False, capture_output=True, text=True
            )
            if bool(ran.returncode) is not (command in refused):
                shown = " ".join(part if "\n" not in part else "..." for part in command)
                raise SystemExit(f"{extra}: `{shown}` gave {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        size = size_of(place / "venv") / 1e6
        seconds = time.monotonic() - start
        print(
            f"{extra:9} {size:6.0f} MB   installed in {installed:.0f} s, tried {seconds - installed:.0f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("extras", nargs="*", metavar="extra", help=", ".join(TRIED))
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    if unknown := set(arguments.extras) - set(TRIED):
        parser.error(f"no such extra: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as models:
        for extra in arguments.extras or TRIED:
            attempt(extra, arguments.wheel.resolve(), arguments.python, Path(models))


if __name__ == "__main__":
    main()
