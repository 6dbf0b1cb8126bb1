"""The weights of the FACS models: named float32 arrays in a safetensors file."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import MellmError

Weights = dict[str, NDArray[np.float32]]


def save_weights(weights: Mapping[str, NDArray[np.generic]], path: Path, about: Mapping[str, str]) -> None:
    """Write arrays as float32, with `about` in the header's metadata."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(w, np.float32) for name, w in weights.items()}, path, dict(about))


def load_weights(path: Path, names: Sequence[str]) -> Weights:
    """Read the arrays `names`, in that order. Raises MellmError where the file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        return {name: found[name] for name in names}
    except (OSError, KeyError, SafetensorError) as error:
        raise MellmError(f"The weights {path.name} cannot be read ({error}); install mellm again.") from error


def weight_names(path: Path) -> list[str]:
    """Return the names of the arrays in a file. Raises MellmError where it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as found:
            return list(found.keys())
    except (OSError, SafetensorError) as error:
        raise MellmError(f"The weights {path.name} cannot be read ({error}); install mellm again.") from error


def shipped_weights(name: str) -> Path:
    """Return the path of weights that come with the package."""
    return Path(str(files("mellm.weights") / name))
