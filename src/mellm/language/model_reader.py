"""A language model's reading of one micro-expression: asked, streamed, made valid, checked.

The text is the model's own. Its conclusion always names known action units and one label of the taxonomy:
what the text lacks, the model chooses from the possible ones; the label's probabilities are the model's own
likelihoods. Knows no backend in particular.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mellm.errors import InputError
from mellm.facs import PRESENT
from mellm.facs.codes import code_of
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.flow.region_motion import RegionMotion
from mellm.language.answer import HEADINGS, Answer, concluded_codes, finds_nothing, last_label
from mellm.language.backends.protocol import Choice, Control, Decoding, LanguageBackend, Message
from mellm.language.checked_answer import CheckedAnswer
from mellm.language.compact_draft import compact_draft
from mellm.language.compact_prompt import (
    MER_QUESTION,
    MEU_QUESTION,
    SEEN_CODES,
    SEEN_LABEL,
    CompactQuestion,
    Findings,
    compact_prompt,
)
from mellm.language.motion.opinion import MotionTokens
from mellm.language.prompt import Scale, flow_prompt, load_template
from mellm.language.published.profiles import PUBLISHED
from mellm.language.shown_motion import Conversation, about_motion, brief_reading, likeliest, own_units
from mellm.language.unit_claims import unsupported_statements
from mellm.language.unit_mentions import with_true_names
from mellm.report import Reading
from mellm.wording.languages import OWN, Language

MOST_TOKENS = {"compact": 260, "full": 1200, PUBLISHED: 16_384}
"""Longest answers, by the form of the prompt."""

_NOTHING = {"en": "no micro-expression", "zh": "没有微表情"}

MOST_CORRECTIONS = 16
"""So many sentences of one answer are set right; the others are only marked."""

Tell = Callable[[str], None]
"""Called with each piece of the text as it is written."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked.

    form: `compact` or `full` (`mellm.language.prompt`), or `published`, whose messages are made elsewhere;
    None: the one the backend was made for
    max_tokens: of one answer; None: what the form takes
    template: a file with the prompt to use instead, with the fields of that form
    timeout: seconds one reading may take; None: no limit
    brief: units and label alone, without analysis and reasoning, of a model that is shown motion
    """

    form: str | None = None
    template: Path | None = None
    max_tokens: int | None = None
    timeout: float | None = 120.0
    temperature: float = 0.0
    seed: int = 0
    brief: bool = False


def create_language_reader(
    llm: str, *, taxonomy: str, language: Language = "en", asking: Asking | None = None
) -> "LanguageReader | None":
    """Return a reader with the backend `llm` names; None for `none`, and for Chinese by the built-in model.

    Without `asking`, the built-in model gets the compact prompt it was trained with, others the papers' full
    one. Raises InputError as `create_backend` does.
    """
    asked = asking or Asking()
    if asked.form == PUBLISHED:
        return _published_reader(llm, taxonomy, language, asked)
    if llm == "none" or (llm == "embedded" and language != "en"):
        return None
    if language not in OWN:
        raise InputError(f"Language models are asked in en or zh; for {language!r} choose --llm none.")
    from mellm.language.backends import create_backend

    if asked.form is None:
        asked = replace(asked, form="compact" if llm == "embedded" else "full")
    return LanguageReader(create_backend(llm), taxonomy=taxonomy, language=language, asking=asked)


def _published_reader(llm: str, taxonomy: str, language: Language, asking: Asking) -> "LanguageReader":
    """A reader whose backend leaves the model's own chat template as it is."""
    from mellm.language.backends import create_backend

    own = {} if ",thinking=" in llm else {"thinking": True}
    return LanguageReader(create_backend(llm, **own), taxonomy=taxonomy, language=language, asking=asking)


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
        self._habits: dict[Scale, tuple[float, ...] | None] = {}

    def through(self, backend: LanguageBackend) -> "LanguageReader":
        """Return this reader, asking through a backend wrapped around its own, whose habits it shares."""
        other = copy(self)
        other.backend = backend
        return other

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
        seen: MotionTokens | None = None,
    ) -> Reading:
        """Return the model's reading.

        Args:
            motion: the 29 regions, onset to apex, head motion removed
            aus, emotion: what the FACS stage found, for the prompt, and to say whether the model agrees
            scale: `relative` where motion is known up to a factor only
            messages: the prompt itself, where it is made elsewhere (the vision route)
            tell: called with the text as it is written
            control: cancels the reading from another thread
            seen: what the built-in model's own encoder saw, as embeddings; the model is then told no units in
                words, concludes its own before it writes, and `aus` are not told

        A model in this process reads one moment after another, whichever threads ask: what it keeps of a
        prompt is not mixed with another's. Raises MellmError where the model fails, takes too long or was
        cancelled.
        """
        with getattr(self.backend, "turn", nullcontext()):
            return self._read(Findings(motion, scale, aus, emotion, seen), messages, tell, control)

    def _read(
        self,
        found: Findings,
        messages: Sequence[Message] | None,
        tell: Tell | None,
        control: Control | None,
    ) -> Reading:
        started = time.perf_counter()
        control = control or Control(self._asking.timeout)
        tell = tell or (lambda piece: None)
        asked = Conversation(self.backend, list(messages or self._ask(found)), control)
        shares = self._shares(found, control)
        if found.seen is not None:
            asked_codes = self._about(found.seen, SEEN_CODES, control)
            found = replace(found, aus=own_units(asked_codes, found.motion))
            if self._asking.brief:
                return brief_reading(
                    self.backend.name, self._language, found, shares, time.perf_counter() - started
                )
        written = self._write(asked, found, shares, tell)
        text, codes = self._concluded(asked, written.rstrip(), found.aus or ())
        text, probabilities = self._labelled(asked, text, codes, shares)
        if len(text) > len(written):
            tell(text[len(written) :])
        parts = Answer.parse(text, self._language)
        label = likeliest(probabilities) if codes else None
        claims = f"{parts.analysis}\n{parts.reasoning}"
        return Reading(
            language=self._language,
            model=self.backend.name,
            analysis=parts.analysis,
            reasoning=parts.reasoning,
            conclusion=parts.conclusion,
            agrees_with_facs=label == likeliest(found.emotion),
            unsupported_claims=unsupported_statements(claims, found.motion, self._language),
            raw=text,
            mended=text != written.rstrip(),
            action_units=list(codes),
            label=label,
            probabilities=probabilities,
            seconds=round(time.perf_counter() - started, 4),
        )

    def _ask(self, found: Findings) -> list[Message]:
        name, template = self._taxonomy.name, self._asking.template
        if self._asking.form == "compact":
            text = compact_prompt(found, CompactQuestion(MEU_QUESTION), taxonomy=name, template=template)
        else:
            text = flow_prompt(found.motion, taxonomy=name, language=self._language, template=template)
        return [Message("user", text, motion=found.seen)]

    def _about(self, seen: MotionTokens, question: str, control: Control) -> Conversation:
        return about_motion(self.backend, seen, question, self._taxonomy.name, control)

    def _shares(self, found: Findings, control: Control) -> dict[str, float]:
        """The model's shares of the labels asked for alone, before any text; empty where it is asked in full.

        A small model that reasons first is sure of whatever it wrote; asked for the label alone it weighs.
        What it would say of a face on which nothing moves is its habit, and is taken off (contextual
        calibration, Zhao et al., ICML 2021). A template of the user's that has no place for a question cannot
        ask for it.
        """
        if found.seen is not None:
            return self._as_shares(self._about(found.seen, SEEN_LABEL, control).choose("", list(self._names)))
        name, template = self._taxonomy.name, self._asking.template
        if self._asking.form != "compact" or "$question" not in load_template(
            "flow", "en", template or "compact"
        ):
            return {}

        def asked(about: Findings) -> Choice:
            text = compact_prompt(about, CompactQuestion(MER_QUESTION), taxonomy=name, template=template)
            return Conversation(self.backend, [Message("user", text)], control).choose("", list(self._names))

        if found.scale not in self._habits:
            still = [replace(region, moving=False) for region in found.motion]
            self._habits[found.scale] = asked(Findings(still, found.scale)).logprobs
        getattr(self.backend, "begin", lambda: None)()
        return self._as_shares(asked(found), self._habits[found.scale])

    def _as_shares(self, choice: Choice, habit: Sequence[float] | None = None) -> dict[str, float]:
        """Label -> share of the likelihood, of a choice among all names in order, freed of a `habit`."""
        if choice.logprobs is None:
            shares = np.eye(len(self._names))[choice.index]
        else:
            logs = np.array(choice.logprobs) - np.array(habit or 0.0)
            raised = np.exp(logs - logs.max())
            shares = raised / raised.sum()
        return {label: float(p) for label, p in zip(self._names.values(), shares, strict=True)}

    def _write(self, asked: Conversation, found: Findings, shares: Mapping[str, float], tell: Tell) -> str:
        """Return the model's text, told as it is written; compact answers a checked sentence at a time."""
        form = self._asking.form or "full"
        most = self._asking.max_tokens or MOST_TOKENS[form]
        decoding = Decoding(most, self._asking.temperature, self._asking.seed)
        if form == "compact":
            best = likeliest(shares)
            decoding = replace(decoding, draft=compact_draft(found, best))
            return _write_checked(asked, CheckedAnswer(found, best), decoding, tell)
        text = ""
        for piece in asked.write(decoding):
            text += piece
            tell(piece)
        return text

    def _concluded(
        self, asked: Conversation, text: str, aus: Sequence[AUEvidence]
    ) -> tuple[str, tuple[str, ...]]:
        """Return the text with a conclusion that names units, or says there is nothing; and the units."""
        conclusion = Answer.parse(text, self._language).conclusion
        codes = concluded_codes(conclusion)
        if codes or finds_nothing(conclusion):
            return text, codes
        # The text ended before it concluded, or concluded with no unit there is: the model chooses among
        # the units it spoke of, those of the FACS stage, and none.
        head = text[: len(text) - len(conclusion)].rstrip() if conclusion else text
        if not conclusion:
            head += f"\n{HEADINGS[self._language][2]}:"
        present = tuple(code_of(au.au, au.side, None) for au in aus if au.probability >= PRESENT)
        lists = dict.fromkeys(units for units in (concluded_codes(text), present) if units)
        options = [f" AU {' + '.join(units)}." for units in lists] + [f" {_NOTHING[self._language]}."]
        chosen = asked.choose(head, options).index
        return head + options[chosen], (*lists, ())[chosen]

    def _labelled(
        self, asked: Conversation, text: str, codes: Sequence[str], shares: dict[str, float]
    ) -> tuple[str, dict[str, float]]:
        """Return the text with the likeliest label in its place, and every label's probability."""
        conclusion = Answer.parse(text, self._language).conclusion
        if not codes and finds_nothing(conclusion):
            return text, shares
        start = len(text) - len(conclusion)
        place = last_label(text[start:], tuple(self._names))
        if place is None:
            before, after = f"{text.rstrip()} {'标签：' if self._language == 'zh' else 'Label:'}", "."
        else:
            before, after = text[: start + place[0]], text[start + place[1] :]
        space = "" if self._language == "zh" else " "
        # The space belongs to the word that follows, as models write it.
        before = before.rstrip() if space else before
        options = [f"{space}{name}{after[:1]}" for name in self._names]
        shares = shares or self._as_shares(asked.choose(before, options))
        best = list(self._names.values()).index(likeliest(shares) or "")
        return before + options[best] + after[1:], shares


def _write_checked(asked: Conversation, answer: CheckedAnswer, decoding: Decoding, tell: Tell) -> str:
    """Return a compact answer, told a sentence at a time.

    Where a sentence is not borne out by the measurements, the model chooses among the ways it could truly go
    on, and writes on from there.
    """
    for _ in range(MOST_CORRECTIONS):
        pieces = asked.write(decoding, answer.text)
        wrong = None
        for piece in with_true_names(pieces):
            sound, wrong = answer.add(piece)
            tell(sound)
            if wrong is not None:
                break
        pieces.close()
        if wrong is None:
            sound, wrong = answer.add("", last=True)
            tell(sound)
        if wrong is None:
            break
        ways = wrong.options
        way = ways[0] if len(ways) == 1 else ways[asked.choose(answer.text, ways).index]
        answer.go_on(way)
        tell(way)
        if finds_nothing(way):
            break
    return answer.text
