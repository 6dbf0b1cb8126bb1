"""What two pictures and a head's depth say about motion, as fixed tensor operations of the network.

Illumination, warping, normal equations, local solves, rigid motions, up-sampling: everything here can be run
by ONNX. Knows nothing of learned weights.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

WINDOWS = (3, 7, 15)
"""Cells over which the local solve pools its evidence."""

CAMERA = 1650.0
"""Distance of the camera, px of the aligned crop: about 75 cm (5.5 widths of the face)."""

CENTRE = (199.5, 235.0)
"""Middle of the face in the aligned crop, px."""

CROP = (400, 480)
"""Width and height of the aligned crop, px."""

_RIDGE = 3.0
_BLUR = 0.6


def normalise_illumination(grey: Tensor) -> Tensor:
    """Remove local brightness and contrast of (B, 1, H, W) grey levels: zero mean, about unit variance."""
    smooth = _gaussian(grey, _BLUR, 2)
    local = smooth - _wide_blur(smooth)
    return local / torch.sqrt(_wide_blur(local * local) + 9.0)


def _wide_blur(picture: Tensor) -> Tensor:
    """Gaussian of 12 px, computed at a quarter of the size."""
    small = _gaussian(F.avg_pool2d(picture, 4), 3.0, 8)
    return F.interpolate(small, scale_factor=4.0, mode="bilinear", align_corners=False)


def _gaussian(picture: Tensor, sigma: float, reach: int) -> Tensor:
    at = torch.arange(-reach, reach + 1, device=picture.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(picture, (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])


def resize(field: Tensor, factor: float) -> Tensor:
    """Resample (B, C, h, w) bilinearly by a factor, cell centres kept."""
    return F.interpolate(field, scale_factor=float(factor), mode="bilinear", align_corners=False)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Sample (B, C, H, W) `image` at each pixel moved by `flow` (B, 2, H, W) px; bicubic, edges repeated."""
    height, width = (int(side) for side in image.shape[-2:])
    u = torch.arange(width, device=image.device, dtype=torch.float32)[None, None, :] + flow[:, 0].float()
    v = torch.arange(height, device=image.device, dtype=torch.float32)[None, :, None] + flow[:, 1].float()
    return sample(image, torch.stack([u, v], dim=-1))


def sample(image: Tensor, at: Tensor) -> Tensor:
    """Read (B, C, H, W) `image` at its pixels `at` (B, h, w, 2); bicubic, edges repeated."""
    height, width = (int(side) for side in image.shape[-2:])
    u, v = aim(at[..., 0]) * (2 / (width - 1)) - 1, aim(at[..., 1]) * (2 / (height - 1)) - 1
    grid = torch.stack([u, v], dim=-1)
    return F.grid_sample(image, grid, mode="bicubic", padding_mode="border", align_corners=True)


def aim(at: Tensor) -> Tensor:
    """Return where to read so that the cubic kernel (a = -0.75) reads at the place: see
    `mellm.flow.cubic`.
    """
    whole = torch.floor(at)
    part = at - whole
    place = part
    for _ in range(2):
        beside = place * (1 - place)
        place = place - (place + 0.5 * beside * (1 - 2 * place) - part) / (1.5 - 3 * beside)
    return whole + place


def asinh(field: Tensor) -> Tensor:
    """Return the inverse hyperbolic sine, in operations that ONNX's exporter knows."""
    size = field.abs()
    return torch.sign(field) * torch.log(size + torch.sqrt(size * size + 1))


def normal_terms(onset: Tensor, warped: Tensor, stride: int) -> Tensor:
    """Return Ixx, Ixy, Iyy, Ixt, Iyt per cell, (B, 5, H / stride, W / stride).

    Gradients are means of both pictures' (Scharr). Each cell is weighted by the inverse of the residual
    energy around it, so noisy skin, glints and occlusions count for less.
    """
    mean = (onset + warped) * 0.5
    side = torch.arange(-1.0, 2.0, device=mean.device)
    scharr = (10 - 7 * side.abs())[:, None] * side[None] / 32
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
        step_u, step_v = (b * q - c * p) / determinant, (b * p - a * q) / determinant
        out += [step_u, step_v, torch.log(determinant / (a + c)) * 0.3]
    return torch.cat(out, dim=1)


def rigid_basis(depth: Tensor, share: float) -> Tensor:
    """Return each cell's place on the head, in hundreds of px: x, y, z; (B, 3, h, w).

    depth: (B, 1, h, w) px of full size. The picture of this pass has `share` of the full size, and everything
    here is given in its px: the geometry of a smaller picture is that of a smaller head.
    """
    rows, cols = (int(side) for side in depth.shape[-2:])
    step = CROP[1] / rows
    y = (torch.arange(rows, device=depth.device, dtype=torch.float32) + 0.5) * step - 0.5 - CENTRE[1]
    step = CROP[0] / cols
    x = (torch.arange(cols, device=depth.device, dtype=torch.float32) + 0.5) * step - 0.5 - CENTRE[0]
    z = depth.clamp(-300.0, 300.0)
    away = (CAMERA + z) / CAMERA
    place = torch.cat([x[None, None, None, :] * away, y[None, None, :, None] * away, z], dim=1)
    return place * share


def _linear(place: Tensor, camera: float) -> tuple[Tensor, Tensor]:
    """The six rigid motions' u and v per cell, (B, 6, h, w) each: shifts, approach, roll, pitch, yaw.

    Turns are per hundredth of a radian, the approach per hundredth of the size.
    """
    x, y, z = place[:, 0:1], place[:, 1:2], place[:, 2:3]
    near = camera / (camera + z)
    u, v = x * near, y * near
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    du = torch.cat(
        [near, zero, u * near, -y * near, -u * y * near / camera, z * near + u * x * near / camera], 1
    )
    dv = torch.cat(
        [zero, near, v * near, x * near, -z * near - v * y * near / camera, v * x * near / camera], 1
    )
    scale = torch.cat([one, one, one * 0.01, one * 0.01, one * 0.01, one * 0.01], 1)
    return du * scale, dv * scale


def rigid_field(parameters: Tensor, place: Tensor) -> Tensor:
    """Return the exact motion (B, 2, h, w) of a head moved by `parameters` (B, 6); see `_linear`."""
    camera = CAMERA * _share(place)
    x, y, z = place[:, 0], place[:, 1], place[:, 2]
    p = parameters[:, :, None, None]
    roll, pitch, yaw = (p[:, k] * 0.01 for k in (3, 4, 5))
    # Second order in the angles is exact to .001 px below five degrees.
    turned_x = (
        x - roll * y + yaw * z + 0.5 * (-(roll * roll + yaw * yaw) * x + pitch * yaw * y + pitch * roll * z)
    )
    turned_y = (
        y
        + roll * x
        - pitch * z
        + 0.5 * (pitch * yaw * x - (roll * roll + pitch * pitch) * y + yaw * roll * z)
    )
    turned_z = (
        z - yaw * x + pitch * y + 0.5 * (pitch * roll * x + yaw * roll * y - (pitch * pitch + yaw * yaw) * z)
    )
    grow = 1 + 0.01 * p[:, 2]
    near = camera / (camera + turned_z)
    start = camera / (camera + z)
    u = (turned_x + p[:, 0]) * near * grow - x * start
    v = (turned_y + p[:, 1]) * near * grow - y * start
    return torch.stack([u, v], dim=1)


def _share(place: Tensor) -> float:
    """The size of this pass's picture: its rows tell."""
    return int(place.shape[-2]) * 4 / CROP[1]


def rigid_parameters(field: Tensor, weight: Tensor, place: Tensor) -> Tensor:
    """Return the rigid motion (B, 6) nearest to `field` (B, 2, h, w) under `weight` (B, 1, h, w) >= 0.

    Weighted least squares, three rounds of Gauss-Newton with the motions' first derivatives.
    """
    du, dv = _linear(place, CAMERA * _share(place))
    basis = torch.stack([du, dv], dim=2).flatten(2)
    w = torch.stack([weight, weight], dim=2).flatten(2) / weight.sum(dim=(1, 2, 3))[:, None, None]
    weighted = basis * w
    normal = torch.matmul(weighted, basis.transpose(1, 2))
    normal = normal + 1e-5 * torch.eye(6, device=field.device)
    inverse = _inverse(normal)
    parameters = field.new_zeros(len(field), 6)
    for _ in range(3):
        left = (field - rigid_field(parameters, place)).flatten(1)[:, :, None]
        parameters = parameters + torch.matmul(inverse, torch.matmul(weighted, left))[..., 0]
    return parameters


def _inverse(matrix: Tensor) -> Tensor:
    """Invert (B, n, n) by elimination written out, which every runtime can run."""
    size = matrix.shape[-1]
    eye = torch.eye(size, device=matrix.device).expand_as(matrix)
    system = torch.cat([matrix, eye], dim=2)
    for k in range(size):
        pivot = system[:, k : k + 1] / system[:, k : k + 1, k : k + 1]
        keep = torch.ones(1, size, 1, device=matrix.device)
        keep[:, k] = 0
        column = system[:, :, k : k + 1]
        system = (system - column * pivot) * keep + pivot * (1 - keep)
    return system[:, :, size:]


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
    batch, channels, height, width = (int(side) for side in field.shape)
    padded = F.pad(field, (1, 1, 1, 1), mode="replicate")
    weight = torch.softmax(logits.float(), dim=1)
    total = field.new_zeros(batch, channels, stride * stride, height, width)
    for k in range(9):
        i, j = divmod(k, 3)
        neighbour = padded[..., i : i + height, j : j + width]
        total = total + neighbour[:, :, None] * weight[:, None, k]
    return F.pixel_shuffle(total.reshape(batch, channels * stride * stride, height, width), stride)
