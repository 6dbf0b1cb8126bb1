"""A folder of face pictures with one mesh each, split by identity.

Meshes come from the face stage once and are kept in the user's cache. One picture is one identity; its
split follows from a hash of the file name, so a face never changes sides when pictures are added.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mellm.errors import InputError
from mellm.face.tracker import find_faces
from mellm.media import read_image
from mellm.media.folder_contents import folders_in, pictures_in
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import Points
from mellm.weights.model_store import cache_folder

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
# Of 100 identities: 80 train, 10 val, 10 test.
_VAL_FROM, _TEST_FROM = 80, 90
_VERSION = 1


def split_of(identity: str) -> Split:
    """Return the split of an identity, by hash of its name: 80 % train, 10 % val, 10 % test."""
    bucket = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4], "big") % 100
    return "train" if bucket < _VAL_FROM else "val" if bucket < _TEST_FROM else "test"


@dataclass(frozen=True, slots=True)
class Portrait:
    """One picture of one face: its mesh, float32 (468, 3), px; its identity is its name without suffix."""

    identity: str
    path: Path
    mesh: Points

    def read(self) -> Image:
        """Decode the picture, uint8 (H, W, 3) RGB."""
        return read_image(self.path)


class Gallery:
    """The usable portraits of a folder (searched recursively), in the order of their names.

    smallest: faces narrower than this many px are left out. Raises InputError where none is usable.
    """

    def __init__(self, folder: str | Path, *, smallest: float = 120.0, cache: Path | None = None) -> None:
        """Find the pictures and their meshes; the first time this runs the face model on each."""
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(f"{self.folder} is not a folder; give a folder of face pictures.")
        paths = sorted(picture for place in folders_in(self.folder) for picture in pictures_in(place))
        if not paths:
            raise InputError(f"{self.folder} holds no pictures; put .jpg or .png portraits there.")
        meshes = _meshes(paths, cache or cache_folder().parent / "meflow")
        self.portraits = tuple(
            Portrait(p.relative_to(self.folder).with_suffix("").as_posix(), p, m)
            for p, m in zip(paths, meshes, strict=True)
            if m is not None and float(np.linalg.norm(m[454, :2] - m[234, :2])) >= smallest
        )
        used = {p.path for p in self.portraits}
        self.left_out = tuple(p for p in paths if p not in used)
        """Pictures that cannot be read, show no face, or too small a one."""
        if not self.portraits:
            raise InputError(
                f"No usable face (at least {smallest:.0f} px wide) was found in {self.folder}; use portraits."
            )

    def of(self, split: Split | None) -> tuple[Portrait, ...]:
        """Return the portraits of a split (None: all)."""
        return tuple(p for p in self.portraits if split is None or split_of(p.identity) == split)


def _mesh(path: Path) -> Points | None:
    """The largest face's mesh, None where the picture cannot be read or shows no face."""
    try:
        faces = find_faces(read_image(path), max_people=1)
    except InputError:
        return None
    return faces[0].landmarks.points.astype(np.float32) if faces else None


def _meshes(paths: list[Path], cache: Path) -> list[Points | None]:
    """Meshes of all pictures, from the cache where neither name, size nor time of any file has changed."""
    signature = hashlib.sha256(str(_VERSION).encode())
    for path in paths:
        stat = path.stat()
        signature.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    stored = cache / f"meshes-{signature.hexdigest()[:16]}.npz"
    if stored.is_file():
        with np.load(stored) as data:
            points, found = data["points"], data["found"]
        return [p if ok else None for p, ok in zip(points, found, strict=True)]
    meshes = [_mesh(path) for path in paths]
    cache.mkdir(parents=True, exist_ok=True)
    partial = stored.with_name(f"{stored.stem}.{os.getpid()}.partial.npz")
    np.savez(
        partial,
        points=np.stack([np.zeros((468, 3), np.float32) if m is None else m for m in meshes]),
        found=np.array([m is not None for m in meshes]),
    )
    partial.replace(stored)
    return meshes
