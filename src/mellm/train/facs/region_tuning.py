"""Fine-tuning of the learned action-unit model (`mellm.facs.learned`) on real micro-expressions.

A few hundred real samples are too few to learn the network anew, so its hidden layer stays and every unit's
output weights are fitted again, pulled towards the weights they start from: logistic regression whose
Gaussian prior is centred on the old model. How strong the pull is, and the calibration, are found by
cross-validation over people: nobody's samples say how well they are read. Units with few samples keep their
weights. Needs scipy and scikit-learn, not torch.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from mellm.errors import InputError
from mellm.facs.learned import (
    LearnedAUModel,
    load_au_model,
    mirrored_motion,
    save_au_model,
    shipped_au_model,
)
from mellm.facs.unit_figures import calibration_error, f1, side_gap
from mellm.facs.unit_rules import PRESENT
from mellm.train.facs.real_pairs import gather_real
from mellm.train.facs.region_pairs import RegionPairs
from mellm.train.recipe import Recipe

Array = NDArray[np.float64]
Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]


class TuningConfig(Recipe):
    """Settings of one run (a recipe in YAML has the same names, and `model: tuned`).

    data: a table of `mellm data index`, or a folder with flows.npz; frames: the set's folder, for a table
    init: `shipped`, or the weights (.safetensors) to start from
    estimator: of the flow between onset and apex, the one to analyse with later
    cache: folder that keeps what was measured, or None
    penalties: strengths of the pull towards the start to choose from
    folds: of the cross-validation over people
    least: samples a unit must be seen in to be fitted again
    """

    data: str
    frames: str | None = None
    init: str = "shipped"
    estimator: str = "meflownet"
    cache: str | None = None
    penalties: tuple[float, ...] = (10.0, 30.0, 100.0, 300.0, 1000.0)
    folds: int = 5
    least: int = 5

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        """Raise InputError for penalties that are not positive, or fewer than three folds."""
        if not self.penalties or min(self.penalties) <= 0:
            raise InputError("`penalties` must be a list of positive numbers, such as [10, 30, 100].")
        if self.folds < 3:
            raise InputError("`folds` must be at least 3: each fold's calibration is fitted on the others.")
        return self


def train_tuned(
    config: TuningConfig, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> LearnedAUModel:
    """Measure the set, fine-tune, write `output` (safetensors), say what it changed, return the model."""
    started = time.perf_counter()
    start = _start(config.init)
    pairs = gather_real(config.data, config.frames, config.estimator, start.units, config.cache, say)
    model, penalty, held_out = tune_au_model(start, pairs, config, say)
    before = start.probabilities(pairs.vectors)
    present = np.asarray(pairs.halves.any(axis=1), np.bool_)
    fitted = units_to_fit(pairs, config.least)
    for name, p in (("before", before), ("after, on people held out", held_out)):
        called = p[:, fitted] >= PRESENT
        say(
            f"{name}: F1 {f1(called, present[:, fitted]):.3f}, "
            f"calibration error {calibration_error(p[:, fitted], present[:, fitted]):.4f}"
        )
    about = {
        "format": "mellm facs regions 1",
        "start": config.init,
        "samples": f"{len(pairs.vectors)} of {len(set(pairs.identity))} people",
        "sets": ", ".join(dict.fromkeys(pairs.description)),
        "fitted_units": " ".join(str(pairs.units[u]) for u in np.flatnonzero(fitted)),
        "penalty": f"{penalty:g}",
        "estimator": config.estimator,
    }
    save_au_model(model, Path(output), about)
    say(f"{output} written after {time.perf_counter() - started:.0f} s")
    return model


def _start(init: str) -> LearnedAUModel:
    if init == "shipped":
        return shipped_au_model()
    if not Path(init).is_file():
        raise InputError(f"There are no weights '{init}'; give `init: shipped`, or a file of an earlier run.")
    return load_au_model(Path(init))


def tune_au_model(
    start: LearnedAUModel,
    pairs: RegionPairs,
    config: TuningConfig,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[LearnedAUModel, float, Array]:
    """Fine-tune on `pairs`; return the model, the penalty chosen, and held-out probabilities (N, U).

    Weights and calibration behind a held-out probability never saw the person (a cross-validation inside
    another); the penalty alone was chosen on everyone.
    Raises InputError for fewer than three people, or where no unit has enough samples.
    """
    people = np.array(pairs.identity)
    folds = min(config.folds, len(set(pairs.identity)))
    if folds < 3:
        raise InputError("Fine-tuning needs samples of at least three people: the others check each one.")
    fitted = units_to_fit(pairs, config.least)
    if not fitted.any():
        raise InputError(
            f"No action unit is seen in {config.least} samples; give more data or lower `least`."
        )
    split = list(GroupKFold(folds).split(people, groups=people))
    present = np.asarray(pairs.halves.any(axis=1), np.bool_)
    tried: dict[float, tuple[float, NDArray[np.float32]]] = {}
    for penalty in config.penalties:
        logits = _held_out_logits(start, pairs, split, penalty, fitted)
        slope, offset = _calibration(start, logits, pairs.halves, fitted)
        tried[penalty] = _log_loss(_probabilities(logits, slope, offset), present), logits
        say(f"penalty {penalty:g}: log-loss on people held out {tried[penalty][0]:.4f}")
    penalty = min(tried, key=lambda value: tried[value][0])
    logits = tried[penalty][1]
    slope, offset = _calibration(start, logits, pairs.halves, fitted)
    alone = (pairs.halves.sum(axis=1) == 1).any()
    gap = np.array([side_gap(logits, pairs.halves)], np.float32) if alone else start.gap
    model = replace(tuned(start, pairs, penalty, fitted), slope=slope, offset=offset, gap=gap)
    held_out = np.zeros(present.shape)
    for train, test in split:
        others = pairs.rows(train)
        inside = list(GroupKFold(max(2, folds - 1)).split(train, groups=people[train]))
        inner = _held_out_logits(start, others, inside, penalty, fitted)
        learned = tuned(start, others, penalty, fitted).half_logits(pairs.vectors[test])
        held_out[test] = _probabilities(learned, *_calibration(start, inner, others.halves, fitted))
    return model, penalty, held_out


def tuned(
    start: LearnedAUModel, pairs: RegionPairs, penalty: float, units: NDArray[np.bool_]
) -> LearnedAUModel:
    """Fit the output weights of some units (U,) again, pulled towards those of `start`.

    Per unit: sum of class-balanced cross-entropies over both halves of every face, plus penalty / 2 times
    the squared distance to the start's weights (the bias is free). A logit of 0 then means "as likely as not,
    if half of all had it"; the calibration is the start's and has to be fitted anew. A unit that all or
    nobody in `pairs` shows stays as it was.
    """
    hidden = np.concatenate(
        [start.view_hidden(pairs.vectors), start.view_hidden(mirrored_motion(pairs.vectors))]
    ).astype(np.float64)
    # The picture's left half is the subject's right.
    labels = np.concatenate([pairs.halves[:, 1], pairs.halves[:, 0]]).astype(np.float64)
    output, bias = start.output.copy(), start.output_bias.copy()
    for u in np.flatnonzero(units & (labels.min(axis=0) < labels.max(axis=0))):
        # Fitted on the scale of calibrated log-odds, kept on the scale of the start's logits.
        scale = float(start.slope[u])
        moved, free = _map_estimate(hidden, labels[:, u], scale * output[:, u].astype(np.float64), penalty)
        output[:, u], bias[u] = moved / scale, free / scale
    return replace(start, output=output, output_bias=bias)


def _map_estimate(x: Array, y: Array, prior: Array, penalty: float) -> tuple[Array, float]:
    """Logistic regression with the Gaussian prior mean `prior`; returns weights and bias."""
    balance = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    known = x @ prior

    def loss(theta: Array) -> tuple[float, Array]:
        moved, bias = theta[:-1], theta[-1]
        score = known + x @ moved + bias
        value = (balance * (np.logaddexp(0, score) - y * score)).sum() + penalty / 2 * (moved @ moved)
        slope = balance * (1 / (1 + np.exp(-score)) - y)
        return float(value), np.append(x.T @ slope + penalty * moved, slope.sum())

    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return prior + found[:-1], float(found[-1])


def units_to_fit(pairs: RegionPairs, least: int) -> NDArray[np.bool_]:
    """Return which units (U,) are seen in at least `least` samples, and not in all."""
    seen = pairs.halves.any(axis=1).sum(axis=0)
    return np.asarray((seen >= least) & (seen < len(pairs.halves)))


def _calibration(
    start: LearnedAUModel, logits: NDArray[np.float32], halves: NDArray[np.int8], units: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One slope for all fitted units and an offset each (shrunk to their mean), from held-out logits."""
    strongest = logits.max(axis=1)[:, units]
    present = np.asarray(halves.any(axis=1), np.bool_)[:, units]
    x = np.c_[strongest.reshape(-1, 1), np.tile(np.eye(units.sum()), (len(logits), 1))]
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(x, present.ravel())
    slope, offset = start.slope.copy(), start.offset.copy()
    slope[units] = fitted.coef_[0, 0]
    offset[units] = fitted.intercept_[0] + fitted.coef_[0, 1:]
    return slope, offset


def _held_out_logits(
    start: LearnedAUModel,
    pairs: RegionPairs,
    split: Folds,
    penalty: float,
    units: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Logits (N, 2, U) of everyone from a model fine-tuned on the other folds."""
    logits = np.zeros(pairs.halves.shape, np.float32)
    for train, test in split:
        model = tuned(start, pairs.rows(train), penalty, units)
        logits[test] = model.half_logits(pairs.vectors[test])
    return logits


def _probabilities(
    logits: NDArray[np.float32], slope: NDArray[np.float32], offset: NDArray[np.float32]
) -> Array:
    """Probabilities (N, U) that a unit is present, from the halves' logits (N, 2, U)."""
    return np.asarray(1 / (1 + np.exp(-(logits.max(axis=1) * slope + offset).astype(np.float64))))


def _log_loss(p: Array, present: NDArray[np.bool_]) -> float:
    q = np.clip(np.where(present, p, 1 - p), 1e-6, 1)
    return float(-np.log(q).mean())
