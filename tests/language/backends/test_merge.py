"""The merge on a Llama of one layer; test_prepared.py merges into the real base and runs the result."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from mellm.errors import InputError, MellmError
from mellm.language.backends.merge import Adapter, merge

gguf = pytest.importorskip("gguf")

WIDE, INNER, HEADS, KV_HEADS = 128, 192, 4, 2
MATRICES = {
    "attn_q": (WIDE, WIDE), "attn_k": (WIDE // 2, WIDE), "attn_v": (WIDE // 2, WIDE),
    "attn_output": (WIDE, WIDE), "ffn_gate": (INNER, WIDE), "ffn_up": (INNER, WIDE),
    "ffn_down": (WIDE, INNER),
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A random Llama in the formats of the real base: matrices in four bits, norms in floats."""
    path = tmp_path_factory.mktemp("base") / "tiny.gguf"
    rng, kinds = np.random.default_rng(1), gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(path, "llama")
    for add, value in (
        ("block_count", 1), ("context_length", 64), ("embedding_length", WIDE),
        ("feed_forward_length", INNER), ("head_count", HEADS), ("head_count_kv", KV_HEADS),
        ("vocab_size", 64),
        ("layer_norm_rms_eps", 1e-5), ("rope_freq_base", 1e4), ("rope_dimension_count", WIDE // HEADS),
    ):  # fmt: skip
        getattr(writer, f"add_{add}")(value)

    def add(name, shape, kind):
        data = gguf.quants.quantize(rng.normal(0, 0.1, shape).astype(np.float32), kind)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=kind)

    add("token_embd", (64, WIDE), kinds.Q8_0)
    for name, shape in MATRICES.items():
        add(f"blk.0.{name}", shape, kinds.Q4_1)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", rng.normal(1, 0.1, WIDE).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def adapter_file(path, *, layer=0, size=WIDE, metadata=None):
    rng = np.random.default_rng(0)
    tensors = {}
    shapes = {
        "self_attn.q_proj": (size, WIDE),
        "self_attn.k_proj": (WIDE // 2, WIDE),
        "mlp.down_proj": (WIDE, INNER),
    }
    for module, (out, inner) in shapes.items():
        name = f"base_model.model.model.layers.{layer}.{module}.lora_"
        tensors[f"{name}A.weight"] = rng.normal(0, 0.1, (2, inner)).astype(np.float16)
        tensors[f"{name}B.weight"] = rng.normal(0, 0.1, (out, 2)).astype(np.float16)
    save_file(tensors, path, {"r": "2", "alpha": "4"} if metadata is None else metadata)
    return tensors


def test_a_merged_model_is_what_transformers_makes_of_base_and_update(base, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tensors = adapter_file(tmp_path / "a.safetensors")
    merge(base, Adapter.load(tmp_path / "a.safetensors"), tmp_path / "merged.gguf")

    def load(path):
        model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
        return {name: value.float().numpy() for name, value in model.state_dict().items()}

    with torch.no_grad():
        before, after = load(base), load(tmp_path / "merged.gguf")
    assert set(after) == set(before)
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


def test_an_adapter_of_another_model_is_refused_before_the_work(base, tmp_path):
    for made in ({"size": 2 * WIDE}, {"layer": 77}):
        adapter_file(tmp_path / "other.safetensors", **made)
        with pytest.raises(MellmError, match="was not trained for"):
            merge(base, Adapter.load(tmp_path / "other.safetensors"), tmp_path / "out.gguf")
        assert not (tmp_path / "out.gguf").exists()


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
