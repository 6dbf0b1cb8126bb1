"""Motion of action units from several origins, as fields on the canonical mesh, and what moves together.

A bank holds fields float32 (N, 468, 2): canonical axes (x to the picture's right, y up), peak 1. Each has an
origin, a split and the units it shows; fields without units are motion that is no expression's. Knows no
pictures.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.facs.codes import ActionUnitCode, parse_codes
from mellm.facs.taxonomies import FINE, canonical
from mellm.language.motion.questions import ALIKE, UNITS
from mellm.simulate.gallery import SPLITS, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import WITH_UNITS, Origin, draw_face_motion, known_units, unit_motion
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, TABLE, Side, half_of

BLINK = 45
_PEOPLE = {Origin.TABLE: 13, Origin.ICT: 7, Origin.MUSCLE: 13}
_WITHOUT_UNITS: dict[Split, int] = {"train": 200, "val": 30, "test": 30}

Unit = tuple[int, Side]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Units that coders wrote together, and the fine emotion they gave them."""

    units: tuple[Unit, ...]
    emotion: str


@dataclass(frozen=True)
class FieldBank:
    """Fields with origin, split (`train`, `val`, `test`) and units; see the module."""

    fields: NDArray[np.float32]
    origins: tuple[str, ...]
    splits: tuple[str, ...]
    units: tuple[tuple[Unit, ...], ...]

    @classmethod
    def drawn(
        cls, ict: Path | None, seed: int, others: Sequence[Origin] = (Origin.REPLAYED, Origin.SMOOTH)
    ) -> "FieldBank":
        """Draw a bank from every origin of `mellm.simulate.origins`; ICT's where its file is given.

        Fields of one unit, on both halves and on each alone, by each origin that knows it, as many people as
        `_PEOPLE`; and fields without units of the origins `others`.
        """
        shapes = IctModel(ict) if ict else None
        rows: list[tuple[NDArray[np.float64], str, str, tuple[Unit, ...]]] = []
        for number, origin in enumerate(WITH_UNITS):
            if origin is Origin.ICT and shapes is None:
                continue
            for au in sorted(known_units(origin, shapes)):
                halves: tuple[Side, ...] = ("both", "left", "right") if au in CAN_BE_ONE_SIDED else ("both",)
                for s, side in enumerate(halves):
                    for person in range(_PEOPLE[origin]):
                        rng = np.random.default_rng([seed, 17, number, au, s, person])
                        field = unit_motion(origin, au, side, rng, shapes)[:, :2]
                        if origin is Origin.ICT and person:  # scans are of one person: their reach varies
                            field = field * np.linalg.norm(field, axis=1, keepdims=True) ** rng.uniform(0, 1)
                        split = "val" if person and person % 6 == 0 else "train"
                        rows.append((field, origin.value, split, ((au, side),)))
        for origin in others:
            for split in SPLITS:
                for person in range(_WITHOUT_UNITS[split]):
                    rng = np.random.default_rng(
                        [seed, 18, list(Origin).index(origin), SPLITS.index(split), person]
                    )
                    motion = draw_face_motion(origin, rng, split=split)
                    rows.append((motion.displacement[:, :2], origin.value, split, ()))
        fields, origins, splits, units = zip(*rows, strict=True)
        return cls(np.array(fields, np.float32), origins, splits, units)

    @cached_property
    def _by_unit(self) -> dict[tuple[str, str, Unit], list[int]]:
        found: dict[tuple[str, str, Unit], list[int]] = defaultdict(list)
        for row, units in enumerate(self.units):
            if len(units) == 1:
                found[self.origins[row], self.splits[row], units[0]].append(row)
        return found

    def of(self, origin: str, split: str, unit: Unit) -> list[int]:
        """Return the rows that show one unit alone; those on both sides where no one-sided field is there."""
        found = self._by_unit.get((origin, split, unit), [])
        return found or self._by_unit.get((origin, split, (unit[0], "both")), [])

    def without_units(self, split: str) -> list[int]:
        """Return the rows that show no unit."""
        return [r for r, units in enumerate(self.units) if not units and self.splits[r] == split]

    @cached_property
    def unit_origins(self) -> tuple[str, ...]:
        """The origins whose fields have units."""
        return tuple(sorted({o for o, units in zip(self.origins, self.units, strict=True) if units}))


def asked_unit(unit: Unit) -> Unit | None:
    """Return the unit of `UNITS` that a unit counts as, None for one that is not asked for."""
    au = ALIKE.get(unit[0], unit[0])
    return (au, unit[1]) if au in UNITS else None


def read_fine_patterns(sheets: Sequence[Path]) -> list[Pattern]:
    """Read units and fine emotion from annotation sheets; rows without either are left out."""
    from mellm.datasets.annotation_sheets import read_sheet
    from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS

    found = []
    for sheet in sheets:
        for row in read_sheet(sheet, (UNIT_COLUMNS, EMOTION_COLUMNS)):
            word = canonical(row.text(EMOTION_COLUMNS))
            units = [u for u in parse_codes(row.text(UNIT_COLUMNS)).present if u.family == "AU"]
            shown = tuple((u.au, half_of(u.side)) for u in units if u.au in TABLE and u.au != BLINK)
            if word in FINE and shown:
                found.append(Pattern(shown, word))
    return found


REPRESSION: tuple[tuple[int, ...], ...] = (
    (12, 24),
    (14, 24),
    (15, 17),
    (14, 17),
    (12, 17),
    (14,),
    (24,),
    (17, 24),
)
"""Units of held-down expressions: no sheet that may be learned from knows the word repression."""


def with_repression(patterns: Sequence[Pattern], share: float = 0.08) -> list[Pattern]:
    """Return the patterns with `REPRESSION`'s added, so often that they are `share` of the sheets' rows."""
    times = max(1, round(share * len(patterns) / len(REPRESSION)))
    held = [Pattern(tuple((au, "both") for au in units), "repression") for units in REPRESSION]
    return [*patterns, *(held * times)]


def unit_codes(units: Sequence[Unit]) -> list[ActionUnitCode]:
    """Return units as FACS codes, those that are asked for, in ascending order; two halves make both."""
    sides: dict[int, set[Side]] = defaultdict(set)
    for unit in units:
        if (asked := asked_unit(unit)) is not None:
            sides[asked[0]].add(asked[1])
    return [ActionUnitCode(au, s.pop() if len(s) == 1 else "both") for au, s in sorted(sides.items())]
