"""Figures of a source tree's structure: modules, imports, circles, sizes; with --limits, what breaks them.

python benchmarks/measure_structure.py               # src of this checkout
python benchmarks/measure_structure.py TREE/src      # another tree
python benchmarks/measure_structure.py --limits      # exit code 1 and one line for each limit that is broken
"""

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grimp
import numpy as np
from scipy.sparse.csgraph import connected_components

LONGEST_FUNCTION = 80
LONGEST_MODULE = 350
MOST_PARAMETERS = 8
MOST_FREE_FORM = 20
FREE_FORM = "dict[str, Any]"


@dataclass(frozen=True)
class Function:
    """A function or method: where it is, how long, and how many parameters it takes (self not counted)."""

    module: str
    name: str
    lines: int
    parameters: int

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class Structure:
    """What was measured of one tree."""

    lines: dict[str, int] = field(default_factory=dict)
    """Module -> lines."""
    functions: list[Function] = field(default_factory=list)
    free_form: Counter[str] = field(default_factory=Counter)
    """Module -> lines that hold `dict[str, Any]`."""
    imports: dict[str, frozenset[str]] = field(default_factory=dict)
    """Module -> modules of the package it imports, inside functions too."""

    @property
    def arrows(self) -> int:
        """How many pairs of modules import one another's names."""
        return sum(map(len, self.imports.values()))

    @property
    def circles(self) -> list[list[str]]:
        """Groups of modules that import each other in a circle, largest first."""
        return sorted((sorted(group) for group in _components(self.imports) if len(group) > 1), key=len)[::-1]

    @property
    def repeated_names(self) -> dict[str, int]:
        """File names (but `__init__`) that stand for more than one module."""
        names = Counter(module.rpartition(".")[2] for module in self.lines if not _is_package(self, module))
        return {name: count for name, count in sorted(names.items()) if count > 1}

    @property
    def many_parameters(self) -> list[Function]:
        """Functions with more than `MOST_PARAMETERS` parameters, most first."""
        found = [f for f in self.functions if f.parameters > MOST_PARAMETERS]
        return sorted(found, key=lambda f: (-f.parameters, str(f)))


def measure(root: Path) -> Structure:
    """Measure the packages directly below `root` (a `src` folder)."""
    found = Structure()
    for package in sorted(path.parent for path in root.glob("*/__init__.py")):
        sys.path.insert(0, str(root))
        graph = grimp.build_graph(package.name, cache_dir=None)
        sys.path.remove(str(root))
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            source = path.read_text(encoding="utf-8")
            found.lines[module] = source.count("\n")
            found.free_form[module] = sum(FREE_FORM in line for line in source.splitlines())
            found.functions += _functions(module, ast.parse(source))
            found.imports[module] = frozenset(graph.find_modules_directly_imported_by(module))
    return found


def _functions(module: str, tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            own = len(names) - (names[:1] in (["self"], ["cls"]))
            yield Function(module, node.name, (node.end_lineno or node.lineno) - node.lineno + 1, own)


def _is_package(found: Structure, module: str) -> bool:
    return any(other.startswith(f"{module}.") for other in found.lines)


def _components(imports: dict[str, frozenset[str]]) -> list[list[str]]:
    """Strongly connected components: modules each of which reaches every other."""
    names = list(imports)
    arrows = np.array([[other in imports[module] for other in names] for module in names], np.int8)
    count, group = connected_components(arrows, connection="strong")
    return [[names[k] for k in np.flatnonzero(group == number)] for number in range(count)]


def broken_limits(found: Structure) -> Iterator[str]:
    """One line for each limit that the tree breaks."""
    for circle in found.circles:
        yield f"{len(circle)} modules import each other in a circle: {', '.join(circle)}"
    for module, lines in sorted(found.lines.items()):
        if lines > LONGEST_MODULE:
            yield f"{module} has {lines} lines (at most {LONGEST_MODULE})"
    for function in found.functions:
        if function.lines > LONGEST_FUNCTION:
            yield f"{function} has {function.lines} lines (at most {LONGEST_FUNCTION})"
    if (total := found.free_form.total()) > MOST_FREE_FORM:
        most = ", ".join(f"{module} {count}" for module, count in found.free_form.most_common(8) if count)
        yield f"{total} lines hold {FREE_FORM} (at most {MOST_FREE_FORM}): {most}"


def table(found: Structure) -> str:
    """The figures as a Markdown table, and the functions with many parameters below it."""
    longest = max(found.functions, key=lambda f: f.lines)
    module = max(found.lines, key=lambda name: found.lines[name])
    rows = {
        "modules": len(found.lines),
        "arrows (a module imports another)": found.arrows,
        "circles (modules in each)": ", ".join(str(len(circle)) for circle in found.circles) or "none",
        "lines of Python": f"{sum(found.lines.values()):,}",
        f"lines with `{FREE_FORM}`": found.free_form.total(),
        "longest function, lines": f"{longest.lines} (`{longest}`)",
        "longest module, lines": f"{found.lines[module]} (`{module}`)",
        f"functions with more than {MOST_PARAMETERS} parameters": len(found.many_parameters),
        "module names used more than once": len(found.repeated_names),
    }
    lines = ["| figure | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]
    return "\n".join([*lines, *(f"{f.parameters} parameters: {f}" for f in found.many_parameters)])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[1] / "src")
    parser.add_argument(
        "--limits", action="store_true", help="print broken limits only; exit code 1 if any is"
    )
    options = parser.parse_args()
    found = measure(options.root)
    if not options.limits:
        print(table(found))
        return 0
    broken = list(broken_limits(found))
    print("\n".join(broken) or "structure: within every limit")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
