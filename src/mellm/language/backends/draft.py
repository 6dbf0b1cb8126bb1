"""Guesses at the next tokens of an answer, from a text that it may resemble.

Inference with reference (Yang et al. 2023, arXiv 2304.04487): the model reads several guessed tokens at once
and keeps those that it would have said itself. Knows token ids; knows no model.
"""

from collections.abc import Sequence

_LONGEST = 4
"""Tokens at the end of what was said that a place in the draft is looked for by, at most."""

_FEW, _MANY = 6, 16
"""Tokens guessed at once: after a wrong guess, and at most."""


class Draft:
    """A text that an answer may follow, leave, and come back to."""

    def __init__(self, ids: Sequence[int]) -> None:
        """Take the tokens of the text; none of them: nothing is ever guessed."""
        self._ids = list(ids)
        self._place, self._many = 0, _MANY

    def guess(self, said: Sequence[int]) -> list[int]:
        """Return what may follow on the tokens said so far."""
        if said:
            self._place = self._found(said)
        return self._ids[self._place : self._place + self._many]

    def heard(self, right: int, guessed: int) -> None:
        """Learn how many of the last guesses were right."""
        self._many = min(2 * self._many, _MANY) if right == guessed else _FEW
        self._place += right + (right < guessed)

    def _found(self, said: Sequence[int]) -> int:
        """Where the draft goes on as the answer did: the next such place, else any, else one word further."""
        for length in range(min(_LONGEST, len(said)), 1, -1):
            tail = list(said[-length:])
            places = [at for at in range(length, len(self._ids) + 1) if self._ids[at - length : at] == tail]
            if places:
                return next((at for at in places if at >= self._place), places[-1])
        return self._place
