"""What of a text an ELAN file holds: one definition for writing, reading and comparing."""

import re

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold or its readers change: control characters, halves of pairs, two code points."""


def held(text: str) -> str:
    """Return a text as a tier has it: without what XML cannot hold, and without space at its ends."""
    return possible(text).strip()


def possible(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def held_name(coder: str) -> str:
    """Return what the tiers of a coder are called after, on one line; `coder` for somebody without a name."""
    return held(" ".join(coder.split())) or "coder"


def held_json(text: str) -> str:
    """Return JSON that says the same in what XML can hold: other characters are written as their numbers."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
