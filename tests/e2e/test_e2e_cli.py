"""The commands, run as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mellm.report import Report


def mellm(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mellm", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=900)


def test_analyze_a_pair(pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = mellm("analyze", "--onset", pair[0], "--apex", pair[1], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "AU 12" in done.stdout and "happiness" in done.stdout
    assert Report.load(tmp_path / "onset.mellm").micro_expressions[0].emotion.label == "happiness"


def test_analyze_in_chinese_as_json(pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = mellm(
        "analyze", "--onset", pair[0], "--apex", pair[1], "--language", "zh", "--json", "-o", tmp_path / "o"
    )
    report = json.loads(done.stdout)
    assert report["micro_expressions"][0]["reading"]["language"] == "zh"
    assert report["verdict"].startswith("发现 1 个微表情")
    assert "嘴角" in report["micro_expressions"][0]["reading"]["analysis"]


def test_quiet_prints_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = mellm(
        "analyze", "--onset", pair[0], "--apex", pair[1], "-q", "--llm", "none", "-o", "o", cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["analyze"], "Nothing to analyse"),
        (["analyze", "nowhere.mp4"], "does not exist"),
        (["analyze", "text.mp4"], "not a picture or video"),
        (["analyze", "text.mp4", "--onset", "a.png"], "not both"),
        (["analyze", "text.mp4", "--taxonomy", "9"], "taxonomy"),
        (["analyze", "text.mp4", "--estimator", "raft"], "raft"),
        (["analyze", "text.mp4", "--au-model", "magic"], "choose learned, evidence, or a file"),
        (["analyze", "text.mp4", "--au-model", "none.safetensors"], "There is no file 'none.safetensors'"),
        (["analyze", "text.mp4", "--onset-frame", "3"], "--apex-frame"),
        (["analyze", "text.mp4", "--landmarks", "text.mp4"], "text.mp4"),
        (["flow", "show", "text.mp4", "--out", "x.png"], "text.mp4"),
        (["models", "pull", "gpt"], "no model called"),
    ],
)
def test_a_mistake_is_one_sentence(args: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is not a video")
    done = mellm(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("mellm: ") and len(done.stderr.strip().splitlines()) == 1


def test_demo_finds_what_was_put_in(tmp_path: Path) -> None:
    """In Chinese, by rules; test_e2e_offline runs it in English, where the language model writes."""
    done = mellm("demo", "--language", "zh", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "put in" in done.stdout and "found" in done.stdout and "AU 12" in done.stdout
    assert (tmp_path / "demo" / "report.html").is_file() and (tmp_path / "demo" / "demo.mp4").is_file()


def test_flow_estimate_and_show(pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = mellm("flow", "estimate", *pair, "--out", tmp_path / "flow.npz", "--json")
    assert done.returncode == 0, done.stderr
    assert 0.01 < json.loads(done.stdout)["mean_px"]["expression"] < 1.0
    shown = mellm("flow", "show", tmp_path / "flow.npz", "--onset", pair[0], "--out", tmp_path / "map.png")
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_models_list_as_json() -> None:
    rows = json.loads(mellm("models", "list", "--json").stdout)
    assert {"face-detection", "face-mesh"} <= {row["name"] for row in rows}


@pytest.mark.parametrize("verb", ["analyze", "demo", "spot", "flow", "models", "data", "train", "evaluate"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = mellm(verb, "--help")
    assert done.returncode == 0 and "Usage" in done.stdout


@pytest.mark.parametrize("module", ["mellm", "mellm.cli"])
def test_importing_the_package_loads_nothing_heavy(module: str) -> None:
    """Help and a mistake's sentence wait for no decoder and no model."""
    heavy = "cv2 openvino av torch numpy"
    code = f"import {module}, sys; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
