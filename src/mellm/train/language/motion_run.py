"""Everything a run of the motion reader needs, brought together: data made and packed, base, adapter, export.

`train_motion` is what `mellm train language RECIPE` calls for a recipe with `reader: motion`. The module knows the
order of the work.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mellm.train.language.motion_data import MotionData, read_sources
from mellm.train.language.motion_encoders import Routes
from mellm.train.language.motion_language import Layout, MotionLanguage
from mellm.train.language.motion_recipe import MotionRecipe
from mellm.train.language.motion_training import MotionRun, Split


def open_run(
    plan: MotionRecipe,
    packed: Path,
    folder: Path,
    device: str,
    report: Callable[[str], None],
    processes: int = 1,
) -> MotionRun:
    """Return a run on packed data, its encoders fresh, without a language model yet."""
    names = ["train", *sorted(path.stem for path in packed.glob("val-*.npz"))]
    stored, first = [], {}
    for name in names:
        with np.load(packed / f"{name}.npz") as data:
            places = data["stored_at"]
        first[name] = sum(len(s) for s in stored)
        stored.append(places[places[:, 0] >= 0])
    sources, held_sources = read_sources(packed / "sources.npz", np.concatenate(stored), device, processes)
    splits = {
        name: Split(
            MotionData.read(packed / f"{name}.npz", device, first[name]),
            sources if name == "train" else held_sources,
        )
        for name in names
    }
    train = splits.pop("train")
    torch.manual_seed(plan.seed)
    folder.mkdir(parents=True, exist_ok=True)
    held = {name.removeprefix("val-"): split for name, split in splits.items()}
    return MotionRun(plan, Routes().to(device), train, held, folder, report)


def language_of(model: Any, plan: MotionRecipe, layout: Layout) -> MotionLanguage:
    """Return the base with a fresh adapter of the recipe's, everything else frozen."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(plan.seed)
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=plan.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    wrapped: nn.Module = get_peft_model(model, config)
    for name, parameter in wrapped.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
    return MotionLanguage(wrapped, layout)


def read_layout(path: Path) -> Layout:
    """Return a layout kept as JSON."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Layout(
        tuple(kept["opening"]),
        tuple(kept["asking"]),
        tuple(map(tuple, kept["branches"])),
        tuple(map(tuple, kept["answers"])),
    )


def write_layout(layout: Layout, path: Path) -> None:
    """Keep a layout as JSON."""
    names = ("opening", "asking", "branches", "answers")
    path.write_text(json.dumps({name: getattr(layout, name) for name in names}), encoding="utf-8")
