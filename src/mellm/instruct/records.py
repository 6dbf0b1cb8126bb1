"""What MEU-Instruct is made of: cases (a micro-expression, measured and labelled) and records (a dialogue).

Knows how both are written as JSON lines; knows nothing about how they are made.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, TypedDict

from mellm.errors import InputError
from mellm.face.region_id import RegionId
from mellm.facs.codes import ActionUnitCode, parse_codes
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.region_motion import RegionMotion
from mellm.language.prompt import Scale
from mellm.wording.languages import OwnLanguage

Route = Literal["flow", "vision"]
Task = Literal["meu", "mer", "vqa"]
Split = Literal["train", "val", "test"]
Form = Literal["full", "compact"]
"""Of prompts and answers: all regions and prose, or moving parts and a few words (flow route, English)."""

ROUTES: tuple[Route, ...] = ("flow", "vision")
LANGUAGES: tuple[OwnLanguage, ...] = ("en", "zh")
TASKS: tuple[Task, ...] = ("meu", "mer", "vqa")
SPLITS: tuple[Split, ...] = ("train", "val", "test")
FORMS: tuple[Form, ...] = ("full", "compact")

Origin = Literal["coded", "sheets", "none"]
"""Where an emotion label comes from: the sample's coders, the coders of others with the same units (generated
data: drawn from what annotation sheets say of them), or nowhere."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known to be true of a case.

    action_units: FACS codes as coded (the subject's sides); empty: none; None: never coded
    emotion: the coder's word, None where only a coarse class is known or there is no expression
    labels: taxonomy name -> label, for every taxonomy that has a word for it; empty: no micro-expression
        or no usable label
    expression: whether there is one at all (False: still faces and movements that are no expression)
    origin: where the emotion comes from
    """

    action_units: tuple[str, ...] | None
    emotion: str | None
    labels: dict[str, str]
    expression: bool = True
    origin: Origin = "coded"

    @property
    def units(self) -> tuple[ActionUnitCode, ...]:
        """The action units, parsed; empty where none were coded."""
        units = (u for code in self.action_units or () for u in parse_codes(code).units)
        return tuple(replace(unit, spelling="") for unit in units)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the FACS stage found in a case: no truth, but what a model is told beside the motion.

    units: (AU number, the subject's side, probability), from .05 on
    fine: probability of every fine emotion; all taxonomies are read from it
    """

    units: tuple[tuple[int, Side, float], ...]
    fine: dict[str, float]

    @property
    def evidence(self) -> list[AUEvidence]:
        """The units as evidence, without grades and regions."""
        return [AUEvidence(au, side, probability, None, ()) for au, side, probability in self.units]

    def emotion(self, taxonomy: str) -> dict[str, float]:
        """Label -> probability for a taxonomy."""
        return get_taxonomy(taxonomy).marginal(self.fine)

    @classmethod
    def of(cls, aus: Iterable[AUEvidence], fine: Mapping[str, float]) -> "Stage":
        """Keep what a case needs, rounded as it is written."""
        units = tuple((e.au, e.side, round(e.probability, 4)) for e in aus if e.probability >= _LEAST_UNIT)
        return cls(units, {name: round(fine[name], 4) for name in FINE})


_LEAST_UNIT = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """One micro-expression: how the 29 regions moved, and the truth.

    key: unique in the dataset built; `name` is the sample's key in its own set
    scale: `px` of the 400x480 crop, or `relative` (the face's own RMS motion, where the scale was lost)
    picture: path of the MMC-Map below the dataset's folder; None where there is none
    picture_face: whether the map lies on the onset frame (False: on black)
    made: estimator and settings behind the motion
    stage: what the FACS stage found; None in data measured before it was kept
    """

    key: str
    dataset: str
    subject: str
    name: str
    split: Split
    scale: Scale
    motion: tuple[RegionMotion, ...]
    truth: Truth
    picture: str | None
    picture_face: bool
    made: dict[str, str | int | float | None]
    stage: Stage | None = None

    def to_json(self) -> str:
        """Return one line of JSON; magnitudes keep 4 decimals."""
        data = asdict(self)
        data["motion"] = [
            [round(v, 4) if isinstance(v, float) else v for v in asdict(m).values()] for m in self.motion
        ]
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> "Case":
        """Read what `to_json` wrote."""
        data = json.loads(line)
        units = data["truth"]["action_units"]
        truth = Truth(**{**data["truth"], "action_units": None if units is None else tuple(units)})
        motion = tuple(RegionMotion(RegionId(name), *values) for name, *values in data["motion"])
        found = data.get("stage")
        stage = Stage(tuple((u[0], u[1], u[2]) for u in found["units"]), found["fine"]) if found else None
        return cls(**{**data, "truth": truth, "motion": motion, "stage": stage})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a check found wrong: which check (`kind`), and one sentence."""

    kind: str
    detail: str


class Target(TypedDict, total=False):
    """What an answer must say, as far as the task asks for it.

    action_units: FACS codes; taxonomy: the label set; label: one of it, None: no micro-expression
    answer: the whole answer to a question
    """

    action_units: list[str]
    taxonomy: str
    label: str | None
    answer: str


class ReviewMark(TypedDict):
    """A decision of a person on a record: who, what (`accept`, `edit`), when (ISO 8601)."""

    by: str
    verdict: str
    at: str


class Provenance(TypedDict, total=False):
    """Where a record comes from: of which case (filled in for every record), and who wrote the answer.

    mellm: the package's version; dataset, subject, sample: the case's own names; label_origin: see `Origin`
    coarse: the case's coarse class
    annotator: `rules`, `labels`, `terse` (compact answers), `openai`; version: of its grammar; seed: of it
    evidence: whether the prompt tells what the FACS stage found
    model, tries: the language model that drafted the answer, and how many drafts it took
    review: decisions of people
    """

    mellm: str
    dataset: str
    subject: str
    sample: str
    label_origin: Origin
    coarse: str | None
    annotator: str
    version: str
    seed: int
    evidence: bool
    model: str
    tries: int
    review: list[ReviewMark]


@dataclass(frozen=True, slots=True)
class Record:
    """One dialogue: what is asked, the answer, and where both come from.

    id: `case/task.route.language[.n]`, unique
    question: the form of the question (VQA), such as `coarse`; empty otherwise
    prompt: what the model is asked; contains `<image>` once where a picture goes with it
    answer: the answer to learn
    images: paths below the dataset's folder
    target: what the answer must say; provenance: who wrote it, and of which case
    form: `full` or `compact`
    """

    id: str
    case: str
    task: Task
    route: Route
    language: OwnLanguage
    split: Split
    question: str
    prompt: str
    answer: str
    images: tuple[str, ...]
    target: Target
    provenance: Provenance
    form: Form = "full"
    problems: tuple[Problem, ...] = field(default=())

    def to_json(self) -> str:
        """Return one line of JSON in the canonical form: `messages`, `images` and the rest beside them."""
        data = asdict(self)
        prompt, answer, problems = data.pop("prompt"), data.pop("answer"), data.pop("problems")
        data["messages"] = [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": answer},
        ]
        if problems:
            data["problems"] = problems
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> "Record":
        """Read a canonical line."""
        data = json.loads(line)
        user, assistant = data.pop("messages")
        data["images"] = tuple(data["images"])
        data["problems"] = tuple(Problem(**p) for p in data.pop("problems", ()))
        return cls(prompt=user["content"], answer=assistant["content"], **data)


def read_cases(path: Path) -> Iterator[Case]:
    """Yield the cases of one file."""
    for line in _lines(path):
        yield Case.from_json(line)


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of one file."""
    for line in _lines(path):
        yield Record.from_json(line)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); build the dataset again.") from error


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines to a file that appears whole or not at all; return how many there were."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    count = 0
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return count
