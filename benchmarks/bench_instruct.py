"""MEU-Instruct measured: check failures of the grammar, mutations caught by the checks, records per second.

    python benchmarks/bench_instruct.py MEU_FOLDER [--scale 50000] [--json out.json]

MEU_FOLDER is a dataset of `mellm data instruct build` (any source). For the rate, its measured cases are
repeated under other keys, their motion scaled by a per mille per repetition (no two prompts are alike), and
only writing and checking are timed: measuring is done once and kept.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from mellm.instruct import BuildConfig, build, check_folder, check_record, open_store
from mellm.instruct.record_store import Store
from mellm.instruct.records import Case, read_cases, write_lines
from mellm.instruct.sources import Measured

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from record_corruptions import CORRUPTIONS

CORRUPTED = 1000


class Repeated:
    """Stands for a source whose samples are measured already."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def recipe(self) -> dict[str, Any]:
        return {"kind": "repeated", "count": self.count}

    def measure(self, index: int) -> Measured:
        raise AssertionError("measured already")


def mutations(store: Store, seed: int) -> dict[str, dict[str, Any]]:
    """Corrupt records in every way, together `CORRUPTED` and more; count those a check catches."""
    each = -(-CORRUPTED // len(CORRUPTIONS))
    pool = list(islice(store.checked(), 20_000))
    random.Random(seed).shuffle(pool)
    found: dict[str, dict[str, Any]] = {}
    for name, (tasks, corrupt) in CORRUPTIONS.items():
        chance, tried, caught, kinds = random.Random(seed), 0, 0, Counter[str]()
        for record, case in pool:
            if record.task not in tasks or tried == each:
                continue
            false = corrupt(record, case, chance)
            if false is None:
                continue
            problems = check_record(false, case)
            tried, caught = tried + 1, caught + bool(problems)
            kinds.update({p.kind for p in problems})
        found[name] = {"tried": tried, "caught": caught, "kinds": dict(kinds.most_common(3))}
    return found


def rate(store: Store, records: int, workers: int, folder: Path) -> dict[str, float]:
    """Write and check about `records` records from measured cases; seconds, records per second, memory."""
    cases = [case for n in store.shards("measured") for case in read_cases(store.shard("measured", n))]
    counts = open_store(store.root).read_manifest()["counts"]  # type: ignore[index]
    wanted = round(records * counts["cases"] / counts["records"]) + 1
    shard, out = 50, Store(folder)
    (folder / "measured").mkdir(parents=True)
    for number, first in enumerate(range(0, wanted, shard)):
        chosen = (_repeated(cases, index) for index in range(first, min(first + shard, wanted)))
        write_lines(out.shard("measured", number), (case.to_json() for case in chosen))
    started = time.perf_counter()
    manifest = build(BuildConfig(Repeated(wanted), shard=shard, workers=workers), folder)
    seconds = time.perf_counter() - started
    who = resource.RUSAGE_CHILDREN if workers > 1 else resource.RUSAGE_SELF
    made = manifest["counts"]["records"]
    return {
        "records": made,
        "queue": manifest["counts"]["queue"],
        "seconds": round(seconds, 1),
        "records_per_second": round(made / seconds, 1),
        "largest_process_mb": round(resource.getrusage(who).ru_maxrss / 1024, 1),
        "main_process_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _repeated(cases: list[Case], index: int) -> Case:
    case, turn = cases[index % len(cases)], index // len(cases)
    factor = 1 + turn / 1000
    motion = tuple(
        replace(m, u=m.u * factor, v=m.v * factor, mean=m.mean * factor, max=m.max * factor)
        for m in case.motion
    )
    return replace(case, key=f"{turn:04x}{case.key[4:]}", name=f"{case.name}.{turn}", motion=motion)


def main() -> int:
    """Run and print; exit with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=int, default=50_000, help="records to time (0: none)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    store = open_store(options.folder)

    result = check_folder(store)
    print(f"checks   {result.records} records, {result.failures} fail, {result.queued} in the queue")
    found = mutations(store, options.seed)
    tried, caught = (sum(entry[k] for entry in found.values()) for k in ("tried", "caught"))
    for name, entry in found.items():
        kinds = ", ".join(f"{kind} {count}" for kind, count in entry["kinds"].items())
        print(f"  {name:46} {entry['caught']:>4} of {entry['tried']:>4}   {kinds}")
    print(f"caught   {caught} of {tried} corrupted records in {len(found)} ways ({caught / tried:.2%})")
    figures: dict[str, Any] = {
        "records": result.records,
        "failures": result.failures,
        "mutations": found,
        "caught": caught / tried,
        "load": os.getloadavg(),
    }
    if options.scale:
        with tempfile.TemporaryDirectory() as folder:
            figures["rate"] = rate(store, options.scale, options.workers, Path(folder))
        print("rate     " + ", ".join(f"{name} {value}" for name, value in figures["rate"].items()))
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"load     {load} (1, 5, 15 minutes), {os.cpu_count()} cores")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return int(result.failures > 0 or caught / tried < 0.99)


if __name__ == "__main__":
    sys.exit(main())
