"""Names of action units in a text as it is written: a number and the name in brackets after it must agree.

Small models put a unit's number beside another unit's name. The number counts: it is what the conclusion
lists. Knows nothing about what is true of a face.
"""

import re
from collections.abc import Iterable, Iterator

from mellm.errors import InputError
from mellm.facs.unit_lookup import au_number
from mellm.wording.unit_names import AU_NAMES

_NAMED = re.compile(r"AU ([LRTB]?)(\d{1,2}) \(([^()]*)\)")
_OPEN = re.compile(r"A(?:U(?: (?:[LRTB]?\d{0,2}(?: (?:\([^()]*)?)?)?)?)?$")
_LONGEST = 60
"""Characters a name in brackets may take before it is let through as it is."""


def with_true_names(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a text's pieces with `AU 4 (lip corner puller)` made `AU 4 (brow lowerer)`.

    What is in brackets and is no unit's name is left alone. At most some 60 characters are held back.

    >>> "".join(with_true_names(["AU 4 (lip corner ", "puller)."]))
    'AU 4 (brow lowerer).'
    """
    held = ""
    for piece in pieces:
        held += piece
        while found := _NAMED.search(held):
            yield held[: found.start()] + _agreed(found)
            held = held[found.end() :]
        begun = _OPEN.search(held[-_LONGEST:])
        safe = len(held) - (len(begun.group()) if begun else 0)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def _agreed(found: re.Match[str]) -> str:
    side, number, name = found.groups()
    try:
        other = au_number(name)
    except InputError:
        return found.group()
    if other == int(number) or int(number) not in AU_NAMES:
        return found.group()
    return f"AU {side}{number} ({AU_NAMES[int(number)]})"
