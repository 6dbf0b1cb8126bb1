"""What the FACS stage hands on: action units with sides, and emotion probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mellm.flow.region_motion import RegionMotion

Side = Literal["both", "left", "right", "top", "bottom"]
"""The *subject's* left and right (FACS codes `L`, `R`); `top`/`bottom` are the lip codes `T`, `B`."""

Intensity = Literal["A", "B", "C", "D", "E"]
"""FACS intensity: A trace, B slight, C marked, D severe, E maximum."""


@dataclass(frozen=True, slots=True)
class AUEvidence:
    """How far the measured motion supports one action unit.

    `probability` is that the unit is present (on whichever side); `side` says where it is seen;
    `intensity` is graded from the supporting regions' motion (scale in docs/facs.md), None below presence;
    `evidence` names the regions (image sides) the judgement rests on.
    """

    au: int
    side: Side
    probability: float
    intensity: Intensity | None
    evidence: tuple[str, ...]

    @property
    def one_sided(self) -> bool:
        """Whether it is seen on the subject's left or right half alone."""
        return self.side in ("left", "right")


class AUModel(Protocol):
    """Regional motion in, action-unit probabilities out. Stateless and cheap (milliseconds)."""

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        ...

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return every action unit the model knows, most probable first; nothing moving gives low values."""
        ...


class EmotionModel(Protocol):
    """Action-unit evidence in, one coherent probability over emotions out."""

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        ...

    def fine(self, aus: Sequence[AUEvidence]) -> dict[str, float]:
        """Return the one distribution over the fine emotions that all taxonomies are read from."""
        ...

    def predict(self, aus: Sequence[AUEvidence], taxonomy: str) -> Mapping[str, float]:
        """Return label -> probability (sums to 1) for a taxonomy of `mellm.facs.taxonomies`.

        The 3-, 5-, 6- and 7-class answers are marginals of one distribution, so they never contradict.
        """
        ...
