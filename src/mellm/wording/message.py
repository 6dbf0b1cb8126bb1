"""A sentence for people as a code and its fields, put into words where it is shown.

A stage makes a `Message` where something happens; whoever shows it calls `word` with the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter

from mellm.wording.languages import OWN, Language, own_index, text_of
from mellm.wording.messages import MESSAGES
from mellm.wording.names import emotion_word, octant_name, region_name
from mellm.wording.unit_names import au_name


@dataclass(frozen=True, slots=True)
class Message:
    """A code of `MESSAGES` and the values of its fields; as text it is the English sentence.

    >>> str(Message("spot.blinks_only", {"count": 2}))
    'nothing but 2 blinks stands out of the noise'
    """

    code: str
    fields: Mapping[str, Field] = field(default_factory=dict)

    @classmethod
    def plain(cls, text: str) -> Message:
        """Return a message for a sentence that has no code: every language shows it as it is."""
        return cls("text", {"text": text})

    @classmethod
    def from_json(cls, stored: object) -> Message:
        """Return the message whose `dataclasses.asdict` was stored. Raises ValueError for anything else."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(stored)

    def mapped(self, change: Callable[[str], str]) -> Message:
        """Return the message with every text in its fields changed."""
        return Message(self.code, {name: _mapped(value, change) for name, value in self.fields.items()})

    def __str__(self) -> str:
        """The English sentence."""
        return word(self, "en")


Field = str | int | float | None | Message | tuple[Message, ...]
"""What a field may hold."""


def _mapped(value: Field, change: Callable[[str], str]) -> Field:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(part.mapped(change) for part in value)
    return value.mapped(change) if isinstance(value, Message) else value


def word(message: Message, language: Language) -> str:
    """Return the sentence in a language.

    Raises KeyError for a code or a field that does not exist, ValueError for a value that does not fit.

    >>> word(Message("spot.none", {"why": Message("spot.blinks_only", {"count": 2})}), "zh")
    '未发现微表情：除 2 次眨眼外，没有超出噪声的运动。'
    """
    template = MESSAGES[message.code][own_index(language)]
    if language not in OWN and message.code != "text":
        further = text_of(language, "messages", message.code)
        # A sentence in two languages would be worse than an English one.
        template, language = (further, language) if further else (template, "en")
    return _Wording(language).vformat(template, (), message.fields)


class _Wording(Formatter):
    """Puts fields into templates, with the formats that `mellm.wording.messages` adds."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, Message):
            return word(value, self._language)
        if isinstance(value, tuple):
            return format_spec.join(word(part, self._language) for part in value)
        if format_spec == "emotion":
            return emotion_word("none" if value is None else str(value), self._language)
        if format_spec == "unit":
            return au_name(int(str(value)), self._language)
        if format_spec == "region":
            return region_name(str(value), self._language)
        if format_spec == "octant":
            return octant_name(None if value is None else str(value), self._language)
        if "|" in format_spec:
            return format_spec.split("|")[value != 1]
        return format(value, format_spec)
