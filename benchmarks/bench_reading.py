"""A pair of pictures to a full reading by a language model: time, first words, memory; beside the rules.

Run: python benchmarks/bench_reading.py [--llm embedded] [--repeats 10] [--json OUT]
The pair is onset and apex of the demonstration's clip. Times are after one reading to warm up.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(llm: str, repeats: int, folder: Path) -> dict[str, float]:
    """Read one pair again and again in this process."""
    from mellm import Analyzer, Settings
    from mellm.media import open_media
    from mellm.render.pictures import encode_png
    from mellm.simulate.generated_clip import demo_clip

    made = demo_clip(folder / "demo.mp4")
    onset, apex = made.events[0].onset, made.events[0].apex
    with open_media(folder / "demo.mp4") as media:
        frames = media.read([onset, apex])
    paths = [folder / "onset.png", folder / "apex.png"]
    for path, number in zip(paths, (onset, apex), strict=True):
        path.write_bytes(encode_png(frames[number].image))
    analyzer = Analyzer(Settings(llm=llm))
    whole, first, alone, words = [], [], [], 0
    heard: list[float] = []
    for number in range(repeats + 1):
        heard.clear()
        started = time.perf_counter()
        report = analyzer.analyze(
            onset=paths[0], apex=paths[1], words=lambda *_: heard.append(time.perf_counter())
        )
        ended = time.perf_counter()
        reading = report.micro_expressions[0].reading
        if number and llm != "none":
            first.append(heard[0] - started)
            alone.append(reading.seconds or 0.0)
        if number:
            whole.append(ended - started)
        words = len(f"{reading.analysis} {reading.reasoning} {reading.conclusion}".split())
    unit = 1e6 if sys.platform == "darwin" else 1e3
    found = {
        "pair to reading, s": statistics.median(whole),
        "words": words,
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }
    if llm != "none":
        found["the model alone, s"] = statistics.median(alone)
        found["pair to first words, s"] = statistics.median(first)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--llm", nargs="+", default=["none", "embedded"])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(args.llm[0], args.repeats, Path(folder))))
        return
    targets = {"pair to reading, s": 3.0, "pair to first words, s": 1.0, "peak memory, MB": 1200}
    figures = {}
    for llm in args.llm:
        # A process each, so that peak memory is its own.
        command = [sys.executable, __file__, "--here", "--llm", llm, "--repeats", str(args.repeats)]
        figures[llm] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for name, value in figures[llm].items():
            target = f"   target <= {targets[name]:g}" if name in targets else ""
            print(f"{llm:12} {name:26} {value:10.3f}{target}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
