"""An adapter file of mellm, written as the folder PEFT loads. Needs neither PyTorch nor PEFT.

mellm models export-adapter out/
PeftModel.from_pretrained(base, "out/")                # Python
vllm serve BASE --enable-lora --lora-modules mellm=out/
"""

import json
import re
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mellm.errors import InputError
from mellm.weights import shipped_path
from mellm.wording.message import Message

SHIPPED = "language_embedded"
HUB_NAMES = {"smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""A base as the store calls it -> as the Hugging Face hub does."""

_MODULE = re.compile(r"\.([a-z_]+)\.lora_[AB]\.weight$")
_CARD = """---
base_model: {base}
library_name: peft
---
# {name}

A low-rank adapter (rank {rank}, alpha {alpha}, on {modules}) that makes {base} read facial micro-expressions
from measured motion. Exported by `mellm models export-adapter` {version}.

- system message: `{system}`
- it was trained on the base's weights with SHA-256 `{sha256}`
- what it was trained on, how, how good it is and its limits: the model card that ships with mellm
- for research, and clinical support by trained people; a movement suggests a state of mind at most
"""


def export_adapter(folder: str | Path, adapter: str | Path | None = None) -> Path:
    """Write `adapter_config.json`, `adapter_model.safetensors`, `adapter.json` and a card; return the folder.

    adapter: a file that `mellm train language` made (`adapter.safetensors`); None: the shipped one

    Tensors keep names, values and precision. Raises InputError where the file is no adapter, does not say its
    rank and alpha, or where the folder holds an adapter already.
    """
    file, out = shipped_path(SHIPPED) if adapter is None else Path(adapter), Path(folder)
    assert file is not None, "it is part of the package"
    if (out / "adapter_config.json").exists():
        raise InputError(Message("adapter.exists", {"folder": str(out)}))
    try:
        with safe_open(file, framework="numpy") as stored:
            facts = dict(stored.metadata() or {})
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        rank, alpha = int(facts["r"]), int(float(facts["alpha"]))
        modules = sorted({found[1] for name in tensors if (found := _MODULE.search(name))})
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InputError(Message("adapter.none", {"file": str(file)})) from error
    if not modules:
        raise InputError(Message("adapter.none", {"file": str(file)}))
    base = HUB_NAMES.get(facts.get("base", ""), facts.get("base", ""))
    out.mkdir(parents=True, exist_ok=True)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "target_modules": modules,
        "bias": "none",
        "inference_mode": True,
    }
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(tensors, out / "adapter_model.safetensors", metadata={"format": "pt"})
    # safetensors makes files for their owner alone; these are to be shared.
    (out / "adapter_model.safetensors").chmod(0o644)
    (out / "adapter.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    card = _CARD.format(
        base=base, name=facts.get("name", file.stem), rank=rank, alpha=alpha, modules=", ".join(modules),
        version=facts.get("mellm", ""), system=facts.get("system", ""), sha256=facts.get("base_sha256", ""),
    )  # fmt: skip
    (out / "README.md").write_text(card, encoding="utf-8")
    return out
