"""Varied wording, the same every time: variants take turns, and the evidence itself picks the first."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Wording = TypeVar("Wording")
"""A sentence frame, or the pieces of one."""


@dataclass(slots=True)
class Voice:
    """Chooses among wordings: the same `seed` gives the same choices, no slot repeats itself in a row."""

    seed: str
    _used: Counter[str] = field(default_factory=Counter)

    def pick(self, slot: str, variants: Sequence[Wording]) -> Wording:
        """Return the next variant of a slot."""
        start = zlib.crc32(f"{self.seed}|{slot}".encode())
        self._used[slot] += 1
        return variants[(start + self._used[slot] - 1) % len(variants)]
