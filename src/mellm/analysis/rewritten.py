"""The rules' reading of a finished micro-expression, written anew in another language or class set."""

from collections.abc import Mapping

from mellm.analysis.report_entries import region_motion
from mellm.facs.findings import AUEvidence
from mellm.language.grammar_reading import write_reading
from mellm.report import MicroExpression, Reading
from mellm.wording.languages import Language


def rewritten(me: MicroExpression, language: Language, taxonomy: str) -> Reading:
    """Return the evidence of a micro-expression in words, without its pictures."""
    sets: Mapping[str, Mapping[str, float]] = {
        me.emotion.taxonomy: me.emotion.probabilities,
        **me.emotion.also,
    }
    units = [
        AUEvidence(au.au, au.side, au.probability, au.intensity, tuple(au.evidence)) for au in me.action_units
    ]
    return write_reading(
        [region_motion(region) for region in me.regions],
        units,
        sets.get(taxonomy) or None,
        taxonomy=taxonomy,
        language=language,
    )
