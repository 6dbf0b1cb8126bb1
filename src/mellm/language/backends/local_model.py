"""A language model on this computer, by PyTorch: weights, tokenizer, picture processor, adapter.

Reads a folder in the hub's form, a hub id, a GGUF file; weights are safetensors or GGUF, never pickles, and
no code that comes with a model is run. Knows nothing about messages or answers.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
)
from transformers.utils import logging as remarks

from mellm.errors import InputError

_log = logging.getLogger(__name__)

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
_SEEING = frozenset({"qwen2_vl", "qwen2_5_vl"})
"""Model types whose pictures the Qwen2-VL processor makes ready, without torchvision."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A loaded model.

    images: the picture processor (PIL and tensors); None: it reads text only
    system: the system message its adapter was trained with, where `mellm train language` made it
    """

    name: str
    model: Any
    tokenizer: Any
    images: Any
    device: str
    system: str

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        told = self.model.generation_config.eos_token_id
        listed = told if isinstance(told, list) else [told]
        return frozenset(t for t in (*listed, self.tokenizer.eos_token_id) if t is not None)

    @property
    def longest(self) -> int:
        """Tokens of a prompt and its answer together, at most."""
        config = self.model.config
        text = config.get_text_config() if hasattr(config, "get_text_config") else config
        return int(getattr(text, "max_position_embeddings", 0) or 1 << 30)


def load_local_model(
    path: str, *, adapter: str | None = None, device: str = "auto", dtype: str = "bfloat16"
) -> LocalModel:
    """Load a model, with a PEFT adapter merged into it where one is given.

    Args:
        path: a folder, a GGUF file, or a hub id (fetched, or taken from the hub's cache)
        adapter: a folder with `adapter_config.json` and `adapter_model.safetensors`
        device: `auto` (CUDA where there is one), `cpu`, `cuda`, `cuda:1` ...
        dtype: bfloat16, float16 or float32

    Raises InputError where there is no such model, or it cannot hold a dialogue.
    """
    if dtype not in _DTYPES:
        raise InputError(f"There is no number format '{dtype}'; choose {', '.join(_DTYPES)}.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    where, extra = _place(path)
    # A model on this computer is read without asking the hub about it.
    here = Path(where).exists()
    try:
        with _quiet():
            config = AutoConfig.from_pretrained(
                where, trust_remote_code=False, local_files_only=here, **extra
            )
            sees = config.model_type in _SEEING
            kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
            form = _unpacked() if extra else {"use_safetensors": True}
            model: Any = kind.from_pretrained(
                where,
                dtype=_DTYPES[dtype],
                trust_remote_code=False,
                local_files_only=here,
                **form,
                **extra,
            )
            tokenizer = AutoTokenizer.from_pretrained(
                where, trust_remote_code=False, local_files_only=here, **extra
            )
            images = _picture_processor(where, here) if sees else None
    # Damaged and foreign files make the readers of each format fail in their own ways.
    except Exception as error:
        _log.info("loading the model %s failed", path, exc_info=True)
        raise InputError(
            f"The model '{path}' cannot be loaded ({_line(error)}); give a folder in the hub's form with "
            "safetensors, a GGUF file, or a hub id."
        ) from error
    if tokenizer.chat_template is None:
        raise InputError(f"The model '{path}' has no chat template; use an instruction-tuned one.")
    if adapter is not None:
        model = _adapted(model, Path(adapter))
    try:
        model = model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"The model cannot run on '{device}' ({_line(error)}); try cpu.") from error
    name = Path(path).name + (f"+{Path(adapter).name}" if adapter else "")
    return LocalModel(name, model, tokenizer, images, device, _system_of(adapter))


@contextmanager
def _quiet() -> Iterator[None]:
    """Load without transformers' bars and remarks, which would land in the middle of our own output."""
    level, bars = remarks.get_verbosity(), remarks.is_progress_bar_enabled()
    remarks.set_verbosity_error()
    remarks.disable_progress_bar()
    try:
        yield
    finally:
        remarks.set_verbosity(level)
        if bars:
            remarks.enable_progress_bar()


def _place(path: str) -> tuple[str, dict[str, str]]:
    """Return the path that transformers loads a model from, and further arguments for it."""
    file = Path(path).expanduser()
    if file.is_file():
        if file.suffix != ".gguf":
            raise InputError(f"'{path}' is no model: give its folder, or a GGUF file.")
        return str(file.parent), {"gguf_file": file.name}
    if file.is_dir():
        if not (file / "config.json").is_file():
            what = (
                "an adapter: give its base, and it as adapter=" if _is_adapter(file) else "no model folder:"
            )
            raise InputError(f"'{path}' is {what} (there is no config.json in it).")
        return str(file), {}
    if path.startswith((".", "/", "~")) or path.count("/") != 1:
        raise InputError(f"There is no model '{path}'; give a folder, a GGUF file, or a hub id (OWNER/NAME).")
    return path, {}


def _unpacked() -> dict[str, object]:
    """Have GGUF weights unpacked: newer versions of transformers keep them packed, which is slow on a CPU."""
    kind = getattr(transformers, "GgufConfig", None)
    return {"quantization_config": kind(dequantize=True)} if kind else {}


def _is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def _picture_processor(where: str, here: bool) -> Any:
    # Here, because it needs Pillow, which text models do without.
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil.from_pretrained(where, local_files_only=here)


def _adapted(model: Any, folder: Path) -> Any:
    """The model with an adapter merged into its weights: as fast as without."""
    if not _is_adapter(folder) or not (folder / "adapter_model.safetensors").is_file():
        raise InputError(
            f"There is no adapter in '{folder}': it needs adapter_config.json and adapter_model.safetensors."
        )
    try:
        from peft import PeftModel
    except ModuleNotFoundError as error:
        raise InputError("Adapters need the package peft: pip install 'mellm[train]'.") from error
    try:
        return PeftModel.from_pretrained(model, str(folder), local_files_only=True).merge_and_unload(
            safe_merge=True
        )
    except Exception as error:
        _log.info("merging the adapter %s failed", folder, exc_info=True)
        raise InputError(
            f"The adapter in '{folder}' does not fit this model ({_line(error)}); take its own."
        ) from error


def _system_of(adapter: str | None) -> str:
    """Return the system message that `mellm train language` wrote beside an adapter, or an empty text."""
    facts = Path(adapter or "", "adapter.json")
    if adapter is None or not facts.is_file():
        return ""
    try:
        return str(json.loads(facts.read_text(encoding="utf-8")).get("system", ""))
    except (ValueError, AttributeError) as error:
        raise InputError(f"'{facts}' is damaged; export the adapter again.") from error


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(error).__name__
