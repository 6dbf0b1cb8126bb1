"""The motion reader's words, written by its model and held against the measurements a sentence at a time.

Where a sentence says what is not measured, the model chooses among the sentences that would be true. Knows the
answer's form; decides neither units nor label.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mellm.facs.codes import ActionUnitCode
from mellm.facs.region_support import supporting_regions
from mellm.flow.region_motion import RegionMotion
from mellm.language.backends.protocol import Control
from mellm.language.claim_check import false_claims
from mellm.language.compact_answer import sentence_end
from mellm.language.motion.answer import ANALYSIS, REASONING, STILL, decision, part_sentences
from mellm.language.motion.model import MotionModel
from mellm.language.unit_mentions import coded_mentions

MOST_TOKENS = 200
MOST_SENTENCES = 12
Tell = Callable[[str], None]


@dataclass(slots=True)
class Written:
    """A reading's words. `mended`: sentences that were replaced or left out because they are not measured."""

    analysis: str
    reasoning: str
    raw: str
    mended: int


@dataclass
class _Writing:
    """A text being written: `start` of the motion, `text` so far; `borne`: units that measurements bear out."""

    model: MotionModel
    start: tuple[int, ...]
    motion: Sequence[RegionMotion]
    units: Sequence[ActionUnitCode]
    control: Control
    text: str
    raw: str = ""
    tokens: int = 0
    mended: int = 0
    told: list[str] = field(default_factory=list)

    def ids(self) -> list[int]:
        return [*self.start, *self.model.encode(self.text)]

    def sentence(self, stops: tuple[str, ...]) -> str | None:
        """Return the next sentence, None where the text ends or a stop comes first."""
        ids, piece = self.ids(), ""
        began = len(ids)
        while self.tokens < MOST_TOKENS:
            self.control.check()
            token = self.model.next_token(ids)
            self.tokens += 1
            if token == self.model.end:
                return piece.strip() or None
            ids.append(token)
            piece = self.model.decode(ids[began:])
            if any(stop in piece for stop in stops):
                head = min(piece.find(stop) for stop in stops if stop in piece)
                return piece[:head].strip() or None
            if (end := sentence_end(f"{piece}\n")) is not None and piece[end:].strip() == "":
                return piece[:end].strip()
        return None

    def true_of_parts(self, sentence: str) -> bool:
        """Whether a sentence of the analysis is measured, and its units borne out by what it speaks of."""
        if false_claims(sentence, self.motion, "en"):
            return False
        known = {unit.code for unit in self.units}
        return coded_mentions(sentence) <= known and sentence not in self.told


def write_words(
    model: MotionModel,
    start: tuple[int, ...],
    motion: Sequence[RegionMotion],
    units: Sequence[ActionUnitCode],
    label: str,
    control: Control,
    tell: Tell,
) -> Written:
    """Return the words for decided units, all of them borne out by the measured motion, and a label."""
    at = _Writing(model, start, motion, units, control, decision(units, label) + ANALYSIS)
    true = [sentence for sentence, _ in part_sentences(motion, units)]
    analysis = _analysis(at, true, tell)
    at.text += REASONING
    tell("\n")
    reasoning = _reasoning(at, tell)
    return Written(analysis, reasoning, at.raw, at.mended)


def _analysis(at: _Writing, true: Sequence[str], tell: Tell) -> str:
    for _ in range(MOST_SENTENCES):
        if not true and not at.told:
            at.text += f" {STILL}"
            tell(STILL)
            return STILL
        said = at.sentence((REASONING.strip(), "\n"))
        if said is None:
            break
        at.raw += f" {said}"
        if said not in true and not (true and at.true_of_parts(said)):
            at.mended += 1
            left = [sentence for sentence in true if sentence not in at.told]
            if not left:
                break
            said = left[at.model.likeliest(at.ids(), [f" {sentence}" for sentence in left])]
        if said in at.told:
            break
        at.told.append(said)
        at.text += f" {said}"
        tell(f"{said} ")
    return " ".join(at.told)


def _reasoning(at: _Writing, tell: Tell) -> str:
    said: list[str] = []
    known = {unit.code for unit in at.units}
    for _ in range(4):
        sentence = at.sentence(("\n",))
        if sentence is None or sentence in said:
            break
        at.raw += f" {sentence}"
        spoken = coded_mentions(sentence)
        absent = " is not seen" in sentence or sentence.startswith("No AU")
        if (spoken <= known or absent) and not false_claims(sentence, at.motion, "en"):
            said.append(sentence)
            tell(f"{sentence} ")
        else:
            at.mended += 1
        at.text += f" {sentence}"
    return " ".join(said)


def borne_out(units: Sequence[ActionUnitCode], motion: Sequence[RegionMotion]) -> list[ActionUnitCode]:
    """Return the units that at least one moving region bears out."""
    return [unit for unit in units if supporting_regions(unit, motion)]
