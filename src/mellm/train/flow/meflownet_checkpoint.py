"""Checkpoints of a training run as safetensors: weights, their running average, and Adam's moments.

Knows modules and optimisers; nothing of what they learn.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mellm.errors import InputError


class Average:
    """Exponential moving average of a network's parameters and buffers."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def update(self, model: nn.Module, step: int) -> None:
        """Take in the network after step `step`; early steps count for more, so the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].lerp_(value.detach(), 1 - decay)
            else:
                self.values[name].copy_(value)


def save(
    path: Path, model: nn.Module, average: Average, optimiser: torch.optim.Optimizer, facts: dict[str, Any]
) -> None:
    """Write everything a run needs to go on; the old file stays until the new one is complete."""
    tensors: dict[str, Tensor] = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    tensors |= {f"average.{k}": v.contiguous() for k, v in average.values.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v.contiguous() for k, v in moments.items()}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"facts": json.dumps(facts)})
    partial.replace(path)


def load(path: Path, model: nn.Module, average: Average, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore a run; returns its facts. Raises InputError where the file is of another network."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts: dict[str, Any] = json.loads(file.metadata()["facts"])
    try:
        model.load_state_dict(_part(tensors, "model."))
    except RuntimeError as error:
        raise InputError(
            f"{path.name} was made by another network than the recipe's; give another output folder."
        ) from error
    for name, value in _part(tensors, "average.").items():
        average.values[name].copy_(value)
    state = optimiser.state_dict()
    state["state"] = {}
    for name, value in _part(tensors, "adam.").items():
        index, key = name.split(".", 1)
        state["state"].setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(state)
    return facts


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
