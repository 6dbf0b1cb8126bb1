"""MEFlowDataset: speed, exactness and sharpness of generated pairs.

Run: python benchmarks/bench_meflow.py [--faces FOLDER] [--ict NPZ] [--pairs N] [--workers N] [--json OUT]
Speed depends on the machine and on what else it does; CPU time per pair is steadier than pairs per second.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from mellm.simulate.full_3d import Full3dSource
from mellm.simulate.gallery import Gallery
from mellm.simulate.pair import FlowPair
from mellm.simulate.pair_build import BuildConfig, build
from mellm.simulate.pair_check import MEFlowDataset, check
from mellm.simulate.pair_stream import MEFlowConfig
from mellm.simulate.photo_pairs import PairConfig, PhotoSource
from mellm.simulate.scene import Scene

SHARED = Path(__file__).resolve().parent / "../../shared/data"


def exactness(pairs: list[FlowPair]) -> dict[str, float]:
    """Noise-free pairs: grey levels off before and after warping the apex back, and sharpness."""
    after, before, sharp = [], [], []
    for pair in pairs:
        h, w = pair.valid.shape
        pixels = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
        inside = pair.valid & pair.face
        back = cv2.remap(pair.apex, pixels + pair.facial, None, cv2.INTER_CUBIC)
        after.append(np.abs(back.astype(float) - pair.onset).mean(-1)[inside].mean())
        before.append(np.abs(pair.apex.astype(float) - pair.onset).mean(-1)[inside].mean())
        core = inside & (cv2.erode(pair.face.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0)
        moved = cv2.remap(_detail(pair.apex), pixels + pair.facial, None, cv2.INTER_LINEAR)
        sharp.append(moved[core].mean() / _detail(pair.onset)[core].mean())
    return {
        "grey levels off after warping back": float(np.mean(after)),
        "grey levels off before": float(np.mean(before)),
        "sharpness apex / onset, mean": float(np.mean(sharp)),
        "sharpness apex / onset, standard deviation": float(np.std(sharp)),
    }


def _detail(image: np.ndarray) -> np.ndarray:
    grey = image.astype(np.float32).mean(-1)
    return (grey - cv2.GaussianBlur(grey, (0, 0), 1.0)) ** 2


def inversion(source: PhotoSource, count: int) -> dict[str, float]:
    """How far x + flow(x) is from where the picture was drawn, px, for every sheet of every pair."""
    worst, high = [], []
    plain: Callable[..., np.ndarray] = Scene._invert

    def watched(scene: Scene, flow: np.ndarray, back: np.ndarray, window: tuple[slice, slice]) -> np.ndarray:
        position = plain(scene, flow, back, window)
        fine = scene.lattice.upsample(flow, window)
        local = position - scene.lattice.pixels[window][0, 0]
        rest = position + cv2.remap(fine, local, None, cv2.INTER_LINEAR) - scene.lattice.pixels[window]
        inside = ((local > 1) & (local < np.array(fine.shape[1::-1]) - 2)).all(-1)
        worst.append(float(np.abs(rest)[inside].max()))
        high.append(float(np.percentile(np.abs(rest)[inside], 99.9)))
        return position

    Scene._invert = watched
    try:
        for index in range(count):
            source.pair(index)
    finally:
        Scene._invert = plain
    return {
        "inversion residual, worst pixel of a median sheet, px": float(np.median(worst)),
        "inversion residual, worst pixel of all, px": max(worst),
        "inversion residual, worst 99.9th percentile, px": max(high),
    }


def seconds_per_pair(source: PhotoSource, count: int) -> dict[str, float]:
    source.pair(0)
    wall, cpu = time.perf_counter(), time.process_time()
    for index in range(count):
        source.pair(index)
    return {
        "CPU seconds per pair": (time.process_time() - cpu) / count,
        "pairs per second, one process": count / (time.perf_counter() - wall),
    }


def _work(job: tuple[Path, int, int]) -> int:
    cv2.setNumThreads(1)
    source = PhotoSource(job[0])
    for index in range(job[1], job[1] + job[2]):
        source.pair(index)
    return job[2]


def in_parallel(faces: Path, count: int, workers: int) -> dict[str, float]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(_work, [(faces, 0, 1)] * workers))
        start = time.perf_counter()
        done = sum(pool.map(_work, [(faces, k * count, count) for k in range(workers)]))
        return {f"pairs per second, {workers} processes": done / (time.perf_counter() - start)}


def stored(faces: Path, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = BuildConfig(MEFlowConfig(faces), pairs=count, shard=8)
        start = time.process_time()
        build(config, folder)
        cpu = time.process_time() - start
        size = sum(p.stat().st_size for p in Path(folder).rglob("*.npz"))
        result = check(folder)
        stored_pair = MEFlowDataset(folder, "train")[0]
        fresh = PhotoSource(faces).pair(0)
        return {
            "build: CPU seconds per pair": cpu / count,
            "build: MB per pair": size / count / 1e6,
            "stored flow off by at most, px": float(np.abs(stored_pair.facial - fresh.facial).max()),
            "check: problems": len(result.problems),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, default=SHARED / "faces")
    parser.add_argument("--ict", type=Path, default=SHARED / "ict_facekit/ict_facekit_compact.npz")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    gallery, clean = Gallery(args.faces), PairConfig(clean=True)
    figures: dict[str, dict[str, float]] = {}
    figures["photo warps, 400x480"] = {
        **seconds_per_pair(PhotoSource(gallery), args.pairs),
        **in_parallel(args.faces, args.pairs, args.workers),
        **exactness([PhotoSource(gallery, config=clean).pair(i) for i in range(args.pairs)]),
        **inversion(PhotoSource(gallery), args.pairs),
    }
    if args.ict.is_file():
        full = Full3dSource(gallery, args.ict)
        full_clean = Full3dSource(gallery, args.ict, config=clean)
        figures["full 3D, 400x480"] = {
            **seconds_per_pair(full, args.pairs // 2),
            **exactness([full_clean.pair(i) for i in range(args.pairs // 2)]),
        }
    figures["on disk"] = stored(args.faces, args.pairs)
    for title, values in figures.items():
        print(f"\n{title}")
        for name, value in values.items():
            print(f"  {name:55s} {value:.4g}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
