"""Cases from annotation sheets alone: generated flow whose scale was lost, labelled as the sheet's coder did.

Draws the action units and the emotion of one annotation, makes stored flow that shows these units on a
generated face (`mellm.simulate.generated_flow`), and measures it as real stored flow is measured. No picture
and no flow of a real face takes part. Coarse classes are equally common.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.facs.codes import ActionUnitCode
from mellm.facs.taxonomies import FINE, canonical, get_taxonomy
from mellm.flow.colour import mmc_colours
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.instruct.facs_findings import stage_of_stored_flow
from mellm.instruct.records import Case, Truth
from mellm.instruct.sources import Measured, Skipped, case_key, file_mark
from mellm.instruct.truth import COARSE, labels_of
from mellm.simulate.generated_flow import GeneratedFlow, Pattern, generate, read_patterns
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED

BLOCK = 500
"""Samples that share a set of generated faces; a block is one `subject`, so faces are in one split only."""

_ROUND = 12
_QUIET, _HELD_OUT = 5, 11
"""Of every twelve blocks one shows no expression (head motion, blinks, noise), and one is for validation."""


@dataclass
class SheetsSource:
    """`pairs` generated samples after the annotations of `sheets` (columns AU and Emotion)."""

    sheets: tuple[Path, ...]
    pairs: int
    seed: int = 0
    _made: dict[int, GeneratedFlow] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.pairs

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content."""
        return {"kind": "sheets", "sheets": [file_mark(s) for s in self.sheets], "pairs": self.pairs,
                "seed": self.seed}  # fmt: skip

    @cached_property
    def _patterns(self) -> list[Pattern]:
        for sheet in self.sheets:
            if not sheet.is_file():
                raise InputError(f"There is no annotation sheet '{sheet}'; check the path.")
        patterns = read_patterns(self.sheets)
        if not patterns:
            raise InputError("The sheets hold no annotation with action units and an emotion.")
        return patterns

    def _block(self, number: int) -> GeneratedFlow:
        if number not in self._made:
            self._made.clear()
            patterns = [Pattern((), 0)] if number % _ROUND == _QUIET else self._patterns
            size = min(BLOCK, self.pairs - number * BLOCK)
            self._made[number] = generate(patterns, size, self.seed * 100_003 + number)
        return self._made[number]

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        number, at = divmod(index, BLOCK)
        block = self._block(number)
        stored, pattern = block.flows[at], block.patterns[at]
        recovered = recover_flow(stored)
        large = cv2.resize(recovered, (336, 336), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        subject, name = f"faces{number:03d}", f"{self.seed}-{index:06d}"
        case = Case(
            key=case_key("sheets", subject, name),
            dataset="sheets",
            subject=subject,
            name=name,
            split="val" if number % _ROUND == _HELD_OUT else "train",
            scale="relative",
            motion=tuple(regional_motion(recovered)),
            truth=_truth(pattern),
            picture=None,
            picture_face=False,
            made={"estimator": "generated", "map_scale_px": None},
            stage=stage_of_stored_flow(stored),
        )
        return Measured(case, mmc_colours(large))


def _truth(pattern: Pattern) -> Truth:
    """What the annotation says; a side that the generator cannot show is left out."""
    if not pattern.units:
        return Truth((), None, {}, expression=False, origin="none")
    codes = tuple(
        ActionUnitCode(au, side if au in CAN_BE_ONE_SIDED else "both").code
        for au, side in sorted(pattern.units)
    )
    word = canonical(pattern.emotion)
    labels = labels_of(word) | {COARSE: get_taxonomy(COARSE).labels[pattern.label]}
    return Truth(tuple(dict.fromkeys(codes)), word if word in FINE else None, labels, origin="sheets")
