"""Varied wording that is the same every time: variants take turns, the first chosen by the evidence itself."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Voice:
    """Chooses among wordings. The same `seed` text gives the same choices; no slot repeats itself in a row."""

    seed: str
    _used: Counter[str] = field(default_factory=Counter)

    def pick(self, slot: str, variants: Sequence[str]) -> str:
        """Return the next variant of a slot."""
        start = zlib.crc32(f"{self.seed}|{slot}".encode())
        self._used[slot] += 1
        return variants[(start + self._used[slot] - 1) % len(variants)]
