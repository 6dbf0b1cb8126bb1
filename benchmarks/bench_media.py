"""Decode rate and peak memory of the media stage, as ratios measured in one run.

    python benchmarks/bench_media.py [--rounds 3] [--size 1280x720]

Prints the rate of `open_media(...).frames()` against bare PyAV (decoding alone, and decoding with conversion
to RGB arrays), the time of random access against one pass, and the growth of peak memory from a 10 s to a
10 min clip. The clips are made here from the package's portrait; nothing else is read.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import av
import cv2
import numpy as np

from mellm.media import open_media, read_image

FPS = 30
SECONDS = 10


def make_clip(path: Path, width: int, height: int) -> None:
    """Ten seconds of H.264 with B-frames: the portrait drifting, with sensor noise."""
    with as_file(files("mellm.data") / "portrait.jpg") as portrait:
        face = cv2.resize(read_image(portrait), (width + 40, height + 40), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 3, (8, height, width, 1))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(FPS * SECONDS):
            x, y = 20 + round(15 * np.sin(index / 17)), 20 + round(15 * np.cos(index / 23))
            picture = face[y : y + height, x : x + width] + noise[index % 8]
            frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def repeat_clip(source: Path, path: Path, times: int) -> None:
    """The same packets `times` over, without encoding again."""
    with av.open(str(path), "w") as out:
        target = None
        for turn in range(times):
            with av.open(str(source)) as container:
                stream = container.streams.video[0]
                target = target or out.add_stream_from_template(stream)
                shift = round(turn * SECONDS / stream.time_base)
                for packet in container.demux(stream):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
                    out.mux(packet)


def bare_decode(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


def bare_rgb(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for frame in container.decode(video=0) if frame.to_ndarray(format="rgb24").size)


def ours(path: Path) -> int:
    with open_media(path) as media:
        return sum(1 for frame in media.frames() if frame.image.size)


def measure(call: Callable[[], object]) -> tuple[float, float]:
    """Wall time and processor time (all threads) in seconds; the latter is steadier on a busy machine."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def peak_memory(path: Path) -> float:
    """Peak resident memory in MiB of a fresh process that streams the whole clip."""
    command = [sys.executable, __file__, "--stream", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def own_peak() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # Linux lets a child inherit its parent's ru_maxrss; this one starts anew.
        (line,) = (
            line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")
        )
        return int(line.split()[1]) / 1024
    # Bytes on macOS, KiB elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024**2 if sys.platform == "darwin" else 1024
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--stream", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stream:
        ours(options.stream)
        print(own_peak())
        return
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "10s.mp4", Path(folder) / "10min.mp4"
        make_clip(short, width, height)
        repeat_clip(short, long, 60)
        calls = {"decoding alone": bare_decode, "decoding to RGB": bare_rgb, "mellm.media": ours}
        walls = dict.fromkeys(calls, float("inf"))
        processors = dict.fromkeys(calls, float("inf"))
        for _ in range(options.rounds):
            for name, call in calls.items():
                wall, processor = measure(lambda call=call: call(short))
                walls[name], processors[name] = min(walls[name], wall), min(processors[name], processor)
        frames = FPS * SECONDS
        print(f"{width}x{height} H.264, {frames} frames, best of {options.rounds}, {os.cpu_count()} cores")
        print("                   frames/s   x real time   wall, x bare RGB   processor, x bare RGB")
        base_wall, base_processor = walls["decoding to RGB"], processors["decoding to RGB"]
        for name, wall in walls.items():
            print(
                f"  {name:16} {frames / wall:8.0f} {frames / wall / FPS:12.1f} "
                f"{wall / base_wall:17.2f} {processors[name] / base_processor:20.2f}"
            )
        with open_media(short) as media:
            _, whole = measure(lambda: sum(1 for _ in media.frames()))
            wanted = random.Random(0).sample(range(frames), 3)
            _, some = measure(lambda: media.read(wanted))
        print(f"  reading 3 frames anywhere takes {some / whole:.2f} of a whole pass (processor time)")
        small, large = peak_memory(short), peak_memory(long)
        print(f"  peak memory {small:.0f} MiB for 10 s, {large:.0f} MiB for 10 min: x {large / small:.2f}")


if __name__ == "__main__":
    main()
