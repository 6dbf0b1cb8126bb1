"""A reading without a language model: analysis, reasoning, conclusion from the evidence alone.

Instant, the same every time, and unable to claim what was not measured. Knows nothing about pictures,
prompts or backends.
"""

from collections.abc import Mapping, Sequence

from mellm.facs import PRESENT
from mellm.facs.codes import code_of
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language.claim_check import unsupported_claims
from mellm.language.reading_evidence import gather
from mellm.language.reading_writer import Writer
from mellm.report import Reading
from mellm.wording.languages import OWN, Language
from mellm.wording.variation import Voice


def write_reading(
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    emotion: Mapping[str, float] | None,
    *,
    taxonomy: str,
    language: Language = "en",
    au_names: Mapping[int, str] | None = None,
    threshold: float = PRESENT,
    mirrored: bool = False,
    rise: float | None = None,
) -> Reading:
    """Put the evidence into words.

    Args:
        motion: the 29 regions, onset to apex, head motion removed
        aus: action units with probabilities; those from `threshold` on count as present
        emotion: label -> probability (one taxonomy), None where none was computed
        taxonomy: name of that taxonomy, said in the conclusion
        language: `en`, `zh`, or a plug-in's
        au_names: names to use instead of the FACS names
        threshold: probability from which a unit is present
        mirrored: the picture is mirrored (image left is the subject's left)
        rise: seconds from onset to apex, where they are known

    Returns a `Reading` by the model `evidence`, already checked against the measured regions.
    """
    evidence = gather(motion, aus, emotion, threshold, rise)
    seed = "|".join(f"{m.name}{m.u:.2f}{m.v:.2f}" for m in motion if m.moving)
    codes = {au.au: code_of(au.au, au.side, au.intensity) for au in evidence.present}
    names = au_names or {}
    writer = Writer(language, Voice(seed), codes, taxonomy, mirrored, names)
    analysis, reasoning = writer.analysis(evidence), writer.reasoning(evidence)
    checked, text = language, f"{analysis}\n{reasoning}"
    if language not in OWN:
        # The check reads no further language: the same sentences in English stand for it.
        checked, english = "en", Writer("en", Voice(seed), codes, taxonomy, mirrored, names)
        text = f"{english.analysis(evidence)}\n{english.reasoning(evidence)}"
    return Reading(
        language=language,
        model="evidence",
        analysis=analysis,
        reasoning=reasoning,
        conclusion=writer.conclusion(evidence),
        agrees_with_facs=True,
        unsupported_claims=unsupported_claims(text, motion, checked, mirrored=mirrored),
    )
