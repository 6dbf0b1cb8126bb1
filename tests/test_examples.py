"""The examples for many machines: shards by name, a table a shard, nothing done twice."""

import runpy
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")

SHARDS: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[1] / "examples" / "shards" / "analyze_shard.py")
)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Animations of one frame each: short clips without motion."""
    portrait = files("mellm.data") / "portrait.jpg"
    folder = tmp_path / "clips"
    (folder / "sub").mkdir(parents=True)
    import cv2

    picture = cv2.imread(str(portrait))
    for name in ("a.avi", "b.avi", "sub/c.avi"):
        writer = cv2.VideoWriter(str(folder / name), cv2.VideoWriter.fourcc(*"MJPG"), 30, (512, 512))
        for _ in range(3):
            writer.write(picture)
        writer.release()
    (folder / "notes.txt").write_text("no clip")
    return folder


def test_every_clip_is_in_exactly_one_shard(clips: Path) -> None:
    shards = [SHARDS["clips_of"](str(clips), shard, 4) for shard in range(4)]
    named = [name for shard in shards for name in shard]
    assert sorted(named) == ["a.avi", "b.avi", "sub/c.avi"]
    counts = [sum(SHARDS["shard_of"](f"clip{n:05}.mp4", 10) == k for n in range(10_000)) for k in range(10)]
    assert min(counts) > 900, "shards are of one size"


def test_shards_make_one_table_and_are_done_once(clips: Path, tmp_path: Path) -> None:
    import pyarrow.dataset

    analyze: Callable[..., str] = SHARDS["analyze_shard"]
    results = f"memory://{tmp_path.name}"
    said = [analyze(str(clips), results, shard, 2) for shard in (0, 1)]
    assert sum(int(line.split()[2]) for line in said if "clips," in line) == 3
    assert {analyze(str(clips), results, shard, 2) for shard in (0, 1)} <= {
        "shard 0: done before",
        "shard 1: done before",
        "shard 0: no clips",
        "shard 1: no clips",
    }
    system, root = fsspec.core.url_to_fs(results)
    table = pyarrow.dataset.dataset(root, filesystem=system, partitioning="hive", exclude_invalid_files=True)
    rows = table.to_table(columns=["clip", "status", "shard"]).to_pylist()
    assert sorted(row["clip"] for row in rows) == ["a.avi", "b.avi", "sub/c.avi"]
    assert all(SHARDS["shard_of"](row["clip"], 2) == row["shard"] for row in rows)
