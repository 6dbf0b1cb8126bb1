"""The main job's cost: pair to report, a clip cold and warm, memory over length, import time, disk.

Run: python benchmarks/bench_analyze.py [--clip CLIP] [--llm none] [--json OUT]
Pairs are read by rules (`bench_reading.py` has them read by the language model), clips by whom `--llm` says.
Prints each figure beside its target. Machines differ: read the ratios, and run it twice.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIP = HERE.parent / "../shared/data/clips/single_face.mp4"


def pair_latency(repeats: int, estimator: str) -> tuple[float, float]:
    """Median seconds from two 400x480 pictures to a report without pictures saved, and of DIS flow alone."""
    import cv2
    import numpy as np

    from mellm import Analyzer, Settings
    from mellm.media import read_image

    portrait = read_image(HERE.parent / "src/mellm/data/portrait.jpg")
    onset = cv2.resize(portrait[0:420, 60:410], (400, 480), interpolation=cv2.INTER_AREA)
    apex = np.roll(onset, 1, axis=1)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("onset.png", "apex.png")]
        for path, picture in zip(paths, (onset, apex), strict=True):
            cv2.imwrite(str(path), picture[..., ::-1])
        analyzer = Analyzer(Settings(estimator=estimator, llm="none"))
        analyzer.analyze(onset=paths[0], apex=paths[1])
        times = []
        for _ in range(repeats):
            started = time.perf_counter()
            analyzer.analyze(onset=paths[0], apex=paths[1])
            times.append(time.perf_counter() - started)
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (onset, apex)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    bare = []
    for _ in range(repeats):
        started = time.perf_counter()
        dis.calc(grey[0], grey[1], None)
        bare.append(time.perf_counter() - started)
    return statistics.median(times), statistics.median(bare)


def analysis(clip: Path, llm: str) -> str:
    """Code that analyses a clip from nothing."""
    return f"import mellm; mellm.Analyzer(mellm.Settings(llm={llm!r})).analyze({str(clip)!r})"


def in_process(code: str) -> tuple[float, float]:
    """Run code in a fresh interpreter; return wall seconds and peak memory (MB)."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {code}")
    # Linux counts ru_maxrss in kB, macOS in bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return time.perf_counter() - started, usage.ru_maxrss / unit


def long_clip(path: Path, seconds: float) -> None:
    """The portrait under sensor noise, 640x480 at 30 fps."""
    import av
    import cv2
    import numpy as np

    from mellm.media import read_image

    rng = np.random.default_rng(0)
    portrait = cv2.resize(read_image(HERE.parent / "src/mellm/data/portrait.jpg"), (480, 480))
    still = cv2.copyMakeBorder(portrait, 0, 0, 80, 80, cv2.BORDER_REPLICATE).astype(np.int16)
    noise = [rng.normal(0, 2, still.shape).round().astype(np.int16) for _ in range(8)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for i in range(int(seconds * 30)):
            picture = np.clip(still + noise[i % 8], 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())


def installed_size() -> float:
    """MB of the running environment's packages."""
    import numpy

    site = Path(numpy.__file__).parents[1]
    return sum(f.stat().st_size for f in site.rglob("*") if f.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=10, help="length of the long clip for memory")
    parser.add_argument("--llm", choices=("none", "embedded"), default="embedded", help="who reads clips")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures: dict[str, float] = {}

    figures["import mellm, s"] = min(in_process("import mellm")[0] - in_process("pass")[0] for _ in range(5))
    figures["pair to report with dis, s"], bare = pair_latency(args.repeats, "dis")
    figures["pair to report with dis / DIS alone"] = figures["pair to report with dis, s"] / bare
    figures["pair to report with meflownet, s"], _ = pair_latency(args.repeats, "meflownet")
    if args.clip.exists():
        cold = in_process(analysis(args.clip, args.llm))
        figures["clip, cold process, s"], figures["clip, peak memory, MB"] = cold
        from mellm import Analyzer, Settings

        analyzer = Analyzer(Settings(llm=args.llm))
        analyzer.analyze(args.clip)
        started = time.perf_counter()
        analyzer.analyze(args.clip)
        figures["clip, warm, s"] = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in (("10 s", 10.0), (f"{args.minutes:g} min", args.minutes * 60)):
            path = Path(folder) / "clip.mp4"
            long_clip(path, seconds)
            wall, peak = in_process(analysis(path, args.llm))
            figures[f"{name} of video, peak memory, MB"] = peak
            figures[f"{name} of video, x real time"] = seconds / wall
    figures["installed packages, MB"] = installed_size()

    targets = {
        "import mellm, s": 0.3,
        "pair to report with dis, s": 0.150,
        "clip, cold process, s": 6.0,
        "clip, warm, s": 3.0,
        "clip, peak memory, MB": 500,
        "10 s of video, peak memory, MB": 500,
        f"{args.minutes:g} min of video, peak memory, MB": 500,
    }
    for name, value in figures.items():
        target = targets.get(name)
        print(f"{name:42} {value:10.3f}" + (f"   target <= {target:g}" if target else ""))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{'peak memory of this process, MB':42} {own:10.0f}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
