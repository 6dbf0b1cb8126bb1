"""The motion prior on disk: a safetensors file. Does not know how a prior is learned or used."""

from dataclasses import fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from mellm.errors import MellmError
from mellm.flow.meflownet.motion_prior import MotionPrior

_HALF = ("expression", "depth", "head")
_FORMAT = "mellm motion prior 2"


def save_prior(prior: MotionPrior, path: Path) -> None:
    """Write the prior; the principal motions in half precision, everything else as float32."""
    arrays = {
        field.name: np.atleast_1d(getattr(prior, field.name)).astype("<f2" if field.name in _HALF else "<f4")
        for field in fields(prior)
    }
    save_file(arrays, path, metadata={"format": _FORMAT})


def load_prior(path: Path) -> MotionPrior:
    """Read a prior; raises MellmError where the file is missing or damaged."""
    try:
        arrays = {name: array.astype(np.float32) for name, array in load_file(path).items()}
        temperature = float(arrays.pop("temperature")[0])
        return MotionPrior(**arrays, temperature=temperature)
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise MellmError(
            f"MEFlowNet's motion prior {path.name} cannot be read ({error}); install mellm again."
        ) from error
