"""Indexed data sets as evaluations of frames meet them: which samples, which labels, which coders' words.

A sample is one annotated micro-expression whose emotion is a label of the classes asked for. Knows sheets and
folders; looks at no picture.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mellm.datasets.published_sets import get_set
from mellm.datasets.sample import Sample
from mellm.datasets.set_index import find_sheet, read_set
from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import get_taxonomy

_log = logging.getLogger(__name__)

CLASSES = {"casme2": "5", "casme3a": "6", "casme3c": "6", "dfme": "7"}
"""Set -> the classes it is published with; all others, and several sets together, have three."""
SHEET_NAMES = {"casme3a": "casme3", "casme3c": "casme3", "casme2-spotting": "casme2sq", "smic-hs-e": "smic"}
"""Set -> its name among the conventions of the emotion model, where that is another."""


@dataclass(frozen=True, slots=True)
class FrameSet:
    """One set's folder as its makers ship it; `label` names it in tables (two parts of a set differ)."""

    set: str
    root: Path
    label: str

    @classmethod
    def read(cls, text: str) -> "FrameSet":
        """Read `SET=FOLDER` or `LABEL:SET=FOLDER`; raises InputError for another form or an unknown set."""
        name, equals, folder = text.partition("=")
        label, colon, known = name.rpartition(":")
        if not equals or not folder:
            raise InputError(f"'{text}' names no set: write SET=FOLDER, such as casme2=/data/CASME2.")
        return cls(get_set(known).name, Path(folder), label if colon else get_set(known).name)

    @property
    def sheet(self) -> Path:
        """The annotation sheet that is read."""
        return find_sheet(get_set(self.set), self.root)

    @property
    def convention(self) -> str:
        """The set's name among the emotion model's sheets and conventions."""
        return SHEET_NAMES.get(self.set, self.set)


@dataclass(frozen=True, slots=True)
class FrameSample:
    """One annotated micro-expression.

    place: its folder of frames or its video; label: of the classes asked for; units: the coders' codes
    """

    dataset: FrameSet
    sample: Sample
    place: Path
    label: str
    units: tuple[str, ...]

    @property
    def key(self) -> str:
        """Unique within the set."""
        return self.sample.key

    @property
    def person(self) -> str:
        """Tells people of all sets apart."""
        return f"{self.dataset.label}/{self.sample.subject}"


def default_classes(sets: Sequence[FrameSet]) -> str:
    """Return the classes a set is published with; those of the composite for several sets."""
    names = {one.set for one in sets}
    return CLASSES.get(next(iter(names)), "3") if len(names) == 1 else "3"


def read_samples(
    sets: Sequence[FrameSet], taxonomy: str, limit: int | None = None
) -> tuple[list[FrameSample], dict[str, int]]:
    """Return the samples with a label and with frames on this machine, and how many others there are.

    limit: at most so many of each set, evenly spread. Counted are `other labels` (such as `others`), `no
    frames` (not on this machine) and `no onset`. Raises InputError where none is left.
    """
    from mellm.evaluate.protocols import spread

    classes = get_taxonomy(taxonomy)
    found: list[FrameSample] = []
    left = {"other labels": 0, "no frames": 0, "no onset": 0}
    for one in sets:
        here: list[FrameSample] = []
        reading = read_set(one.set, one.root, one.sheet)
        for message in reading.warnings:
            _log.warning("%s", message)
        for sample in reading.samples:
            label, place = classes.label_of(sample.emotion), one.root / sample.path
            if label is None:
                left["other labels"] += 1
            elif sample.onset is None:
                left["no onset"] += 1
            elif not place.exists():
                left["no frames"] += 1
            else:
                units = tuple(u.sided for u in parse_codes(sample.action_units).present)
                here.append(FrameSample(one, sample, place, label, units))
        found += [here[i] for i in spread(len(here), limit)]
    if not found:
        raise InputError(
            "No sample has both a label of these classes and frames on this machine: "
            "`mellm data check SET FOLDER` says what is missing."
        )
    return found, {why: count for why, count in left.items() if count}
