"""What the frames around onset and apex bring: flow of the pair alone against `estimate_clip`, by frame rate.

Portraits of test identities are set into a micro-expression (0.2 s from onset to apex, a motion of every
origin in turn) on a slowly moving head, and filmed with noise of its own in every frame.

    python benchmarks/bench_frames_between.py --faces ../shared/data/faces --clips 10
"""

import argparse
from pathlib import Path

import numpy as np

from mellm.face.people import Landmarks
from mellm.flow import create
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.gallery import Gallery
from mellm.simulate.origins import Origin, draw_face_motion
from mellm.simulate.photo_pairs import PairConfig, cut_scene
from mellm.simulate.scene import Motion, Pose
from mellm.simulate.sensor import Camera, photograph

ORIGINS = (Origin.TABLE, Origin.REPLAYED, Origin.MUSCLE, Origin.SMOOTH)
RISE, AROUND = 0.2, 0.06
"""Seconds from onset to apex, and seconds filmed before and after them."""


def clip(scene, expression, turn, fps, noise, rng):
    """Return the frames, the numbers of onset and apex, and the true flow between these."""
    before, rise = round(AROUND * fps), max(2, round(RISE * fps))
    apex = before + rise
    frames = []
    for k in range(apex + before + 1):
        t = (k - before) / rise
        share = np.sin(0.5 * np.pi * np.clip(t, 0, 1)) ** 2
        pose = Pose(*(t * turn), (float(t * turn[0]), float(t * turn[1])))
        frames.append(
            photograph(scene.draw(Motion((share * expression).astype(np.float32), pose)), noise, rng)
        )
    moved = scene.move(Motion(expression, Pose(*turn, (float(turn[0]), float(turn[1])))))
    return frames, before, apex, moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--rates", type=float, nargs="+", default=[30.0, 100.0, 200.0])
    parser.add_argument("--estimator", default="meflownet")
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    portraits = Gallery(asked.faces).of("test")
    estimator = create(asked.estimator)
    print("fps    facial, pair alone  with frames around  ratio   expression, pair  with frames  ratio")
    for fps in asked.rates:
        rows = []
        for k in range(asked.clips):
            rng = np.random.default_rng([asked.seed, k])
            scene = cut_scene(portraits[int(rng.integers(len(portraits)))], PairConfig(), rng).scene
            motion = draw_face_motion(ORIGINS[k % len(ORIGINS)], rng, split="test").displacement
            motion = motion @ canonical_to_mesh(scene.mesh).T
            peak = float(np.exp(rng.uniform(np.log(0.4), np.log(2.5))))
            motion = (motion * peak / np.linalg.norm(motion[:, :2], axis=1).max()).astype(np.float32)
            turn, read = rng.normal(0, 0.5, 3), float(np.exp(rng.uniform(np.log(0.8), np.log(4.0))))
            frames, onset, apex, true = clip(scene, motion, turn, fps, Camera(read=read, shot=read), rng)
            marks, where = Landmarks(scene.mesh.copy()), scene.face & true.valid
            row = []
            for flow in (
                estimator.estimate(frames[onset], frames[apex], marks),
                estimator.estimate_clip(frames, onset, apex, marks),
            ):
                left = flow.facial - true.facial, flow.expression - (true.facial - true.head)
                row += [float(np.hypot(f[..., 0], f[..., 1])[where].mean()) for f in left]
            rows.append(row)
        a, b, c, d = np.mean(rows, 0)
        print(
            f"{fps:4.0f}   {a:18.4f}  {c:18.4f}  {c / a:5.2f}   {b:16.4f}  {d:11.4f}  {d / b:5.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
