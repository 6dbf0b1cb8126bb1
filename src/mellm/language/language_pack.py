"""A further language as one package brings it: the sentences of readings, beside all other texts."""

from dataclasses import dataclass

from mellm.language.reading_words import Words
from mellm.wording.languages import Wording


@dataclass(frozen=True, kw_only=True)
class LanguagePack(Wording):
    """What an entry point of `mellm.languages` names (docs/plugins.md).

    reading: the words that readings are written from, whole; the other tables may have gaps
    """

    reading: Words
