"""Every file of a folder, and damaged variants of them, through `mellm analyze`.

Run: python benchmarks/bench_robustness.py [--clips DIR] [--variants 200]
Each must end with a report or with one clear sentence: no traceback, no hang, exit code 0 or 2. What was
written must be a complete report. Prints one line per kind of damage, and every offender.
"""

import argparse
import collections
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLIPS = Path(__file__).resolve().parents[1] / "../shared/data/clips"
TIMEOUT = 180.0


def damage(data: bytes, kind: str, rng: random.Random) -> bytes:
    """One way a file goes wrong."""
    changed = bytearray(data)
    if kind == "truncated":
        return data[: int(len(data) * rng.uniform(0.01, 0.95))]
    if kind == "zeros":
        start = rng.randrange(len(data))
        length = min(len(data) - start, rng.randrange(16, max(17, len(data) // 4)))
        changed[start : start + length] = bytes(length)
    elif kind == "flips":
        for _ in range(rng.randrange(1, 200)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    elif kind == "head":
        changed[: rng.randrange(1, 64)] = b""
    elif kind == "empty":
        return b""
    return bytes(changed)


def run(path: Path, out: Path) -> tuple[int | None, str, float]:
    """Analyse one file in its own process: exit code (None: hung), what it said, seconds."""
    command = [sys.executable, "-m", "mellm", "analyze", str(path), "--out", str(out), "--quiet"]
    started = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return None, "no end", TIMEOUT
    return done.returncode, done.stderr.strip(), time.perf_counter() - started


def fault(code: int | None, said: str, out: Path) -> str | None:
    """What is wrong with an outcome, None where it is fine."""
    from mellm.report import Report

    if code is None:
        return "hung"
    if "Traceback" in said:
        return "traceback"
    if code == 0:
        try:
            Report.load(out)
        except (OSError, ValueError) as error:
            return f"exit 0 without a whole report ({error})"
        return None
    if code == 2 and len(said.splitlines()) == 1 and said.startswith("mellm: "):
        return None
    return f"exit {code}: {said[:300]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS)
    parser.add_argument("--variants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    files = sorted(p for p in args.clips.iterdir() if p.is_file())
    if not files:
        raise SystemExit(f"{args.clips} holds no files")
    kinds = ("truncated", "zeros", "flips", "head", "extension", "empty")
    outcomes: collections.Counter[tuple[str, str]] = collections.Counter()
    offenders: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        jobs = [(path, "whole") for path in files]
        jobs += [(files[i % len(files)], kinds[(i // len(files)) % len(kinds)]) for i in range(args.variants)]
        for number, (path, kind) in enumerate(jobs):
            variant = Path(folder) / f"{number}{path.suffix}"
            if kind == "extension":
                variant = variant.with_suffix(rng.choice([".mp4", ".png", ".gif", ".txt", ".jpg", ""]))
            variant.write_bytes(damage(path.read_bytes(), kind, rng))
            out = Path(folder) / f"{number}.mellm"
            code, said, seconds = run(variant, out)
            slowest = max(slowest, seconds)
            wrong = fault(code, said, out)
            outcomes[kind, "fault" if wrong else "report" if code == 0 else "sentence"] += 1
            if wrong:
                offenders.append(f"{path.name} ({kind}, job {number}): {wrong}")
            if kind == "whole":
                print(f"  {path.name:48} {'report' if code == 0 else said}  {seconds:.1f} s")
            variant.unlink()
    print(f"\n  {'damage':12} {'reports':>8} {'sentences':>10} {'faults':>7}")
    for kind in ("whole", *kinds):
        counts = [outcomes[kind, what] for what in ("report", "sentence", "fault")]
        print(f"  {kind:12} {counts[0]:8} {counts[1]:10} {counts[2]:7}")
    print(f"\n  slowest {slowest:.1f} s; {len(offenders)} faults")
    for line in offenders:
        print(f"  {line}")
    raise SystemExit(1 if offenders else 0)


if __name__ == "__main__":
    main()
