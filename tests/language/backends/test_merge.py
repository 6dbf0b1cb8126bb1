import numpy as np
import pytest
from safetensors.numpy import save_file

from mellm.errors import InputError, MellmError
from mellm.language.backends.merge import Adapter, merge
from mellm.weights import model_path

gguf = pytest.importorskip("gguf")


def adapter_file(path, *, layer=0, size=576, metadata=None):
    rng = np.random.default_rng(0)
    tensors = {}
    shapes = {"self_attn.q_proj": (size, 576), "self_attn.k_proj": (192, 576), "mlp.down_proj": (576, 1536)}
    for module, (out, inner) in shapes.items():
        name = f"base_model.model.model.layers.{layer}.{module}.lora_"
        tensors[f"{name}A.weight"] = rng.normal(0, 0.1, (2, inner)).astype(np.float16)
        tensors[f"{name}B.weight"] = rng.normal(0, 0.1, (out, 2)).astype(np.float16)
    save_file(tensors, path, {"r": "2", "alpha": "4"} if metadata is None else metadata)
    return tensors


def test_a_merged_model_is_what_transformers_makes_of_base_and_update(tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    base = model_path("smollm2-135m-instruct")
    tensors = adapter_file(tmp_path / "a.safetensors")
    merge(base, Adapter.load(tmp_path / "a.safetensors"), tmp_path / "merged.gguf")

    def load(path):
        model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
        return {name: value.float().numpy() for name, value in model.state_dict().items()}

    with torch.no_grad():
        before, after = load(base), load(tmp_path / "merged.gguf")
    for module in ("self_attn.q_proj", "self_attn.k_proj", "mlp.down_proj", "mlp.up_proj"):
        name = f"model.layers.0.{module}.weight"
        expected = before[name]
        key = f"base_model.model.{name.removesuffix('.weight')}.lora_"
        if f"{key}A.weight" in tensors:
            low, high = (tensors[f"{key}{part}.weight"].astype(np.float32) for part in "AB")
            expected = expected + 2 * high @ low
            assert np.abs(expected - before[name]).max() > 0.01
        # Q8_0 keeps blocks of 32 to one part in 254 of their largest value.
        assert np.abs(after[name] - expected).max() <= np.abs(expected).max() / 200


def test_an_adapter_of_another_model_is_refused(tmp_path):
    base = model_path("smollm2-135m-instruct")
    adapter_file(tmp_path / "wide.safetensors", size=640)
    with pytest.raises(MellmError, match="was not trained for"):
        merge(base, Adapter.load(tmp_path / "wide.safetensors"), tmp_path / "out.gguf")
    adapter_file(tmp_path / "deep.safetensors", layer=77)
    with pytest.raises(MellmError, match="was not trained for"):
        merge(base, Adapter.load(tmp_path / "deep.safetensors"), tmp_path / "out.gguf")


def test_files_that_are_no_adapters_are_refused(tmp_path):
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(InputError, match="cannot be read"):
        Adapter.load(tmp_path / "text.safetensors")
    adapter_file(tmp_path / "mute.safetensors", metadata={"by": "someone"})
    with pytest.raises(InputError, match="rank and alpha"):
        Adapter.load(tmp_path / "mute.safetensors")
    save_file(
        {"encoder.weight": np.zeros((2, 2), np.float32)},
        tmp_path / "other.safetensors",
        {"r": "1", "alpha": "1"},
    )
    with pytest.raises(InputError, match="no adapter of a Llama layer"):
        Adapter.load(tmp_path / "other.safetensors")
