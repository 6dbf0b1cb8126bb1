"""The spotting network on one stretch of a trace: NumPy alone, with arrays that `mellm train spot` wrote.

Dilated convolutions over time look at some three seconds to each side of a sample and say how likely each
kind of movement is there, where a micro-expression has its apex, and how far its onset and offset are.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.spot.dial import Dial
from mellm.spot.evidence import EVIDENCE, WINDOWS, with_evidence
from mellm.weights import shipped_path

Array32 = NDArray[np.float32]

KINDS = ("micro", "macro", "blink", "speech")
"""What the network tells apart in each sample; head motion is measured, and the rest is nothing."""
APEX = len(KINDS)
TARGETS = APEX + 3
"""Numbers per sample: the kinds, the apex of a micro-expression, samples since onset and to offset."""
TAPS = 5
"""Samples that a convolution looks at."""
BLOCK = 900
"""Samples (30 s) taken at a time: memory stays constant however long the stretch."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the network says of each of N samples.

    kinds: float32 (N, 4) probabilities, in the order of `KINDS`; apex: float32 (N,) 0..1, that a
    micro-expression has its apex here; since, until: float32 (N,) samples from its onset and to its offset
    """

    kinds: Array32
    apex: Array32
    since: Array32
    until: Array32


class Detector:
    """The network's arrays, by the names that its export gives them."""

    def __init__(self, arrays: dict[str, Array32]) -> None:
        """Keep the arrays; raises ValueError where they are not those of this network."""
        self._arrays = arrays
        lift = arrays.get("lift.weight")
        if lift is None or lift.shape[1] != EVIDENCE or arrays["last.bias"].shape != (TARGETS,):
            raise ValueError("these are not the arrays of the spotting network")
        self._dilations = [int(d) for d in arrays["dilations"]]
        self.dial = Dial(
            tuple(float(v) for v in arrays["dial.rates"]), tuple(float(v) for v in arrays["dial.scores"])
        )
        self.reach = (TAPS // 2) * sum(self._dilations) + max(WINDOWS)

    def __call__(self, seen: Array32) -> Said:
        """Run on a stretch, float32 (N, CHANNELS) as `inputs` gives it."""
        count = len(seen)
        said = np.empty((count, TARGETS), np.float32)
        for start in range(0, count, BLOCK):
            stop = min(count, start + BLOCK)
            low, high = max(0, start - self.reach), min(count, stop + self.reach)
            said[start:stop] = self._run(with_evidence(seen[low:high]))[start - low : stop - low]
        odds = np.asarray(1 / (1 + np.exp(-said[:, : APEX + 1])), np.float32)
        return Said(odds[:, :APEX], odds[:, APEX], np.exp(said[:, APEX + 1]), np.exp(said[:, APEX + 2]))

    def _run(self, seen: Array32) -> Array32:
        """Logits (N, TARGETS) for samples with their evidence."""
        x = np.maximum(self._mixed("lift", seen), 0)
        for k, dilation in enumerate(self._dilations):
            moved = self._normed(f"blocks.{k}.norm", self._moved(f"blocks.{k}.depth", x, dilation))
            x = x + self._mixed(f"blocks.{k}.point", np.maximum(moved, 0))
        return self._mixed("last", np.maximum(x, 0))

    def _mixed(self, name: str, x: Array32) -> Array32:
        return np.asarray(x @ self._arrays[f"{name}.weight"].T + self._arrays[f"{name}.bias"])

    def _normed(self, name: str, x: Array32) -> Array32:
        """Layer normalisation of each sample's numbers."""
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=1, keepdims=True) + np.float32(1e-5))
        return np.asarray(x * self._arrays[f"{name}.weight"] + self._arrays[f"{name}.bias"])

    def _moved(self, name: str, x: Array32, dilation: int) -> Array32:
        """Each channel convolved over time, zeros beyond the ends; `x` is (N, C)."""
        weight = self._arrays[name]
        total = np.zeros_like(x)
        for tap in range(TAPS):
            shift = (tap - TAPS // 2) * dilation
            if abs(shift) >= len(x):
                continue
            there = slice(max(0, -shift), len(x) - max(0, shift))
            total[there] += x[there.start + shift : there.stop + shift] * weight[tap]
        return total


def load_detector(path: Path) -> Detector:
    """Read the weights that `mellm train spot` wrote. Raises InputError where the file is something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return Detector(load_file(path))
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path} holds no weights of the spotting network ({error}).") from error


@cache
def shipped() -> Detector:
    """The detector whose weights ship with the package."""
    path = shipped_path("spotting")
    if path is None:
        raise InputError("The weights of the spotting network are missing; install mellm again.")
    return load_detector(path)
