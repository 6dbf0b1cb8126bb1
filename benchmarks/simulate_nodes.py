"""Clips an hour of a batch on 1 to 64 nodes, simulated from seconds measured on one machine.

Run: python benchmarks/simulate_nodes.py [--clips 10000] [--from reports/clips.csv] [--storage 100]
Two ways to share the clips: handed out one by one to whoever is free (Ray, `--engine ray`), or in fixed
shards by the clip's name (`examples/shards/analyze_shard.py`), each node with its own share. Every clip is
read from one store and its report written back; the store gives its rate to one transfer after the other.
Not in it: nodes that fail, hand-out time, clips on slower nodes, and a network between store
and nodes that is slower than the store.
"""

import argparse
import csv
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NODES = (1, 2, 4, 8, 16, 32, 64)
MEASURED = ((4.0, 1.4), (5.6, 5.5), (9.0, 4.4), (9.8, 0.9), (14.7, 1.7))
"""Processor seconds and MB of a clip of 3 s: 30 fps 640x480 and 1280x720, 60 fps 1280x720, 100 and 200 fps
640x480 (`bench_throughput.py`, 2026-11-28)."""


@dataclass(frozen=True)
class Cluster:
    """What every node is like.

    workers: processes a node; slower: how many times as long a clip takes beside the others on its node
    storage: MB/s of the store, for all nodes together; written: MB a report
    load: seconds until a process has its models; join: seconds until a node has joined the Ray cluster
    """

    workers: int = 2
    slower: float = 1.45
    storage: float = 100.0
    written: float = 3.0
    load: float = 1.3
    join: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """Clips an hour, and the share of the processes' time in which they computed nothing."""

    rate: float
    idle: float


def together(cluster: Cluster, clips: Sequence[tuple[float, float]], nodes: int) -> Outcome:
    """Hand out the clips one by one to all processes of all nodes."""
    start = cluster.join + cluster.load
    return _work_off(cluster, [(start, 0)] * (nodes * cluster.workers), [clips])


def _work_off(
    cluster: Cluster, free: list[tuple[float, int]], shares: Sequence[Sequence[tuple[float, float]]]
) -> Outcome:
    """`free`: when each process is free first, and which share is its own."""
    workers, end, busy, store, done = len(free), 0.0, 0.0, 0.0, [0] * len(shares)
    heapq.heapify(free)
    while free:
        now, share = heapq.heappop(free)
        if done[share] == len(shares[share]):
            end = max(end, now)
            continue
        seconds, size = shares[share][done[share]]
        done[share] += 1
        # Reading and writing are one transfer here: the store's time is what counts, not when.
        store = max(store, now) + (size + cluster.written) / cluster.storage
        busy += seconds * cluster.slower
        heapq.heappush(free, (store + seconds * cluster.slower, share))
    return Outcome(sum(done) / end * 3600, 1 - busy / (workers * end))


def sharded(cluster: Cluster, clips: Sequence[tuple[float, float]], nodes: int, seed: int) -> Outcome:
    """Give each clip to a node by chance, as a hash of its name does."""
    chance = random.Random(seed)
    shares: list[list[tuple[float, float]]] = [[] for _ in range(nodes)]
    for clip in clips:
        shares[chance.randrange(nodes)].append(clip)
    return _work_off(
        cluster, [(cluster.load, share) for share in range(nodes) for _ in range(cluster.workers)], shares
    )


def drawn(count: int, seed: int, source: Path | None) -> list[tuple[float, float]]:
    """Draw clips: of a batch's table (its seconds; sizes of the measured clips), or of the measured five."""
    chance = random.Random(seed)
    if source is None:
        return [chance.choice(MEASURED) for _ in range(count)]
    with source.open(encoding="utf-8", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file) if row["status"] == "done"]
    return [(chance.choice(seconds), chance.choice(MEASURED)[1]) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--from", dest="source", type=Path, help="clips.csv of a batch of yours")
    for name, kind in (
        ("workers", int),
        ("slower", float),
        ("storage", float),
        ("load", float),
        ("join", float),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Cluster, name))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    cluster = Cluster(args.workers, args.slower, args.storage, Cluster.written, args.load, args.join)
    print(cluster)
    print("| nodes | one by one: clips/h | idle | fixed shards: clips/h | idle |")
    print("|---|---|---|---|---|")
    for nodes in NODES:
        rows = []
        for seed in range(args.seeds):
            clips = drawn(args.clips, seed, args.source)
            rows.append((together(cluster, clips, nodes), sharded(cluster, clips, nodes, seed)))
        cells = [
            f"{sum(row[way].rate for row in rows) / len(rows):,.0f} | "
            f"{100 * sum(row[way].idle for row in rows) / len(rows):.0f}%"
            for way in (0, 1)
        ]
        print(f"| {nodes} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
