"""The recognisers of action units that `mellm evaluate aus` knows, by name."""

from collections.abc import Callable
from functools import partial

from mellm.datasets.megc2019 import FlowSet
from mellm.errors import InputError
from mellm.evaluate.motion_learners import motion_units
from mellm.evaluate.unit_learners import BothUnits, GridUnits, LearnedUnits, UnitLearner

_LEARNERS: dict[str, Callable[[FlowSet, tuple[int, ...]], UnitLearner]] = {
    "facs": BothUnits,
    "facs-clean": partial(BothUnits, clean=True),
    "grid": GridUnits,
    "grid-clean": partial(GridUnits, clean=True),
    "learned": LearnedUnits,
}


def create_unit_learner(name: str, data: FlowSet, units: tuple[int, ...]) -> UnitLearner:
    """Return a learner by name, for the samples of `data` and these units; InputError for other names."""
    if (motion := motion_units(name)) is not None:
        return motion(data, units)
    if name not in _LEARNERS:
        known = ", ".join((*_LEARNERS, "encoder-flow", "encoder-vision", "combined-flow"))
        raise InputError(f"There is no model '{name}' of action units; choose {known} or combined-vision.")
    return _LEARNERS[name](data, units)
