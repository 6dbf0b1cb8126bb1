"""Models of `mellm evaluate aus`: scores of action units per half of the face, from 28x28 flow.

`grid`: the zero-shot scores of `mellm.facs.stored_flow_units`; a training fold adds a balanced ridge per
unit and view. `learned`: the learned recogniser of `mellm.facs` over 29 regions as it is shipped, fine-tuned
on the training fold. `facs`: both together. Without a training fold a unit is called where either calls it
(each is sparing with what it was never shown); with one, their scores are added up.

A half is read from the flow as it is (the subject's left) or mirrored (the right). A learner sees its
samples one by one beforehand, and the labels of the training fold alone. Where the flow was measured M times,
it learns from all measurements of the fold and answers for each.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet
from mellm.errors import InputError
from mellm.evaluate.ridge import Array, fit_ridge
from mellm.face.regions import REGION_NAMES
from mellm.facs.learned import LearnedAUModel, Vectors, at_typical_scale, shipped_au_model
from mellm.facs.stored_flow_units import StoredUnits, read_units
from mellm.facs.unit_rules import relative_vectors
from mellm.flow.normalised import recover_flow, regional_motion

PENALTY = 3.0
"""Of the ridge; fixed."""

PULL = 100.0
"""Of the fine-tuned model towards its start; fixed."""

LOG_ODDS = 4.0
"""Log-odds in one unit of a score."""

Labels = NDArray[np.bool_]
Rows = NDArray[np.int64]


class UnitLearner(Protocol):
    """Scores (M, N, 2, U) above zero where a unit is called; halves are the subject's left and right."""

    def zero_shot(self) -> Array:
        """Return everyone's scores, trained on nobody."""
        ...

    def fitted(self, labels: Labels, train: Rows, test: Rows) -> Array:
        """Return scores (M, test, 2, U) after training on the rows `train` and their labels (train, 2, U)."""
        ...


class GridUnits:
    """The learner `grid`."""

    def __init__(self, data: FlowSet, units: tuple[int, ...], *, clean: bool = False) -> None:
        """Read every sample; `clean`: by linear models that rest on no annotation sheet."""
        self._found = [read_units(flows, units, clean=clean) for flows in data.measurements]

    def zero_shot(self) -> Array:
        """Average what the sources say."""
        return np.stack([found.scores() for found in self._found])

    def fitted(self, labels: Labels, train: Rows, test: Rows) -> Array:
        """Add a ridge per unit and view, both halves of every face as samples."""
        scores = self.zero_shot()[:, test]
        for u in range(labels.shape[2]):
            # A unit nobody in the training fold shows can only be read zero-shot.
            if labels[:, :, u].any():
                views = [self._ridge(view, u, labels[:, :, u], train, test) for view in (0, 1)]
                scores[..., u] += np.mean(views, axis=0)
        return scores

    def _ridge(self, view: int, u: int, labels: Labels, train: Rows, test: Rows) -> Array:
        def design(found: StoredUnits, rows: Rows, half: int) -> Array:
            sources = np.nan_to_num(found.sources[rows, :, half, u])
            return np.asarray(np.c_[found.grids[rows, view, half], sources])

        x = np.concatenate([design(found, train, half) for found in self._found for half in (0, 1)])
        y = np.tile(labels.T.reshape(-1), len(self._found)).astype(np.int64)
        score = fit_ridge(x, y, 2, PENALTY)
        return np.stack(
            [
                np.stack([2 * score(design(found, test, half))[:, 1] for half in (0, 1)], axis=1)
                for found in self._found
            ]
        )


class LearnedUnits:
    """The learner `learned`: log-odds divided by `LOG_ODDS`; a unit the model lacks is never called."""

    def __init__(self, data: FlowSet, units: tuple[int, ...]) -> None:
        """Read every sample: motion (N, 29, 2), its strongest set to a typical one."""
        self._vectors = [_typical_motion(flows) for flows in data.measurements]
        self._start = shipped_au_model()
        self._units = units

    def zero_shot(self) -> Array:
        """The shipped model as it is, calibrated."""
        return np.stack([self._scores(self._start, v, self._start.offset) for v in self._vectors])

    def fitted(self, labels: Labels, train: Rows, test: Rows) -> Array:
        """Fine-tune on the fold; called as if every unit were present as often as not."""
        try:
            from mellm.train.facs.region_pairs import RegionPairs
            from mellm.train.facs.region_tuning import tuned
        except ModuleNotFoundError as error:
            raise InputError(
                f"Fine-tuning needs {error.name}; install it with pip install 'mellm[train]'."
            ) from error
        halves = np.zeros((len(train), 2, len(self._start.units)), np.int8)
        known = [
            (u, self._start.units.index(au)) for u, au in enumerate(self._units) if au in self._start.units
        ]
        for u, column in known:
            halves[:, :, column] = labels[:, :, u]
        halves = np.tile(halves, (len(self._vectors), 1, 1))
        vectors = np.concatenate([v[train] for v in self._vectors])
        moving = np.linalg.norm(vectors, axis=-1) > 0
        nobody = ("",) * len(vectors)
        pairs = RegionPairs(vectors, moving, halves, self._start.units, nobody, nobody)
        model = tuned(self._start, pairs, PULL, np.asarray(halves.any(axis=(0, 1)), np.bool_))
        return np.stack([self._scores(model, v[test], np.zeros_like(model.offset)) for v in self._vectors])

    def _scores(self, model: LearnedAUModel, vectors: Vectors, offset: NDArray[np.float32]) -> Array:
        """The stronger half's log-odds as the mean of both, apart by what the halves differ."""
        logits = model.half_logits(vectors) * model.slope
        # The picture's left half is the subject's right.
        odds = (logits.max(axis=1, keepdims=True) + offset + logits - logits.mean(axis=1, keepdims=True))[
            :, ::-1
        ]
        scores = np.full((len(odds), 2, len(self._units)), -1.0)
        for u, au in enumerate(self._units):
            if au in model.units:
                scores[:, :, u] = odds[:, :, model.units.index(au)] / LOG_ODDS
        return scores


class BothUnits:
    """The learner `facs`."""

    def __init__(self, data: FlowSet, units: tuple[int, ...], *, clean: bool = False) -> None:
        """Read every sample both ways."""
        self._ways: tuple[UnitLearner, ...] = (
            GridUnits(data, units, clean=clean),
            LearnedUnits(data, units),
        )

    def zero_shot(self) -> Array:
        """The higher score of the two."""
        return np.asarray(np.max([way.zero_shot() for way in self._ways], axis=0))

    def fitted(self, labels: Labels, train: Rows, test: Rows) -> Array:
        """The sum of the scores of both, each trained on the fold."""
        return np.asarray(np.sum([way.fitted(labels, train, test) for way in self._ways], axis=0))


def _typical_motion(flows: NDArray[np.uint8]) -> Vectors:
    """Motion (N, 29, 2) of stored flow, its strongest set to a typical one."""
    named = [relative_vectors(regional_motion(recover_flow(stored))) for stored in flows]
    motion = [[vectors.get(name, (0.0, 0.0)) for name in REGION_NAMES] for vectors in named]
    return at_typical_scale(np.array(motion, np.float32))
