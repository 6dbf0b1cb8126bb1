"""Fields and pictures of drawn motion as tensors, many at once: maps as `mellm.flow.colour` draws, small.

Knows samples' numbers and the bank they refer to; knows no model.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mellm.face.alignment import CROP_SIZE
from mellm.instruct.motion_faces import CropFace, spread_over
from mellm.instruct.motion_samples import blur_of
from mellm.language.motion.map_tokens import MAP_SIZE

_WIDTH, _HEIGHT = MAP_SIZE
_BLUR = 6
"""Half-width of the blur's kernel, px."""


@dataclass(frozen=True, slots=True)
class FieldSources:
    """What fields are drawn from.

    fields (F, 468, 2); errors (E, 24, 20, 2); per face: turn (A, 2, 2), corners (A, P, 3), weights (A, P, 3),
    blur (A,) px
    """

    fields: Tensor
    errors: Tensor
    turn: Tensor
    corners: Tensor
    weights: Tensor
    blur: Tensor


@dataclass(frozen=True, slots=True)
class MapDraws:
    """A batch's draws, as in `mellm.instruct.motion_samples`."""

    rows: Tensor
    weights: Tensor
    face: Tensor
    noise: Tensor
    errors: Tensor
    head: Tensor

    def at(self, index: Tensor) -> "MapDraws":
        """Return the draws at places."""
        return MapDraws(*(getattr(self, name)[index] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Shown:
    """What pictures are drawn from, for B samples.

    flow: (B, 2, 96, 80), px of the 400x480 crop; grey: of the onset frame, (B, 96, 80) in 0..1, black where
    no face lies below; by_scale: (B,) whether a map has the fixed scale, else each its own
    """

    flow: Tensor
    grey: Tensor
    by_scale: Tensor

    def mirrored(self, turned: Tensor) -> "Shown":
        """Return it with left and right changed over where `turned` (B,) says so."""
        flipped = torch.stack([-self.flow[:, 0], self.flow[:, 1]], 1).flip(-1)
        flow = torch.where(turned[:, None, None, None], flipped, self.flow)
        return Shown(flow, torch.where(turned[:, None, None], self.grey.flip(-1), self.grey), self.by_scale)


Picture = Literal["map", "wheel", "pair"]
"""What is shown: the MMC-Map; the flow as a colour wheel draws it, without a face; onset and apex."""


def draw_pictures(shown: Shown, picture: Picture = "map") -> Tensor:
    """Return pictures (B, 3, 96, 80) in 0..1.

    `wheel` is white where nothing moves and saturated where motion is largest; `pair` has the onset frame,
    the apex frame (the onset frame moved by the flow) and their difference as its three channels.
    """
    if picture == "map":
        return (colours(shown.flow, shown.by_scale) + shown.grey[:, None]).clamp(max=1.0)
    if picture == "wheel":
        value = colours(shown.flow, shown.by_scale).amax(1, keepdim=True)
        hue = colours(shown.flow, torch.zeros_like(shown.by_scale))
        full = hue / hue.amax(1, keepdim=True).clamp(min=1e-6)
        return 1 - value * (1 - full)
    return _pair(shown)


def _pair(shown: Shown) -> Tensor:
    y, x = torch.meshgrid(torch.arange(_HEIGHT), torch.arange(_WIDTH), indexing="ij")
    moved = shown.flow * (_WIDTH / CROP_SIZE[0])
    at_x = (x - moved[:, 0]) * (2 / (_WIDTH - 1)) - 1
    at_y = (y - moved[:, 1]) * (2 / (_HEIGHT - 1)) - 1
    onset = shown.grey[:, None]
    apex = functional.grid_sample(
        onset, torch.stack([at_x, at_y], -1), mode="bicubic", padding_mode="border", align_corners=True
    )
    return torch.cat([onset, apex, 0.5 + 4 * (apex - onset)], 1).clamp(0, 1)


def draw_fields(sources: FieldSources, draws: MapDraws) -> Tensor:
    """Return flow (B, 2, 96, 80), px of the 400x480 crop."""
    face, count = draws.face, len(draws.face)
    rows = sources.fields[draws.rows.clamp(min=0)] * (draws.weights * (draws.rows >= 0))[..., None, None]
    moved = rows.sum(1) @ sources.turn[face].transpose(1, 2)
    corners, weights = sources.corners[face], sources.weights[face]
    flow = torch.zeros(count, corners.shape[1], 2, device=face.device, dtype=moved.dtype)
    for k in range(3):
        flow += weights[..., k, None] * moved.gather(1, corners[..., k, None].expand(-1, -1, 2))
    flow = _blurred(flow.transpose(1, 2).reshape(count, 2, _HEIGHT, _WIDTH), sources.blur[face])
    for k in (0, 1):
        error = sources.errors[draws.noise[:, k]].permute(0, 3, 1, 2)
        error = functional.interpolate(error, (_HEIGHT, _WIDTH), mode="bicubic", align_corners=False)
        flow = flow + draws.errors[:, k, None, None, None] * error
    y, x = torch.meshgrid(
        (torch.arange(_HEIGHT, device=face.device) - _HEIGHT / 2) / (_WIDTH / 2),
        (torch.arange(_WIDTH, device=face.device) - _WIDTH / 2) / (_WIDTH / 2),
        indexing="ij",
    )
    head = draws.head[:, :, None, None]
    return flow + torch.stack(
        [head[:, 0] + head[:, 2] * x + head[:, 3] * y, head[:, 1] + head[:, 4] * x + head[:, 5] * y], 1
    )


def _blurred(flow: Tensor, sigma: Tensor) -> Tensor:
    """Blur each field (B, 2, H, W) by its own sigma (B,), px."""
    steps = torch.arange(-_BLUR, _BLUR + 1, device=flow.device, dtype=flow.dtype)
    kernel = torch.exp(-0.5 * (steps / sigma[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(2, 0)
    batch, groups = flow.reshape(1, -1, *flow.shape[2:]), 2 * len(flow)
    batch = functional.conv2d(
        functional.pad(batch, (_BLUR,) * 4, mode="replicate"), kernel[:, None, :, None], groups=groups
    )
    return functional.conv2d(batch, kernel[:, None, None, :], groups=groups).reshape(flow.shape)


def colours(flow: Tensor, by_scale: Tensor) -> Tensor:
    """Return colours (B, 3, H, W) on black: hue by direction, brightness by size (1 px, or each its own)."""
    length = torch.linalg.vector_norm(flow, dim=1)
    low, high = length.amin((1, 2), keepdim=True), length.amax((1, 2), keepdim=True)
    own = (length - low) / (high - low).clamp(min=1e-6)
    value = torch.where(by_scale[:, None, None], length.clamp(max=1.0), own)
    sector = torch.atan2(flow[:, 1], flow[:, 0]) * (3 / math.pi) % 6
    channels = [
        1 - (((offset + sector) % 6).minimum(4 - (offset + sector) % 6)).clamp(0, 1) for offset in (5, 3, 1)
    ]
    return value[:, None] * torch.stack(channels, 1)


def face_tensors(meshes: NDArray[np.float32], grey: NDArray[np.uint8]) -> dict[str, Tensor]:
    """Return turn, corners, weights and blur of faces for `FieldSources`."""
    turns, corners, weights = [], [], []
    for mesh, picture in zip(meshes, grey, strict=True):
        matrix = CropFace(mesh, picture).to_crop
        turns.append(matrix / np.sqrt(abs(float(np.linalg.det(matrix)))))
        found, shares = spread_over(mesh, MAP_SIZE)
        corners.append(found)
        weights.append(shares)
    return {
        "turn": torch.tensor(np.array(turns), dtype=torch.float32),
        "corners": torch.tensor(np.array(corners)),
        "weights": torch.tensor(np.array(weights)),
        "blur": torch.tensor([blur_of(k) * _WIDTH for k in range(len(grey))]),
    }
