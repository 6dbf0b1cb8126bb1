"""Base and adapter made ready once, found again, never half-made; what nothing uses any more goes."""

import os
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

from mellm.errors import InputError
from mellm.language.backends import Decoding, Message, prepared
from mellm.language.backends.embedded import EmbeddedBackend
from mellm.language.backends.prepared import BASE, prepare
from mellm.language.backends.stateful_decoder import Decoder
from mellm.weights import model_path

ASKED = [Message("user", "Name three colours.")]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    base = model_path(BASE)
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    (folder / base.name).symlink_to(base)
    monkeypatch.setenv("MELLM_CACHE", str(tmp_path / "cache"))
    return folder


def adapter(path, name="test-1"):
    """An adapter that silences the last layer's feed-forward part: enough to change what is said."""
    rng = np.random.default_rng(0)
    module = "base_model.model.model.layers.29.mlp.down_proj.lora_"
    tensors = {
        f"{module}A.weight": rng.normal(0, 0.3, (4, 1536)).astype(np.float16),
        f"{module}B.weight": rng.normal(0, 0.3, (576, 4)).astype(np.float16),
    }
    about = {"r": "4", "alpha": "8", "system": "You are brief.", "name": name}
    save_file(tensors, path, about)
    return path


@pytest.fixture(scope="module")
def usual():
    """What the model with the shipped adapter says, out of the usual cache."""
    return "".join(EmbeddedBackend().generate(ASKED, Decoding(12)))


def test_an_adapter_is_merged_once_and_changes_what_is_said(usual, cache, tmp_path, monkeypatch):
    two_days_ago = time.time() - 2 * 86_400
    for name in ("language-0123456789abcdef", "language-of-today", "other-models"):
        (cache / name).mkdir()
        (cache / name / "about.json").write_text("{}", encoding="utf-8")
        if name != "language-of-today":
            os.utime(cache / name, (two_days_ago, two_days_ago))
    steps: list[str] = []
    file = adapter(tmp_path / "a.safetensors")
    made = prepare(adapter=file, progress=steps.append)
    assert (made.name, made.system) == ("SmolLM2-135M-Instruct+test-1", "You are brief.")
    assert made.folder.parent == cache
    assert made.folder.stat().st_mode == cache.stat().st_mode, "whoever shares the cache may read it"
    before = (made.folder / "openvino_model.bin").stat().st_mtime_ns
    again = prepare(adapter=file, progress=steps.append)
    assert again == made
    assert (made.folder / "openvino_model.bin").stat().st_mtime_ns == before
    assert len(steps) == 1
    kept = [made.folder.name, model_path(BASE).name, "language-of-today", "other-models"]
    assert sorted(p.name for p in cache.iterdir()) == sorted(kept)

    os.utime(made.folder, (two_days_ago, two_days_ago))
    prepare(adapter=file)
    assert time.time() - made.folder.stat().st_mtime < 3600

    with_adapter = EmbeddedBackend(adapter=file)
    backend_text = "".join(with_adapter.generate(ASKED, Decoding(12)))
    assert with_adapter.name == "embedded/SmolLM2-135M-Instruct+test-1"
    assert "You are brief." in with_adapter._tokenizer.decode(
        with_adapter._prompt(ASKED, "", 4), skip_special_tokens=False
    )
    assert backend_text != usual

    # A folder without its last file is half of one: it is made again, here out of nothing.
    (made.folder / "about.json").unlink()
    monkeypatch.setattr(prepared, "_make", lambda base, adapter, folder: (folder / "again").touch())
    assert prepare(adapter=file).folder == made.folder
    assert sorted(p.name for p in made.folder.iterdir()) == ["about.json", "again"]


def test_without_the_base_one_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MELLM_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="mellm models pull --group language"):
        prepare(untouched=True)


def test_a_cache_that_cannot_keep_the_compiled_model_serves(tmp_path):
    made = prepare()
    for name in ("openvino_model.xml", "openvino_model.bin"):
        (tmp_path / name).symlink_to(made.folder / name)
    (tmp_path / "compiled").touch()
    assert Decoder(tmp_path).logits([1, 2]).shape == Decoder(made.folder).logits([1, 2]).shape
