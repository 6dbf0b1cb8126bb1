"""What a model that is shown motion as embeddings is asked before it writes: the units it finds.

Knows embeddings as something to hand on; knows no backend in particular.
"""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mellm.errors import InputError, MellmError, said_by
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import emotion_name
from mellm.flow.region_motion import RegionMotion
from mellm.language.answer import concluded_codes
from mellm.language.backends.protocol import Choice, Control, Decoding, LanguageBackend
from mellm.language.backends.protocol import Message as ChatMessage
from mellm.language.compact_answer import NO_EXPRESSION, concluded
from mellm.language.compact_prompt import Findings, seen_prompt
from mellm.language.motion.opinion import MotionTokens, Opinion, borne_out
from mellm.report import Reading
from mellm.wording.languages import Language
from mellm.wording.message import Message

_log = logging.getLogger(__name__)

MOST_CODES = 60
"""Longest list of units, tokens."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One prompt put to one backend; `control` stops it."""

    backend: LanguageBackend
    messages: Sequence[ChatMessage]
    control: Control

    def write(self, decoding: Decoding, prefix: str = "") -> Generator[str]:
        """Yield the model's text after `prefix`. Raises MellmError whatever the backend raises."""
        with self._asking():
            yield from self.backend.generate(self.messages, decoding, prefix=prefix, control=self.control)

    def choose(self, prefix: str, options: Sequence[str]) -> Choice:
        """Return which of the options the model finds likeliest; raises MellmError as `write` does."""
        with self._asking():
            return self.backend.choose(self.messages, prefix, options, control=self.control)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Put a sentence in the place of an error that the backend has none for."""
        try:
            yield
        except MellmError:
            raise
        except Exception as error:
            _log.debug("what %s raised", self.backend.name, exc_info=True)
            raise MellmError(
                Message("language.failed", {"name": self.backend.name, "error": said_by(error)})
            ) from error


def about_motion(
    backend: LanguageBackend, motion: MotionTokens, question: str, taxonomy: str, control: Control
) -> Conversation:
    """Return a question about embeddings alone, `SEEN_CODES` or `SEEN_LABEL`, to be put to a backend."""
    asked = ChatMessage("user", seen_prompt(question, taxonomy), motion=motion)
    return Conversation(backend, [asked], control)


def need_reader_of_motion(backend: LanguageBackend, told_nothing: bool) -> None:
    """Raise InputError where a backend that is to be shown motion takes none, or is told in words."""
    if not told_nothing or not getattr(backend, "reads_motion", False):
        raise InputError(
            "Only the built-in model reads motion itself: leave --read-motion and --brief out, or --told."
        )


def shown_to(backend: LanguageBackend, opinion: Opinion) -> MotionTokens | None:
    """Return what a backend is shown of an encoder's view: embeddings, None where it takes none."""
    return opinion.tokens if getattr(backend, "reads_motion", False) else None


def own_units(asked: Conversation, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
    """Return the units that the model itself finds in what it is shown, those that the motion bears out.

    asked: `SEEN_CODES` about the embeddings
    """
    said = "".join(asked.write(Decoding(MOST_CODES)))
    units = [
        AUEvidence(code.au, _side(code), 1.0, None, supporting_regions(code, motion))
        for code in map(parse_code, concluded_codes(said))
    ]
    return borne_out(units)


def brief_reading(
    model: str, language: Language, found: Findings, shares: dict[str, float], seconds: float
) -> Reading:
    """Return a reading of units and label alone; `found.aus` are the model's own units."""
    units = [ActionUnitCode(unit.au, unit.side) for unit in found.aus or ()]
    label = likeliest(shares) if units else None
    text = concluded(units, emotion_name(label)) if label else NO_EXPRESSION
    return Reading(
        language=language, model=model, analysis="", reasoning="", conclusion=text,
        agrees_with_facs=label == likeliest(found.emotion), raw=text,
        action_units=[unit.code for unit in units], label=label,
        probabilities=shares, seconds=round(seconds, 4),
    )  # fmt: skip


def likeliest(probabilities: Mapping[str, float] | None) -> str | None:
    """Return the likeliest label, None where there is none."""
    return max(probabilities, key=lambda label: probabilities[label]) if probabilities else None


def _side(code: ActionUnitCode) -> Side:
    return code.side if code.side in ("left", "right") else "both"
