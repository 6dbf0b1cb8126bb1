"""Which sample is meant, by data set, subject and file name, however the three are spelled.

Questions, sheets and folders of flow write one sample as `sub01_EP02_01f`, `EP02_01f` of subject `1`, or
`CASME II/01/EP02_01f.avi`. Knows no set's contents.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from mellm.datasets.megc2019 import Sample

Identity = tuple[str, str, str]
"""Data set, subject and file name in one spelling."""

_SUBJECT = re.compile(r"(?:subject|sub|spno|participant|person|p|s)0*([0-9]+)")
_ENDINGS = frozenset(["avi", "mp4", "mov", "mkv", "jpg", "jpeg", "png", "bmp", "npz", "npy", "flo"])


def identity(dataset: str, subject: str, name: str) -> Identity:
    """Return the three in one spelling: no case, padding, endings, and no subject before the file name.

    >>> identity("CASME II", "1", "sub01_EP02_01f") == identity("casme2", "sub01", "EP02_01f.avi")
    True
    """
    person = _person(subject)
    words = [word for word in re.split(r"[\W_]+", re.sub(r"(?<=no)\.(?=[0-9])", "", name.lower())) if word]
    if len(words) > 1 and words[-1] in _ENDINGS:
        words.pop()
    if len(words) > 1 and dataset_name(words[0]) == dataset_name(dataset):
        words = words[1:]
    shortened = False
    while len(words) > 1 and _names_person(words[0], person, shortened or len(words) < 3):
        words, shortened = words[1:], True
    return dataset_name(dataset), person, " ".join(word.lstrip("0") or "0" for word in words)


def _names_person(word: str, person: str, padded: bool) -> bool:
    """Whether a word is the subject's; a bare number too, with `padded` only if a zero leads."""
    if word.isdigit():
        return word.lstrip("0") == person and (word.startswith("0") or not padded)
    return _SUBJECT.fullmatch(word) is not None and _person(word) == person


def _person(subject: str) -> str:
    word = re.sub(r"[\W_]+", "", subject.lower())
    found = _SUBJECT.fullmatch(word)
    return found.group(1) if found else word.lstrip("0") or word


def dataset_name(name: str) -> str:
    """Return a data set's name in one spelling: `CASME II` -> `casme2`, `CAS(ME)^2` -> `casme2sq`."""
    word = re.sub(r"[\W_]+", "", name.lower().replace("(me)", "square"))
    word = word.replace("iii", "3").replace("ii", "2")
    if word in ("casme2spotting", "casmesq", "cassquare2", "casme2sq"):
        return "casme2sq"
    if word.startswith(("casme3", "cassquare3")):
        return "casme3"
    return next((known for known in ("smic", "samm") if word.startswith(known)), word)


class SampleNames:
    """Finds the key of a sample by its data set, subject and file name."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        """Take the samples to find; where one has no file name, its key stands for it."""
        self._datasets: dict[str, set[str]] = defaultdict(set)
        self._keys: dict[Identity, set[str]] = defaultdict(set)
        for sample in samples:
            self._datasets[sample.key].add(dataset_name(sample.dataset))
            for name in filter(None, (sample.filename, sample.key)):
                self._keys[identity(sample.dataset, sample.subject, name)].add(sample.key)

    def find(self, dataset: str, subject: str, filename: str, key: str = "") -> str | None:
        """Return the key of the one sample that is meant, None where none or several could be.

        `key` decides where the names alone do not: it must be spelled as here, and of the same data set.
        """
        found = self._keys.get(identity(dataset, subject, filename), set())
        if len(found) == 1:
            return next(iter(found))
        return key if dataset_name(dataset) in self._datasets.get(key, ()) else None
