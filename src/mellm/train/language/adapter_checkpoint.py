"""Checkpoints of an adapter's training as safetensors: trained weights and Adam's moments, whole.

One form for one process and for many, sharded or not, so a run can go on with another number of GPUs. Random
numbers and the data's order follow from seed and step and need no keeping. Knows modules and optimisers;
nothing of what they learn.
"""

import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from mellm.errors import InputError

_OPTIONS = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the adapter's tensors by name, whole; of several processes, all call and the first gets them."""
    state = cast(dict[str, Tensor], get_model_state_dict(model, options=_OPTIONS))
    # An output layer tied to the embedding comes along by its second name, frozen or not.
    return {name: value.detach().clone().contiguous() for name, value in state.items() if ".lora_" in name}


def save(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, facts: dict[str, Any], main: bool = True
) -> None:
    """Write what a run needs to go on; the old file stays until the new one is complete.

    Every process calls; the one that is `main` writes.
    """
    tensors = {f"model.{name}": value for name, value in trained_weights(model).items()}
    state = cast(dict[str, Any], get_optimizer_state_dict(model, optimiser, options=_OPTIONS))
    moments = state.get("state", {})
    for name, values in moments.items():
        tensors |= {f"adam.{name}|{key}": torch.as_tensor(v).contiguous() for key, v in values.items()}
    if main:
        partial = path.with_suffix(".partial")
        save_file(tensors, partial, metadata={"facts": json.dumps(facts)})
        partial.replace(path)


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts of a checkpoint; InputError where it is none."""
    try:
        with safe_open(path, "pt") as file:
            facts: dict[str, Any] = json.loads(file.metadata()["facts"])
            return facts
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no checkpoint of a language run ({error}).") from error


def load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Restore weights and moments; InputError where the file is of another adapter."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    state: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            parameter, key = name.removeprefix("adam.").split("|")
            state.setdefault(parameter, {})[key] = value
    groups = get_optimizer_state_dict(model, optimiser, options=_OPTIONS)["param_groups"]
    try:
        weights: dict[str, Any] = {
            name.removeprefix("model."): value
            for name, value in tensors.items()
            if name.startswith("model.") and ".lora_" in name
        }
        set_model_state_dict(model, weights, options=StateDictOptions(full_state_dict=True, strict=False))
        whole: dict[str, Any] = {"state": state, "param_groups": groups}
        set_optimizer_state_dict(model, optimiser, whole, options=_OPTIONS)
    except (RuntimeError, KeyError) as error:
        raise InputError(f"{path.name} was made by another recipe; give another output folder.") from error
