"""Figures of the motion reader on held-out motion: units with sides, labels, from its shares.

The module knows shares and answers, and nothing of what they were read from.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, UNITS

LEAST = 8
"""Units with fewer positive samples are left out of the macro mean."""


def unit_f1(shares: Sequence[NDArray[np.float32]], answers: NDArray[np.int64]) -> float:
    """Return the macro F1 of units called from one half on, whatever the side; answers (N, Q)."""
    found = []
    for column in range(len(UNITS)):
        called, true = shares[column][:, 0] < 0.5, answers[:, column] > 0
        if true.sum() >= LEAST:
            found.append(2 * (called & true).sum() / max(1, called.sum() + true.sum()))
    return float(np.mean(found)) if found else 0.0


def side_accuracy(shares: Sequence[NDArray[np.float32]], answers: NDArray[np.int64]) -> float:
    """Return how often, of units that are shown and called, the side is right."""
    right = total = 0
    for column in range(len(UNITS)):
        both = (shares[column][:, 0] < 0.5) & (answers[:, column] > 0)
        best = shares[column][:, 1:].argmax(1) + 1
        right, total = right + int((best == answers[:, column])[both].sum()), total + int(both.sum())
    return right / max(total, 1)


def label_f1(
    shares: NDArray[np.float32], answers: NDArray[np.int64], nothing: bool = False
) -> tuple[float, float]:
    """Return macro F1 and mean recall of the labels that occur; `nothing`: with the last, none."""
    kept = np.ones(len(answers), bool) if nothing else answers < shares.shape[1] - 1
    best = (shares if nothing else shares[:, :-1])[kept].argmax(1)
    true = answers[kept]
    f1, recall = [], []
    for label in sorted(set(true.tolist())):
        hit = int(((best == label) & (true == label)).sum())
        f1.append(2 * hit / max(1, int((best == label).sum() + (true == label).sum())))
        recall.append(hit / int((true == label).sum()))
    return float(np.mean(f1)), float(np.mean(recall))


def figures_of(shares: Sequence[NDArray[np.float32]], answers: NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of N samples; shares: of every branch, (N, K)."""
    fine, coarse = label_f1(shares[-2], answers[:, -2]), label_f1(shares[-1], answers[:, -1])
    empty = answers[:, -2] == len(FINE_LABELS) - 1
    false = np.mean([(s[empty, 0] < 0.5).mean() for s in shares[:-2]]) if empty.any() else 0.0
    assert shares[-1].shape[1] == len(COARSE_LABELS)
    return {
        "units_f1": unit_f1(shares, answers),
        "sides": side_accuracy(shares, answers),
        "fine_uf1": fine[0],
        "fine_uar": fine[1],
        "coarse_uf1": coarse[0],
        "coarse_uar": coarse[1],
        "false_units": float(false),
    }
