"""Portraits made ready for synthesis: aligned once, cut into sheets, in one file.

The synthesis of training pairs (`pair_synthesis`) renders on tensors. What it needs of every portrait is
found here once: the aligned grey picture, the mesh, the sheets at eyes and mouth, depth, and the smooth map
to the canonical face. The module knows portraits and geometry; nothing of motion, cameras or networks.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.alignment import CROP_SIZE, Alignment
from mellm.face.people import Landmarks
from mellm.simulate.canonical_mesh import Points, canonical_points, canonical_to_mesh, face_width
from mellm.simulate.gallery import Gallery, Split
from mellm.simulate.lattice import MARGIN, Lattice
from mellm.simulate.openings import above_share, cut_openings, free_share
from mellm.simulate.skin_sheets import head_shape, spread_sheets

SAMPLING = 1.0
"""Samples of the kept picture per pixel of the crop."""

OUTLINE = 4
"""Points of the still outlines around the face for each of the mesh's."""

THIN, THIN_MAP = 2, 4
"""Every so many nodes of the lattice are kept of depth and head, and of the smoother map."""

FORMAT = "portrait-assets-1"


def canonical_in_crop() -> Points:
    """Return the canonical mesh as it lies in the aligned crop, float32 (468, 3), px; v down."""
    points = canonical_points() * np.array([300.0, -300.0, -300.0], np.float32)
    placed = Alignment.fit(Landmarks(points)).to_crop(points)
    placed[:, 2] -= placed[:, 2].mean()
    return placed


def spread_matrices(mesh: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how displacements of a mesh in the crop spread over the upper and the lower sheet.

    mesh: (468, 3), px of a 400x480 picture. Two float32 (h, w, 468) on its lattice: times displacements
    (468, C) they give the sheet's field. Away from eyes and mouth both sheets are one skin.
    """
    lattice, width = Lattice(CROP_SIZE), face_width(mesh)
    above, free = above_share(lattice, mesh, width), free_share(lattice, mesh, width)
    unit = np.eye(468, dtype=np.float32)
    # Three at a time: the lattice spreads no more channels at once.
    parts = [spread_sheets(lattice, mesh, unit[:, k : k + 3], above, free, OUTLINE) for k in range(0, 468, 3)]
    upper, lower = (np.concatenate([part[k] for part in parts], axis=-1) for k in (0, 1))
    return upper, lower


def write_spread(path: Path) -> None:
    """Write the matrices of the canonical mesh in the crop, as half floats (h * w, 468).

    What moves a node by less than a thousandth of a point's motion is left out: the file is a tenth as large.
    """
    both = [m.reshape(-1, 468) for m in spread_matrices(canonical_in_crop())]
    first, second = (np.where(np.abs(m) < 1e-3, 0, m).astype(np.float16) for m in both)
    with path.open("wb") as file:
        np.savez_compressed(file, up=first, low=second)


def build_assets(
    faces: str | Path,
    out: str | Path,
    split: Split = "train",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the assets of a split's portraits into one .npz; return its path.

    Raises InputError where the folder holds no usable portrait.
    """
    gallery = Gallery(faces)
    portraits = gallery.of(split)
    lattice = Lattice(CROP_SIZE)
    template = canonical_in_crop()
    rows: dict[str, list[NDArray[np.generic]]] = {n: [] for n in ("mesh", "linear", "depth", "map", "head")}
    pictures: list[bytes] = []
    labels: list[bytes] = []
    for done, portrait in enumerate(portraits):
        alignment = Alignment.fit(Landmarks(portrait.mesh))
        mesh = alignment.to_crop(portrait.mesh)
        mesh[:, 2] -= mesh[:, 2].mean()
        width = face_width(mesh)
        pictures.append(_packed(_cut(portrait.read(), alignment), ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 87]))
        labels.append(_packed(_labels(mesh, width), ".png", []))
        rows["mesh"].append(mesh.astype(np.float32))
        rows["linear"].append(canonical_to_mesh(mesh).astype(np.float32))
        depth, head = head_shape(lattice, mesh, width)
        rows["depth"].append(depth[::THIN, ::THIN].astype(np.float16))
        rows["head"].append(np.rint(255 * head[::THIN, ::THIN]).astype(np.uint8))
        to_template = lattice.spread(mesh[:, :2], template[:, :2] - mesh[:, :2])
        rows["map"].append(to_template[::THIN_MAP, ::THIN_MAP].astype(np.float16))
        if progress is not None:
            progress(done + 1, len(portraits))
    path = Path(out)
    columns: dict[str, NDArray[np.generic]] = {
        "format": np.array(FORMAT),
        "identities": np.array([p.identity for p in portraits]),
        **{name: np.stack(values) for name, values in rows.items()},
        **_joined("picture", pictures),
        **_joined("label", labels),
    }
    with path.open("wb") as file:
        np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    return path


def _joined(name: str, blobs: list[bytes]) -> dict[str, NDArray[np.generic]]:
    """Encoded pictures end to end, and where each ends."""
    return {
        f"{name}_bytes": np.frombuffer(b"".join(blobs), np.uint8),
        f"{name}_ends": np.cumsum([len(b) for b in blobs]),
    }


def _packed(picture: NDArray[np.uint8], kind: str, options: list[int]) -> bytes:
    return cv2.imencode(kind, picture, options)[1].tobytes()


def _cut(picture: NDArray[np.uint8], alignment: Alignment) -> NDArray[np.uint8]:
    """The crop and its margin, grey, `SAMPLING` samples per px."""
    w, h = (round(SAMPLING * (side + 2 * MARGIN)) for side in CROP_SIZE)
    # Sample k lies at crop px (k + .5) / SAMPLING - .5 - MARGIN.
    matrix = alignment.matrix.copy() * SAMPLING
    matrix[:, 2] += SAMPLING * (MARGIN + 0.5) - 0.5
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    shrink = 1 / (alignment.scale * SAMPLING)
    if shrink > 1:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.45 * shrink), np.float32)
    cut = cv2.warpAffine(grey, matrix, (w, h), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8)


def _labels(mesh: Points, width: float) -> NDArray[np.uint8]:
    """Which sheet each px of the crop and its margin belongs to; 4 is added inside the mouth's window."""
    w, h = (side + 2 * MARGIN for side in CROP_SIZE)
    moved = mesh.copy()
    moved[:, :2] += MARGIN
    labels = np.zeros((h, w), np.uint8)
    for k, opening in enumerate(cut_openings((w, h), moved, width, 1.0)):
        labels[opening.window] = opening.labels + (4 if k == 2 else 0)
    return labels
