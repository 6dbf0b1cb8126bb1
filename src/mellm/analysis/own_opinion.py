"""What the built-in model makes of a moment by itself, beside the FACS stage, and who of them decides.

Its encoder reads the MMC-Map or the 29 regions' numbers and is told nothing of the FACS stage. Knows one
moment at a
time; knows nothing of words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mellm.analysis.settings import Settings
from mellm.errors import InputError
from mellm.facs.blinks import feigned_units
from mellm.facs.codes import code_of
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import TAXONOMIES
from mellm.flow.field import FlowField
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.combination import combined_labels, combined_units, held_back, weights_of
from mellm.language.motion.encoders import MotionEncoder, shipped_encoder
from mellm.language.motion.opinion import CALLED, Opinion, borne_out
from mellm.media.frame import Image
from mellm.report import EmotionReading, MotionOpinion

LEAST = 0.05
"""Units from this likelihood on are reported."""

SURE_OF_NOTHING = 0.5
"""Share of `none` from which an encoder that decides alone tells no label."""


@dataclass(frozen=True, slots=True)
class WeighedOpinion:
    """An encoder's opinion of a moment, with the stage's and both together.

    found: the encoder's units, those that closing lids feign held back; told: those of them that a language
        model is told
    labels: the encoder's, of the taxonomy asked for; nothing: it sees no expression, or only closing lids
    stage: the FACS stage's units; both_units: both together; decide: who counts
    seen: the encoder's whole view
    """

    opinion: MotionOpinion
    found: list[AUEvidence]
    told: list[AUEvidence]
    labels: dict[str, float]
    stage: list[AUEvidence]
    both_units: list[AUEvidence]
    all_labels: Mapping[str, dict[str, float]]
    decide: str
    seen: Opinion
    nothing: bool

    @property
    def asked_labels(self) -> dict[str, float] | None:
        """Return the labels a language model is told; None where the encoder sees no unit borne out."""
        return None if self.nothing else self.labels

    def decided(
        self, aus: list[AUEvidence], emotion: EmotionReading
    ) -> tuple[list[AUEvidence], EmotionReading]:
        """Return the units and the emotion the report goes by; `set_by` says who overruled the FACS stage."""
        if self.decide == "facs":
            return aus, emotion
        if self.decide == "both":
            if not self.opinion.combined:
                return self.both_units, emotion
            best = max(self.opinion.combined, key=self.opinion.combined.__getitem__)
            return self.both_units, emotion.model_copy(
                update={"label": best, "probabilities": self.opinion.combined, "set_by": "facs + model"}
            )
        nothing = self.nothing
        label = None if nothing else max(self.labels, key=self.labels.__getitem__)
        decided = EmotionReading(
            taxonomy=emotion.taxonomy,
            label=label,
            probabilities={} if nothing else self.labels,
            also={} if nothing else {n: v for n, v in self.all_labels.items() if n != emotion.taxonomy},
            set_by=self.opinion.model,
        )
        return self.found, decided


def refuse_in_vain(settings: Settings, *, asks: bool, sees: bool) -> None:
    """Raise InputError for settings that would change nothing.

    asks: whether a language model is asked; sees: whether the built-in model has a view of its own
    """
    if settings.told and settings.llm != ("none" if settings.clean else "embedded"):
        raise InputError(
            "Only the built-in model is told what the FACS stage found: choose --llm embedded, or leave "
            "--told out."
        )
    for option, given in (("--always-ask", settings.always_ask), ("--prompt", settings.prompt is not None)):
        if given and not asks:
            raise InputError(
                f"{option} is for a language model, and none is asked (--llm none, and the built-in one in "
                f"any language but English): choose one with --llm, or leave {option} out."
            )
    if not sees:
        _refuse_own(settings)


def _refuse_own(settings: Settings) -> None:
    if settings.read_motion:
        raise InputError(
            "Only the built-in model reads motion itself: choose --llm embedded without --told, or leave "
            "--read-motion out."
        )
    if settings.decide != "facs":
        raise InputError(
            "Only the built-in model decides beside the FACS stage: choose --llm embedded "
            "without --told, or --decide facs."
        )


class OwnOpinion:
    """Weighs moments by the settings' route."""

    def __init__(self, settings: Settings) -> None:
        """Load the route's encoder."""
        self.route = settings.route
        self.encoder: MotionEncoder = shipped_encoder(settings.route, clean=settings.clean)
        self._decide = settings.decide

    def weigh(
        self,
        motion: list[RegionMotion],
        onset: Image,
        expression: FlowField,
        aus: list[AUEvidence],
        emotion: EmotionReading,
    ) -> WeighedOpinion:
        """Return the encoder's opinion of a moment, and both together.

        motion: the 29 regions; onset, expression: the aligned crop and its flow, from which the map is drawn
        """
        seen = self.encoder.read(motion, onset, expression)
        weights = weights_of(self.route, "px", clean=self.encoder.clean)
        feigned = feigned_units(motion)
        both = combined_units(aus, seen, weights, feigned)
        labels = seen.labels(emotion.taxonomy)
        stage = emotion.probabilities
        combined = combined_labels(stage, labels, weights) if stage else {}
        raw = seen.evidence(motion)
        found = held_back(raw, feigned)
        only_lids = bool(feigned) and not any(unit.probability >= CALLED for unit in found)
        opinion = MotionOpinion(
            model=self.encoder.name,
            route=self.route,
            action_units=_listed(raw),
            probabilities=labels,
            nothing=seen.nothing,
            combined_units=_listed(both),
            combined=combined,
        )
        nothing = seen.nothing >= SURE_OF_NOTHING or only_lids
        return WeighedOpinion(
            opinion,
            found,
            borne_out(found),
            labels,
            aus,
            both,
            _all_labels(seen),
            self._decide,
            seen,
            nothing,
        )


def _listed(units: Sequence[AUEvidence]) -> dict[str, float]:
    return {code_of(u.au, u.side): round(u.probability, 4) for u in units if u.probability >= LEAST}


def _all_labels(opinion: Opinion) -> dict[str, dict[str, float]]:
    return {name: opinion.labels(name) for name in TAXONOMIES}
