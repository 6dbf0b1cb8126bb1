"""Emotion from the coded action units of DFME-like sheets: how far the step from units to emotion can go.

Features of one coded cell: its units, its units with their side, and whether any is one-sided. A
class-balanced logistic regression whose penalty is chosen by grouped cross-validation on the training sheet.
The baseline sees the unit numbers alone (class-balanced, C = 1). Neither sees who the person is.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.repeated_rows import counted_once
from mellm.datasets.sheet_warnings import log_remarks, rows_without_label
from mellm.errors import InputError
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.protocols import splits
from mellm.evaluate.runs import LabelRun, provenance
from mellm.evaluate.summary import label_figures, label_sample
from mellm.facs.codes import AUCodes, parse_codes
from mellm.facs.taxonomies import canonical, get_taxonomy

_log = logging.getLogger(__name__)

_PEOPLE, _FILES = ("Subject",), ("Filename",)

LABELS = get_taxonomy("dfme").labels
PENALTIES = (0.03, 0.1, 0.3, 1.0)
"""Values of C to choose from, on the training sheet."""


@dataclass(frozen=True, slots=True)
class CodedSample:
    """One row of a sheet: who, which file, the codes, the emotion."""

    subject: str
    key: str
    codes: AUCodes
    emotion: str


def read_coded(path: str | Path) -> list[CodedSample]:
    """Read Subject, Filename, AU, Emotion (any case).

    Rows whose emotion is none of the labels, and rows that repeat another, are left out with a warning.
    Raises InputError where a column is missing, rows contradict each other, or no row is left.
    """
    path = Path(path)
    rows = read_sheet(path, (_PEOPLE, _FILES, UNIT_COLUMNS, EMOTION_COLUMNS))
    rows = counted_once(_log, path, rows)
    log_remarks(_log, path, rows, UNIT_COLUMNS)
    samples, odd = [], []
    for row in rows:
        emotion = canonical(row.text(EMOTION_COLUMNS))
        if emotion not in LABELS:
            odd.append(row)
            continue
        codes = parse_codes(row.text(UNIT_COLUMNS))
        samples.append(CodedSample(row.text(_PEOPLE), row.text(_FILES), codes, emotion))
    if not samples:
        raise InputError(f"No emotion in '{path}' is one of {', '.join(LABELS)}.")
    for message in rows_without_label(path.name, odd, EMOTION_COLUMNS, LABELS):
        _log.warning("%s", message)
    return samples


def evaluate_emotion_from_units(
    train: str | Path, test: str | Path | None, seed: int = 0, model: str = "facs", held_out: float = 0.2
) -> LabelRun:
    """Train on one sheet, test on another (or on `held_out` of the training sheet's people where None).

    `model` is `facs` or `baseline-lr`. Raises InputError for people who are in both sheets, and for too few
    people, emotions or action units to learn from.
    """
    started = time.perf_counter()
    samples = read_coded(train)
    if test is None:
        samples, tested = hold_out(samples, held_out, seed)
    else:
        tested = read_coded(test)
        shared = {s.subject for s in samples} & {s.subject for s in tested}
        if shared:
            raise InputError(
                f"Person '{min(shared)}' is in both sheets; train and test must not share people."
            )
    _need_enough(samples, Path(train).name, held_out=test is None)
    fitted, penalty = fit_emotion(samples, model, seed)
    probabilities = np.zeros((len(tested), len(LABELS)))
    columns = [LABELS.index(label) for label in fitted.classes_]
    probabilities[:, columns] = fitted.predict_proba([_features(s.codes, model) for s in tested])
    people = [s.subject for s in tested]
    figures = label_figures([s.emotion for s in tested], probabilities, people, LABELS, seed)
    paths = [Path(train), *([Path(test)] if test is not None else [])]
    figures.trained_on = len(samples)
    return LabelRun(
        figures=figures,
        samples=[
            label_sample(s.key, "dfme", s.subject, s.emotion, p, LABELS)
            for s, p in zip(tested, probabilities, strict=True)
        ],
        provenance=provenance(paths, {"model": model, "C": penalty}, seed, started),
    )


def hold_out(
    samples: Sequence[CodedSample], share: float, seed: int
) -> tuple[list[CodedSample], list[CodedSample]]:
    """Split off a share of the people, drawn by the seed."""
    people = sorted({s.subject for s in samples})
    held = set(np.random.default_rng(seed).permutation(people)[: max(1, round(share * len(people)))].tolist())
    return [s for s in samples if s.subject not in held], [s for s in samples if s.subject in held]


def _need_enough(samples: Sequence[CodedSample], sheet: str, *, held_out: bool) -> None:
    """Raise InputError where the people who are trained on are too few, or all alike."""
    left = ", once a fifth of its people is held out for the test" if held_out else ""
    emotions = {s.emotion for s in samples}
    if len({s.subject for s in samples}) < 2:
        raise InputError(
            f"{sheet} leaves fewer than two people to train on{left}: give a sheet with more people"
            + (", or other people's with --test." if held_out else ".")
        )
    if len(emotions) < 2:
        raise InputError(
            f"{sheet} has one emotion alone to learn from ({min(emotions)}){left}: "
            f"a model needs at least two of {', '.join(LABELS)}."
        )
    if not any(s.codes.present for s in samples):
        raise InputError(f"{sheet} has no action units to learn from{left}: fill in its column of units.")


def fit_emotion(samples: Sequence[CodedSample], model: str, seed: int) -> tuple[Pipeline, float]:
    """Fit `facs` or `baseline-lr`; return the pipeline and its penalty, the value of C."""
    if model not in ("facs", "baseline-lr"):
        raise InputError(f"There is no model '{model}' for sheets; choose facs or baseline-lr.")
    x = [_features(s.codes, model) for s in samples]
    y = [s.emotion for s in samples]
    c = _best_penalty(x, y, [s.subject for s in samples], seed) if model == "facs" else 1.0
    return _pipeline(c).fit(x, y), c


def _best_penalty(x: Sequence[dict[str, int]], y: Sequence[str], people: Sequence[str], seed: int) -> float:
    folds = list(splits("folds", people, [""] * len(people), seed, folds=5))
    found = {}
    for c in PENALTIES:
        scores = LabelScores(LABELS)
        for fold in folds:
            known, emotions = [x[i] for i in fold.train], [y[i] for i in fold.train]
            if len(set(emotions)) < 2 or not any(known):
                continue  # Nothing can be learned here, with any penalty.
            fitted = _pipeline(c).fit(known, emotions)
            scores.update([y[i] for i in fold.test], fitted.predict([x[i] for i in fold.test]).tolist())
        found[c] = scores.compute().uf1
    return max(found, key=lambda c: found[c])


def _pipeline(c: float) -> Pipeline:
    return make_pipeline(DictVectorizer(), LogisticRegression(C=c, class_weight="balanced", max_iter=500))


def _features(codes: AUCodes, model: str) -> dict[str, int]:
    features = {f"{u.family}{u.au}": 1 for u in codes.present}
    if model == "facs":
        features |= {f"sided {u.sided}": 1 for u in codes.present}
        if any(u.one_sided for u in codes.present):
            features["one-sided"] = 1
    return features
