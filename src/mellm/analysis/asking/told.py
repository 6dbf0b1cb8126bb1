"""What an answer is made of before it is put into words: messages, the frames cited, the short form."""

from dataclasses import dataclass, field

from mellm.wording.message import Message

LISTED = 20
"""Times that an answer lists at most."""


@dataclass(slots=True)
class Told:
    """Sentences with what they rest on.

    said: the sentences; frames, numbers: frames and micro-expressions cited; text: readings as they stand
    short: the answer in the challenge's form; measured: False where the report holds no answer
    """

    said: list[Message] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    short: str = ""
    measured: bool = True

    def __add__(self, other: "Told") -> "Told":
        """Return both, one after the other."""
        return Told(
            [*self.said, *other.said],
            [*self.frames, *other.frames],
            [*self.numbers, *other.numbers],
            self.short or other.short,
            self.measured and other.measured,
        )
