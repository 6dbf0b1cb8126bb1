"""The script that measures the source tree, on a small tree; the test tree, which mirrors the source."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "measure_structure.py"

pytest.importorskip("grimp", reason="import-linter is not installed")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package of three modules, two of which import each other, one inside a function."""
    package = tmp_path / "small_tree_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from small_tree_of_a_test import two\n\n\ndef f(a, b):\n    return a\n")
    (package / "two.py").write_text(
        "from typing import Any\n\n\n"
        "def g(x: dict[str, Any]):\n    from small_tree_of_a_test.one import f\n\n    return f\n"
    )
    return tmp_path


def test_figures_of_a_small_tree(tree: Path) -> None:
    figures = run(str(tree)).stdout
    assert "| modules | 3 |" in figures
    assert "| arrows (a module imports another) | 2 |" in figures
    assert "| circles (modules in each) | 2 |" in figures
    assert "| lines with `dict[str, Any]` | 1 |" in figures
    assert "| longest function, lines | 4 (`small_tree_of_a_test.two.g`) |" in figures


def test_a_circle_breaks_the_limits(tree: Path) -> None:
    broken = run("--limits", str(tree))
    assert broken.returncode == 1
    assert "2 modules import each other in a circle" in broken.stdout
    (tree / "small_tree_of_a_test" / "one.py").write_text(
        "def f(a):\n" + "    a += 1\n" * 80 + "    return a\n"
    )
    long = run("--limits", str(tree))
    assert long.returncode == 1
    assert long.stdout == "small_tree_of_a_test.one.f has 82 lines (at most 80)\n"
    (tree / "small_tree_of_a_test" / "one.py").write_text("def f(a):\n    return a\n")
    assert run("--limits", str(tree)).returncode == 0


def test_the_test_tree_mirrors_the_source() -> None:
    def folders(root: Path) -> set[str]:
        return {str(file.parent.relative_to(root)) for file in root.rglob("*.py") if file.parent != root}

    source = folders(ROOT / "src" / "mellm")
    tested = folders(ROOT / "tests") - {"e2e"}
    assert tested - source == set()
    # Much of the command line is tested beside what it calls and in e2e; `data` holds no code.
    top = {name.partition("/")[0] for name in source - tested} - {name.partition("/")[0] for name in tested}
    assert top <= {"cli", "data"}
