"""What an answer is made of before it is put into words: messages, the frames cited, the short form."""

from dataclasses import dataclass, field

from mellm.analysis.asking.questions import Scope
from mellm.report import Report
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

    @classmethod
    def nothing(cls, scope: Scope, report: Report, short: str = "") -> "Told":
        """Return the answer where there is no expression of a kind, with the report's own reason."""
        what = {"micro": Message("ask.micro"), "macro": Message("ask.macro"), "any": Message("ask.any")}[
            scope
        ]
        said = [Message("ask.none_of", {"what": what})]
        if scope != "macro" and not report.micro_expressions:
            said.append(Message("ask.why_none", {"why": report.record(report.verdict).message}))
        return cls(said, short=short)
