"""Action units by name: from what people write in sheets and questions to the number."""

import re

from mellm.errors import InputError
from mellm.wording.unit_names import AU_SPELLINGS


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower().removesuffix(".")


_NUMBERS: dict[str, int] = {_plain(name): au for au, names in AU_SPELLINGS.items() for name in names}


def au_number(name: str) -> int:
    """Return the number of a unit given its FACS name (any case, English or Chinese), `AU 12` or `12`.

    Raises InputError for a name FACS does not know.
    """
    plain = _plain(name)
    if plain in _NUMBERS:
        return _NUMBERS[plain]
    numbered = re.fullmatch(r"(?:au|action unit)?\s*(\d{1,2})", plain)
    if numbered:
        return int(numbered.group(1))
    raise InputError(
        f"'{name}' is not the name of an action unit; use FACS names such as 'lip corner puller'."
    )
