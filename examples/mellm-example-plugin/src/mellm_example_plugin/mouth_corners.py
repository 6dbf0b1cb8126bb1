"""A recogniser of two action units by the mouth's corners alone: up is AU 12, down is AU 15."""

import math

from mellm.facs import AUEvidence

CORNERS = ("left mouth corner", "right mouth corner")
FLOOR = 0.0035
"""Motion that counts as none, as a fraction of the inter-ocular distance."""


class MouthCorners:
    """Probability 1/2 where the corners rise (or fall) by three times the floor."""

    name = "mouth-corners 0.1"

    def __init__(self, known_scale: bool = True) -> None:
        """`known_scale` False: flow of which only ratios are known; no grade is given either way."""

    def predict(self, motion) -> list[AUEvidence]:
        """Return both units, the likelier first."""
        seen = [region for region in motion if region.name in CORNERS]
        rise = sum(-r.v / r.mean * r.relative if r.mean else 0.0 for r in seen) / max(len(seen), 1)
        names = tuple(str(r.name) for r in seen)
        units = [
            AUEvidence(unit, "both", 1 / (1 + math.exp(3 - sign * rise / FLOOR)), None, names)
            for unit, sign in ((12, 1), (15, -1))
        ]
        return sorted(units, key=lambda unit: -unit.probability)
