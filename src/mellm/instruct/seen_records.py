"""What a language model that is shown motion as embeddings is to say of it: codes, a label, a reading.

The prompts are those of the product (`mellm.language.compact_prompt`), the answers follow from what was
drawn and what of it the measured motion bears out. Knows generated samples; knows no network.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.compact_answers import write_compact
from mellm.instruct.compact_records import compact_records
from mellm.instruct.motion_samples import MotionSamples
from mellm.instruct.records import Case, Truth
from mellm.instruct.tasks import Wanted
from mellm.instruct.truth import labels_of, shown_truth
from mellm.language.compact_answer import NO_EXPRESSION, concluded
from mellm.language.compact_prompt import (
    MEU_QUESTION,
    SEEN_CODES,
    SEEN_LABEL,
    CompactQuestion,
    Findings,
    compact_prompt,
    seen_prompt,
)
from mellm.language.motion.questions import FINE_LABELS, NOTHING, SIDES, UNITS, coded
from mellm.language.motion.region_tokens import region_motion

Kind = Literal["codes", "label", "reading", "words"]
"""Units with a label, a label alone, the three parts; `words`: no embeddings, the findings told in words."""

_UNIT_PX, _UNIT_STORED = 200.0, 20.0
"""Inter-ocular distance in the crop, px, and in stored flow."""

_TAXONOMIES = ("7", "3", "5", "6")
_OFTEN = (0.5, 0.3, 0.1, 0.1)
_NO_FACE = np.zeros((1, 1), np.float32)


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A question about one sample and its answer; `prompt` holds `MOTION_PLACE` unless it is of `words`."""

    sample: int
    kind: Kind
    prompt: str
    answer: str


def sample_case(samples: MotionSamples, row: int) -> Case:
    """Return a sample as a case of records, with what was drawn as its truth."""
    known = bool(samples.known[row])
    motion = region_motion(samples.numbers[row], samples.moving[row], _UNIT_PX if known else _UNIT_STORED)
    codes = tuple(coded(au, SIDES[s]) for au, s in zip(UNITS, samples.units[row], strict=True) if s)
    word = FINE_LABELS[samples.fine[row]]
    emotion = None if word == NOTHING else word
    truth = Truth(
        codes, emotion, labels_of(emotion) if emotion else {}, expression=bool(codes), origin="sheets"
    )
    key = f"motion/{samples.origin[row]}/{row}"
    scale: Literal["px", "relative"] = "px" if known else "relative"
    return Case(key, "motion", "s", str(row), "train", scale, tuple(motion), truth, None, False, {})


@cache
def _rarity(taxonomy: str, label: str) -> float:
    """How much more often a label must be asked for so that a taxonomy's labels are said alike."""
    sharing = sum(labels_of(word).get(taxonomy) == label for word in FINE_LABELS)
    return 1 / (len(get_taxonomy(taxonomy).labels) * sharing)


def seen_records(case: Case, row: int, kinds: tuple[Kind, ...], seed: int) -> Iterator[SeenRecord]:
    """Yield what is asked about a case, a record a kind where it can be answered."""
    chance = random.Random(f"{seed}|{case.key}|seen")
    shown = shown_truth(case.truth, case.motion, None)
    named = [t for t in _TAXONOMIES if t in case.truth.labels] if shown.action_units else []
    weights = [_OFTEN[_TAXONOMIES.index(t)] * _rarity(t, case.truth.labels[t]) for t in named]
    for kind in kinds:
        taxonomy = chance.choices(named, weights)[0] if named else chance.choices(_TAXONOMIES, _OFTEN)[0]
        if kind == "codes":
            label = case.truth.labels[taxonomy] if named else None
            answer = concluded(shown.units, label) if label else NO_EXPRESSION
            yield SeenRecord(row, kind, seen_prompt(SEEN_CODES, taxonomy), answer)
        elif kind == "label" and named:
            yield SeenRecord(row, kind, seen_prompt(SEEN_LABEL, taxonomy), case.truth.labels[taxonomy])
        elif kind == "reading":
            found = Findings(case.motion, case.scale, seen=_NO_FACE)
            prompt = compact_prompt(found, CompactQuestion(MEU_QUESTION), taxonomy=taxonomy)
            yield SeenRecord(row, kind, prompt, write_compact(case, None, taxonomy, seed).render())
        elif kind == "words" and case.scale == "px":
            wanted = Wanted(tasks=("meu", "mer", "vqa"), evidence=True, seed=seed)
            told = list(compact_records(case, wanted))
            if told:
                record = chance.choice(told)
                yield SeenRecord(row, kind, record.prompt, record.answer)
