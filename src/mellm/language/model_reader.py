"""A language model's reading of one micro-expression: asked, streamed, made valid, checked.

The text is the model's own. Its conclusion always names known action units and one label of the taxonomy:
what the text lacks, the model chooses from the possible ones; the label's probabilities are the model's own
likelihoods. Knows no backend in particular.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mellm.facs import PRESENT
from mellm.facs.codes import code_of
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.flow.region_motion import RegionMotion
from mellm.language.answer_text import HEADINGS, concluded_codes, finds_nothing, last_label, take_apart
from mellm.language.backends.protocol import Choice, Control, Decoding, LanguageBackend, Message
from mellm.language.claim_check import unsupported_claims
from mellm.language.prompt import (
    MER_QUESTION,
    MEU_QUESTION,
    Scale,
    compact_prompt,
    flow_prompt,
    load_template,
)
from mellm.language.sentence_check import (
    Turn,
    disagreeing,
    sentence_end,
    spoken_codes,
    unaccounted,
    unsound,
)
from mellm.language.unit_mentions import with_true_names
from mellm.report import Reading
from mellm.wording.names import Language

MOST_TOKENS = {"compact": 260, "full": 1200}
"""Longest answers, by the form of the prompt."""

_NOTHING = {"en": "no micro-expression", "zh": "没有微表情"}

MOST_TURNS = 16
"""So many sentences of one answer are set right; the others are only marked."""

Tell = Callable[[str], None]
"""Hears the text as it is written, piece by piece."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked.

    form: `compact` or `full` (`mellm.language.prompt`); None: the one the backend was made for
    template: a file with the prompt to use instead, with the fields of that form
    timeout: seconds one reading may take; None: no limit
    """

    form: str | None = None
    template: Path | None = None
    timeout: float | None = 120.0
    temperature: float = 0.0
    seed: int = 0


def create_language_reader(
    llm: str, *, taxonomy: str, language: Language = "en", asking: Asking | None = None
) -> "LanguageReader | None":
    """Return a reader with the backend `llm` names; None for `none`, and for Chinese by the built-in model.

    Without `asking`, the built-in model gets the compact prompt it was trained with, others the papers' full
    one. Raises InputError as `create_backend` does.
    """
    if llm == "none" or (llm == "embedded" and language != "en"):
        return None
    from mellm.language.backends import create_backend

    asked = asking or Asking()
    if asked.form is None:
        asked = replace(asked, form="compact" if llm == "embedded" else "full")
    return LanguageReader(create_backend(llm), taxonomy=taxonomy, language=language, asking=asked)


class _Sentences:
    """A compact answer as it grows: `text` is sound and told, `rest` the beginning of a sentence."""

    def __init__(
        self, motion: Sequence[RegionMotion], aus: Sequence[AUEvidence], label: str | None, scale: Scale
    ) -> None:
        self.text = self.rest = ""
        self._motion, self._aus, self._label, self._scale = motion, aus, label, scale
        self._started = 0  # where the sentence being written began in `text`

    def add(self, piece: str, last: bool = False) -> tuple[str, Turn | None]:
        """Take a piece; return what became sound, and where the answer has to take another turn.

        `last`: nothing follows, so that what is left is a sentence too.
        """
        self.rest += piece
        told = ""
        while self.rest and (end := len(self.rest) if last else sentence_end(self.rest)) is not None:
            line, part = self.text[self._started :], self.rest[:end]
            turn = self._checked(line + part)
            if turn is not None and turn.kept.startswith(line):
                self.rest = ""
                self.text += turn.kept[len(line) :]
                return told + turn.kept[len(line) :], turn
            self.text, self.rest, told = self.text + part, self.rest[end:], told + part
            self._started = len(self.text)
        return told, None

    def go_on(self, chosen: str) -> None:
        """Take the turn that was chosen."""
        self.text += chosen
        if chosen.endswith("."):
            self._started = len(self.text)

    def _checked(self, sentence: str) -> Turn | None:
        analysis = take_apart(self.text, "en").analysis
        spoken = spoken_codes(analysis)
        return (
            unaccounted(sentence, analysis, self._motion, self._aus, self._scale)
            or disagreeing(sentence, spoken, self._label)
            or unsound(sentence, spoken, self._motion, self._aus)
        )


def _unheard(piece: str) -> None:
    """Words nobody listens to."""


class LanguageReader:
    """Reads moments with one backend."""

    def __init__(
        self,
        backend: LanguageBackend,
        *,
        taxonomy: str,
        language: Language = "en",
        asking: Asking | None = None,
    ) -> None:
        """Choose the backend, the label set, the language and how to ask."""
        self.backend = backend
        self._taxonomy = get_taxonomy(taxonomy)
        self._language = language
        self._asking = asking or Asking()
        self._names = {emotion_name(label, language): label for label in self._taxonomy.labels}

    def read(
        self,
        motion: Sequence[RegionMotion],
        aus: Sequence[AUEvidence],
        emotion: Mapping[str, float] | None,
        *,
        scale: Scale = "px",
        messages: Sequence[Message] | None = None,
        tell: Tell | None = None,
        control: Control | None = None,
    ) -> Reading:
        """Return the model's reading.

        Args:
            motion: the 29 regions, onset to apex, head motion removed
            aus, emotion: what the FACS stage found, for the prompt, and to say whether the model agrees
            scale: `relative` where motion is known up to a factor only
            messages: the prompt itself, where it is made elsewhere (the vision route)
            tell: hears the text as it is written
            control: cancels the reading from another thread

        Raises MellmError where the model fails, takes too long or was cancelled.
        """
        started = time.perf_counter()
        control = control or Control(self._asking.timeout)
        asked = list(messages or self._ask(motion, aus, emotion, scale))
        shares = self._shares(motion, aus, emotion, scale, control)
        text = self._write(asked, motion, aus, scale, shares, control, tell or _unheard)
        written, before = len(text), text.rstrip()
        text, codes = self._units(asked, before, aus, control)
        text, probabilities = self._label(asked, text, codes, shares, control)
        if tell and len(text) > written:
            tell(text[written:])
        parts = take_apart(text, self._language)
        label = max(probabilities, key=lambda n: probabilities[n]) if probabilities and codes else None
        expected = max(emotion, key=lambda name: emotion[name]) if emotion else None
        return Reading(
            language=self._language,
            model=self.backend.name,
            analysis=parts.analysis,
            reasoning=parts.reasoning,
            conclusion=parts.conclusion,
            agrees_with_facs=label == expected,
            unsupported_claims=unsupported_claims(
                f"{parts.analysis}\n{parts.reasoning}", motion, self._language
            ),
            raw=text,
            mended=text != before,
            action_units=list(codes),
            label=label,
            probabilities=probabilities,
            seconds=round(time.perf_counter() - started, 4),
        )

    def _shares(
        self,
        motion: Sequence[RegionMotion],
        aus: Sequence[AUEvidence],
        emotion: Mapping[str, float] | None,
        scale: Scale,
        control: Control,
    ) -> dict[str, float]:
        """The model's shares of the labels asked for alone, before any text; empty where it is asked in full.

        A small model that reasons first is sure of whatever it wrote; asked for the label alone it weighs.
        A template of the user's that has no place for a question cannot ask for it.
        """
        name, template = self._taxonomy.name, self._asking.template
        if self._asking.form != "compact" or "$question" not in load_template(
            "flow", "en", template or "compact"
        ):
            return {}
        text = compact_prompt(
            motion, aus, emotion, MER_QUESTION, taxonomy=name, scale=scale, template=template
        )
        choice = self.backend.choose([Message("user", text)], "", list(self._names), control=control)
        return self._as_shares(choice)

    def _as_shares(self, choice: Choice) -> dict[str, float]:
        """Label -> share of the likelihood, of a choice among all names in order."""
        if choice.logprobs is None:
            shares = np.eye(len(self._names))[choice.index]
        else:
            raised = np.exp(np.array(choice.logprobs) - max(choice.logprobs))
            shares = raised / raised.sum()
        return {label: float(p) for label, p in zip(self._names.values(), shares, strict=True)}

    def _write(
        self,
        asked: Sequence[Message],
        motion: Sequence[RegionMotion],
        aus: Sequence[AUEvidence],
        scale: Scale,
        shares: Mapping[str, float],
        control: Control,
        tell: Tell,
    ) -> str:
        """Return the model's text, told as it is written.

        Compact answers are told a sentence at a time: where a sentence is not borne out by the measurements
        the model chooses among the ways it could truly go on, and writes on from there.
        """
        form = self._asking.form or "full"
        decoding = Decoding(MOST_TOKENS[form], self._asking.temperature, self._asking.seed)
        if form != "compact":
            text = ""
            for piece in self.backend.generate(asked, decoding, control=control):
                text += piece
                tell(piece)
            return text
        label = max(shares, key=lambda name: shares[name]) if shares else None
        written = _Sentences(motion, aus, label, scale)
        for _ in range(MOST_TURNS):
            pieces = self.backend.generate(asked, decoding, prefix=written.text, control=control)
            turn = None
            for piece in with_true_names(pieces):
                sound, turn = written.add(piece)
                tell(sound)
                if turn is not None:
                    break
            pieces.close()
            if turn is None:
                sound, turn = written.add("", last=True)
                tell(sound)
            if turn is None:
                break
            way = self._way_on(asked, written.text, turn.options, control)
            written.go_on(way)
            tell(way)
            if finds_nothing(way):
                break
        return written.text

    def _way_on(self, asked: Sequence[Message], text: str, options: Sequence[str], control: Control) -> str:
        if len(options) == 1:
            return options[0]
        return options[self.backend.choose(asked, text, options, control=control).index]

    def _ask(
        self,
        motion: Sequence[RegionMotion],
        aus: Sequence[AUEvidence],
        emotion: Mapping[str, float] | None,
        scale: Scale,
    ) -> list[Message]:
        name, template = self._taxonomy.name, self._asking.template
        if self._asking.form == "compact":
            text = compact_prompt(
                motion, aus, emotion, MEU_QUESTION, taxonomy=name, scale=scale, template=template
            )
        else:
            text = flow_prompt(motion, taxonomy=name, language=self._language, template=template)
        return [Message("user", text)]

    def _units(
        self, asked: Sequence[Message], text: str, aus: Sequence[AUEvidence], control: Control
    ) -> tuple[str, tuple[str, ...]]:
        """Return the text with a conclusion that names units, or says there is nothing; and the units."""
        conclusion = take_apart(text, self._language).conclusion
        codes = concluded_codes(conclusion)
        if codes or finds_nothing(conclusion):
            return text, codes
        # The text ended before it concluded, or concluded with no unit there is: the model chooses among
        # the units it spoke of, those of the FACS stage, and none.
        head = text[: len(text) - len(conclusion)].rstrip() if conclusion else text
        heading = HEADINGS[self._language][2]
        if not conclusion:
            head += f"\n{heading}:"
        present = tuple(code_of(au.au, au.side, None) for au in aus if au.probability >= PRESENT)
        lists = dict.fromkeys(units for units in (concluded_codes(text), present) if units)
        options = [f" AU {' + '.join(units)}." for units in lists] + [f" {_NOTHING[self._language]}."]
        chosen = self.backend.choose(asked, head, options, control=control).index
        return head + options[chosen], (*lists, ())[chosen]

    def _label(
        self,
        asked: Sequence[Message],
        text: str,
        codes: Sequence[str],
        shares: dict[str, float],
        control: Control,
    ) -> tuple[str, dict[str, float]]:
        """Return the text with the likeliest label in its place, and every label's probability."""
        if not codes and finds_nothing(take_apart(text, self._language).conclusion):
            return text, shares
        end = len(text)
        start = end - len(take_apart(text, self._language).conclusion)
        place = last_label(text[start:], tuple(self._names))
        if place is None:
            before, after = f"{text.rstrip()} {'标签：' if self._language == 'zh' else 'Label:'}", "."
        else:
            before, after = text[: start + place[0]], text[start + place[1] :]
        space = "" if self._language == "zh" else " "
        # The space belongs to the word that follows, as models write it.
        before = before.rstrip() if space else before
        names = list(self._names)
        options = [f"{space}{name}{after[:1]}" for name in names]
        if not shares:
            shares = self._as_shares(self.backend.choose(asked, before, options, control=control))
        best = max(range(len(names)), key=lambda i: shares[self._names[names[i]]])
        return before + options[best] + after[1:], shares
