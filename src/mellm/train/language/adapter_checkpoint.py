"""Checkpoints of an adapter's training as safetensors: trained weights and Adam's moments, whole.

One process and many write the same form, sharded or not, so a run can go on with another number of GPUs.
Random numbers and the data's order follow from seed and step and need no keeping. The module knows nothing
of what is learned.
"""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    OptimizerStateType,
    StateDictOptions,
    ValueType,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from mellm.errors import InputError
from mellm.train.checkpoint import RunFacts, part, read_tensors, write_checkpoint

Adam = dict[str, dict[str, Tensor]]
"""Name of a parameter -> its moments and step count."""

_OPTIONS = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)


class AdapterFacts(RunFacts):
    """The facts of a run: what decides its result, by how many processes, and how many steps were made.

    recipe, data: SHA-256 of the recipe and of the records; base: of the base model
    """

    recipe: str
    data: str
    base: str
    processes: int
    step: int


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the adapter's tensors by name, whole; of several processes, all call and the first gets them."""
    state = cast(dict[str, Tensor], get_model_state_dict(model, options=_OPTIONS))
    # An output layer tied to the embedding comes along by its second name, frozen or not.
    return {name: value.detach().clone().contiguous() for name, value in state.items() if ".lora_" in name}


def save(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, facts: AdapterFacts, main: bool = True
) -> None:
    """Write what a run needs to go on. Every process calls; the one that is `main` writes."""
    tensors = {f"model.{name}": value for name, value in trained_weights(model).items()}
    state = cast(Adam, get_optimizer_state_dict(model, optimiser, options=_OPTIONS).get("state", {}))
    for name, values in state.items():
        tensors |= {f"adam.{name}|{key}": torch.as_tensor(v).contiguous() for key, v in values.items()}
    if main:
        write_checkpoint(path, tensors, facts)


def load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Restore weights and moments. Raises InputError where the file is of another adapter."""
    tensors = read_tensors(path)
    state: Adam = {}
    for name, value in part(tensors, "adam.").items():
        parameter, key = name.split("|")
        state.setdefault(parameter, {})[key] = value
    groups = get_optimizer_state_dict(model, optimiser, options=_OPTIONS)["param_groups"]
    try:
        weights = {name: value for name, value in part(tensors, "model.").items() if ".lora_" in name}
        partly = StateDictOptions(full_state_dict=True, strict=False)
        set_model_state_dict(model, cast(dict[str, ValueType], weights), options=partly)
        whole = cast(OptimizerStateType, {"state": state, "param_groups": groups})
        set_optimizer_state_dict(model, optimiser, whole, options=_OPTIONS)
    except (RuntimeError, KeyError) as error:
        raise InputError(f"{path.name} was made by another recipe; give another output folder.") from error
