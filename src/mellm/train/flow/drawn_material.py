"""What the papers' form of MEFlowNet is trained from, in one folder that can be carried to another machine.

Portraits made ready, how a mesh's motion spreads over them, and motions of every origin. The module knows the
generator and files; nothing of networks.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.gallery import Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin, draw_face_motion
from mellm.train.flow.portrait_assets import build_assets, write_spread

MOTIONS, HELD_BACK = 1500, 150
"""Motions of each origin that are trained on, and validated on."""


def prepare(
    faces: Path,
    out: Path,
    ict: Path | None = None,
    origins: Sequence[Origin] = tuple(Origin),
    motions: tuple[int, int] = (MOTIONS, HELD_BACK),
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> Path:
    """Write the folder `out`: some 50 MB for 700 portraits; what is there already is kept.

    motions: of each origin, to train on and to validate on. ICT is left out where its file is not given.
    """
    out.mkdir(parents=True, exist_ok=True)
    for split in ("train", "val"):
        path = out / f"portraits-{split}.npz"
        if not path.is_file():
            report(f"portraits: {split}")
            build_assets(faces, path, split)
    if not (out / "spread.npz").is_file():
        write_spread(out / "spread.npz")
    path = out / "motions.npz"
    if not path.is_file():
        shapes = IctModel(ict) if ict else None
        rng = np.random.default_rng(seed)
        rows: list[tuple[NDArray[np.float16], str, str]] = []
        for origin in origins:
            if origin is Origin.ICT and shapes is None:
                continue
            report(f"motions: {origin}")
            for split, count in zip(("train", "val"), motions, strict=True):
                for _ in range(count):
                    # People whose motion is replayed never cross from training to validation.
                    people: Split = "train" if split == "train" else "test"
                    motion = draw_face_motion(origin, rng, shapes=shapes, split=people)
                    rows.append((motion.displacement.astype(np.float16), str(origin), split))
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                fields=np.stack([r[0] for r in rows]),
                origin=np.array([r[1] for r in rows]),
                split=np.array([r[2] for r in rows]),
            )
    return out
