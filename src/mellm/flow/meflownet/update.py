"""The update blocks of MEFlowNet: what turns evidence and state into features for the two decoders.

`UNetUpdate` is the compact one, `ViTUpdate` the paper's (ViT-S on patches of cells, then up-sampling).
Both take and return maps of one size; they know nothing of flow.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mellm.flow.meflownet.config import MEFlowNetConfig


class ConvBlock(nn.Sequential):
    """3x3 convolution, group normalisation, SiLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.GroupNorm(8, outputs),
            nn.SiLU(),
        )


class UNetUpdate(nn.Module):
    """Contracting and expanding convolutions; sees the whole face at its coarsest level."""

    def __init__(self, config: MEFlowNetConfig, inputs: int) -> None:
        super().__init__()
        widths = config.widths
        self.enter = nn.Sequential(
            nn.Conv2d(inputs, widths[0], 1), nn.SiLU(), ConvBlock(widths[0], widths[0])
        )
        self.down = nn.ModuleList(
            nn.Sequential(ConvBlock(a, b, 2), ConvBlock(b, b)) for a, b in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(ConvBlock(a + b, a) for a, b in itertools.pairwise(widths))
        self.leave = nn.Conv2d(widths[0], config.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, hidden, h, w)."""
        levels = [self.enter(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        y = levels.pop()
        for up in reversed(self.up):
            skip = levels.pop()
            y = up(torch.cat([skip, F.interpolate(y, size=skip.shape[-2:], mode="nearest")], dim=1))
        return torch.tanh(self.leave(y))


class Block(nn.Module):
    """Pre-norm transformer block (Dosovitskiy et al., 2021)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        """(B, tokens, dim) -> the same."""
        batch, tokens, dim = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(attended.transpose(1, 2).reshape(batch, tokens, dim))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class ViTUpdate(nn.Module):
    """ViT over patches of cells, brought back to cells by up-sampling and a convolution with the input."""

    def __init__(self, config: MEFlowNetConfig, inputs: int) -> None:
        super().__init__()
        dim, self.patch = config.vit_dim, config.vit_patch
        self.enter = nn.Conv2d(inputs, config.hidden, 1)
        self.embed = nn.Conv2d(config.hidden, dim, self.patch, self.patch)
        # Conditional position encoding (Chu et al., 2021): pictures of any size.
        self.position = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)
        self.blocks = nn.ModuleList(Block(dim, config.vit_heads) for _ in range(config.vit_depth))
        self.norm = nn.LayerNorm(dim)
        self.back = nn.Conv2d(dim, config.hidden, 1)
        self.join = ConvBlock(2 * config.hidden, config.hidden)
        self.leave = nn.Conv2d(config.hidden, config.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, hidden, h, w)."""
        cells = self.enter(x)
        height, width = cells.shape[-2:]
        padded = F.pad(cells, (0, -width % self.patch, 0, -height % self.patch))
        patches = self.embed(padded)
        patches = patches + self.position(patches)
        tokens = patches.flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        grid = self.norm(tokens).transpose(1, 2).reshape(patches.shape)
        y = F.interpolate(
            self.back(grid), scale_factor=float(self.patch), mode="bilinear", align_corners=False
        )
        return torch.tanh(self.leave(self.join(torch.cat([cells, y[..., :height, :width]], dim=1))))


UPDATES = {"unet": UNetUpdate, "vit": ViTUpdate}
"""The configuration's name -> block."""
