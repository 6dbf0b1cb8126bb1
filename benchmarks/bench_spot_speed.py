"""Processor time of a frame of `mellm spot` beside decoding + one DIS (fast preset, 400x480 grey).

Run: OMP_NUM_THREADS=1 python benchmarks/bench_spot_speed.py [--size 640 480] [--rounds 5]
Both are measured by turns on one generated clip, and each round has its own ratio, so that a machine that is
busy throughout slows both. Processor time counts all threads; frames a second are by the clock and hold for a
quiet machine only.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from bench_throughput import make

from mellm.analysis.clip import watch
from mellm.analysis.stage_clock import StageClock
from mellm.media import open_media


def spotted(clip: Path) -> tuple[float, float, int]:
    """Seconds of processor, seconds by the clock, frames of spotting the clip."""
    clock, processor = time.perf_counter(), time.process_time()
    with open_media(clip) as media:
        _, count = watch(media, max_people=1, landmarks=None, progress=lambda *_: None, clock=StageClock())
    return time.process_time() - processor, time.perf_counter() - clock, count


def decoded_with_flow(clip: Path) -> tuple[float, int]:
    """Seconds of processor of decoding and one DIS a frame, and frames."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    before, count, start = None, 0, time.process_time()
    with open_media(clip) as media:
        for frame in media.frames():
            grey = cv2.resize(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), (400, 480))
            if before is not None:
                dis.calc(before, grey, None)
            before, count = grey, count + 1
    return time.process_time() - start, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480))
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make(clip, (30, *args.size), args.seconds)
        spotted(clip)
        for _ in range(args.rounds):
            processor, clock, count = spotted(clip)
            plain, frames = decoded_with_flow(clip)
            rows.append((1e3 * processor / count, 1e3 * plain / frames, count / clock))
            print("spot {:.1f} ms, decoding + DIS {:.1f} ms, {:.0f} frames/s".format(*rows[-1]), flush=True)
    ours, plain, speed = np.array(rows).T
    print(
        f"median: spot {np.median(ours):.1f} ms, decoding + DIS {np.median(plain):.1f} ms, "
        f"ratio {np.median(ours / plain):.2f}, {np.median(speed):.0f} frames/s; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
