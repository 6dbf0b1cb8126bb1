"""One shard of the clips below an address: listed, fetched, analysed, its rows put back as Parquet.

python examples/shards/analyze_shard.py s3://bucket/clips s3://bucket/results --shard 3 --of 100
python examples/shards/analyze_shard.py recordings results --shard 0 --of 2

An address is any that fsspec reads (`pip install mellm[parquet] fsspec s3fs`). Which shard a clip belongs
to follows from its name alone, so shards need not know of each other: run them as the tasks of a job array,
in any order, on any machines. A shard whose table is there is not done again, and the tables form one
partitioned data set:

    pyarrow.dataset.dataset("results", partitioning="hive")
"""

import argparse
import hashlib
import posixpath
import tempfile
from pathlib import Path

import fsspec
import pyarrow.csv
import pyarrow.parquet

from mellm.analysis.batch import run_batch
from mellm.media.folder_contents import VIDEO_SUFFIXES


def shard_of(name: str, count: int) -> int:
    """Return the shard of a clip: by hash of its name below the address, the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % count


def clips_of(address: str, shard: int, count: int) -> dict[str, str]:
    """Return name below the address -> full path, for the clips of a shard."""
    system, root = fsspec.core.url_to_fs(address)
    found = {posixpath.relpath(path, root): path for path in system.find(root)}
    return {
        name: path
        for name, path in sorted(found.items())
        if Path(name).suffix.lower() in VIDEO_SUFFIXES and shard_of(name, count) == shard
    }


def analyze_shard(source: str, results: str, shard: int, count: int, workers: int = 1) -> str:
    """Analyse a shard and write its table; return one line that says what was done."""
    system, root = fsspec.core.url_to_fs(results)
    table = f"{root}/shard={shard}/clips.parquet"
    if system.exists(table):
        return f"shard {shard}: done before"
    clips = clips_of(source, shard, count)
    if not clips:
        return f"shard {shard}: no clips"
    store, _ = fsspec.core.url_to_fs(source)
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place, "clips"), Path(place, "reports")
        for name, path in clips.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            store.get_file(path, str(folder / name))
        rows = run_batch(folder, out, workers=workers)
        columns = pyarrow.csv.ConvertOptions(column_types={"error": "string", "report": "string"})
        read = pyarrow.csv.read_csv(out / "clips.csv", convert_options=columns)
        for report in out.rglob("report.json"):
            goal = f"{root}/shard={shard}/reports/{report.parent.relative_to(out).as_posix()}"
            system.makedirs(goal, exist_ok=True)
            system.put_file(str(report), f"{goal}/report.json")
        # The table comes last: it says that the shard is whole.
        pyarrow.parquet.write_table(read, out / "shard.parquet")
        system.makedirs(posixpath.dirname(table), exist_ok=True)
        system.put_file(str(out / "shard.parquet"), table)
    failed = sum(row.status == "failed" for row in rows)
    return f"shard {shard}: {len(rows)} clips, {failed} failed"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("results")
    parser.add_argument("--shard", type=int, required=True)
    parser.add_argument("--of", type=int, required=True, dest="count")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    if not 0 <= arguments.shard < arguments.count:
        parser.error("--shard counts from 0 and is less than --of")
    print(
        analyze_shard(
            arguments.source, arguments.results, arguments.shard, arguments.count, arguments.workers
        )
    )


if __name__ == "__main__":
    main()
