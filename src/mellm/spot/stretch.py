"""One stretch of a trace with what the network says of it: what all kinds of events are looked for in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.detector import Said
from mellm.spot.dial import Dial
from mellm.spot.inputs import RATE
from mellm.spot.series import Array, Segment
from mellm.spot.thresholds import SpotSettings


@dataclass(frozen=True, slots=True)
class Stretch:
    """One segment with what the network says of it; rows of `said` and `lips` are at `RATE` from its start.

    values: (N, 29, 2) its displacement, smoothed, px; noise: (29,) px; lips: (M,) px, see `speech.lips`
    inter_ocular: px between the outer eye corners
    """

    segment: Segment
    said: Said
    lips: Array
    values: Array
    noise: Array
    inter_ocular: float
    settings: SpotSettings
    dial: Dial

    def sample(self, native: float) -> float:
        """A sample of the trace as one of the network."""
        return native * RATE * self.segment.step

    def at_trace(self, values: NDArray[np.floating]) -> Array:
        """Values (M,) at the network's samples as values (N,) at those of the trace."""
        at = np.arange(len(self.values)) * RATE * self.segment.step
        return np.asarray(np.interp(at, np.arange(len(values)), values))

    def native(self, sample: float) -> float:
        """A sample of the network as one of the trace."""
        return sample / (RATE * self.segment.step)
