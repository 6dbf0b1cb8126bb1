"""The file every evaluation writes: figures, one line per sample, and how to get them again."""

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, JsonValue

from mellm.errors import InputError
from mellm.evaluate.figures import LabelFigures, UnitFigures, VQAFigures
from mellm.evaluate.flow_figures import FlowFigures, PairSample
from mellm.evaluate.long_figures import LongFigures, LongSample
from mellm.evaluate.made_where import commit_of, machine, today
from mellm.evaluate.spotting_figures import SpottingFigures, SpottingSample
from mellm.version import __version__
from mellm.weights.model_store import sha256_of

_PACKAGES = ("numpy", "scikit-learn", "scipy", "torch", "opencv-contrib-python-headless")

Answer = str | list[str]
"""A label or a text, or the codes of action units such as `["1", "L2"]`."""

FiguresT = TypeVar("FiguresT", bound=BaseModel)
SampleT = TypeVar("SampleT", bound=BaseModel)


class SampleResult(BaseModel):
    """One sample of a run: what is true, what was answered, how sure the answer was (label -> probability).

    question: of ME-VQA
    leaning: action unit -> `L` or `R`, the half with the stronger score
    action_units, text: what a language model concluded and wrote
    seconds: what the reading took, and `measuring` what measuring its frames took, when they were measured
    frames: indices of onset and apex among the sample's frames
    note: why a sample could not be read
    """

    key: str
    dataset: str
    subject: str
    question: str = ""
    truth: Answer
    prediction: Answer
    probabilities: dict[str, float] = {}
    leaning: dict[str, str] = {}
    action_units: list[str] = []
    text: str | None = None
    seconds: float = 0.0
    measuring: float = 0.0
    frames: list[int] = []
    note: str = ""

    @property
    def person(self) -> str:
        """`dataset/subject`, which tells people of all sets apart."""
        return f"{self.dataset}/{self.subject}"


class Provenance(BaseModel):
    """What a reader needs to repeat a run; `inputs` maps file names to SHA-256.

    date, commit, machine: when, from which code (empty: an installed package) and on what it was made
    """

    mellm_version: str = ""
    command: str | None = None
    settings: dict[str, JsonValue] = {}
    seed: int = 0
    seconds: float = 0.0
    python: str = ""
    packages: dict[str, str] = {}
    inputs: dict[str, str] = {}
    date: str = ""
    commit: str = ""
    machine: str = ""

    def setting(self, name: str) -> str | None:
        """A setting as text; None where the run does not say."""
        found = self.settings.get(name)
        return None if found is None else str(found)


class Run(BaseModel, Generic[FiguresT, SampleT]):
    """An evaluation: its figures, one line per sample, its provenance."""

    figures: FiguresT
    samples: list[SampleT]
    provenance: Provenance = Provenance()


class LabelRun(Run[LabelFigures, SampleResult]):
    """Emotion labels."""


class UnitRun(Run[UnitFigures, SampleResult]):
    """Action units."""


class VQARun(Run[VQAFigures, SampleResult]):
    """Answers to questions."""


class FlowRun(Run[FlowFigures, PairSample]):
    """Flow estimators on pairs of known motion."""


class LongRun(Run[LongFigures, LongSample]):
    """Spotting, recognition and questions on long videos."""


class SpottingRun(Run[SpottingFigures, SpottingSample]):
    """Spotters on real clips, as they are and with movements put in."""


AnyRun = LabelRun | UnitRun | VQARun | FlowRun | LongRun | SpottingRun


def provenance(
    inputs: Sequence[Path], settings: Mapping[str, JsonValue], seed: int, started: float
) -> Provenance:
    """Return the provenance of this process; `started` is `time.perf_counter()` at the run's start."""
    return Provenance(
        mellm_version=__version__,
        command=" ".join(["mellm", *sys.argv[1:]]),
        settings=dict(settings),
        seed=seed,
        seconds=round(time.perf_counter() - started, 2),
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        inputs={_named(path, inputs): sha256_of(path) for path in inputs},
        date=today(),
        commit=commit_of(Path(__file__)),
        machine=machine(),
    )


def _named(path: Path, among: Sequence[Path]) -> str:
    """A file's name, with its folder's where another file has the same."""
    alone = sum(path.name == other.name for other in among) == 1
    return path.name if alone else f"{path.parent.name}/{path.name}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write_run(file: str | Path, run: AnyRun) -> None:
    """Write a run as JSON, creating the folder where needed; fields that were not set are left out."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = run.model_dump(exclude_unset=True)
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_run(file: str | Path) -> AnyRun:
    """Read a file `write_run` wrote; raises InputError where it is something else."""
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        figures = content["figures"]
        if "strata" in figures:
            return FlowRun.model_validate(content)
        if "mean_counts" in figures:
            return LongRun.model_validate(content)
        if "covered" in figures:
            return SpottingRun.model_validate(content)
        if "questions" in figures:
            return VQARun.model_validate(content)
        if "per_unit" in figures:
            return UnitRun.model_validate(content)
        return LabelRun.model_validate(content)
    except FileNotFoundError as error:
        raise InputError(f"There is no file '{file}'.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{file}' is not a run written by mellm evaluate --json.") from error
