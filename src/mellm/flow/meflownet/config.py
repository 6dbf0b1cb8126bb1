"""The network's shape, as data: the compact one that is shipped and the paper's.

Knows nothing of torch; recipes name these fields, and checkpoints carry them.
"""

from dataclasses import dataclass
from typing import Literal

from mellm.errors import InputError


@dataclass(frozen=True, slots=True)
class MEFlowNetConfig:
    """What builds a network.

    encoder: `compact` (two convolutions on 1/4-resolution pixel blocks) or `resnet18` (residual stages)
    update: `unet` (convolutions, large receptive field) or `vit` (ViT-S blocks, as the paper)
    stride: pixels per cell of features and flow, 4 (compact) or 2 (the paper)
    features, hidden: channels of the encoder's output and of the recurrent state
    widths: channels of the U-Net's levels, finest first; ignored by `vit`
    vit_dim, vit_depth, vit_heads, vit_patch: of the ViT update; ignored by `unet`
    depth_features: channels of frozen depth-backbone features joined to the encoder's (0: none)
    iterations: warping passes
    """

    encoder: Literal["compact", "resnet18"] = "compact"
    update: Literal["unet", "vit"] = "unet"
    stride: int = 4
    features: int = 16
    hidden: int = 24
    widths: tuple[int, ...] = (32, 48, 80, 112)
    vit_dim: int = 384
    vit_depth: int = 12
    vit_heads: int = 6
    vit_patch: int = 8
    depth_features: int = 0
    iterations: int = 1

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built, naming the field."""
        if self.stride not in (2, 4):
            raise InputError(f"stride is {self.stride}; a network works at 2 or 4 pixels per cell.")
        if self.iterations < 1:
            raise InputError(f"iterations is {self.iterations}; give at least 1.")


COMPACT = MEFlowNetConfig()
"""The shipped network."""

PAPER = MEFlowNetConfig(
    encoder="resnet18", update="vit", stride=2, features=128, hidden=128, depth_features=384, iterations=5
)
"""The configuration of 2505.07007v3; `depth_features=0` where no depth backbone's weights are given."""
