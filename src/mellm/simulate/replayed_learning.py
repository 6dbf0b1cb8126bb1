"""What moved on real faces, learned from their meshes over time: head motion taken out, noise averaged out.

Takes the 468 points of clips, gives modes of displacement between two states of one face. Holds numbers
about motion only; no picture and no shape of a face is kept. The module reads no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import canonical_points, mirror_index
from mellm.simulate.lattice import smoothstep
from mellm.simulate.mesh_surface import patch, smoothed
from mellm.simulate.smooth_fields import share_moving

Field = NDArray[np.float64]

HALVES = ("upper", "lower")
"""Parts of the face with modes of their own: brows and eyes; nose, cheeks, mouth and chin."""
_BORDER, _SOFT = -0.13, 0.06
_SPAN = 2
"""Frames on each side over which a mesh is averaged."""
_TURN, _ROLL, _GROW = 3.0, 6.0, 0.04
"""How far the heads of two compared frames may differ: degrees (pitch, yaw), degrees (roll), log scale."""
_OPEN = 0.7
"""Eyes less open than this share of the clip's median count as blinking; such frames are left out."""
_LEAST = {"upper": 0.010, "lower": 0.014}
"""The smallest peak of a displacement that is taken for an expression, face widths."""
_REACH = 0.025
"""Displacements are averaged over the skin by this much, face widths."""


@dataclass(frozen=True, slots=True)
class HeadPath:
    """A clip's meshes without the head's motion.

    shapes: float64 (T, 468, 3), canonical axes and unit
    pose: float64 (T, 4), pitch, yaw, roll in degrees and log scale
    usable: bool (T,), eyes open and neighbours at hand
    """

    shapes: Field
    pose: Field
    usable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of displacement of one part of the face.

    modes: float32 (K, 468, 3)
    seen: float32 (N, K), the weights of real displacements of peak 1 in the picture
    """

    modes: NDArray[np.float32]
    seen: NDArray[np.float32]


def rigid_fit(source: Field, target: Field, weights: Field, rounds: int = 8) -> tuple[float, Field, Field]:
    """Lay `source` onto `target`, both (N, 3): scale s, rotation R, offset t, so that target = s R x + t.

    Robust: points that moved by themselves lose their say (Geman & McClure 1985).
    weights (N,): how far each point is trusted at first.
    """
    w = weights / weights.sum()
    for _ in range(rounds):
        a0, b0 = w @ source, w @ target
        a, b = source - a0, target - b0
        u, s, vt = np.linalg.svd((b * w[:, None]).T @ a)
        d = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        rotation = (u * d) @ vt
        scale = float((s * d).sum() / (w @ (a**2).sum(1)))
        offset = b0 - scale * rotation @ a0
        rest = np.linalg.norm(target - scale * source @ rotation.T - offset, axis=1)
        spread = float(np.median(rest)) + 1e-9
        w = weights / (1 + (rest / (1.5 * spread)) ** 2) ** 2
        w = w / w.sum()
    return scale, rotation, offset


def trust() -> Field:
    """Return how far each mesh point goes with the skull, (468,): the bridge does, the mouth does not."""
    points = canonical_points().astype(np.float64)
    x, y = np.abs(points[:, 0]), points[:, 1]
    mouth = smoothstep(-0.30, -0.15, y)
    brows = 1 - 0.8 * np.exp(-0.5 * (((y - 0.14) / 0.06) ** 2))
    bridge = 1 + 2 * np.exp(-0.5 * ((x / 0.08) ** 2 + ((y + 0.05) / 0.15) ** 2))
    return np.asarray(patch() * (0.03 + mouth * brows * bridge), np.float64)


def head_path(points: NDArray[np.float32], size: tuple[int, int]) -> HeadPath:
    """Take the head's motion out of a clip's meshes, float32 (T, 468, 3) px of frames of `size` (w, h).

    Perspective is undone for a camera with 45 degrees of view, which leaves nothing but its error where two
    frames of like pose are compared.
    """
    known = points.astype(np.float64)
    focal = 1.2 * max(size)
    # About the face, as the face model sees it: a face beside the middle counts as turned.
    centre = known[..., :2].mean(1, keepdims=True)
    depth = known[..., 2:] - known[..., 2:].mean(1, keepdims=True)
    known[..., :2] = (known[..., :2] - centre) * (1 + depth / focal)
    known = _steady(known)
    template = canonical_points().astype(np.float64)
    weights = trust()
    flip = np.array([1.0, -1.0, -1.0])
    for _ in range(2):
        fits = [rigid_fit(frame * flip, template, weights) for frame in known]
        shapes = np.stack([s * (f * flip) @ r.T + t for f, (s, r, t) in zip(known, fits, strict=True)])
        template = np.median(shapes, axis=0)
    to_mean = rigid_fit(template, canonical_points().astype(np.float64), weights)
    shapes = to_mean[0] * shapes @ to_mean[1].T + to_mean[2]
    pose = np.array([[*_angles(r), np.log(s)] for s, r, _ in fits])
    gap = np.linalg.norm(shapes[:, [159, 386]] - shapes[:, [145, 374]], axis=-1).mean(1)
    usable = gap > _OPEN * np.median(gap)
    usable[:_SPAN] = usable[len(usable) - _SPAN :] = False
    return HeadPath(shapes, pose, usable)


def _steady(meshes: Field) -> Field:
    """Average each mesh over its neighbours in time: the median of three, then the mean."""
    t = len(meshes)
    index = np.clip(np.arange(t)[:, None] + np.arange(-1, 2), 0, t - 1)
    middle = np.median(meshes[index], axis=1)
    index = np.clip(np.arange(t)[:, None] + np.arange(-_SPAN, _SPAN + 1), 0, t - 1)
    return np.asarray(middle[index].mean(1))


def _angles(rotation: Field) -> tuple[float, float, float]:
    """Pitch, yaw and roll of a rotation, degrees."""
    pitch = np.arctan2(rotation[2, 1], rotation[2, 2])
    yaw = -np.arcsin(np.clip(rotation[2, 0], -1, 1))
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(np.degrees(pitch)), float(np.degrees(yaw)), float(np.degrees(roll))


def displacements(path: HeadPath, fps: float, count: int, rng: np.random.Generator) -> Field:
    """Return up to `count` displacements (N, 468, 3) between two states of one face whose head was alike.

    Half start at rest (the state the face is in most), half at a state within 1.2 s.
    """
    frames = np.flatnonzero(path.usable)
    if len(frames) < 2:
        return np.zeros((0, 468, 3))
    root = np.sqrt(patch() / patch().sum())[:, None]
    some = frames[np.linspace(0, len(frames) - 1, min(len(frames), 300)).astype(int)]
    flat = (path.shapes[some] * root).reshape(len(some), -1)
    apart = _apart(flat)
    common = np.sort(apart, axis=1)[:, : max(2, len(some) // 4)].mean(1)
    rest = some[np.argsort(common)[: max(3, len(some) // 8)]]
    found = []
    for second in rng.permutation(frames)[: 12 * count]:
        near = frames[np.abs(frames - second) <= 1.2 * fps]
        first = int(rng.choice(rest if rng.random() < 0.5 else near))
        if not _alike(path.pose[first], path.pose[second]):
            continue
        before, after = path.shapes[first], path.shapes[second]
        scale, rotation, offset = rigid_fit(after, before, trust())
        found.append(smoothed(scale * after @ rotation.T + offset - before, _REACH))
        if len(found) == count:
            break
    return np.stack(found) if found else np.zeros((0, 468, 3))


def _apart(flat: Field) -> Field:
    square = (flat**2).sum(1)
    return np.asarray(np.sqrt(np.maximum(square[:, None] + square - 2 * flat @ flat.T, 0)))


def _alike(a: Field, b: Field) -> bool:
    return bool(np.all(np.abs(a - b) < (_TURN, _TURN, _ROLL, _GROW)))


def part_window(half: str) -> Field:
    """Return the soft window, (468,), of a part of `HALVES`."""
    upper = smoothstep(_BORDER - _SOFT, _BORDER + _SOFT, canonical_points()[:, 1])
    return np.asarray(upper if half == "upper" else 1 - upper, np.float64)


def part_fields(fields: Field, half: str, most: float = 0.45) -> Field:
    """Cut displacements (N, 468, 3) to one part; those that count there, with peak 1 in the picture."""
    inside = fields * part_window(half)[:, None]
    peak = np.linalg.norm(inside[..., :2], axis=-1).max(1)
    kept = [f / p for f, p in zip(inside, peak, strict=True) if p >= _LEAST[half]]
    kept = [f for f in kept if share_moving(f) < most]
    return np.stack(kept) if kept else np.zeros((0, 468, 3))


def learn_modes(people: Sequence[Field], count: int) -> Modes:
    """Learn `count` modes from displacements (N, 468, 3) of several people, each with the same say.

    Mirrored doubles are added, so no side is preferred.
    """
    rows: list[Field] = []
    say: list[float] = []
    for own in people:
        both = np.concatenate([own, own[:, mirror_index()] * (-1.0, 1.0, 1.0)])
        rows.append(both)
        say += [1 / np.sqrt(len(own))] * len(both)
    data = np.concatenate(rows)
    root = np.sqrt(patch() / patch().mean())[:, None] * (1.0, 1.0, 0.5)
    # No mean is taken away: a displacement and its reverse are both motion.
    flat = (data * root).reshape(len(data), -1)
    vt = np.linalg.svd(flat * np.array(say)[:, None], full_matrices=False)[2][:count]
    modes = vt.reshape(count, 468, 3) / root
    real = (np.concatenate(list(people)) * root).reshape(-1, 1404) @ vt.T
    return Modes(modes.astype(np.float32), real.astype(np.float32))
