"""The motion encoders, and their combination with the FACS stage, as recognisers of stored 28x28 flow.

Zero-shot only: no real face took part in their training. Names: `encoder-ROUTE`, `combined-ROUTE`, and with
`-clean` behind them those that rest on no annotation sheet.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet
from mellm.errors import InputError
from mellm.evaluate.facs_learner import Untrained
from mellm.evaluate.ridge import Array
from mellm.evaluate.unit_learners import BothUnits
from mellm.facs.stored_flow import COARSE, coarse_findings
from mellm.facs.stored_flow_units import SIDE_GAP, WEIGHT
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.language.motion.combination import combined_labels, weights_of
from mellm.language.motion.encoders import Route, shipped_encoder
from mellm.language.motion.map_tokens import stored_map
from mellm.language.motion.opinion import Opinion

StoredFlow = NDArray[np.uint8]


def see_stored(stored: StoredFlow, route: Route, clean: bool = False) -> Opinion:
    """Return what a route's encoder makes of stored flow uint8 (28, 28, 3)."""
    field, encoder = recover_flow(stored), shipped_encoder(route, clean=clean)
    if route == "vision":
        return encoder.read_map(stored_map(field))
    return encoder.read_regions(regional_motion(field), "relative")


def _labels(stored: StoredFlow, route: Route, combined: bool, clean: bool) -> Array:
    labels = see_stored(stored, route, clean).labels("3")
    if combined:
        found = coarse_findings(stored, clean=clean).probabilities.tolist()
        stage = dict(zip(COARSE, found, strict=True))
        labels = combined_labels(stage, labels, weights_of(route, "relative", clean=clean))
    return np.array([labels[name] for name in COARSE])


def motion_learner(route: Route, combined: bool, clean: bool = False) -> Untrained:
    """Return the recogniser of three classes."""
    name = f"{'combined' if combined else 'encoder'}-{route}{'-clean' if clean else ''}"
    return Untrained(name, partial(_labels, route=route, combined=combined, clean=clean))


encoder_flow: Callable[[], Untrained] = partial(motion_learner, "flow", False)
encoder_vision: Callable[[], Untrained] = partial(motion_learner, "vision", False)
combined_flow: Callable[[], Untrained] = partial(motion_learner, "flow", True)
combined_vision: Callable[[], Untrained] = partial(motion_learner, "vision", True)
clean_encoder_flow: Callable[[], Untrained] = partial(motion_learner, "flow", False, True)
clean_combined_flow: Callable[[], Untrained] = partial(motion_learner, "flow", True, True)
clean_encoder_vision: Callable[[], Untrained] = partial(motion_learner, "vision", False, True)
clean_combined_vision: Callable[[], Untrained] = partial(motion_learner, "vision", True, True)


class MotionUnits:
    """The learner of action units; a unit that nobody asks for is never called.

    Combined, a unit is called where the FACS stage or the encoder calls it, as the stage's own parts are put
    together (`unit_learners.BothUnits`): each is sparing with what it was never shown.
    """

    def __init__(
        self, data: FlowSet, units: tuple[int, ...], *, route: Route, combined: bool, clean: bool
    ) -> None:
        """Read every sample."""
        self._units, self._clean = units, clean
        self._scores = np.array(
            [[self._row(stored, route) for stored in flows] for flows in data.measurements]
        )
        if combined:
            self._scores = np.maximum(self._scores, BothUnits(data, units, clean=clean).zero_shot())

    def _row(self, stored: StoredFlow, route: Route) -> Array:
        opinion = see_stored(stored, route, self._clean)
        row = np.full((2, len(self._units)), -WEIGHT)
        for unit in opinion.units:
            if unit.au in self._units:
                # One-sided from `SIDE_GAP` between the halves on; below it, the lean says which is stronger.
                own = {"left": 0.6, "right": -0.6}.get(unit.side, 0.49 * unit.lean)
                apart = SIDE_GAP * own
                row[:, self._units.index(unit.au)] = unit.likelihood - 0.5 + np.array([apart, -apart])
        return row

    def zero_shot(self) -> Array:
        """Return scores (M, N, 2, U): above zero where a unit is likelier there than not."""
        return self._scores

    def fitted(self, labels: NDArray[np.bool_], train: NDArray[np.int64], test: NDArray[np.int64]) -> Array:
        """Raise InputError: the encoders are not trained on these folds."""
        raise InputError("The motion encoders are not trained on these folds; use --protocol zero-shot.")


def motion_units(name: str) -> Callable[[FlowSet, tuple[int, ...]], MotionUnits] | None:
    """Return the maker of a learner by name, None for any other name."""
    kind, _, rest = name.partition("-")
    route, _, clean = rest.partition("-")
    if kind not in ("encoder", "combined") or route not in ("flow", "vision") or clean not in ("", "clean"):
        return None
    return partial(
        MotionUnits,
        route="vision" if route == "vision" else "flow",
        combined=kind == "combined",
        clean=clean == "clean",
    )
