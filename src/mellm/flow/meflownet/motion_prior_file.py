"""The motion prior on disk: a safetensors file, read and written with numpy alone.

safetensors is an 8-byte little-endian length, a JSON header of that length, then the raw arrays. Knows the
prior's fields and nothing of how they are learned or used.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.errors import MellmError
from mellm.flow.meflownet.motion_prior import MotionPrior

_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_HALF = ("expression", "depth", "head")
_FORMAT = "mellm motion prior 2"


def save_prior(prior: MotionPrior, path: Path) -> None:
    """Write the prior; the principal motions in half precision."""
    arrays: dict[str, NDArray[np.generic]] = {
        "template": prior.template.astype("<f4"),
        "expression": prior.expression.astype("<f2"),
        "expression_sd": prior.expression_sd.astype("<f4"),
        "depth": prior.depth.astype("<f2"),
        "depth_sd": prior.depth_sd.astype("<f4"),
        "head": prior.head.astype("<f2"),
        "head_sd": prior.head_sd.astype("<f4"),
        "temperature": np.array([prior.temperature], "<f4"),
    }
    header: dict[str, object] = {"__metadata__": {"format": _FORMAT}}
    offset = 0
    for name, array in arrays.items():
        header[name] = {
            "dtype": "F16" if name in _HALF else "F32",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def load_prior(path: Path) -> MotionPrior:
    """Read a prior; raises MellmError where the file is missing or damaged."""
    try:
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        arrays: dict[str, NDArray[np.float32]] = {
            name: np.frombuffer(
                data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]],
                _TYPES[entry["dtype"]],
            )
            .reshape(entry["shape"])
            .astype(np.float32)
            for name, entry in header.items()
            if name != "__metadata__"
        }
        return MotionPrior(
            template=arrays["template"],
            expression=arrays["expression"],
            expression_sd=arrays["expression_sd"],
            depth=arrays["depth"],
            depth_sd=arrays["depth_sd"],
            head=arrays["head"],
            head_sd=arrays["head_sd"],
            temperature=float(arrays["temperature"][0]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MellmError(
            f"MEFlowNet's motion prior {path.name} cannot be read ({error}); install mellm again."
        ) from error
