"""Motion of real faces, replayed: modes learned from clips of people (`replayed_learning`), drawn anew.

The modes are numbers about displacement, made by `python benchmarks/learn_replayed_motion.py`. People whose
motion is drawn for training and for testing differ. The module reads one file of this package.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import canonical_points, mirror_index
from mellm.simulate.gallery import Split
from mellm.simulate.lattice import smoothstep
from mellm.simulate.replayed_learning import HALVES, Modes
from mellm.simulate.smooth_fields import draw_window, share_moving

FILE = "replayed_modes.npz"
_MOST = 0.45
_MIRROR = (-1.0, 1.0, 1.0)


@cache
def stored_modes(people: str) -> dict[str, Modes]:
    """Return the modes of the parts of the face, by part, of the `people` "train" or "test"."""
    with np.load(str(files("mellm.simulate") / FILE)) as data:
        return {
            half: Modes(
                data[f"{people} {half} modes"].astype(np.float32),
                data[f"{people} {half} seen"].astype(np.float32),
            )
            for half in HALVES
        }


def replayed_field(rng: np.random.Generator, split: Split) -> NDArray[np.float64]:
    """Draw a field, float64 (468, 3) in canonical axes, peak 1 in the picture plane.

    Real displacements are mixed and varied; in half of the draws only what lies in a soft window moves, in a
    quarter one half of the face alone. `split` "test" draws from people who gave nothing to the others.
    """
    modes = stored_modes("test" if split == "test" else "train")
    while True:
        field = _draw(rng, modes)
        peak = float(np.linalg.norm(field[:, :2], axis=1).max())
        if peak > 0.1 and share_moving(field) < _MOST:
            return field / peak


def _draw(rng: np.random.Generator, modes: dict[str, Modes]) -> NDArray[np.float64]:
    field = np.zeros((468, 3))
    which = rng.choice(3, p=(0.45, 0.35, 0.2))
    for half in HALVES if which == 2 else (HALVES[int(which)],):
        part = _part(rng, modes[half])
        if rng.random() < 0.5:
            part = part[mirror_index()] * _MIRROR
        field += float(rng.uniform(0.3, 1.0)) * part
    if rng.random() < 0.5:
        field *= draw_window(rng, 0.10, 0.40)[:, None]
    if rng.random() < 0.25:
        side = float(rng.choice((-1.0, 1.0)))
        field *= smoothstep(-0.06, 0.06, side * canonical_points()[:, 0])[:, None]
    return field


def _part(rng: np.random.Generator, modes: Modes) -> NDArray[np.float64]:
    """One part's displacement, peak about 1: one or two real ones, each mode's weight varied."""
    first, second = rng.integers(len(modes.seen), size=2)
    weights = modes.seen[first].astype(np.float64)
    if rng.random() < 0.5:
        share = float(rng.random())
        weights = (1 - share) * weights + share * float(rng.choice((-1.0, 1.0))) * modes.seen[second]
    spread = modes.seen.std(0)
    weights = weights * np.exp(0.2 * rng.standard_normal(len(weights)))
    weights = weights + 0.15 * spread * rng.standard_normal(len(weights))
    if rng.random() < 0.3:
        weights = -weights
    field = np.tensordot(weights, modes.modes.astype(np.float64), 1)
    return np.asarray(field / max(float(np.linalg.norm(field[:, :2], axis=1).max()), 1e-9))
