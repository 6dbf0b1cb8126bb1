"""The motion encoders, ready to run on OpenVINO: a map, or 29 regions' numbers, to an opinion.

Trained on generated motion alone (cards beside the weights). Knows the shipped files; knows nothing of
language.
"""

import threading
from collections.abc import Sequence
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.flow.colour import MMC_SCALE_PX, mmc_map
from mellm.flow.field import FlowField
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.map_tokens import map_picture
from mellm.language.motion.opinion import MotionTokens, Opinion
from mellm.language.motion.questions import options
from mellm.language.motion.region_tokens import region_features, region_numbers
from mellm.language.prompt import Scale
from mellm.media.frame import Image
from mellm.weights import sha256_of

Route = Literal["flow", "vision"]
FILES: dict[Route, str] = {"flow": "language_regions.onnx", "vision": "language_maps.onnx"}
"""File of each route's encoder among the shipped weights."""
CLEAN_FILES: dict[Route, str] = {"flow": "language_regions_clean.onnx", "vision": "language_maps_clean.onnx"}
"""File of each route's encoder that rests on no annotation sheet and on nobody's footage."""

SHOWN: dict[Route, str] = {"flow": "language_regions_shown.onnx", "vision": "language_maps_shown.onnx"}
"""File of what shows a route's motion to the language model: a copy of the encoder that learned together with
it, and a projector. A folder may lack it: the language model is then told in words."""

OFFSETS: dict[Route, float] = {"flow": 1.0, "vision": 0.8}
"""Added to the log-odds of units: one half is then where F1 on held-out generated motion is best
(benchmarks/bench_motion_encoders.py)."""
CLEAN_OFFSETS: dict[Route, float] = {"flow": 0.9, "vision": 1.0}
"""The same of the clean encoders, on motion of their own unit sets."""

_WEIGHTS = Path(__file__).parents[2] / "weights"


class MotionEncoder:
    """One route's encoder, safe for several threads."""

    def __init__(self, route: Route, folder: Path = _WEIGHTS, *, clean: bool = False) -> None:
        """Load it; `folder` holds weights of the same names as those that ship.

        clean: the encoder that rests on no annotation sheet
        """
        self.route, self.clean = route, clean
        self._file = folder / (CLEAN_FILES if clean else FILES)[route]
        if not self._file.is_file():
            raise InputError(f"There is no encoder {self._file.name}; choose another route.")
        self._offset = (CLEAN_OFFSETS if clean else OFFSETS)[route]
        # What the language model is shown rests on sheets.
        shown = folder / SHOWN[route]
        self._shown_file = shown if shown.is_file() and not clean else None
        self._compiled: Any = _compiled(self._file)
        self._lock = threading.Lock()

    @cached_property
    def _shown(self) -> Any:
        return _compiled(self._shown_file)

    @property
    def name(self) -> str:
        """For the report's provenance: `language_maps`."""
        return self._file.stem

    @property
    def sha256(self) -> str:
        """Of the weights' file."""
        return sha256_of(self._file)

    @property
    def shown_sha256(self) -> str | None:
        """Of the file that shows motion to the language model, None without one."""
        return sha256_of(self._shown_file) if self._shown_file else None

    def read_regions(self, motion: Sequence[RegionMotion], scale: Scale = "px") -> Opinion:
        """Read the 29 regions' measured motion (flow route)."""
        numbers, moving = region_numbers(motion)
        known = np.array([scale == "px"])
        return self._run(region_features(numbers[None], moving[None], known))

    def read_map(self, picture: Image) -> Opinion:
        """Read an MMC-Map of the aligned crop (vision route), uint8 RGB; InputError for another shape."""
        return self._run(map_picture(picture)[None])

    def read(self, motion: Sequence[RegionMotion], onset: Image, expression: FlowField) -> Opinion:
        """Read what the route takes of a pair: the regions' motion, px, or the map drawn over the onset."""
        if self.route == "vision":
            return self.read_map(mmc_map(expression, onset, scale_px=MMC_SCALE_PX))
        return self.read_regions(motion)

    def _run(self, given: NDArray[np.float32]) -> Opinion:
        with self._lock:
            found = self._compiled([given])
        logits = np.asarray(found[0][0], np.float64)
        shares: list[NDArray[np.float64]] = []
        for group in np.split(logits, np.cumsum([len(o) for o in options()])[:-1]):
            raised = np.exp(group - group.max())
            shares.append(raised / raised.sum())
        return Opinion.of(
            tuple(shares), self._offset, partial(self._tokens, given) if self._shown_file else None
        )

    def _tokens(self, given: NDArray[np.float32]) -> MotionTokens:
        """What shows `given` to the language model, (24, E)."""
        with self._lock:
            return np.array(self._shown([given])[0][0], np.float32)


def shown_by(file: Path, given: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the embeddings (N, 24, E) that a file of `SHOWN` makes of inputs (N, ...).

    Raises InputError where there is no such file.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file.name} that shows motion to a language model.")
    return np.array(_compiled(file)([given])[0], np.float32)


def _compiled(file: Path | None) -> Any:
    from mellm.inference import ov

    options_ = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    return ov.Core().compile_model(file, "CPU", options_)


@cache
def shipped_encoder(route: Route, *, clean: bool = False) -> MotionEncoder:
    """Return the encoder of a route that ships, loaded once."""
    return MotionEncoder(route, clean=clean)
