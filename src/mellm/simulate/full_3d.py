"""Onset-apex pairs from a 3D head that wears a photograph, with real self-occlusion.

An ICT-FaceKit head is laid onto the face in the picture; its surface carries the picture's colours. At the
apex every vertex has moved by its expression and with the head, and a z-buffer decides what is seen: lids
cover eyes, lips uncover the mouth, the turning nose hides a cheek. Around the head the picture moves as in
the photo source. Motion is linear inside each triangle, so flow is exact there too.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.gallery import Gallery, Portrait, Split
from mellm.simulate.ict import (
    SKIN,
    SURFACE_IMAGE_LEFT_EYE,
    SURFACE_IMAGE_RIGHT_EYE,
    SURFACE_MOUTH,
    Fit,
    IctModel,
)
from mellm.simulate.origins import Origin
from mellm.simulate.pair import ActionUnitTruth
from mellm.simulate.photo_pairs import (
    Crop,
    DrawnMotion,
    PairConfig,
    PhotoSource,
    draw_peak,
    draw_surroundings,
)
from mellm.simulate.raster import rasterise
from mellm.simulate.scene import Motion, Moved, Scene
from mellm.simulate.unit_fields import Side
from mellm.simulate.unit_statistics import draw_action_units

_OPENINGS = {SURFACE_IMAGE_LEFT_EYE: 0, SURFACE_IMAGE_RIGHT_EYE: 1, SURFACE_MOUTH: 2}
_KEPT_FITS = 128


class Full3dSource(PhotoSource):
    """Pairs from textured ICT-FaceKit heads; same interface and determinism as `PhotoSource`.

    Example (needs ICT-FaceKit's compact .npz and a folder of portraits):
        source = Full3dSource("portraits", "ict_facekit_compact.npz", split="train")
        pair = source.pair(12)
    """

    name = "full3d"

    def __init__(
        self,
        folder: str | Path | Gallery,
        ict: str | Path | IctModel,
        *,
        split: Split | None = "train",
        seed: int = 0,
        config: PairConfig | None = None,
    ) -> None:
        """Open the portraits of one split and the head model."""
        super().__init__(folder, split=split, seed=seed, config=config)
        self._model = ict if isinstance(ict, IctModel) else IctModel(ict)
        self._fits: OrderedDict[tuple[Path, bool], Fit] = OrderedDict()

    def _move(self, portrait: Portrait, crop: Crop, rng: np.random.Generator) -> tuple[Moved, DrawnMotion]:
        """Draw a motion and render the head in it, noise-free."""
        fit = _into_frame(self._fit(portrait, crop), crop.to_picture)
        displacement, units = self._draw_expression(fit, rng)
        pose, gaze, backdrop = draw_surroundings(self.config, rng)
        motion = Motion(np.zeros((468, 3), np.float32), pose, gaze, backdrop)
        drawn = DrawnMotion(motion, units, Origin.ICT if units else None)
        return render(crop.scene, self._model, fit, displacement, motion), drawn

    def _fit(self, portrait: Portrait, crop: Crop) -> Fit:
        """The head on this portrait, in pixels of the (flipped) picture; the latest fits are kept."""
        key = (portrait.path, crop.mirrored)
        if key not in self._fits:
            centred = crop.mesh - np.array([0, 0, crop.mesh[:, 2].mean()], np.float32)
            self._fits[key] = self._model.fit(centred)
            if len(self._fits) > _KEPT_FITS:
                self._fits.popitem(last=False)
        self._fits.move_to_end(key)
        return self._fits[key]

    def _draw_expression(
        self, fit: Fit, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], tuple[ActionUnitTruth, ...]]:
        """Draw action units among those with a shape; displacement of all vertices, float32 (V, 3) px."""
        still = np.zeros_like(fit.points)
        if rng.random() < self.config.still:
            return still, ()
        peak = draw_peak(self.config, rng)
        drawn = [(au, side) for au, side in draw_action_units(rng) if au in self._model.action_units]
        if not drawn:
            drawn = [(4, "both")]
        share = np.exp(rng.normal(0, 0.4, len(drawn)))
        field = displace(
            self._model, fit, [(au, s, float(a)) for (au, s), a in zip(drawn, share, strict=True)]
        )
        scale = peak / max(float(np.linalg.norm(field[SKIN, :2], axis=1).max()), 1e-6)
        units = tuple(
            ActionUnitTruth(au, s, float(a) * scale) for (au, s), a in zip(drawn, share, strict=True)
        )
        return np.asarray(field * scale, np.float32), units


def displace(model: IctModel, fit: Fit, units: list[tuple[int, Side, float]]) -> NDArray[np.float32]:
    """Add up units (AU, subject's side, weight), each of unit peak on the skin: float32 (V, 3) px."""
    total = np.zeros_like(fit.points)
    for au, side, weight in units:
        field = model.displacement(au, side) @ fit.to_picture.T.astype(np.float32)
        peak = float(np.linalg.norm(field[SKIN, :2], axis=1).max())
        total += np.float32(weight / max(peak, 1e-6)) * field
    return total


def _into_frame(fit: Fit, frame: NDArray[np.float64]) -> Fit:
    """Carry a fit from portrait to frame pixels."""
    inverse = np.linalg.inv(frame[:, :2])
    scale = float(np.sqrt(np.linalg.det(inverse)))
    lift = np.eye(3)
    lift[:2, :2], lift[2, 2] = inverse, scale
    points = fit.points.astype(np.float64)
    points[:, :2] -= frame[:, 2]
    return Fit((points @ lift.T).astype(np.float32), lift @ fit.to_picture)


def render(
    scene: Scene, model: IctModel, fit: Fit, displacement: NDArray[np.float32], motion: Motion
) -> Moved:
    """Draw the head moved by `displacement` (V, 3) px and by the motion's pose, over the moved picture."""
    around = scene.move(Motion(motion.expression, motion.pose, (0.0, 0.0), motion.background))
    moved_points = fit.points + displacement
    moved_points[model.eyeballs, :2] += np.array(motion.gaze, np.float32)
    apex = scene.carry(moved_points, motion.pose)
    head_only = scene.carry(fit.points, motion.pose)
    which, weights = rasterise(fit.points, model.triangles, scene.size)
    facial, head = around.facial.copy(), around.head.copy()
    on = which >= 0
    corners, share = model.triangles[which[on]], weights[on]
    facial[on] = _blend((apex - fit.points)[:, :2], corners, share)
    head[on] = _blend((head_only - fit.points)[:, :2], corners, share)

    seen, seen_weights = rasterise(apex, model.triangles, scene.size)
    there = seen >= 0
    source = around.source.copy()
    source[there] = _blend(fit.points[:, :2], model.triangles[seen[there]], seen_weights[there])
    image = scene.sample(source)
    before, now = _surfaces(model, which), _surfaces(model, seen)
    w, h = scene.size
    x = np.clip(np.round(source[..., 0]), 0, w - 1).astype(np.int64)
    y = np.clip(np.round(source[..., 1]), 0, h - 1).astype(np.int64)
    hidden = before[y, x] != now
    for surface, opening in _OPENINGS.items():
        scene.uncover(image, hidden & (now == surface), source, opening)
    return Moved(image, facial, head, scene.visible(source, facial), source)


def _blend(
    values: NDArray[np.float32], corners: NDArray[np.int64], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Values (V, 2) at places within triangles, given by their corners (N, 3) and shares (N, 3): (N, 2)."""
    parts = [values[corners[:, k]] * share[:, k : k + 1] for k in range(3)]
    return np.asarray(parts[0] + parts[1] + parts[2], np.float32)


def _surfaces(model: IctModel, which: NDArray[np.int32]) -> NDArray[np.int8]:
    """What is seen at each pixel, SURFACE_... or -1, from the triangles seen."""
    return np.asarray(np.where(which >= 0, model.surface[which], -1), np.int8)
