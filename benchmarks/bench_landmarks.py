"""Our landmarks against MediaPipe's own on a folder of faces, and the time they take.

    python benchmarks/bench_landmarks.py ../shared/data/faces --reference reference.npz [--json out.json]
    python benchmarks/bench_landmarks.py ../shared/data/faces --reference-python reference/bin/python

The reference comes from mediapipe_reference.py, which runs in an environment of its own; with
--reference-python this script calls it. Distances are between the two landmark sets of one picture, point
by point: in pixels of the picture, and in pixels of the 400x480 crop, where all faces are equally large.
Without any reference only the times are printed. Times are the median over pictures and depend on how busy
the computer is; processor time does so less.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mellm.face import Alignment, FaceTracker, find_faces, regions_of
from mellm.face.detector import detect, whole
from mellm.face.mesh import fit_mesh, roi_of
from mellm.media.frame import Frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--reference", type=Path, help="npz written by mediapipe_reference.py")
    parser.add_argument("--reference-python", type=Path, help="a Python that has mediapipe 0.10.14")
    parser.add_argument("--limit", type=int, default=None, help="only the first N pictures by name")
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        reference = arguments.reference
        if arguments.reference_python:
            reference = Path(scratch) / "reference.npz"
            script = Path(__file__).with_name("mediapipe_reference.py")
            command = [arguments.reference_python, script, arguments.pictures, reference]
            if arguments.limit:
                command += ["--limit", str(arguments.limit)]
            subprocess.run(command, check=True)
        if reference:
            figures |= agreement(arguments.pictures, reference, arguments.limit)
    figures |= timings(sorted(arguments.pictures.glob("*.jpg"))[:20])
    for name, value in figures.items():
        print(f"{name:42} {value:.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


def read(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def agreement(folder: Path, reference: Path, limit: int | None) -> dict[str, float]:
    known = np.load(reference)
    names = known.files[:limit]
    source, crop, pictures, differ = [], [], 0, 0
    for name in names:
        found = find_faces(read(folder / name), max_people=1)
        if bool(found) != bool(len(known[name])):
            differ += 1
        if not found or not len(known[name]):
            continue
        distances = np.linalg.norm(found[0].landmarks.xy - known[name][:, :2], axis=1)
        pictures += 1
        source.append(distances)
        crop.append(distances * Alignment.fit(found[0].landmarks).scale)
    return {
        "pictures compared": pictures,
        "pictures where only one found a face": differ,
        "median distance, px of the picture": float(np.median(source)),
        "95th percentile, px of the picture": float(np.percentile(source, 95)),
        "median distance, px of the 400x480 crop": float(np.median(crop)),
        "95th percentile, px of the 400x480 crop": float(np.percentile(crop, 95)),
        "worst picture's median, px of the crop": float(np.median(crop, axis=1).max()),
    }


def timings(paths: list[Path]) -> dict[str, float]:
    images = [read(path) for path in paths]
    faces = [find_faces(image)[0].landmarks for image in images]
    tracker = FaceTracker(max_people=1)
    for i in range(3):
        tracker.update(Frame(i, i / 30, images[0]))
    steps: dict[str, Callable[[int], object]] = {
        "detector": lambda i: detect(images[i], whole(images[i])),
        "mesh": lambda i: fit_mesh(images[i], roi_of(faces[i].points)),
        "tracked frame, one person": lambda i: tracker.update(Frame(i + 3, (i + 3) / 30, images[0])),
        "whole picture, find_faces": lambda i: find_faces(images[i]),
        "29 regions": lambda i: regions_of(faces[i]),
        "aligned crop": lambda i: Alignment.fit(faces[i]).crop(images[i]),
    }
    figures = {}
    for name, step in steps.items():
        step(0)
        wall, processor = [], []
        for i in range(len(images)):
            before = time.perf_counter(), time.process_time()
            step(i)
            wall.append(time.perf_counter() - before[0])
            processor.append(time.process_time() - before[1])
        figures[f"{name}, ms"] = 1e3 * float(np.median(wall))
        figures[f"{name}, ms of processor time"] = 1e3 * float(np.median(processor))
    return figures


if __name__ == "__main__":
    main()
