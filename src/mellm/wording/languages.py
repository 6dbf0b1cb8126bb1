"""The languages of a report: English and Chinese, and those that plug-ins bring (docs/plugins.md).

A plug-in's texts stand under the keys of the English ones. What is missing there is shown in English, and
said once.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, TypeVar, get_args

from mellm.entry_points import entry_points

Language = str
"""Code of a language: `en`, `zh`, or the name of a plug-in's entry point."""

OwnLanguage = Literal["en", "zh"]
"""The languages that are complete: prompts, training data and the page have them."""

OWN: Final[tuple[OwnLanguage, ...]] = get_args(OwnLanguage)

_log = logging.getLogger(__name__)
_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a further language says outside of readings; any text may be missing.

    messages: code of `wording.messages` -> sentence, with the fields of the English one
    page: key of `wording.page_words` -> label of the report page and the terminal
    emotions: label -> name; `none` where there is none
    units: action unit -> name; an entry 0 with `{}` is for numbers that FACS does not have
    unit_sides: subject's side (`left`, `top`, `unilateral`, ...) -> frame with `{}` for the unit's name
    regions, areas: region and area of the face -> name
    octants: direction in the picture -> words; `none` where it has none
    grades: letter of intensity -> word
    """

    messages: Mapping[str, str] = field(default_factory=dict)
    page: Mapping[str, str] = field(default_factory=dict)
    emotions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[int, str] = field(default_factory=dict)
    unit_sides: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    octants: Mapping[str, str] = field(default_factory=dict)
    grades: Mapping[str, str] = field(default_factory=dict)


def languages() -> tuple[str, ...]:
    """Return the codes of all languages, those of plug-ins last; nothing is imported."""
    return (*OWN, *sorted(name for name in entry_points("languages") if name not in OWN))


@cache
def wording_of(language: Language) -> Wording | None:
    """Return what a plug-in's language says; None for a language that is not installed, or of our own.

    Raises ImportError or AttributeError where the plug-in cannot be imported, TypeError where it is no
    `Wording`.
    """
    point = None if language in OWN else entry_points("languages").get(language)
    if point is None:
        return None
    found = point.load()
    if not isinstance(found, Wording):
        raise TypeError(f"{point.value} is no mellm.wording.languages.Wording")
    return found


def own_index(language: Language) -> int:
    """Return where a language of our own stands in the rows of `messages`; English for any other."""
    return int(language == "zh")


def text_of(language: Language, table: str, key: _Key) -> str | None:
    """Return a plug-in's text under a key of one of its tables; None for our own and where it is missing."""
    if language in OWN:
        return None
    wording = wording_of(language)
    found: Mapping[_Key, str] = getattr(wording, table) if wording else {}
    if key not in found:
        _say_missing(language, f"{table}/{key}" if wording else "")
        return None
    return found[key]


_told: set[str] = set()


def _say_missing(language: Language, example: str) -> None:
    if language in _told:
        return
    _told.add(language)
    if example:
        _log.warning("language %s has no text for %s; what it lacks is shown in English", language, example)
    else:
        _log.warning("language %s is not installed; its report is shown in English", language)


def forget() -> None:
    """Look for languages anew, and say anew what they lack."""
    wording_of.cache_clear()
    _told.clear()
