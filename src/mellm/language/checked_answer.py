"""A compact answer while a model writes it: sentences are held against the measurements one at a time."""

from mellm.language.answer import Answer
from mellm.language.compact_answer import sentence_end
from mellm.language.compact_prompt import Findings
from mellm.language.sentence_check import Correction, disagreeing, spoken_units, unaccounted, unsound


class CheckedAnswer:
    """A growing answer: `text` has been checked, `rest` is the beginning of a sentence.

    label: the one to reason to, None: any
    """

    def __init__(self, found: Findings, label: str | None) -> None:
        """Begin an empty answer on what was measured."""
        self.text = self.rest = ""
        self._found, self._label = found, label
        self._started = 0  # where the sentence being written began in `text`

    def add(self, piece: str, last: bool = False) -> tuple[str, Correction | None]:
        """Take a piece; return what became sound, and where the answer has to go on in another way.

        `last`: nothing follows, so that what is left is a sentence too.
        """
        self.rest += piece
        told = ""
        while self.rest and (end := len(self.rest) if last else sentence_end(self.rest)) is not None:
            line, part = self.text[self._started :], self.rest[:end]
            wrong = self._wrong(line + part)
            if wrong is not None and wrong.kept.startswith(line):
                self.rest = ""
                self.text += wrong.kept[len(line) :]
                return told + wrong.kept[len(line) :], wrong
            self.text, self.rest, told = self.text + part, self.rest[end:], told + part
            self._started = len(self.text)
        return told, None

    def go_on(self, chosen: str) -> None:
        """Go on in the way that was chosen."""
        self.text += chosen
        if chosen.endswith("."):
            self._started = len(self.text)

    def _wrong(self, sentence: str) -> Correction | None:
        analysis = Answer.parse(self.text, "en").analysis
        spoken = spoken_units(analysis)
        return (
            unaccounted(sentence, spoken, analysis, self._found)
            or disagreeing(sentence, spoken, self._label)
            or unsound(sentence, spoken, self._found)
        )
