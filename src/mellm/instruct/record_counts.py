"""Counts of a dataset: tasks, routes, languages, splits, labels, units, lengths, wording diversity.

Reads the folder once, line by line. Knows nothing about how to print them.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from mellm.datasets.vqa_questions import QuestionKind
from mellm.facs.region_support import supporting_regions
from mellm.instruct.record_store import Store
from mellm.instruct.records import Record, read_cases
from mellm.instruct.truth import taxonomies_of
from mellm.instruct.vqa_dialogues import QuestionForm
from mellm.wording.languages import OwnLanguage

DIVERSITY_SAMPLE = 2000
"""Answers of each language that wording diversity is measured on, drawn by reservoir."""

_TOKENS = {
    "en": re.compile(r"[A-Za-z']+|\d+(?:\.\d+)?"),
    "zh": re.compile(r"[㐀-鿿]|[A-Za-z]+|\d+(?:\.\d+)?"),
}


class AnswerLengths(TypedDict):
    """Length of the answers of one task and language, characters."""

    mean: float
    shortest: int
    longest: int


class CaseCounts(TypedDict):
    """Counts over micro-expressions, not dialogues.

    subjects: people per split; labels: taxonomy -> label -> cases
    action_units, action_units_borne_out: AU -> cases labelled, and those of them that the motion shows
    sides: side of a labelled unit -> how often
    """

    cases: int
    subjects: dict[str, int]
    labels: dict[str, dict[str, int]]
    action_units: dict[str, int]
    action_units_borne_out: dict[str, int]
    sides: dict[str, int]


class Statistics(CaseCounts):
    """All counts of a dataset, ready for JSON.

    task ... question: records by that field; yes_no: answers to yes-or-no questions
    answer_characters: `task.language` -> lengths; wording: language -> distinct-n and shares of answers that
        differ; queue: problems by kind
    """

    records: int
    task: dict[str, int]
    route: dict[str, int]
    language: dict[str, int]
    split: dict[str, int]
    dataset: dict[str, int]
    annotator: dict[str, int]
    question: dict[str, int]
    yes_no: dict[str, int]
    answer_characters: dict[str, AnswerLengths]
    wording: dict[str, dict[str, float | int]]
    queue: dict[str, int]


@dataclass(slots=True)
class _Reservoir:
    """A fair sample of a stream of unknown length (Vitter 1985, algorithm R)."""

    size: int
    kept: list[str] = field(default_factory=list)
    seen: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def add(self, text: str) -> None:
        self.seen += 1
        if len(self.kept) < self.size:
            self.kept.append(text)
        elif (place := self.chance.randrange(self.seen)) < self.size:
            self.kept[place] = text


@dataclass(slots=True)
class _Lengths:
    """Lengths of a stream of answers."""

    count: int = 0
    total: int = 0
    low: int = 1 << 30
    high: int = 0

    def add(self, size: int) -> None:
        self.count, self.total = self.count + 1, self.total + size
        self.low, self.high = min(self.low, size), max(self.high, size)


def distinct(texts: Iterable[str], n: int, language: OwnLanguage) -> float:
    """Return distinct-n: different n-grams as a share of all (Li et al. 2016, NAACL); numbers are one word.

    English counts words, Chinese characters. 0 without any n-gram.
    """
    grams: set[tuple[str, ...]] = set()
    total = 0
    for text in texts:
        tokens = ["#" if t[0].isdigit() else t.lower() for t in _TOKENS[language].findall(text)]
        total += max(0, len(tokens) - n + 1)
        grams.update(zip(*(tokens[i:] for i in range(n)), strict=False))
    return len(grams) / total if total else 0.0


def skeleton(text: str) -> str:
    """Return a text without numbers, codes and sides: answers of one skeleton share a template."""
    return re.sub(r"\d+(?:\.\d+)?|\b(?:left|right)\b|[左右]", "#", text)


_COUNTED = ("task", "route", "language", "split")


def statistics(store: Store) -> Statistics:
    """Count everything in a dataset's folder."""
    by = {name: Counter[str]() for name in (*_COUNTED, "dataset", "annotator", "question")}
    lengths: dict[str, _Lengths] = {}
    answers: dict[OwnLanguage, _Reservoir] = {}
    yes = Counter[str]()
    for record in store.records():
        _count(record, by, yes)
        lengths.setdefault(f"{record.task}.{record.language}", _Lengths()).add(len(record.answer))
        if record.task == "meu":
            answers.setdefault(record.language, _Reservoir(DIVERSITY_SAMPLE)).add(record.answer)
    counts = {name: dict(sorted(counter.items())) for name, counter in by.items()}
    return {
        "records": sum(by["task"].values()),
        "task": counts["task"],
        "route": counts["route"],
        "language": counts["language"],
        "split": counts["split"],
        "dataset": counts["dataset"],
        "annotator": counts["annotator"],
        "question": counts["question"],
        "yes_no": dict(yes),
        "answer_characters": {
            name: {"mean": round(found.total / found.count, 1), "shortest": found.low, "longest": found.high}
            for name, found in sorted(lengths.items())
        },
        "wording": {language: _diversity(kept.kept, language) for language, kept in sorted(answers.items())},
        "queue": _queue(store),
        **_cases(store),
    }


def _count(record: Record, by: dict[str, Counter[str]], yes: Counter[str]) -> None:
    for name in _COUNTED:
        by[name][getattr(record, name)] += 1
    by["dataset"][record.provenance["dataset"]] += 1
    by["annotator"][record.provenance["annotator"]] += 1
    if record.question:
        kind = QuestionForm.parse(record.question).kind
        by["question"][kind] += 1
        if kind is QuestionKind.SHOWN:
            yes["yes" if record.answer in ("yes", "是") else "no"] += 1


def _diversity(texts: list[str], language: OwnLanguage) -> dict[str, float | int]:
    found: dict[str, float | int] = {"answers": len(texts)}
    for n in (1, 2, 3, 4):
        found[f"distinct_{n}"] = round(distinct(texts, n, language), 4)
    found["different_answers"] = round(len(set(texts)) / len(texts), 4)
    found["different_skeletons"] = round(len({skeleton(t) for t in texts}) / len(texts), 4)
    return found


def _queue(store: Store) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for record in store.records("queue"):
        kinds.update({problem.kind for problem in record.problems})
    return dict(sorted(kinds.items()))


def _cases(store: Store) -> CaseCounts:
    labels: dict[str, Counter[str]] = {}
    units: Counter[int] = Counter()
    shown: Counter[int] = Counter()
    sides: Counter[str] = Counter()
    subjects: dict[str, set[str]] = {}
    cases = 0
    for number in store.shards("measured"):
        for case in read_cases(store.shard("measured", number)):
            cases += 1
            subjects.setdefault(case.split, set()).add(f"{case.dataset}/{case.subject}")
            for name in taxonomies_of(case.dataset, case.truth):
                labels.setdefault(name, Counter())[case.truth.labels[name]] += 1
            if not case.truth.expression:
                labels.setdefault("none", Counter())["no expression"] += 1
            for unit in case.truth.units:
                units[unit.au] += 1
                sides[unit.side] += 1
                shown[unit.au] += bool(supporting_regions(unit, case.motion))
    return {
        "cases": cases,
        "subjects": {split: len(names) for split, names in sorted(subjects.items())},
        "labels": {name: dict(counter.most_common()) for name, counter in sorted(labels.items())},
        "action_units": {str(au): count for au, count in units.most_common()},
        "action_units_borne_out": {str(au): shown[au] for au, _ in units.most_common()},
        "sides": dict(sides.most_common()),
    }
