"""The spotting network in torch: dilated convolutions over time, and its export to the arrays that inference runs.

`mellm.spot.detector` runs the exported arrays without torch; a test holds the two together.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mellm.spot.inputs import CHANNELS
from mellm.spot.detector import TARGETS


class _Block(nn.Module):
    """A dilated convolution and a pointwise one, added to what came in."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.point = nn.Conv1d(width, width, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.point(torch.relu(self.norm(self.wide(x))))
        return x + self.drop(moved)


class SpottingNetwork(nn.Module):
    """float32 (B, CHANNELS, N) -> (B, TARGETS, N): logits of the kinds and of the apex, log lengths."""

    def __init__(self, width: int, dilations: Sequence[int], dropout: float) -> None:
        """Choose the width and the dilation of each block; the reach is their sum, in samples to each side."""
        super().__init__()
        self.lift = nn.Conv1d(CHANNELS, width, 1)
        self.near = nn.Conv1d(width, width, 3, padding=1)
        self.dilations = tuple(dilations)
        self.blocks = nn.ModuleList(_Block(width, d, dropout) for d in dilations)
        self.last = nn.Conv1d(width, TARGETS, 1)
        self.noise = nn.Dropout(dropout)
        nn.init.constant_(self.last.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return what the network says of each sample."""
        there = x[:, -1:]
        x = torch.relu(self.near(torch.relu(self.lift(self.noise(x))) * there))
        for block in self.blocks:
            x = block(x) * there
        return self.last(torch.relu(x))  # type: ignore[no-any-return]


def exported(network: SpottingNetwork) -> dict[str, NDArray[np.float32]]:
    """The network's arrays, batch normalisation folded into the convolutions before it."""
    arrays: dict[str, Tensor] = {}
    for name in ("lift", "near", "last"):
        layer = getattr(network, name)
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = layer.weight, layer.bias
    for k, block in enumerate(network.blocks):
        assert isinstance(block, _Block)
        norm, wide = block.norm, block.wide
        assert norm.running_var is not None and norm.running_mean is not None and wide.bias is not None
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        arrays[f"block{k}.wide.weight"] = wide.weight * gain[:, None, None]
        arrays[f"block{k}.wide.bias"] = (wide.bias - norm.running_mean) * gain + norm.bias
        arrays[f"block{k}.point.weight"], arrays[f"block{k}.point.bias"] = block.point.weight, block.point.bias  # type: ignore[assignment]
    arrays["dilations"] = torch.tensor(network.dilations)
    return {k: v.detach().float().contiguous().numpy().copy() for k, v in arrays.items()}
