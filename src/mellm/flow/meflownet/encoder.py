"""Picture encoders of MEFlowNet: grey, illumination-normalised pictures to feature maps.

Both frames go through the same weights. Knows nothing of flow.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.update import ConvBlock


class CompactEncoder(nn.Module):
    """Pixel blocks to channels (full detail is kept), then two convolutions."""

    def __init__(self, config: MEFlowNetConfig) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(config.stride)
        self.body = nn.Sequential(
            ConvBlock(config.stride**2, config.features),
            nn.Conv2d(config.features, config.features, 3, 1, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, features, H / stride, W / stride)."""
        maps: Tensor = self.body(self.fold(picture))
        return maps


class Residual(nn.Module):
    """The basic block of ResNet-18 (He et al., 2016), group-normalised."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = ConvBlock(inputs, outputs, stride)
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.GroupNorm(8, outputs)
        )
        self.skip = (
            nn.Identity() if inputs == outputs and stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        return F.silu(self.second(self.first(x)) + self.skip(x))


class ResNetEncoder(nn.Module):
    """Four residual stages and a top-down path back to 1 / stride: the paper's encoder and decoder."""

    WIDTHS = (64, 64, 128, 256, 512)

    def __init__(self, config: MEFlowNetConfig) -> None:
        super().__init__()
        widths = self.WIDTHS
        self.stem = nn.Sequential(nn.PixelUnshuffle(config.stride), ConvBlock(config.stride**2, widths[0]))
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 1 if k == 0 else 2), Residual(b, b, 1))
            for k, (a, b) in enumerate(itertools.pairwise(widths))
        )
        self.lateral = nn.ModuleList(nn.Conv2d(w, config.features, 1) for w in widths[1:])
        self.leave = nn.Conv2d(config.features, config.features, 3, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, features, H / stride, W / stride)."""
        x = self.stem(picture)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        y = self.lateral[-1](maps[-1])
        for lateral, level in zip(list(self.lateral)[-2::-1], maps[-2::-1], strict=True):
            up = F.interpolate(y, size=level.shape[-2:], mode="bilinear", align_corners=False)
            y = lateral(level) + up
        maps_out: Tensor = self.leave(y)
        return maps_out


ENCODERS = {"compact": CompactEncoder, "resnet18": ResNetEncoder}
"""The configuration's name -> encoder."""


def bilinear_logits(stride: int) -> Tensor:
    """Return logits (1, 9, stride^2, 1, 1) whose softmax over the 3x3 neighbours is bilinear up-sampling.

    Convex up-sampling (Teed and Deng, RAFT, 2020) that starts from these and a zero mask is bilinear.
    """
    offset = (torch.arange(stride) + 0.5) / stride - 0.5
    weight = torch.zeros(stride, 3)
    weight[:, 1] = 1 - offset.abs()
    weight[:, 0] = (-offset).clamp(min=0)
    weight[:, 2] = offset.clamp(min=0)
    both = torch.einsum("ai,bj->ijab", weight, weight).reshape(9, stride * stride)
    return torch.log(both + 1e-5)[None, :, :, None, None]


def convex_upsample(field: Tensor, logits: Tensor, stride: int) -> Tensor:
    """Up-sample (B, C, h, w) by `stride` with logits (B, 9, stride^2, h, w) over each cell's neighbours."""
    batch, channels, height, width = field.shape
    padded = F.pad(field, (1, 1, 1, 1), mode="replicate")
    neighbours = torch.stack(
        [padded[..., i : i + height, j : j + width] for i in range(3) for j in range(3)], dim=2
    )
    weight = torch.softmax(logits.float(), dim=1)
    blocks = torch.einsum("bckhw,bkshw->bcshw", neighbours, weight)
    return F.pixel_shuffle(blocks.reshape(batch, channels * stride * stride, height, width), stride)
