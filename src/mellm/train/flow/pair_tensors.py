"""Portraits and pairs as tensors, and how fields on the crop's lattice are read. Knows torch only."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

CROP_WIDTH, CROP_HEIGHT = 400, 480
MARGIN, NODE, FIRST = 32.0, 4.0, 1.5
"""The lattice's margin, the px between its nodes, and the place of the first node in its px."""


@dataclass(slots=True)
class PortraitTensors:
    """Portraits on one device; N portraits, lattice of h x w nodes.

    picture, inside: uint8 (N, 1, 544, 464), grey; what shows through eyes and mouth, continued under the skin
    label: uint8 (N, 1, 544, 464), 0 upper sheet, 1 lower, 2 what shows through; + 4 around the mouth
    face: uint8 (N, 1, 544, 464), 1 on the face
    linear: (N, 3, 3), canonical displacements to crop px; depth, head: (N, 1, h, w); place: (N, 2, h, w),
        px to
        the same point of the canonical face
    centre: (N, 3), width: (N,) px
    """

    picture: Tensor
    inside: Tensor
    label: Tensor
    face: Tensor
    linear: Tensor
    depth: Tensor
    head: Tensor
    place: Tensor
    centre: Tensor
    width: Tensor


@dataclass(slots=True)
class TrainingPairs:
    """A batch: grey pictures (B, 1, 480, 400), 0..255; truth at every second px, (B, 2, 240, 200), px.

    depth, face: (B, 1, 120, 100), what the estimator is told; on_face, known: (B, 240, 200) bool
    origin: (B,) index of the motion's origin, -1 without expression
    """

    onset: Tensor
    apex: Tensor
    depth: Tensor
    face: Tensor
    facial: Tensor
    head: Tensor
    on_face: Tensor
    known: Tensor
    origin: Tensor


def half_mirrored(pairs: TrainingPairs) -> TrainingPairs:
    """Mirror every second pair."""
    odd = slice(1, None, 2)
    for name in ("onset", "apex", "depth", "face", "facial", "head", "on_face", "known"):
        value = getattr(pairs, name).clone()
        value[odd] = value[odd].flip(-1)
        if name in ("facial", "head"):
            value[odd, 0] *= -1
        setattr(pairs, name, value)
    return pairs


def pixels(rows: int, cols: int, step: int, device: torch.device) -> Tensor:
    """Centres of blocks of `step` px, (1, rows, cols, 2)."""
    y, x = torch.meshgrid(torch.arange(rows, device=device), torch.arange(cols, device=device), indexing="ij")
    return torch.stack([x, y], dim=-1)[None].float() * step + (step - 1) / 2


def affine(matrix: Tensor, points: Tensor) -> Tensor:
    """Map points (1 or B, H, W, 2) by (B, 2, 3)."""
    return (
        torch.einsum("bij,bhwj->bhwi", matrix[:, :, :2], points.expand(len(matrix), -1, -1, -1))
        + matrix[:, None, None, :, 2]
    )


def at_lattice(field: Tensor, at: Tensor) -> Tensor:
    """Read a lattice field (B, C, h, w) at the crop's px `at` (B, H, W, 2): (B, C, H, W)."""
    rows, cols = field.shape[-2:]
    index = (at + (MARGIN - FIRST)) / NODE
    grid = torch.stack([index[..., 0] * (2 / (cols - 1)) - 1, index[..., 1] * (2 / (rows - 1)) - 1], dim=-1)
    return F.grid_sample(field, grid, mode="bilinear", padding_mode="border", align_corners=True)


def read(picture: Tensor, at: Tensor, mode: str = "bilinear") -> Tensor:
    """Read (B, C, 544, 464) at the crop's px `at`."""
    rows, cols = picture.shape[-2:]
    index = at + MARGIN
    grid = torch.stack([index[..., 0] * (2 / (cols - 1)) - 1, index[..., 1] * (2 / (rows - 1)) - 1], dim=-1)
    return F.grid_sample(picture, grid, mode=mode, padding_mode="border", align_corners=True)


def by_label(flows: Tensor, label: Tensor, at: Tensor) -> Tensor:
    """The flow of the sheet that shows at each place `at` of the onset, (B, 2, H, W)."""
    kind = read(label, at, "nearest")
    answer = at_lattice(flows[:, 0], at)
    for value, sheet in ((1, 1), (5, 1), (2, 2), (6, 3)):
        answer = torch.where(kind == value, at_lattice(flows[:, sheet], at), answer)
    return answer


def skew(angles: Tensor) -> Tensor:
    """Return the skew matrices (B, 3, 3) of angles about x, y and z (B, 3), radians."""
    x, y, z = angles.unbind(1)
    zero = torch.zeros_like(x)
    rows = [torch.stack(r, -1) for r in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return torch.stack(rows, dim=1)
