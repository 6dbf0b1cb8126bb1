"""A low-rank adapter merged into a base language model: GGUF in, GGUF (Q8_0) out, without PyTorch.

W' = W + (alpha / r) B A for every adapted matrix (LoRA, Hu et al. 2021, arXiv 2106.09685). Knows Llama's
tensor names in GGUF and in PEFT; knows nothing about prompts or runtimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mellm.errors import InputError, MellmError

_BLOCK = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip
"""Module of a transformers layer -> tensor of a GGUF block."""

_EIGHT_BITS = gguf.GGMLQuantizationType.Q8_0
_COPIED = ("general.", "llama.", "tokenizer.")
_OURS = frozenset({"general.file_type", "general.quantization_version", "general.architecture"})


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter: tensor of the base -> its update (out, in), and what its file says of itself."""

    updates: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    scale: float
    metadata: dict[str, str]

    @classmethod
    def load(cls, path: Path) -> "Adapter":
        """Read an adapter: safetensors with PEFT's names, `r` and `alpha` in its metadata.

        Raises InputError where it is something else.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = dict(file.metadata() or {})
                tensors = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, TypeError) as error:
            raise InputError(f"The adapter {path} cannot be read ({error}); check the file.") from error
        try:
            scale = float(metadata["alpha"]) / float(metadata["r"])
        except (KeyError, ValueError, ZeroDivisionError) as error:
            raise InputError(
                f"{path.name} does not say its rank and alpha; train it with `mellm train language`."
            ) from error
        pairs: dict[str, dict[str, NDArray[np.float32]]] = {}
        for name, values in tensors.items():
            tensor, part = _place(name, path)
            pairs.setdefault(tensor, {})[part] = values
        if incomplete := [name for name, parts in pairs.items() if len(parts) != 2]:
            raise InputError(f"{path.name} has half of an update only ({incomplete[0]}); save it again.")
        return cls({name: (parts["A"], parts["B"]) for name, parts in pairs.items()}, scale, metadata)


def _place(name: str, path: Path) -> tuple[str, str]:
    """PEFT's name of a tensor -> the GGUF tensor it updates, and whether it is A or B."""
    for module, tensor in _BLOCK.items():
        head, found, tail = name.partition(f".{module}.lora_")
        if found and (layer := head.rpartition("layers.")[2]).isdigit() and tail[:1] in ("A", "B"):
            return f"blk.{layer}.{tensor}.weight", tail[0]
    raise InputError(f"{path.name} holds '{name}', which is no adapter of a Llama layer; check the file.")


def merge(base: Path, adapter: Adapter | None, out: Path) -> None:
    """Write `base` (GGUF, Llama) with the adapter merged in; matrices become Q8_0, the rest keeps its values.

    Raises MellmError where the adapter does not fit the base.
    """
    reader = gguf.GGUFReader(base)
    heads = int(_value(reader, "llama.attention.head_count"))
    kv_heads = int(_value(reader, "llama.attention.head_count_kv"))
    updates = dict(adapter.updates) if adapter else {}
    _check_fit(updates, reader, base.name)
    writer = gguf.GGUFWriter(out, "llama")
    for key, field in reader.fields.items():
        if key.startswith(_COPIED) and key not in _OURS:
            kind = field.types[0]
            inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), kind, sub_type=inner)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    for tensor in reader.tensors:
        if tensor.tensor_type == gguf.GGMLQuantizationType.F32:
            writer.add_tensor(tensor.name, tensor.data)
            continue
        weight = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if (update := updates.pop(tensor.name, None)) is not None and adapter is not None:
            low, high = update
            delta = adapter.scale * (high @ low)
            if ".attn_q." in tensor.name:
                delta = _interleaved(delta, heads)
            elif ".attn_k." in tensor.name:
                delta = _interleaved(delta, kv_heads)
            weight = weight + delta
        packed = gguf.quants.quantize(weight, _EIGHT_BITS)
        writer.add_tensor(tensor.name, packed, raw_dtype=_EIGHT_BITS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _check_fit(updates: Mapping[str, Any], reader: Any, base: str) -> None:
    """Refuse an adapter of another model before the work, which takes ten seconds."""
    sizes = {tensor.name: tuple(map(int, reversed(tensor.shape))) for tensor in reader.tensors}
    for name, (low, high) in updates.items():
        if name not in sizes:
            raise MellmError(f"The adapter was not trained for {base}: it has no {name}.")
        if (high.shape[0], low.shape[1]) != sizes[name]:
            raise MellmError(f"The adapter was not trained for {base}: {name} has another size.")


def _interleaved(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows in the order GGUF keeps them: rotary pairs side by side, where transformers has halves."""
    out, inner = weight.shape
    return weight.reshape(heads, 2, out // heads // 2, inner).swapaxes(1, 2).reshape(out, inner)


def _value(reader: Any, key: str) -> Any:
    if (field := reader.fields.get(key)) is None:
        raise MellmError(f"The base model lacks '{key}': only Llama models in GGUF can be merged.")
    return field.contents()
