"""What two pictures say about a small motion, as fixed torch operations: warp, normal equations, local solve.

The terms of `evidence.normal_terms` (with the weights the network was trained on), inside the graph, so that
every warping pass sees fresh evidence.
Knows nothing of learned weights.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

WINDOWS = (3, 7, 15)
"""Cells over which the local solve pools its evidence."""

_RIDGE = 3.0


def resize(field: Tensor, factor: float) -> Tensor:
    """Resample (B, C, h, w) bilinearly by a factor, cell centres kept."""
    return F.interpolate(field, scale_factor=factor, mode="bilinear", align_corners=False)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Sample (B, C, H, W) `image` at each pixel moved by `flow` (B, 2, H, W) px; bicubic, edges repeated."""
    _, _, height, width = image.shape
    u = torch.arange(width, device=image.device, dtype=torch.float32)[None, None, :] + flow[:, 0].float()
    v = torch.arange(height, device=image.device, dtype=torch.float32)[None, :, None] + flow[:, 1].float()
    grid = torch.stack([_aim(u) * (2 / (width - 1)) - 1, _aim(v) * (2 / (height - 1)) - 1], dim=-1)
    return F.grid_sample(image, grid, mode="bicubic", padding_mode="border", align_corners=True)


def _aim(at: Tensor) -> Tensor:
    """Where to read so that the cubic kernel (a = -0.75) reads at the place: see `mellm.flow.cubic`."""
    whole = torch.floor(at)
    part = at - whole
    aim = part
    for _ in range(2):
        beside = aim * (1 - aim)
        aim = aim - (aim + 0.5 * beside * (1 - 2 * aim) - part) / (1.5 - 3 * beside)
    return whole + aim


def normal_terms(onset: Tensor, warped: Tensor, stride: int) -> Tensor:
    """Return Ixx, Ixy, Iyy, Ixt, Iyt per cell, (B, 5, H / stride, W / stride); see `evidence`."""
    mean = (onset + warped) * 0.5
    scharr = mean.new_tensor([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]]) / 32
    padded = F.pad(mean, (1, 1, 1, 1), mode="replicate")
    gradient = F.conv2d(padded, torch.stack([scharr, scharr.T])[:, None])
    gx, gy = gradient[:, :1], gradient[:, 1:]
    gt = warped - onset
    products = torch.cat([gx * gx, gx * gy, gy * gy, gx * gt, gy * gt, gt * gt], dim=1)
    cells = F.avg_pool2d(products, stride)
    energy = cells[:, 5:]
    around = F.avg_pool2d(F.pad(energy, (1, 1, 1, 1), mode="replicate"), 3, 1)
    local = torch.maximum(around, 0.5 * energy)
    weight = stride**2 / (local + 0.2 * energy.mean(dim=(2, 3), keepdim=True) + 1e-5)
    return cells[:, :5] * weight


def local_solves(terms: Tensor) -> Tensor:
    """Return, for each window, the ridge Lucas-Kanade step (px) and the log of the evidence: (B, 9, h, w)."""
    out = []
    for window in WINDOWS:
        pooled = F.avg_pool2d(terms, window, 1, window // 2) * (window * window)
        a, b, c, p, q = torch.split(pooled, 1, dim=1)
        a, c = a + _RIDGE, c + _RIDGE
        determinant = a * c - b * b
        out += [
            (b * q - c * p) / determinant,
            (b * p - a * q) / determinant,
            torch.log(determinant / (a + c)) * 0.3,
        ]
    return torch.cat(out, dim=1)


def rigid_projection(field: Tensor, weight: Tensor, basis: Tensor) -> Tensor:
    """Return the rigid motion nearest to `field` (B, 2, h, w) under `weight` (B, 1, h, w) >= 0.

    `basis` (B, 2, 6, h, w) holds the six rigid motions per cell.

    Weighted least squares in closed form: 6x6 elimination written out, which every runtime can run.
    """
    weighted = basis * weight[:, :, None]
    flat = basis.flatten(3)
    normal = torch.einsum("bcip,bcjp->bij", weighted.flatten(3), flat)
    right = torch.einsum("bcip,bcp->bi", weighted.flatten(3), field.flatten(2))
    size = normal.shape[-1]
    scale = weight.sum(dim=(1, 2, 3))[:, None, None] + 1e-3
    eye = torch.eye(size, device=field.device)
    system = torch.cat([normal / scale + 1e-4 * eye, right[..., None] / scale], dim=2)
    for k in range(size):
        pivot = system[:, k : k + 1] / system[:, k : k + 1, k : k + 1]
        keep = (torch.arange(size, device=field.device) != k).float()[None, :, None]
        column = system[:, :, k : k + 1]
        system = (system - column * pivot) * keep + pivot * (1 - keep)
    return torch.einsum("bcihw,bi->bchw", basis, system[..., size])
