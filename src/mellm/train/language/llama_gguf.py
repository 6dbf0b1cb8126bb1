"""A Llama in GGUF as a module of transformers, without its tokenizer.

For machines that are handed token ids. The module knows Llama's names in GGUF and in transformers.
"""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from numpy.typing import NDArray

from mellm.errors import InputError

_BLOCK = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
}  # fmt: skip
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}


def llama_of(path: Path, precision: str) -> Any:
    """Return the model of a GGUF file, its weights `bf16` or `fp32`; raises InputError where it is no Llama."""
    from transformers import LlamaConfig, LlamaForCausalLM

    try:
        reader = gguf.GGUFReader(path)
        told = {name: field.contents() for name, field in reader.fields.items() if name.startswith("llama.")}
        heads, kv_heads = (int(told[f"llama.attention.{name}"]) for name in ("head_count", "head_count_kv"))
        config = LlamaConfig(
            vocab_size=int(told["llama.vocab_size"]),
            hidden_size=int(told["llama.embedding_length"]),
            intermediate_size=int(told["llama.feed_forward_length"]),
            num_hidden_layers=int(told["llama.block_count"]),
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            max_position_embeddings=int(told["llama.context_length"]),
            rms_norm_eps=float(told["llama.attention.layer_norm_rms_epsilon"]),
            rope_parameters={"rope_type": "default", "rope_theta": float(told["llama.rope.freq_base"])},
            tie_word_embeddings=True,
            dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no Llama in GGUF ({error}).") from error
    weights = {}
    for tensor in reader.tensors:
        value = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        kind = tensor.name.split(".")[-2]
        if kind in ("attn_q", "attn_k"):
            value = _halves(value, heads if kind == "attn_q" else kv_heads)
        weights[_named(tensor.name)] = torch.tensor(value, dtype=config.dtype)
    model = LlamaForCausalLM(config)
    model.load_state_dict({**weights, "lm_head.weight": weights["model.embed_tokens.weight"]})
    return model.to(config.dtype)


def _named(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{_BLOCK[parts[2]]}.weight"
    return f"{_OUTSIDE[parts[0]]}.weight"


def _halves(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows as transformers keeps them, in halves; GGUF has rotary pairs side by side."""
    out, inner = weight.shape
    return weight.reshape(heads, out // heads // 2, 2, inner).swapaxes(1, 2).reshape(out, inner)
