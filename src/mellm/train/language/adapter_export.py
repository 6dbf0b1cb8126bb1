"""What a run leaves to others: PEFT's folder with a card, the product's adapter file, merged weights.

The adapter file holds PEFT's names in float16, and in its metadata all that is needed to merge and use it:
`r`, `alpha`, `base`, `base_sha256`, `system`. The module knows nothing about training.
"""

import csv
import json
from pathlib import Path

import torch
from peft import PeftModel
from pydantic import JsonValue
from safetensors.torch import load_file, save_file
from torch import Tensor

from mellm.errors import InputError
from mellm.train.language.adapted_model import adapted
from mellm.train.language.adapter_checkpoint import AdapterFacts
from mellm.train.language.adapter_recipe import LanguageRecipe, read_language_recipe
from mellm.train.language.base_model import Base, load_base
from mellm.version import __version__

ADAPTER = "adapter.safetensors"
_CARD = """---
base_model: {base}
library_name: peft
---
# Adapter of mellm

A low-rank adapter (rank {rank}, alpha {alpha}, on {modules}) that makes {base} read facial micro-expressions.

- base: `{base}`, SHA-256 `{sha256}`
- system message: `{system}`
- trained for {step} of {steps} steps of {batch} records ({reduction} reduction, rate {rate}, seed {seed})
- records: tasks {tasks}, routes {routes}, SHA-256 `{data}`
- last figures on held-out records: {figures}

Made by `mellm train language` {version}; the settings are in `adapter.json`.
"""


def export_adapter(
    folder: Path,
    plan: LanguageRecipe,
    base: Base,
    language: PeftModel,
    weights: dict[str, Tensor],
    facts: AdapterFacts,
) -> None:
    """Write `adapter/` (PEFT's form, with a card) and `adapter.safetensors` below a run's folder.

    weights: the trained tensors, by their names in `AnswerLoss`; facts: step, and the data's digest
    """
    state = {peft_name(name): value.to(torch.float16).contiguous() for name, value in weights.items()}
    figures = _last_figures(folder / "validation.csv")
    metadata = {
        "r": str(plan.lora.rank),
        "alpha": str(plan.lora.alpha),
        "base": base.name,
        "base_sha256": base.sha256,
        "system": plan.system,
        "steps": str(facts.step),
        "seed": str(plan.seed),
        "data": facts.data,
        "recipe": json.dumps(_told(plan)),
        "figures": json.dumps(figures),
        "mellm": __version__,
        "format": "pt",
    }
    peft = folder / "adapter"
    peft.mkdir(exist_ok=True)
    config = language.peft_config["default"]
    config.base_model_name_or_path = base.name
    config.inference_mode = True
    config.save_pretrained(peft)
    save_file(state, peft / "adapter_model.safetensors", metadata={"format": "pt"})
    # safetensors makes files for their owner alone; these are to be shared.
    (peft / "adapter_model.safetensors").chmod(0o644)
    card = _CARD.format(
        base=base.name, rank=plan.lora.rank, alpha=plan.lora.alpha, modules=plan.lora.target_modules,
        sha256=base.sha256, system=plan.system, step=facts.step, steps=plan.steps, batch=plan.batch,
        reduction=plan.reduction, rate=plan.rate, seed=plan.seed, tasks=", ".join(plan.tasks),
        routes=", ".join(plan.routes), data=facts.data, version=__version__,
        figures=", ".join(f"{k} {v:.3f}" for k, v in figures.items()) or "none measured",
    )  # fmt: skip
    (peft / "README.md").write_text(card, encoding="utf-8")
    (peft / "adapter.json").write_text(json.dumps(metadata, indent=1), encoding="utf-8")
    save_adapter(folder, state, metadata)


def save_adapter(folder: Path, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write `adapter.safetensors` below a run's folder: tensors by PEFT's names, and what merging needs."""
    partial = folder / f"{ADAPTER}.partial"
    save_file(state, partial, metadata=metadata)
    partial.chmod(0o644)
    partial.replace(folder / ADAPTER)


def merge_language(recipe: str | Path, run: str | Path, out: str | Path) -> Path:
    """Write a run's base with its adapter merged in, as a folder in the hub's form; returns the folder.

    Raises InputError where the run has no adapter yet or the recipe is another one.
    """
    plan, file, folder = read_language_recipe(Path(recipe)), Path(run) / ADAPTER, Path(out)
    if not file.is_file():
        raise InputError(f"{run} holds no {ADAPTER}: train with --out {run} first.")
    base = load_base(plan.base, plan.precision, plan.attention)
    language = adapted(base.model, plan.lora, plan.seed)
    names = {peft_name(n): p for n, p in language.named_parameters() if p.requires_grad}
    state = load_file(file)
    if set(state) != set(names) or any(state[n].shape != p.shape for n, p in names.items()):
        raise InputError(f"{file} was trained by another recipe than {recipe}; give that one.")
    with torch.no_grad():
        for name, parameter in names.items():
            parameter.copy_(state[name])
    merged = language.merge_and_unload()
    # Read from a GGUF the configuration still says so, and transformers would refuse to save.
    if hasattr(merged.config, "quantization_config"):
        del merged.config.quantization_config
    merged.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    if base.images is not None:
        base.images.save_pretrained(folder)
    return folder


def _told(plan: LanguageRecipe) -> dict[str, JsonValue]:
    """The recipe without the folders of the machine it ran on."""
    names = {
        name: Path(value).name
        for name in ("base", "train", "val", "images", "start")
        if (value := getattr(plan, name)) is not None and Path(value).is_absolute()
    }
    return {**plan.as_dict(), **names}


def peft_name(name: str) -> str:
    """Return the name PEFT saves a tensor by: without our wrapper's and the adapter's own."""
    return name.removeprefix("language.").replace(".default.weight", ".weight")


def _last_figures(path: Path) -> dict[str, float]:
    """The last value of every column of a curve, empty where nothing was measured."""
    found: dict[str, float] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found |= {k: float(v) for k, v in row.items() if v and k != "step"}
    return found
