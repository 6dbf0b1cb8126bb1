"""The spotting network in torch: separable dilated convolutions over time, and its export to plain arrays.

`mellm.spot.detector` runs the exported arrays without torch; a test holds the two together. Time runs along
the second axis, numbers of a sample along the last.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as nnf

from mellm.spot.detector import TAPS, TARGETS
from mellm.spot.evidence import EVIDENCE
from mellm.spot.inputs import CHANNELS


class _Block(nn.Module):
    """A dilated convolution of each channel by itself, a mixture of the channels, added to what came in."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.depth = nn.Parameter(torch.randn(TAPS, width) / TAPS**0.5)
        self.norm = nn.LayerNorm(width)
        self.point = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        count, reach = x.shape[1], (TAPS // 2) * self.dilation
        wide = nnf.pad(x, (0, 0, reach, reach))
        at = self.dilation
        moved = sum(wide[:, k * at : k * at + count] * self.depth[k] for k in range(TAPS))
        assert isinstance(moved, Tensor)
        mixed: Tensor = self.drop(self.point(torch.relu(self.norm(moved))))
        return x + mixed


class SpottingNetwork(nn.Module):
    """float32 (B, N, EVIDENCE) -> (B, N, TARGETS): logits of the kinds and of the apex, log lengths."""

    def __init__(self, width: int, dilations: Sequence[int], dropout: float) -> None:
        """Choose the width and the dilation of each block; twice their sum is the reach, in samples."""
        super().__init__()
        self.dilations = tuple(dilations)
        self.lift = nn.Linear(EVIDENCE, width)
        self.blocks = nn.ModuleList(_Block(width, d, dropout) for d in dilations)
        self.last = nn.Linear(width, TARGETS)
        self.noise = nn.Dropout(dropout / 2)
        nn.init.constant_(self.last.bias, -3.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the network says of each sample; samples whose last input is 0 are none."""
        there = x[..., CHANNELS - 1 : CHANNELS]
        x = torch.relu(self.lift(self.noise(x))) * there
        for block in self.blocks:
            x = block(x) * there
        return self.last(torch.relu(x))  # type: ignore[no-any-return]


def exported(network: SpottingNetwork) -> dict[str, NDArray[np.float32]]:
    """The network's arrays, by the names that `mellm.spot.detector.Detector` reads."""
    arrays = {name: value.detach().float() for name, value in network.state_dict().items()}
    arrays["dilations"] = torch.tensor(network.dilations, dtype=torch.float32)
    return {name: value.contiguous().numpy().copy() for name, value in arrays.items()}
