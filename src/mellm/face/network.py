"""The face networks, compiled once per process and shared: a float32 picture in, its output tensors out.

Knows nothing about faces or pictures.
"""

from functools import cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mellm.inference import ov
from mellm.weights import model_path

Tensor = NDArray[np.float32]


class Network:
    """One compiled model. Calls from several threads take turns."""

    def __init__(self, name: str) -> None:
        """Read and compile the model of that name in the model store; InputError where it is absent."""
        # One thread: on a busy computer two wait for each other, and on a quiet one they gain nothing on
        # networks this small. f32: some CPUs would otherwise run in bfloat16, which moves landmarks.
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._request = ov.Core().compile_model(model_path(name), "CPU", settings).create_infer_request()
        self._lock = Lock()

    def __call__(self, tensor: Tensor) -> list[Tensor]:
        """Run on one input and return copies of the outputs, in the model's order."""
        with self._lock:
            result = self._request.infer([tensor])
            return [np.array(value) for value in result.values()]


@cache
def network(name: str) -> Network:
    """The shared network of that name, compiled at the first call."""
    return Network(name)
