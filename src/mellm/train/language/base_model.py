"""The model a run starts from: weights, tokenizer, picture processor, and who they are.

Reads a pulled GGUF file, a folder in the hub's form or a hub id. The module knows nothing about records or
training.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    GgufConfig,
)

from mellm.errors import InputError
from mellm.weights.model_store import MODELS, model_path, sha256_of

_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


@dataclass(frozen=True, slots=True)
class Base:
    """A loaded model with what belongs to it.

    images: the processor of pictures (PIL and tensors, no torchvision); None: the model reads text only
    sha256: of the file, or of the folder's weight files; a hub id's commit where it came from the hub
    """

    name: str
    sha256: str
    model: Any
    tokenizer: Any
    images: Any | None


def load_base(name: str, precision: str, attention: str) -> Base:
    """Load a base model; raises InputError where there is none of that name or it cannot hold a dialogue."""
    where, extra, digest = _place(name)
    # A model on this computer is read without asking the hub about it.
    here = Path(where).exists()
    try:
        config = AutoConfig.from_pretrained(where, local_files_only=here, **extra)
        sees = hasattr(config, "vision_config")
        kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
        packed = {"quantization_config": GgufConfig(dequantize=True)} if extra else {}
        model = kind.from_pretrained(
            where,
            dtype=_DTYPES[precision],
            attn_implementation=attention,
            local_files_only=here,
            **extra,
            **packed,
        )
        tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=here, **extra)
        images = _processor(where, here) if sees else None
    except (OSError, ValueError) as error:
        raise InputError(
            f"The base model {name} cannot be loaded ({_line(error)}); give a pulled model's name, a folder "
            "in the hub's form, or a hub id."
        ) from error
    if tokenizer.chat_template is None or tokenizer.eos_token is None:
        raise InputError(f"The base model {name} has no chat template; use an instruction-tuned one.")
    return Base(name, digest or str(config._commit_hash or ""), model, tokenizer, images)


def _place(name: str) -> tuple[str, dict[str, str], str]:
    """Where transformers finds a base, what else it must be told, and the digest of its files."""
    if name in {model.name for model in MODELS if model.file.endswith(".gguf")}:
        path = model_path(name)
        return str(path.parent), {"gguf_file": path.name}, sha256_of(path)
    if (path := Path(name)).suffix == ".gguf" and path.is_file():
        return str(path.parent), {"gguf_file": path.name}, sha256_of(path)
    if path.is_dir():
        digests = [sha256_of(file) for file in sorted(path.glob("*.safetensors"))]
        whole = hashlib.sha256("".join(digests).encode()).hexdigest() if len(digests) != 1 else digests[0]
        return str(path), {}, whole
    return name, {}, ""


def _processor(where: str, here: bool) -> Any:
    # The module needs Pillow; text models do without.
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil.from_pretrained(where, local_files_only=here)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
