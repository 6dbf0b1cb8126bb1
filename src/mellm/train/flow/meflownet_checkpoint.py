"""The state of a training run of MEFlowNet: weights, their running average, and Adam's moments.

The module knows nothing of batches or losses.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from mellm.errors import InputError
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.train.checkpoint import RunFacts, part, read_facts, read_tensors, write_checkpoint


class FlowFacts(RunFacts):
    """The facts of a run: how many steps were made, the network's shape, and the seed."""

    step: int
    model: MEFlowNetConfig
    seed: int


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
    path: Path, model: nn.Module, average: Average, optimiser: torch.optim.Optimizer, facts: FlowFacts
) -> None:
    """Write everything a run needs to go on."""
    tensors: dict[str, Tensor] = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    tensors |= {f"average.{k}": v.contiguous() for k, v in average.values.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v.contiguous() for k, v in moments.items()}
    write_checkpoint(path, tensors, facts)


def load(path: Path, model: nn.Module, average: Average, optimiser: torch.optim.Optimizer) -> FlowFacts:
    """Restore a run; returns its facts. Raises InputError where the file is of another network."""
    facts, tensors = read_facts(path, FlowFacts), read_tensors(path)
    try:
        model.load_state_dict(part(tensors, "model."))
    except RuntimeError as error:
        raise InputError(
            f"{path.name} was made by another network than the recipe's; give another output folder."
        ) from error
    for name, value in part(tensors, "average.").items():
        average.values[name].copy_(value)
    state = optimiser.state_dict()
    state["state"] = {}
    for name, value in part(tensors, "adam.").items():
        index, key = name.split(".", 1)
        state["state"].setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(state)
    return facts
