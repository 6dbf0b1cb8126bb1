"""How calm flow estimators stay where no face moved: two noisy shots, the head still or turned by a degree.

Every figure is the mean length of the estimated expression flow on the face, px at 400x480; the truth is
zero. Knows portraits and the generator's camera; nothing of strata or tables.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mellm.face.people import Landmarks
from mellm.flow.field import FlowEstimator
from mellm.simulate.gallery import Gallery
from mellm.simulate.photo_pairs import PairConfig, cut_scene
from mellm.simulate.scene_motion import Motion, Pose
from mellm.simulate.sensor import Camera, photograph

CAMERA = Camera(read=1.0, shot=2.0)
"""A usual camera: noise of about two grey levels."""

POSES = {"still": Pose(), "turned 1 degree": Pose(yaw=1.0)}


def calm_figures(
    portraits: Path, estimators: Mapping[str, FlowEstimator], count: int = 10, seed: int = 11
) -> dict[str, dict[str, float]]:
    """Return pose -> estimator -> mean |expression| on the face, px, over `count` test identities."""
    gallery = Gallery(portraits).of("test")
    rng = np.random.default_rng(seed)
    sums = {pose: dict.fromkeys(estimators, 0.0) for pose in POSES}
    for index in range(count):
        scene = cut_scene(gallery[index % len(gallery)], PairConfig(), rng).scene
        for name, pose in POSES.items():
            moved = scene.move(Motion(np.zeros((468, 3), np.float32), pose))
            shots = [photograph(picture, CAMERA, rng) for picture in (scene.onset, moved.image)]
            face = scene.face & moved.valid
            for label, estimator in estimators.items():
                flow = estimator.estimate(shots[0], shots[1], Landmarks(scene.mesh.copy()))
                length = np.hypot(flow.expression[..., 0], flow.expression[..., 1])
                sums[name][label] += float(length[face].mean()) / count
    return sums
