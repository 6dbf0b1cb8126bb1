"""The simulation of many nodes, where its answer is known without it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

PROGRAM: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "simulate_nodes.py"))
CLIPS = [(6.0, 2.0)] * 960


def cluster(**changed: float) -> Any:
    return PROGRAM["Cluster"](**{"slower": 1.0, "storage": 1e9, "load": 0.0, "join": 0.0, **changed})


@pytest.mark.parametrize("nodes", [1, 4, 16])
def test_equal_clips_scale_with_the_nodes(nodes: int) -> None:
    found = PROGRAM["together"](cluster(), CLIPS, nodes)
    assert found.rate == pytest.approx(nodes * 2 * 600, rel=1e-3)
    assert found.idle == pytest.approx(0, abs=1e-3)


def test_the_store_is_the_limit_where_it_is_slow() -> None:
    # 5 MB a clip at 10 MB/s: two clips a second, however many nodes.
    found = PROGRAM["together"](cluster(storage=10.0), CLIPS, 64)
    assert found.rate == pytest.approx(7200, rel=0.02)
    assert found.idle > 0.8


def test_starting_is_idle_time() -> None:
    # 32 processes, 30 clips of 6 s each: 180 s of work after 20 s of start.
    found = PROGRAM["together"](cluster(join=15.0, load=5.0), CLIPS, 16)
    assert found.idle == pytest.approx(0.1, abs=1e-3)


def test_shards_by_chance_wait_for_the_fullest() -> None:
    found = PROGRAM["sharded"](cluster(), CLIPS, 16, 0)
    assert found.rate < 0.95 * PROGRAM["together"](cluster(), CLIPS, 16).rate
    assert 0.03 < found.idle < 0.4
