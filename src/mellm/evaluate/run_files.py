"""The file every evaluation writes: figures, one line per sample, and how to get them again."""

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mellm.errors import InputError
from mellm.version import __version__
from mellm.weights.model_store import sha256_of

_PACKAGES = ("numpy", "scikit-learn", "scipy", "torch", "opencv-contrib-python-headless")


def provenance(
    inputs: Sequence[Path], settings: Mapping[str, Any], seed: int, started: float
) -> dict[str, Any]:
    """Return what a reader needs to repeat a run; `started` is `time.perf_counter()` at its start."""
    return {
        "mellm_version": __version__,
        "command": " ".join(["mellm", *sys.argv[1:]]),
        "settings": dict(settings),
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 2),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "inputs": {path.name: sha256_of(path) for path in inputs},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write_run(
    file: str | Path,
    figures: Mapping[str, Any],
    samples: Sequence[Mapping[str, Any]],
    made: Mapping[str, Any],
) -> None:
    """Write `{"figures", "samples", "provenance"}` as JSON, creating the folder where needed."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    run = {"figures": figures, "samples": samples, "provenance": made}
    path.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_run(file: str | Path) -> dict[str, Any]:
    """Read a file `write_run` wrote; raises InputError where it is something else."""
    try:
        run = json.loads(Path(file).read_text(encoding="utf-8"))
        if not isinstance(run["samples"], list) or not isinstance(run["figures"], dict):
            raise KeyError("samples")
    except FileNotFoundError as error:
        raise InputError(f"There is no file '{file}'.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{file}' is not a run written by mellm evaluate --json.") from error
    return dict(run)
