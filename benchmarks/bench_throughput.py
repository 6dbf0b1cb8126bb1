"""Processor seconds, and bytes on disk, of one clip by frame rate and size; clips an hour follow from them.

Run: OMP_NUM_THREADS=1 python benchmarks/bench_throughput.py [--seconds 3] [--llm embedded]
Processor time (user and system, all threads of the process) is kinder to a busy machine than the clock, but
grows there too, by two to five times on a crowded one: measure on a quiet machine. The first clip, which
loads the models, is not counted. Readings are by rules, or by the built-in language model.
"""

import argparse
import os
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import cv2

from mellm import Analyzer, Settings
from mellm.media import read_image
from mellm.simulate.generated_clip import ClipEvent, make_clip, write_video
from mellm.simulate.sensor import Camera

SHAPES = ((30, 640, 480), (30, 1280, 720), (60, 1280, 720), (100, 640, 480), (200, 640, 480))
"""Frames per second, width, height."""


def make(path: Path, shape: tuple[int, int, int], seconds: float, seed: int = 0) -> None:
    """Write a clip of the shipped portrait with one micro-expression and sensor noise."""
    fps, width, height = shape
    portrait = read_image(Path(str(files("mellm.data") / "portrait.jpg")))
    scale = max(width / portrait.shape[1], height / portrait.shape[0])
    large = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    top = 0.0 if large.shape[0] - height < 40 else 20.0
    frames, truth = make_clip(
        large,
        fps=float(fps),
        seconds=seconds,
        events=[ClipEvent("6+12", 2.5, 1.0, 1.13, 1.4)],
        noise=Camera(read=0.8, shot=1.5, chroma=0.3),
        seed=seed,
        frame=((large.shape[1] - width) / 2, top, 1.0),
        size=(width, height),
    )
    write_video(path, frames, truth.fps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--llm", choices=("none", "embedded"), default="none", help="who writes readings")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    print(f"readings: {arguments.llm}; load average before: {os.getloadavg()[0]:.1f}")
    print("| fps | size | frames | processor s | s/frame | clips/h a core | clip MB | report MB | found |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder, analyzer = Path(name), Analyzer(Settings(llm=arguments.llm))
        for number, shape in enumerate((SHAPES[0], *SHAPES)):
            clip, out = folder / f"{number}.mp4", folder / f"{number}"
            make(clip, shape, seconds)
            start = time.process_time()
            report = analyzer.analyze(clip)
            report.save(out)
            spent = time.process_time() - start
            if number == 0:
                continue
            fps, width, height = shape
            count = report.source.frames
            written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
            print(
                f"| {fps} | {width}x{height} | {count} | {spent:.1f} | {spent / count:.4f} "
                f"| {3600 / spent:.0f} | {clip.stat().st_size / 1e6:.1f} | {written:.1f} "
                f"| {len(report.micro_expressions)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
