"""One analyzer for many threads: the same answers, and each call's own timings, progress and words."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mellm

THREADS = 8


@pytest.fixture
def numbered(pair: tuple[Path, Path], tmp_path: Path) -> Path:
    """Six pictures of a face: still, then moved."""
    folder = tmp_path / "numbered"
    folder.mkdir()
    for number in range(6):
        shutil.copy(pair[number > 3], folder / f"{number}.png")
    return folder


def test_eight_threads_share_one_analyzer(pair: tuple[Path, Path]) -> None:
    analyzer = mellm.Analyzer(mellm.Settings(llm="none"))
    onset, apex = pair

    def read(number: int) -> tuple[mellm.Report, float]:
        started = time.perf_counter()
        # Every other call has nothing that moves, so that mixed-up answers would be seen.
        report = analyzer.analyze(onset=onset, apex=apex if number % 2 else onset, command=str(number))
        return report, time.perf_counter() - started

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(read, range(2 * THREADS)))
    alone = [analyzer.analyze(onset=onset, apex=second) for second in (onset, apex)]
    for number, (report, seconds) in enumerate(found):
        assert report.provenance.command == str(number)
        assert report.micro_expressions == alone[number % 2].micro_expressions
        told = report.provenance.seconds
        assert set(told) == set(alone[0].provenance.seconds)
        stages = sum(value for stage, value in told.items() if stage != "total")
        # The clock of another call would add its seconds to this one's.
        assert stages <= told["total"] + 0.01 and told["total"] <= seconds + 0.01


def test_each_call_hears_its_own_progress(numbered: Path) -> None:
    analyzer = mellm.Analyzer(mellm.Settings(llm="none", fps=30))

    def count(_: int) -> list[tuple[str, int]]:
        heard: list[tuple[str, int]] = []
        analyzer.analyze(numbered, progress=lambda stage, done, total: heard.append((stage, done)))
        return heard

    with ThreadPoolExecutor(THREADS) as pool:
        heard = list(pool.map(count, range(THREADS)))
    assert heard[0] and all(other == heard[0] for other in heard)
