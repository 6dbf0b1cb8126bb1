"""The emotion models on coded units of annotation sheets, zero-shot: what a model says of rows it never saw.

The learned model is asked without the sheet it is tested on; the clean one and the prototypes saw none.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.repeated_rows import counted_once
from mellm.datasets.sheet_warnings import log_remarks
from mellm.errors import InputError
from mellm.evaluate.runs import LabelRun, provenance
from mellm.evaluate.summary import figures_by_set, label_sample
from mellm.facs import create_emotion_model
from mellm.facs.codes import parse_codes
from mellm.facs.findings import AUEvidence, EmotionModel
from mellm.facs.learned_emotion import UNKNOWN, shipped_emotion_model
from mellm.facs.taxonomies import get_taxonomy

_log = logging.getLogger(__name__)

_PEOPLE = ("Subject",)


@dataclass(frozen=True, slots=True)
class _Coded:
    """One row: its sheet, its number there, who, the label."""

    sheet: str
    number: int
    subject: str
    label: str


def evaluate_emotion_models(
    sheets: Mapping[str, Path], model: str, taxonomy: str = "7", convention: str = UNKNOWN, seed: int = 0
) -> LabelRun:
    """Evaluate `learned`, `clean` or `prototypes` on sheets by their conventions' names (casme2, dfme, ...).

    Rows without a label of the classes or without units are left out. Raises InputError where none is left.
    """
    started = time.perf_counter()
    classes = get_taxonomy(taxonomy)
    rows: list[_Coded] = []
    shares: list[list[float]] = []
    for name, path in sheets.items():
        asked = _asked(model, name, convention)
        found_rows = counted_once(_log, path, read_sheet(path, (_PEOPLE, UNIT_COLUMNS, EMOTION_COLUMNS)))
        log_remarks(_log, path, found_rows, UNIT_COLUMNS)
        for row in found_rows:
            label = classes.label_of(row.text(EMOTION_COLUMNS))
            units = [u for u in parse_codes(row.text(UNIT_COLUMNS)).present if u.family == "AU"]
            if label is None or not units:
                continue
            sides = ((u.au, "left" if u.side == "unilateral" else u.side) for u in units)
            evidence = [AUEvidence(au, side, 1.0, None, ()) for au, side in sides]
            found = asked.predict(evidence, taxonomy)
            rows.append(_Coded(name, row.number, row.text(_PEOPLE), label))
            shares.append([found[one] for one in classes.labels])
    if not rows:
        raise InputError("No row of these sheets has units and a label of these classes.")
    probabilities = np.array(shares)
    settings: dict[str, JsonValue] = {
        "model": f"emotion-{model}",
        "protocol": "zero-shot",
        "convention": convention,
        "classes": list(classes.labels),
    }
    return LabelRun(
        figures=figures_by_set(
            [row.label for row in rows],
            probabilities,
            [f"{row.sheet}/{row.subject}" for row in rows],
            [row.sheet for row in rows],
            classes.labels,
            seed,
        ),
        samples=[
            label_sample(f"row {r.number}", r.sheet, r.subject, r.label, p, classes.labels)
            for r, p in zip(rows, probabilities, strict=True)
        ],
        provenance=provenance(list(sheets.values()), settings, seed, started),
    )


def _asked(model: str, sheet: str, convention: str) -> EmotionModel:
    if model == "learned":
        return shipped_emotion_model().under(convention).without(sheet)
    return create_emotion_model(model, convention)
