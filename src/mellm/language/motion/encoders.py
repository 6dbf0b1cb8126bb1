"""The motion encoders, ready to run on OpenVINO: a map, or 29 regions' numbers, to an opinion.

Trained on generated motion alone (cards beside the weights). Knows the shipped files; knows nothing of
language.
"""

import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.map_tokens import map_picture
from mellm.language.motion.opinion import Opinion
from mellm.language.motion.questions import options
from mellm.language.motion.region_tokens import region_features, region_numbers
from mellm.language.prompt import Scale
from mellm.media.frame import Image
from mellm.weights import sha256_of

Route = Literal["flow", "vision"]
FILES: dict[Route, str] = {"flow": "language_regions.onnx", "vision": "language_maps.onnx"}
"""File of each route's encoder among the shipped weights."""

OFFSETS: dict[Route, float] = {"flow": 1.0, "vision": 1.0}
"""Added to the log-odds of units: one half is then where F1 on held-out generated motion is best
(benchmarks/bench_motion_encoders.py)."""

_WEIGHTS = Path(__file__).parents[2] / "weights"


class MotionEncoder:
    """One route's encoder, safe for several threads."""

    def __init__(self, route: Route, folder: Path = _WEIGHTS) -> None:
        """Load it; `folder` holds weights of the same names as those that ship."""
        from mellm.inference import ov

        self.route = route
        self._file = folder / FILES[route]
        options_ = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self._compiled: Any = ov.Core().compile_model(self._file, "CPU", options_)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """For the report's provenance: `language_maps`."""
        return self._file.stem

    @property
    def sha256(self) -> str:
        """Of the weights' file."""
        return sha256_of(self._file)

    def read_regions(self, motion: Sequence[RegionMotion], scale: Scale = "px") -> Opinion:
        """Read the 29 regions' measured motion (flow route)."""
        numbers, moving = region_numbers(motion)
        known = np.array([scale == "px"])
        return self._run(region_features(numbers[None], moving[None], known))

    def read_map(self, picture: Image) -> Opinion:
        """Read an MMC-Map of the aligned crop (vision route), uint8 RGB; InputError for another shape."""
        return self._run(map_picture(picture)[None])

    def _run(self, given: NDArray[np.float32]) -> Opinion:
        with self._lock:
            found = self._compiled([given])
        logits = np.asarray(found[0][0], np.float64)
        shares: list[NDArray[np.float64]] = []
        for group in np.split(logits, np.cumsum([len(o) for o in options()])[:-1]):
            raised = np.exp(group - group.max())
            shares.append(raised / raised.sum())
        return Opinion.of(tuple(shares), OFFSETS[self.route])


@cache
def shipped_encoder(route: Route) -> MotionEncoder:
    """Return the encoder of a route that ships, loaded once."""
    return MotionEncoder(route)
