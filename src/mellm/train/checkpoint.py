"""Checkpoint files: tensors as safetensors, with the facts of the run in the metadata.

The module knows nothing of networks or what they learn; of an optimiser it keeps the moments.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, as_tensor
from torch.optim import Optimizer

from mellm.errors import InputError


class RunFacts(BaseModel):
    """What a checkpoint says of its run."""

    model_config = ConfigDict(frozen=True)


F = TypeVar("F", bound=RunFacts)


def write_checkpoint(path: Path, tensors: dict[str, Tensor], facts: RunFacts) -> None:
    """Write a checkpoint; the old file stays until the new one is complete."""
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"facts": json.dumps(facts.model_dump(mode="json"))})
    partial.replace(path)


def read_facts(path: Path, kind: type[F]) -> F:
    """Return the facts of a checkpoint. Raises InputError where the file holds none of this kind."""
    try:
        with safe_open(path, "pt") as file:
            return kind.model_validate_json(file.metadata()["facts"])
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        why = str(error).partition("\n")[0]
        raise InputError(f"{path} is no checkpoint of such a run ({why}).") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint by name."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix`, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def adam_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's moments and step counts by name, for a checkpoint."""
    return {
        f"adam.{number}.{key}": as_tensor(value).contiguous()
        for number, moments in optimiser.state_dict()["state"].items()
        for key, value in moments.items()
    }


def restore_adam(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `adam_tensors` gave, among other tensors of a checkpoint."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in part(tensors, "adam.").items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
