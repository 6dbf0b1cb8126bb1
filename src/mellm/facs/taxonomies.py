"""Emotion taxonomies: the 3, 5, 6 and 7 classes of the field, their names in two languages, maps between.

Every taxonomy is a view of one set of fine emotions (`FINE`): a label is the union of some of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mellm.errors import InputError
from mellm.wording.names import EMOTIONS_ZH, emotion_word

FINE: tuple[str, ...] = (
    "happiness", "surprise", "disgust", "anger", "fear", "sadness", "contempt", "repression",
)  # fmt: skip
"""The fine emotions all taxonomies are made of."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A label set. `members` maps each label to the fine emotions it covers."""

    name: str
    members: Mapping[str, tuple[str, ...]]
    source: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in their fixed order."""
        return tuple(self.members)

    def label_of(self, emotion: str) -> str | None:
        """Return the label an emotion word falls under, None where the taxonomy leaves it out."""
        word = canonical(emotion)
        if word in self.members:
            return word
        return next((label for label, fine in self.members.items() if word in fine), None)

    def marginal(self, fine: Mapping[str, float]) -> dict[str, float]:
        """Turn probabilities over `FINE` into this taxonomy's: sums, and 1 in all.

        An emotion that the taxonomy leaves out counts for the labels of its coarse class, as these share it
        out among themselves. So negative, positive and surprise are as probable in every taxonomy, and any
        two labels of one coarse class keep the ratio that the one fine distribution gives them.
        """
        found: dict[str, float] = {}
        for group in _COARSE.values():
            # A label that covers the whole class takes it all; finer ones share it out.
            labels = [label for label, covered in self.members.items() if set(covered) <= set(group)]
            sums = {label: sum(fine.get(f, 0.0) for f in self.members[label]) for label in labels}
            whole, inside = sum(fine.get(f, 0.0) for f in group), sum(sums.values())
            for label, value in sums.items():
                found[label] = whole * value / inside if inside > 0 else whole / len(labels)
        total = sum(found.values())
        if total <= 0:
            return dict.fromkeys(self.members, 1 / len(self.members))
        return {label: found[label] / total for label in self.members}


def _plain(*labels: str) -> dict[str, tuple[str, ...]]:
    return {label: (label,) for label in labels}


_NEGATIVE = ("disgust", "repression", "anger", "contempt", "fear", "sadness")

_COARSE = {"negative": _NEGATIVE, "positive": ("happiness",), "surprise": ("surprise",)}

TAXONOMIES: dict[str, Taxonomy] = {
    "3": Taxonomy("3", _COARSE, "MEGC 2019 composite"),
    "5": Taxonomy("5", _plain("happiness", "sadness", "fear", "surprise", "disgust"), "CASME II"),
    "6": Taxonomy("6", _plain("happiness", "sadness", "fear", "surprise", "disgust", "anger"), "CAS(ME)3"),
    "7": Taxonomy(
        "7",
        _plain("happiness", "disgust", "contempt", "surprise", "fear", "anger", "sadness"),
        "DFME",
    ),
}
"""Name -> taxonomy. `get_taxonomy` also takes names such as `dfme`."""

_ALIASES = {
    "3-class": "3", "megc2019": "3", "coarse": "3",
    "5-class": "5", "casme2": "5", "casme ii": "5",
    "6-class": "6", "casme3": "6", "cas(me)3": "6",
    "7-class": "7", "dfme": "7", "fine": "7",
}  # fmt: skip

_SPELLINGS = {
    "happy": "happiness", "joy": "happiness", "sad": "sadness", "surprised": "surprise", "angry": "anger",
    "afraid": "fear", "fearful": "fear", "disgusted": "disgust", "other": "others", "repressed": "repression",
    "快乐": "happiness", "开心": "happiness", "害怕": "fear", "生气": "anger", "蔑视": "contempt",
    "负面": "negative", "正面": "positive", "惊奇": "surprise", "其它": "others",
    **{chinese: english for english, chinese in EMOTIONS_ZH.items()},
}  # fmt: skip


def canonical(emotion: str) -> str:
    """Return the package's word for an emotion label met in a sheet (`Happy` -> `happiness`)."""
    word = emotion.strip().lower()
    return _SPELLINGS.get(word, word)


def emotion_name(label: str, language: str = "en") -> str:
    """Return a label in the reader's language."""
    return emotion_word(canonical(label), language)


def get_taxonomy(name: str | int) -> Taxonomy:
    """Return a taxonomy by name: 3, 5, 6, 7, or the set it comes from (megc2019, casme2, casme3, dfme)."""
    key = str(name).strip().lower()
    key = _ALIASES.get(key, key)
    if key not in TAXONOMIES:
        raise InputError(f"There is no taxonomy '{name}'; choose 3, 5, 6 or 7.")
    return TAXONOMIES[key]
