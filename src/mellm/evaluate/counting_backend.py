"""A language backend that counts the characters and pictures of another, for costs. Knows no sample."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from mellm.language.backends import Choice, Decoding, LanguageBackend, Message
from mellm.language.backends.protocol import Control


@dataclass(slots=True)
class CountingBackend:
    """A backend that counts what goes in and out of another."""

    backend: LanguageBackend
    sent: int = 0
    written: int = 0
    pictures: int = 0

    @property
    def name(self) -> str:
        """The other's name."""
        return self.backend.name

    @property
    def sees(self) -> bool:
        """Whether the other takes pictures."""
        return self.backend.sees

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Pass the pieces on."""
        self._count(messages, prefix)
        for piece in self.backend.generate(messages, decoding, prefix=prefix, control=control):
            self.written += len(piece)
            yield piece

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Pass the choice on."""
        self._count(messages, prefix)
        return self.backend.choose(messages, prefix, options, control=control)

    def _count(self, messages: Sequence[Message], prefix: str) -> None:
        self.sent += len(prefix) + sum(len(message.text) for message in messages)
        self.pictures += sum(len(message.images) for message in messages)
