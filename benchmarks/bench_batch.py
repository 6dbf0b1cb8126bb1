"""Clips per second of a batch: one process, two processes, and Ray where it is installed.

Run: python benchmarks/bench_batch.py [--clips 100] [--seconds 1.5] [--llm none]
Every run analyses the same generated clips from nothing. Rows of the table, and reports apart from times,
must be equal whatever the engine.
"""

import argparse
import os
import tempfile
import time
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from mellm.analysis.batch import Row, run_batch
from mellm.analysis.ray_cluster import RayRunner
from mellm.analysis.settings import Settings
from mellm.report import Report
from mellm.simulate.generated_clip import ClipEvent, make_clip, write_video


def make_clips(folder: Path, count: int, seconds: float) -> None:
    """Clips of the shipped portrait at 30 fps, each with its own noise and its own micro-expression."""
    portrait = Path(str(files("mellm.data") / "portrait.jpg"))
    for number in range(count):
        units = ("6+12", "4", "1+2", "L12")[number % 4]
        event = ClipEvent(units, 2.0, 0.5, 0.63, 0.9)
        frames, truth = make_clip(portrait, fps=30.0, seconds=seconds, events=[event], seed=number)
        write_video(folder / f"clip{number:03d}.mp4", frames, truth.fps)


def plain(rows: list[Row]) -> list[tuple[Row, str]]:
    """Rows and reports without what may differ: time taken, when and where."""
    return [(replace(row, seconds=0.0, report=""), told(Path(row.report))) for row in rows]


def told(page: Path) -> str:
    """What a report says, as JSON."""
    report = Report.load(page.parent)
    report.provenance.created, report.provenance.seconds = "", {}
    for me in report.micro_expressions:
        me.reading.seconds = None
    return report.model_dump_json(exclude={"pictures"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument(
        "--distinct", type=int, default=10, help="clips generated; the rest are links to them"
    )
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--llm", choices=("none", "embedded"), default="embedded", help="who writes readings")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "clips"
        folder.mkdir()
        distinct = min(args.distinct, args.clips)
        make_clips(folder, distinct, args.seconds)
        for number in range(distinct, args.clips):
            (folder / f"clip{number:03d}.mp4").symlink_to(folder / f"clip{number % distinct:03d}.mp4")
        engines = {"1 process": (1, None), "2 processes": (2, None)}
        if find_spec("ray"):
            engines["Ray, 2 actors"] = (2, RayRunner())
        first: list[tuple[Row, str]] | None = None
        base = 0.0
        print(f"{'engine':16} {'seconds':>8} {'clips/s':>8} {'of 1 process':>13} {'load':>5}  same rows")
        for name, (workers, runner) in engines.items():
            started = time.perf_counter()
            out = Path(place) / name.replace(" ", "-")
            rows = run_batch(folder, out, Settings(llm=args.llm), workers=workers, run=runner)
            took = time.perf_counter() - started
            if failed := [row.clip for row in rows if row.status != "done"]:
                raise SystemExit(f"{name}: {len(failed)} clips failed, such as {failed[0]}")
            first, base = first or plain(rows), base or took
            same, load = plain(rows) == first, os.getloadavg()[0]
            print(
                f"{name:16} {took:8.1f} {args.clips / took:8.2f} {base / took:12.2f}x {load:5.1f}  {same}",
                flush=True,
            )
            if not same:
                raise SystemExit("the engines disagree")


if __name__ == "__main__":
    main()
