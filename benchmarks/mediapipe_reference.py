"""Write MediaPipe's own landmarks of a folder of pictures to an .npz, for bench_landmarks.py to compare with.

Runs in an environment of its own (mediapipe 0.10.14 needs numpy < 2), apart from mellm's:

    python3.11 -m venv reference
    reference/bin/pip install --no-deps mediapipe==0.10.14
    reference/bin/pip install absl-py attrs flatbuffers matplotlib "protobuf<5" \
        opencv-contrib-python-headless "numpy<2"
    reference/bin/python benchmarks/mediapipe_reference.py ../shared/data/faces reference.npz --limit 200
"""

import argparse
import sys
import types
from pathlib import Path

import cv2
import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="only the first N pictures by name")
    arguments = parser.parse_args()

    # Only its unrelated model converter needs JAX, yet importing the package imports that too.
    for name in ("jax", "jax.numpy", "jaxlib"):
        sys.modules.setdefault(name, types.ModuleType(name))
    import mediapipe as mp

    mesh = mp.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=False, min_detection_confidence=0.5
    )
    found = {}
    for path in sorted(arguments.pictures.glob("*.jpg"))[: arguments.limit]:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = image.shape[:2]
        faces = mesh.process(image).multi_face_landmarks
        if faces:
            scale = np.array([width, height, width])
            points = np.array([[p.x, p.y, p.z] for p in faces[0].landmark]) * scale
        else:
            points = np.zeros((0, 3))
        found[path.name] = points.astype(np.float32)
    np.savez_compressed(arguments.out, **found)
    print(f"{sum(len(p) > 0 for p in found.values())} of {len(found)} pictures have a face")


if __name__ == "__main__":
    main()
