"""Regional motion of real micro-expressions with their coders' action units, for fine-tuning.

Samples come from an indexed set and its frames, or from a folder that holds flow alone (whose scale is lost:
the strongest motion is set to a typical one). Samples whose units are not coded or not certain, and samples
that cannot be measured, are left out and counted. Knows nothing of models.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import half_labels
from mellm.facs.learned import at_typical_scale
from mellm.facs.unit_rules import READ_AS, relative_vectors
from mellm.instruct.sources import Measured, Source, open_source
from mellm.train.facs.region_pairs import RegionPairs, in_chunks


def gather_real(
    data: str | Path,
    frames: str | Path | None,
    estimator: str,
    units: Sequence[int],
    cache: str | Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> RegionPairs:
    """Return the measured samples of a set, their people as `identity`, their set as `description`.

    data: a table of `mellm data index` (then `frames` is the set's folder), or a folder with flows.npz
    units: the action units to label, in this order

    Raises InputError where nothing can be used.
    """
    source = open_source(Path(data), Path(frames) if frames else None, estimator, None)
    mark = hashlib.sha256(json.dumps([source.recipe(), list(units)], default=str).encode()).hexdigest()[:12]
    kept = Path(cache) / f"real-{mark}" if cache else None
    lost: Counter[str] = Counter()
    pairs = in_chunks(
        lambda indices: measure_real(source, indices, units, lost),
        len(source),
        kept,
        lambda done: say(f"{done} of {len(source)} samples measured"),
    )
    for reason, count in lost.most_common():
        say(f"  {count} left out: {reason}")
    if not len(pairs.vectors):
        raise InputError(f"No sample of '{data}' has action units and can be measured; check the table.")
    return pairs


def measure_real(
    source: Source, indices: range, units: Sequence[int], lost: Counter[str] | None = None
) -> RegionPairs:
    """Measure the samples `indices`; reasons for samples left out are counted in `lost`."""
    vectors, moving, halves, people, sets = [], [], [], [], []
    lost = Counter() if lost is None else lost
    for index in indices:
        found = source.measure(index)
        if not isinstance(found, Measured):
            lost[found.reason] += 1
            continue
        case = found.case
        coded = [unit for unit in case.truth.units if unit.family == "AU"]
        if case.truth.action_units is None or not coded:
            lost["its action units are not coded, or not certain"] += 1
            continue
        named = relative_vectors(case.motion)
        motion = np.array([[named.get(name, (0.0, 0.0)) for name in REGION_NAMES]], np.float32)
        vectors.append((at_typical_scale(motion) if case.scale == "relative" else motion)[0])
        moves = {m.name for m in case.motion if m.moving}
        moving.append([name in moves for name in REGION_NAMES])
        # The model's units are those of the rules.
        read = [replace(unit, au=READ_AS.get(unit.au, unit.au)) for unit in coded]
        halves.append(half_labels([read], units)[0])
        people.append(f"{case.dataset}/{case.subject}")
        sets.append(case.dataset)
    return RegionPairs(
        np.array(vectors, np.float32).reshape(-1, len(REGION_NAMES), 2),
        np.array(moving, np.bool_).reshape(-1, len(REGION_NAMES)),
        np.array(halves, np.int8).reshape(-1, 2, len(units)),
        tuple(units),
        tuple(people),
        tuple(sets),
    )
