"""Evening out labels: which share of the records of each label to keep, so that none is learned as a habit.

Per set and question: the coarse classes and ME-VQA's fine ones become equally common; finer taxonomies come
nearer to the shares of the emotion model (nearly even); cases without expression become one in eight.
Records are dropped by a hash of their id, so the same ones every time. Knows records only by task, target
and set.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.instruct.records import Record
from mellm.instruct.truth import COARSE

QUIET = 0.125
"""Share of cases without expression among the records of a question."""

Group = tuple[str, str, str, str]


def _group(record: Record) -> Group | None:
    """Set, split, task and taxonomy (or ME-VQA question) whose labels are evened out; None: kept as it is."""
    asked = record.target.get("taxonomy") or record.question
    if "label" not in record.target:
        return None
    return record.provenance["dataset"], record.split, record.task, asked


def kept_shares(records: Iterable[Record]) -> dict[tuple[Group, str | None], float]:
    """Return (group, label) -> share of its records to keep; a label of None is `no micro-expression`."""
    counts: dict[Group, Counter[str | None]] = {}
    for record in records:
        if group := _group(record):
            counts.setdefault(group, Counter())[record.target["label"]] += 1
    shares: dict[tuple[Group, str | None], float] = {}
    for group, found in counts.items():
        labels = [label for label in found if label is not None]
        wanted = _wanted(group, labels)
        ratios = sorted(wanted[label] / found[label] for label in labels)
        # Among many labels the rarest must not set the pace: it may stay rarer than wanted.
        pace = (ratios[-1] if _is_even(group) else ratios[len(ratios) // 2]) if ratios else 1.0
        kept = {label: min(1.0, wanted[label] / found[label] / pace) for label in labels}
        shares |= {(group, label): share for label, share in kept.items()}
        if found[None]:
            total = sum(kept[label] * found[label] for label in labels)
            room = total * QUIET / (1 - QUIET) if labels else found[None]
            shares[group, None] = min(1.0, room / found[None])
    return shares


def _is_even(group: Group) -> bool:
    _, _, task, asked = group
    return task == "vqa" or asked == COARSE


def _wanted(group: Group, labels: list[str]) -> dict[str, float]:
    if _is_even(group):
        return dict.fromkeys(labels, 1.0)
    prior = dict(zip(FINE, shipped_emotion_model().prior.tolist(), strict=True))
    return get_taxonomy(group[3]).marginal(prior)


def is_kept(record: Record, shares: dict[tuple[Group, str | None], float]) -> bool:
    """True for a record that stays."""
    group = _group(record)
    if group is None:
        return True
    draw = int.from_bytes(hashlib.blake2b(record.id.encode(), digest_size=4).digest(), "big") / 2**32
    return draw < shares[group, record.target["label"]]
