"""Choosing among options through a server: by likelihoods where it returns them, else by its answer's text.

Ways, from best to last; the first that an endpoint is able to is remembered in its dialect:

1. `_by_tokens`: the likelihood of each option's whole text, from the listed next tokens, step by step along
   it (servers that go on from a beginning: vLLM, llama.cpp)
2. `_by_letter`: options shown as letters, the listed first tokens read (any server with `logprobs`)
3. `_by_schema`: the answer held to the options by a JSON schema; no likelihoods
4. `_by_text`: the answer read leniently, asked for once more, and at last the most similar option

vLLM's `prompt_logprobs` would score an option in one request, but with LoRA enabled two such requests at a
time end the CPU engine, and adapters on the output layer are left out of them. Knows nothing about HTTP.
"""

import difflib
import json
import math
import re
import string
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from mellm.language.backends.dialect import Dialect
from mellm.language.backends.dialogue import with_words
from mellm.language.backends.protocol import Choice, Message
from mellm.language.backends.wire import AnswerChoice, ChatRequest, TokenLogprobs

Ask = Callable[[Sequence[Message], str, int, ChatRequest], AnswerChoice]
"""ask(messages, prefix, max_tokens, extra fields) -> the first choice of the answer. Raises UnableError where
the endpoint refuses one of the fields."""

_LEAST = 1e-12


class UnableError(Exception):
    """The endpoint cannot choose in this way, so it is not tried again. `choose_by` catches it."""


def choose_by(
    ask: Ask, dialect: Dialect, messages: Sequence[Message], prefix: str, options: Sequence[str]
) -> Choice:
    """Return which option continues `prefix` best, always one of them."""
    for way in range(dialect.way, len(_WAYS)):
        try:
            choice = _WAYS[way](ask, dialect, messages, prefix, options)
        except UnableError:
            dialect.way = max(dialect.way, way + 1)
            continue
        if choice is not None:
            return choice
    raise AssertionError("the last way always chooses")


def _best(logprobs: Sequence[float]) -> Choice:
    return Choice(max(range(len(logprobs)), key=logprobs.__getitem__), tuple(logprobs))


def _by_tokens(
    ask: Ask, dialect: Dialect, messages: Sequence[Message], prefix: str, options: Sequence[str]
) -> Choice | None:
    if not dialect.continues:
        raise UnableError
    listed: dict[str, dict[str, float]] = {}

    def after(text: str) -> dict[str, float]:
        if text not in listed:
            listed[text] = _next_tokens(ask, dialect, messages, text)
        return listed[text]

    seen = [_along(option, prefix, after) for option in options]
    # Where no option's first token is listed, nothing is known about any of them.
    return _best([logprob for logprob, _ in seen]) if any(found for _, found in seen) else None


def _along(option: str, prefix: str, after: Callable[[str], dict[str, float]]) -> tuple[float, bool]:
    """Return the log-probability of an option by its longest listed tokens, and whether any was listed.

    Where the next token is not listed, what is left over by the listed ones is an upper bound.
    """
    total, done = 0.0, ""
    while done != option:
        tokens, rest = after(prefix + done), option[len(done) :]
        fitting = [token for token in tokens if token and rest.startswith(token)]
        if not fitting:
            return total + _unlisted(tokens), bool(done)
        longest = max(fitting, key=len)
        total, done = total + tokens[longest], done + longest
    return total, True


def _unlisted(tokens: Mapping[str, float]) -> float:
    """Return the largest log-probability that a token can have which is not among the listed ones."""
    left = 1.0 - sum(math.exp(logprob) for logprob in tokens.values())
    return min(min(tokens.values()), math.log(max(left, _LEAST)))


def _next_tokens(ask: Ask, dialect: Dialect, messages: Sequence[Message], text: str) -> dict[str, float]:
    """The likeliest tokens after `text`, with their log-probabilities. Raises UnableError without any."""
    answer = ask(messages, text, 1, {"logprobs": True, "top_logprobs": dialect.top_logprobs})
    try:
        listed = TokenLogprobs.model_validate(answer.logprobs).content[0].top_logprobs
    except ValidationError as error:
        raise UnableError from error
    found = {row.token: row.logprob for row in listed}
    if not found:
        raise UnableError
    return found


def _by_letter(
    ask: Ask, dialect: Dialect, messages: Sequence[Message], prefix: str, options: Sequence[str]
) -> Choice | None:
    if len(options) > len(string.ascii_uppercase):
        return None
    letters = string.ascii_uppercase[: len(options)]
    shown = "\n".join(f"{letter}) {option}" for letter, option in zip(letters, options, strict=True))
    words = f"{_so_far(prefix)}Which of these continues it best?\n{shown}\nAnswer with the letter alone."
    tokens = _next_tokens(ask, dialect, with_words(messages, words), "")
    mass = dict.fromkeys(letters, 0.0)
    for token, logprob in tokens.items():
        letter = token.strip(" ()*.\n")
        if letter in mass:
            mass[letter] += math.exp(logprob)
    if not any(mass.values()):
        return None
    return _best([math.log(m) if m > 0 else _unlisted(tokens) for m in mass.values()])


def _by_schema(
    ask: Ask, dialect: Dialect, messages: Sequence[Message], prefix: str, options: Sequence[str]
) -> Choice | None:
    schema = {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(options)}},
        "required": ["choice"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "choice", "strict": True, "schema": schema}}
    words = f'{_so_far(prefix)}{_one_of(options)} Write it as JSON: {{"choice": ...}}'
    text = _text(ask(with_words(messages, words), "", _room(options), {"response_format": form}))
    try:
        return Choice(list(options).index(json.loads(text)["choice"]), None)
    except (ValueError, KeyError, TypeError):
        return None


def _by_text(
    ask: Ask, dialect: Dialect, messages: Sequence[Message], prefix: str, options: Sequence[str]
) -> Choice | None:
    asked, said = with_words(messages, _so_far(prefix) + _one_of(options)), ""
    for _ in range(2):
        said = _text(ask(asked, "", _room(options), {}))
        if (index := option_in(said, options)) is not None:
            return Choice(index, None)
        again = f"That is none of them. {_one_of(options)}"
        asked = [*asked, Message("assistant", said), Message("user", again)]
    likeness = [difflib.SequenceMatcher(None, said.casefold(), o.casefold()).ratio() for o in options]
    return Choice(max(range(len(options)), key=likeness.__getitem__), None)


_WAYS: tuple[Callable[[Ask, Dialect, Sequence[Message], str, Sequence[str]], Choice | None], ...] = (
    _by_tokens, _by_letter, _by_schema, _by_text,
)  # fmt: skip


def option_in(text: str, options: Sequence[str]) -> int | None:
    """Return the option that a text names, or None: the one it is, else the first it mentions.

    Case, punctuation and quotes do not count; of two that begin at one place the longer wins.

    >>> option_in("**Not sad.**", ["sad", "not sad"])
    1
    """
    plain = _plain(text)
    bare = [_plain(option) for option in options]
    if plain in bare:
        return bare.index(plain)
    found = [
        (hit.start(), -len(option), index)
        for index, option in enumerate(bare)
        if option and (hit := re.search(rf"(?<![a-z0-9]){re.escape(option)}(?![a-z0-9])", plain))
    ]
    return min(found)[2] if found else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\"'“”‘’*_`.,:;!?。，：；！？()（）]", " ", text).casefold().split())


def _text(answer: AnswerChoice) -> str:
    return re.sub(r"(?s)^\s*<think>.*?</think>", "", answer.text).strip()


def _so_far(prefix: str) -> str:
    return f"Your answer so far:\n{prefix}\n\n" if prefix.strip() else ""


def _one_of(options: Sequence[str]) -> str:
    shown = "\n".join(f"- {option.strip()}" for option in options)
    return f"Continue it with exactly one of these and nothing else:\n{shown}\n"


def _room(options: Sequence[str]) -> int:
    """Return a number of tokens that is enough for any option, also as JSON."""
    return 24 + max(len(option.encode()) for option in options)
