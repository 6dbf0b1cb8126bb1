"""Onset-apex pairs from photographs: the picture is set into known motion and photographed twice.

Every pair follows from (seed, index) alone: identity, crop, action units, head motion, camera.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import Points, canonical_to_mesh, face_width, mirrored
from mellm.simulate.gallery import SPLITS, Gallery, Portrait, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import (
    EVERY_ORIGIN,
    Origin,
    OriginShares,
    draw_face_motion,
    draw_origin,
    peak_of,
    unit_motion,
)
from mellm.simulate.pair import ActionUnitTruth, FlowPair
from mellm.simulate.scene import Motion, Moved, Pose, Scene
from mellm.simulate.sensor import draw_camera, draw_occluder, light_field, photograph_pair, shading
from mellm.simulate.unit_fields import Side


@dataclass(frozen=True, slots=True)
class PairConfig:
    """How pairs are drawn. Lengths in px hold at a frame width of 400 px and scale with it.

    size: (width, height) of the frames
    smallest, largest: peak of the expression's motion, px, drawn log-uniformly between
    still: share of pairs without expression
    head: share of pairs with head motion
    occluded: share of pairs with something before the face
    origins: where the expression's motion comes from, origins with their shares; scans of ICT-FaceKit take
        part where they are given
    shaded: share of pairs whose skin darkens where it is squeezed and brightens where it is stretched
    bumps: share of expressive pairs with further smooth local motion that belongs to no action unit
    clean: no camera (no noise, light, compression, occluder), for tests of exactness
    """

    size: tuple[int, int] = (400, 480)
    smallest: float = 0.2
    largest: float = 5.0
    still: float = 0.15
    head: float = 0.5
    bumps: float = 0.2
    occluded: float = 0.08
    origins: OriginShares = EVERY_ORIGIN
    shaded: float = 0.4
    clean: bool = False


def draw_frame(
    mesh: Points, picture_size: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the crop: affine (2, 3) from frame pixels to picture pixels, the face upright within some degrees.

    The face takes 58 to 80 % of the frame's width; the frame is kept inside the picture where it can be.
    """
    w, h = size
    wide = face_width(mesh)
    eyes = mesh[263, :2] - mesh[33, :2]
    tilt = float(np.arctan2(eyes[1], eyes[0])) + float(rng.normal(0, np.deg2rad(4)))
    share = float(rng.uniform(0.58, 0.80))
    zoom = wide / (share * w)
    # A tight portrait has no room for a wide frame.
    room = min(picture_size[0] / w, picture_size[1] / h)
    zoom = min(zoom, max(room, wide / (0.85 * w)))
    c, s = zoom * np.cos(tilt), zoom * np.sin(tilt)
    linear = np.array([[c, -s], [s, c]])
    oval = (mesh[:, :2].min(0) + mesh[:, :2].max(0)) / 2
    centre = np.array([w / 2, 0.52 * h]) + rng.normal(0, 0.025, 2) * (w, h)
    offset = oval - linear @ centre
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ linear.T + offset
    low, high = corners.min(0), corners.max(0)
    for axis in (0, 1):
        if high[axis] - low[axis] <= picture_size[axis]:
            offset[axis] += max(0.0, -low[axis]) - max(0.0, high[axis] - picture_size[axis])
    return np.concatenate([linear, offset[:, None]], 1)


def draw_pose(rng: np.random.Generator, unit: float) -> Pose:
    """Draw head motion between onset and apex: up to a few degrees and several px (`unit` = 1 px at 400)."""
    strength = float(np.exp(rng.uniform(np.log(0.15), np.log(1.3))))
    pitch, yaw, roll = rng.normal(0, (1.2, 1.5, 0.8)) * strength
    du, dv = rng.normal(0, 3.0 * unit, 2) * strength
    return Pose(float(pitch), float(yaw), float(roll), (float(du), float(dv)), float(rng.normal(0, 0.004)))


def draw_bumps(scene: Scene, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Draw smooth local motion anywhere on the face, float32 (h, w, 3) on the scene's lattice, peak 1."""
    field = np.zeros((*scene.lattice.shape, 3), np.float32)
    for _ in range(count):
        at = scene.mesh[int(rng.integers(468)), :2]
        reach = float(np.exp(rng.uniform(np.log(0.04), np.log(0.16)))) * scene.face_width
        stretch = float(np.exp(rng.normal(0, 0.3)))
        angle, heading = rng.uniform(0, 2 * np.pi, 2)
        d = scene.lattice.nodes - at
        along = (np.cos(angle) * d[..., 0] + np.sin(angle) * d[..., 1]) / (reach * stretch)
        across = (-np.sin(angle) * d[..., 0] + np.cos(angle) * d[..., 1]) / (reach / stretch)
        bump = np.exp(-0.5 * (along**2 + across**2)) * float(rng.uniform(0.3, 1.0))
        field += bump[..., None] * np.array([np.cos(heading), np.sin(heading), 0], np.float32)
    peak = float(np.linalg.norm(field[..., :2], axis=-1).max())
    return np.asarray(field / max(peak, 1e-6), np.float32)


class PhotoSource:
    """Pairs from a folder of portraits (or a `Gallery`), deterministic by (seed, index).

    Example (needs the face models and a folder of portraits):
        source = PhotoSource("portraits", split="train", seed=0)
        pair = source.pair(12)
    """

    name = "photo"

    def __init__(
        self,
        folder: str | Path | Gallery,
        *,
        split: Split | None = "train",
        seed: int = 0,
        config: PairConfig | None = None,
        shapes: IctModel | None = None,
    ) -> None:
        """Open the folder (finding meshes the first time) and keep the portraits of one split.

        `shapes`: ICT-FaceKit's, for the origin of that name.
        """
        self._shapes = shapes
        gallery = folder if isinstance(folder, Gallery) else Gallery(folder)
        self.portraits = gallery.of(split)
        if not self.portraits:
            raise InputError(f"{gallery.folder} holds no portraits of the {split} split; add more pictures.")
        self.split = split
        self.seed = seed
        self.config = config or PairConfig()

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities this source draws from."""
        return tuple(p.identity for p in self.portraits)

    def pair(self, index: int) -> FlowPair:
        """Make pair number `index`; the same (seed, index, config, folder) gives the same pair."""
        branch = SPLITS.index(self.split) if self.split else len(SPLITS)
        rng = np.random.default_rng([self.seed, branch, index])
        portrait = self.portraits[int(rng.integers(len(self.portraits)))]
        crop = cut_scene(portrait, self.config, rng)
        moved, drawn = self._move(portrait, crop, rng)
        onset, apex, valid = crop.scene.onset, moved.image, moved.valid
        if not self.config.clean:
            onset, apex, valid = photograph_both(onset, moved, self.config, rng)
        return FlowPair(
            key=f"{self.name}-{self.split or 'all'}-{self.seed}-{index:06d}",
            identity=portrait.identity,
            onset=onset,
            apex=apex,
            facial=moved.facial,
            head=moved.head,
            valid=valid,
            face=crop.scene.face,
            landmarks=Landmarks(crop.scene.mesh.copy()),
            action_units=drawn.units,
            origin=drawn.origin,
        )

    def _move(
        self, portrait: Portrait, crop: "Crop", rng: np.random.Generator
    ) -> tuple[Moved, "DrawnMotion"]:
        """Draw a motion and set the scene into it, noise-free."""
        drawn = draw_motion(crop.scene, self.config, rng, self._shapes, self.split or "train")
        return crop.scene.move(drawn.motion), drawn


@dataclass(frozen=True, slots=True)
class Crop:
    """A scene cut from a portrait: `mesh` in px of the (mirrored) picture, `to_picture` the crop's affine."""

    scene: Scene
    mesh: Points
    mirrored: bool
    to_picture: NDArray[np.float64]


def cut_scene(portrait: Portrait, config: PairConfig, rng: np.random.Generator) -> Crop:
    """Draw a crop of the portrait, mirrored in half of the cases."""
    picture, mesh = portrait.read(), portrait.mesh
    flipped = bool(rng.random() < 0.5)
    if flipped:
        mesh = mirrored(mesh, picture.shape[1])
        picture = np.ascontiguousarray(picture[:, ::-1])
    frame = draw_frame(mesh, (picture.shape[1], picture.shape[0]), config.size, rng)
    camera, shade = float(rng.uniform(3.0, 8.0)), float(rng.uniform(0.25, 0.7))
    scene = Scene(picture, mesh, frame, config.size, camera=camera, mouth_shade=shade)
    return Crop(scene, mesh, flipped, frame)


def draw_peak(config: PairConfig, rng: np.random.Generator) -> float:
    """Draw the expression's peak, px of the frame."""
    return config.size[0] / 400 * float(np.exp(rng.uniform(np.log(config.smallest), np.log(config.largest))))


def draw_field(
    au: int, side: Side, rng: np.random.Generator, shapes: IctModel | None, share: float
) -> NDArray[np.float64]:
    """Draw a unit's motion as one person makes it, float64 (468, 3) in canonical axes, peak about 1.

    The motion follows the table, and by `share` (0..1) ICT-FaceKit's scans where these have the unit.
    """
    field = unit_motion(Origin.TABLE, au, side, rng)
    if shapes is None or share <= 0 or au not in shapes.action_units:
        return field
    return (1 - share) * field + share * unit_motion(Origin.ICT, au, side, rng, shapes)


@dataclass(frozen=True, slots=True)
class DrawnMotion:
    """A motion for one pair; `origin` is that of the expression, None where there is none."""

    motion: Motion
    units: tuple[ActionUnitTruth, ...]
    origin: Origin | None


def draw_motion(
    scene: Scene,
    config: PairConfig,
    rng: np.random.Generator,
    shapes: IctModel | None = None,
    split: Split = "train",
) -> DrawnMotion:
    """Draw expression, head, gaze and background motion for one pair.

    `split` says whose motion is replayed, see `draw_face_motion`.
    """
    moved = np.zeros((468, 3), np.float32)
    bumps, origin = None, None
    units: tuple[ActionUnitTruth, ...] = ()
    if rng.random() >= config.still:
        peak = draw_peak(config, rng)
        origin = draw_origin(rng, dict(config.origins), shapes)
        face = draw_face_motion(origin, rng, shapes=shapes, split=split)
        to_mesh = canonical_to_mesh(scene.mesh).T
        expression = face.displacement @ to_mesh
        scale = peak / max(peak_of(expression), 1e-6)
        moved = (expression * scale).astype(np.float32)
        units = tuple(
            ActionUnitTruth(u.au, u.side, scale * peak_of(u.field @ to_mesh)) for u in face.units or ()
        )
        if rng.random() < config.bumps:
            bumps = peak * float(rng.uniform(0.1, 0.6)) * draw_bumps(scene, rng, int(rng.integers(1, 5)))
    pose, gaze, backdrop = draw_surroundings(config, rng)
    return DrawnMotion(Motion(moved, pose, gaze, backdrop, bumps), units, origin)


def draw_surroundings(
    config: PairConfig, rng: np.random.Generator
) -> tuple[Pose, tuple[float, float], tuple[float, float]]:
    """Draw what moves beside the expression: the head, the eyes' gaze, the background (px)."""
    unit = config.size[0] / 400
    turns = rng.random() < config.head
    pose = draw_pose(rng, unit) if turns else Pose()
    gaze = rng.normal(0, 0.6 * unit, 2) if rng.random() < 0.15 else np.zeros(2)
    backdrop = rng.normal(0, 2.0 * unit, 2) if turns and rng.random() < 0.3 else np.zeros(2)
    return pose, (float(gaze[0]), float(gaze[1])), (float(backdrop[0]), float(backdrop[1]))


def photograph_both(
    onset: Image, moved: Moved, config: PairConfig, rng: np.random.Generator
) -> tuple[Image, Image, NDArray[np.bool_]]:
    """Take both noise-free frames through one camera; what an occluder hides in either is not valid."""
    apex, valid = moved.image, moved.valid
    if rng.random() < config.occluded:
        occluder = draw_occluder(config.size, rng)
        h, w = valid.shape
        when = rng.random()
        if when < 0.75:
            onset = occluder.cover(onset)
            valid = valid & (occluder.alpha < 0.02)
        if when > 0.25:
            apex = occluder.cover(apex)
            pixels = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
            there = cv2.remap(occluder.alpha, pixels + moved.facial, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
            valid = valid & (there < 0.02)
    camera = draw_camera(rng)
    strength = float(abs(rng.normal(0, 0.015)))
    light = light_field(config.size, strength, rng)
    if rng.random() < config.shaded:
        light *= shading(moved.facial - moved.head, float(rng.normal(0.8, 0.8)))
    onset, apex = photograph_pair((onset, apex), camera, rng, (None, light))
    return onset, apex, valid
