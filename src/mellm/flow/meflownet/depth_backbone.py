"""Frozen ViT-S features of a depth network, for the paper's configuration; only where its weights are given.

Reads the DINOv2 ViT-S/14 part of a depth network (such as Depth Anything V2 small) from a safetensors file
and never trains it. No such weights are shipped, and the shipped network does not use them.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mellm.errors import InputError
from mellm.flow.meflownet.update import Block

DIM, DEPTH, HEADS, PATCH = 384, 12, 6, 14

_NAMES = {"attn.qkv": "qkv", "attn.proj": "proj", "mlp.fc1": "mlp.0", "mlp.fc2": "mlp.2"}
_SCALES = {"ls1.gamma": "proj", "ls2.gamma": "mlp.2"}
_MEAN, _SPREAD = 0.449, 0.226  # ImageNet's, averaged over the channels


class DepthBackbone(nn.Module):
    """DINOv2 ViT-S/14 (Oquab et al., 2023) without its class head; layer scales are folded into weights."""

    def __init__(self, grid: int = 37) -> None:
        """Build with position embeddings for `grid` x `grid` patches."""
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + grid * grid, DIM))
        self.patch_embed = nn.Conv2d(3, DIM, PATCH, PATCH)
        self.blocks = nn.ModuleList(Block(DIM, HEADS) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        self.requires_grad_(False)

    def forward(self, picture: Tensor, stride: int) -> Tensor:
        """Illumination-normalised grey (B, 1, H, W) -> features (B, 384, H / stride, W / stride)."""
        batch, _, height, width = picture.shape
        # Unit variance about zero becomes a usual picture's range before ImageNet's normalisation.
        rgb = ((picture * 0.2 + 0.5 - _MEAN) / _SPREAD).expand(-1, 3, -1, -1)
        rows, cols = height // PATCH, width // PATCH
        rgb = F.interpolate(rgb, size=(rows * PATCH, cols * PATCH), mode="bilinear", align_corners=False)
        tokens = self.patch_embed(rgb).flatten(2).transpose(1, 2)
        side = round((self.pos_embed.shape[1] - 1) ** 0.5)
        place = self.pos_embed[:, 1:].reshape(1, side, side, DIM).permute(0, 3, 1, 2)
        place = F.interpolate(place, size=(rows, cols), mode="bicubic", align_corners=False)
        tokens = tokens + place.flatten(2).transpose(1, 2)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1)
        tokens = torch.cat([first, tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        grid = self.norm(tokens)[:, 1:].transpose(1, 2).reshape(batch, DIM, rows, cols)
        size = (height // stride, width // stride)
        return F.interpolate(grid, size=size, mode="bilinear", align_corners=False)


def load_depth_backbone(path: Path) -> DepthBackbone:
    """Read the backbone; a prefix such as `pretrained.` before DINOv2's own names is allowed.

    Raises InputError where the file is not a DINOv2 ViT-S/14.
    """
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
        prefix = next(name for name in tensors if name.endswith("cls_token")).removesuffix("cls_token")
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        model = DepthBackbone(round((own["pos_embed"].shape[1] - 1) ** 0.5))
        model.load_state_dict(_converted(own))
    except (OSError, StopIteration, KeyError, RuntimeError) as error:
        raise InputError(
            f"{path} holds no DINOv2 ViT-S/14 weights ({error}); give a depth network's safetensors file."
        ) from error
    return model.eval()


def _converted(own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename DINOv2's tensors and multiply each layer scale into the projection before it."""
    state: dict[str, Tensor] = {}
    for name, value in own.items():
        key = name.replace("patch_embed.proj.", "patch_embed.")
        for theirs, ours in _NAMES.items():
            key = key.replace(theirs, ours)
        if key != "mask_token" and not key.endswith("gamma"):
            state[key] = value
    for name, gamma in own.items():
        for scale, target in _SCALES.items():
            if name.endswith(scale):
                layer = name.removesuffix(scale) + target
                state[f"{layer}.weight"] = state[f"{layer}.weight"] * gamma[:, None]
                state[f"{layer}.bias"] = state[f"{layer}.bias"] * gamma
    return state
