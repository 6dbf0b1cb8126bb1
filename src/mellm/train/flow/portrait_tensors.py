"""From stored portraits and motions to the tensors that the synthesis draws from. Knows files and devices."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.simulate.canonical_mesh import OVAL
from mellm.train.flow.pair_tensors import PortraitTensors

NODES = (138, 118)
"""Rows and columns of the lattice."""


def load_portraits(path: str | Path, device: torch.device, most: int | None = None) -> PortraitTensors:
    """Read the assets of portraits (`portrait_assets.build_assets`) onto a device."""
    with np.load(path) as data:
        stored = {name: data[name][:most] if name in _PER_PORTRAIT else data[name] for name in data.files}
    count = len(stored["mesh"])
    pictures = _decoded(stored["picture_bytes"], stored["picture_ends"][:count])
    labels = _decoded(stored["label_bytes"], stored["label_ends"][:count])
    mesh = stored["mesh"]
    faces, insides = [], []
    for picture, label, points in zip(pictures, labels, mesh, strict=True):
        faces.append(oval_mask(points, label.shape, margin=32))
        insides.append(_continued(picture, label))

    def tensor(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    def whole(values: NDArray[np.generic]) -> Tensor:
        maps = tensor(values.astype(np.float32))
        maps = maps[:, None] if maps.dim() == 3 else maps.permute(0, 3, 1, 2)
        # Node k of the thinned lattice is node `thin` k of the whole one.
        thin = -(-NODES[0] // maps.shape[-2])
        size = (thin * (maps.shape[-2] - 1) + 1, thin * (maps.shape[-1] - 1) + 1)
        grown = torch.nn.functional.interpolate(maps, size=size, mode="bicubic", align_corners=True)
        extra = [NODES[k] - grown.shape[2 + k] for k in (0, 1)]
        return torch.nn.functional.pad(grown, (0, extra[1], 0, extra[0]), mode="replicate")

    linear = stored["linear"].astype(np.float32)
    return PortraitTensors(
        picture=tensor(np.stack(pictures)[:, None]),
        inside=tensor(np.stack(insides)[:, None]),
        label=tensor(np.stack(labels)[:, None]),
        face=tensor(np.stack(faces)[:, None]),
        linear=tensor(linear),
        depth=whole(stored["depth"]),
        head=whole(stored["head"]).clamp(0, 255) / 255,
        place=whole(stored["map"]),
        centre=tensor(mesh.mean(1).astype(np.float32)),
        width=tensor(np.cbrt(np.abs(np.linalg.det(linear))).astype(np.float32)),
    )


def oval_mask(mesh: NDArray[np.floating], shape: tuple[int, ...], margin: float = 0.0) -> NDArray[np.uint8]:
    """Return 1 inside the mesh's outline, uint8 of `shape` (H, W).

    mesh: (468, 3), px of the crop; margin: px of the picture around the crop
    """
    mask = np.zeros(shape, np.uint8)
    outline = np.round((mesh[list(OVAL), :2] + margin) * 16).astype(np.int32)
    cv2.fillPoly(mask, [outline], (1,), shift=4)
    return mask


def dense_motions(
    fields: NDArray[np.floating], spread: str | Path, device: torch.device, block: int = 64
) -> Tensor:
    """Spread mesh displacements (M, 468, 3) over both sheets: half (M, 6, 138, 118)."""
    with np.load(spread) as data:
        both = [torch.from_numpy(data[name].astype(np.float32)).to(device) for name in ("up", "low")]
    out = torch.empty(len(fields), 6, *NODES, dtype=torch.float16, device=device)
    for first in range(0, len(fields), block):
        part = torch.from_numpy(np.asarray(fields[first : first + block], np.float32)).to(device)
        flat = part.permute(1, 0, 2).reshape(468, -1)
        for k, matrix in enumerate(both):
            dense = (matrix @ flat).reshape(*NODES, len(part), 3).permute(2, 3, 0, 1)
            out[first : first + len(part), 3 * k : 3 * k + 3] = dense.half()
    return out


_PER_PORTRAIT = frozenset({"mesh", "linear", "depth", "map", "head", "identities"})


def _decoded(blob: NDArray[np.uint8], ends: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    starts = [0, *ends[:-1].tolist()]
    return [
        np.asarray(cv2.imdecode(blob[a:b], cv2.IMREAD_GRAYSCALE), np.uint8)
        for a, b in zip(starts, ends.tolist(), strict=True)
    ]


def _continued(picture: NDArray[np.uint8], label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with eyes and mouth continued under the skin by the nearest place that shows."""
    inside = (label % 4 == 2).astype(np.uint8)
    out = picture.copy()
    mouth = label >= 4
    for part, shade in ((~mouth, 1.0), (mouth, 0.55)):
        seed = inside * part
        if not seed.any():
            out[part & mouth] = np.uint8(40)
            continue
        _, index = cv2.distanceTransformWithLabels(1 - seed, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        rows, cols = np.nonzero(seed)
        colour = np.zeros(int(index.max()) + 1, np.uint8)
        colour[index[rows, cols]] = picture[rows, cols]
        hidden = part & (seed == 0)
        out[hidden] = (shade * colour[index[hidden]]).astype(np.uint8)
    return out
