"""Emotion of stored 28x28 flow, trained on no real face: the zero-shot recognisers.

Stored flow is uint8 (28, 28, 3) as `mellm.datasets.megc2019` reads it: its zero level and scale are lost.
Every function reads one picture and returns float64 probabilities in the order of `COARSE`, which sum to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.facs.findings import AUEvidence
from mellm.facs.grid import grid_features, shipped_grid_model
from mellm.facs.learned_emotion import shipped_emotion_model, softmax
from mellm.facs.recognisers import create_au_model, untrained_emotion_model
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.normalised import nose_flow, recover_flow, regional_motion

COARSE: tuple[str, ...] = get_taxonomy("3").labels
"""negative, positive, surprise: the order of class numbers and probability columns."""

StoredFlow = NDArray[np.uint8]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CoarseFindings:
    """What three sources say of one picture, for the `facs` recogniser.

    grids: float32 (2 views, 7, 7, 3), the recovered and the nose-centred flow on a grid
    odds: float32 (3 sources, 3 classes), log-odds of the hand-made rules and of both views' linear models
    """

    grids: NDArray[np.float32]
    odds: NDArray[np.float32]

    @property
    def probabilities(self) -> Probabilities:
        """The zero-shot answer (3,): the sources' log-odds averaged."""
        return softmax(self.odds.astype(np.float64).mean(axis=0))


def coarse_findings(stored: StoredFlow, *, clean: bool = False) -> CoarseFindings:
    """Read one picture by the hand-made rules and by the shipped linear models of both views.

    clean: by linear models that rest on no annotation sheet
    """
    views = recover_flow(stored), nose_flow(stored)
    grids = np.stack([grid_features(view) for view in views])
    seen, prior = _hand_made_answer(views[0])
    hand = np.log(np.maximum(seen, 1e-3) / prior)
    weights = shipped_grid_model(clean=clean)
    odds = [hand - hand.mean(), *(weights.emotion_scores(cells, v) for v, cells in enumerate(grids))]
    return CoarseFindings(grids, np.stack(odds).astype(np.float32))


def evidence_probabilities(stored: StoredFlow) -> Probabilities:
    """Return what the hand-made rules make of a picture, divided by their own prior.

    UF1 and UAR weigh classes alike however rare, so the decision assumes equal classes; the prior divided
    by is the model's (documented, fixed), not that of any data.
    """
    seen, prior = _hand_made_answer(recover_flow(stored))
    odds = seen / prior
    return np.asarray(odds / odds.sum())


def _hand_made_answer(field: NDArray[np.float32]) -> tuple[Probabilities, Probabilities]:
    """Class probabilities (3,) read from flow (28, 28, 2) by hand-made rules, and their prior (3,)."""
    emotions = untrained_emotion_model()
    units = create_au_model("evidence", known_scale=False).predict(regional_motion(field))
    seen, prior = (emotions.predict(evidence, "3") for evidence in (units, ()))
    return np.array([seen[c] for c in COARSE]), np.array([prior[c] for c in COARSE])


def rule_probabilities(stored: StoredFlow) -> Probabilities:
    """Return the answer of the least a model must beat: a softmax over three scores.

    Brows up is surprise, corners up and out is positive, brows down is negative; scores are mean regional
    flow after the nose is subtracted, divided by the picture's own spread.
    """
    flow = stored[..., :2].astype(np.float64)
    flow -= np.median(flow[12:17, 12:16], axis=(0, 1))
    flow /= flow.std(axis=(0, 1)) + 1e-9
    up = -flow[..., 1]
    brows = up[2:6, 3:25].mean()
    corners = up[18:21, 6:10].mean() + up[18:21, 18:22].mean()
    spread = flow[18:21, 18:22, 0].mean() - flow[18:21, 6:10, 0].mean()
    return softmax(np.array([-brows, (corners + spread) / 2, brows]))


def fine_emotion(coarse: Probabilities, aus: Sequence[AUEvidence]) -> Mapping[str, float]:
    """Share each coarse probability (3,) out among its fine emotions as the shipped emotion model does."""
    model = shipped_emotion_model().fine(aus)
    fine: dict[str, float] = {}
    for share, members in zip(coarse.tolist(), get_taxonomy("3").members.values(), strict=True):
        total = sum(model[name] for name in members)
        fine |= {name: share * model[name] / total for name in members}
    return {name: fine[name] for name in FINE}
