"""Small weight files: named float32 arrays as safetensors, read and written with NumPy alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import MellmError

Arrays = dict[str, NDArray[np.float32]]


def write_arrays(arrays: Mapping[str, NDArray[np.generic]], path: Path, about: Mapping[str, str]) -> None:
    """Write arrays as little-endian float32 in a safetensors file, `about` as its metadata."""
    plain = {name: np.ascontiguousarray(array, "<f4") for name, array in arrays.items()}
    header: dict[str, object] = {"__metadata__": dict(about)}
    offset = 0
    for name, array in plain.items():
        ends = [offset, offset + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": ends}
        offset = ends[1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content = b"".join(array.tobytes() for array in plain.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def read_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Read the arrays `names` of a file `write_arrays` wrote; MellmError where it is missing or damaged."""
    try:
        data = path.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        arrays = {}
        for name in names:
            begin, end = header[name]["data_offsets"]
            flat = np.frombuffer(data[start + begin : start + end], "<f4")
            arrays[name] = flat.reshape(header[name]["shape"])
        return arrays
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MellmError(f"The weights {path.name} cannot be read ({error}); install mellm again.") from error
