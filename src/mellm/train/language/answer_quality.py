"""How good the answers are: their loss on records held out, and a few answers read back.

The module knows records and models, and nothing about training.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mellm.instruct.records import Record
from mellm.language.answer import concluded_units, finds_nothing, labels_in
from mellm.train.language.dialogue_batches import Encoder, Row


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer read back.

    formed: ends by itself and can be read: MEU concludes one label (or finds nothing),
        MER is one label alone
    right: the label (MEU, MER) or the whole answer (VQA) is the record's
    units: sets of units concluded and true (MEU); None elsewhere
    """

    formed: bool
    right: bool
    units: tuple[frozenset[str], frozenset[str]] | None


def judge(record: Record, answer: str, ended: bool) -> Verdict:
    """Read an answer back and hold it against the record; `ended`: the model ended its turn itself."""
    said = answer.strip()
    if record.task == "vqa":
        return Verdict(ended and bool(said), said == record.answer, None)
    if record.task == "mer":
        labels = labels_in(said, record.language)
        return Verdict(ended and len(labels) == 1 and len(said.split()) <= 3, said == record.answer, None)
    last, true = said.rsplit("\n", 1)[-1], record.answer.rsplit("\n", 1)[-1]
    concluded, labelled = (frozenset(unit.sided for unit in concluded_units(text)) for text in (last, true))
    labels, nothing = labels_in(last, record.language), finds_nothing(last)
    formed = ended and (len(labels) == 1) != nothing
    right = labels == labels_in(true, record.language) and nothing == finds_nothing(true)
    return Verdict(formed, right, (concluded, labelled))


def figures(records: Sequence[Record], verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Return shares: `formed`, `right` per task, and the micro F1 of the action units."""
    found = {"formed": sum(v.formed for v in verdicts) / len(verdicts)}
    for task in ("meu", "mer", "vqa"):
        own = [v.right for r, v in zip(records, verdicts, strict=True) if r.task == task]
        if own:
            found[f"{task}_right"] = sum(own) / len(own)
    pairs = [v.units for v in verdicts if v.units is not None]
    if pairs:
        hits = sum(len(said & true) for said, true in pairs)
        found["units_f1"] = 2 * hits / max(1, sum(len(said) + len(true) for said, true in pairs))
    return found


@torch.no_grad()
def answer(language: Any, tokenizer: Any, encoder: Encoder, rows: Sequence[Row]) -> list[tuple[str, bool]]:
    """Return greedy answers, and whether each ended by itself within its reference's length and half more."""
    batch = encoder.collate(rows, answers=False)
    inputs = {k: v.to(language.device) for k, v in batch.items() if k != "weights"}
    longest = max(len(row.branches[0].answer) for row in rows)
    out = language.generate(
        **inputs,
        max_new_tokens=longest + longest // 2 + 8,
        do_sample=False,
        pad_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    new = out[:, inputs["input_ids"].shape[1] :]
    ended = (new == tokenizer.eos_token_id).any(1).tolist()
    return list(zip(tokenizer.batch_decode(new, skip_special_tokens=True), ended, strict=True))


def sample(
    language: Any,
    tokenizer: Any,
    encoder: Encoder,
    records: Sequence[Record],
    rows: Sequence[Row],
    path: Path,
    step: int,
    together: int = 8,
) -> dict[str, float]:
    """Let the model answer records, append the answers to a file (JSON lines), and return the figures."""
    order = sorted(range(len(records)), key=lambda i: (records[i].task, len(rows[i])))
    answers: dict[int, tuple[str, bool]] = {}
    for start in range(0, len(order), together):
        part = order[start : start + together]
        done = answer(language, tokenizer, encoder, [rows[i] for i in part])
        answers |= dict(zip(part, done, strict=True))
    verdicts = [judge(record, *answers[i]) for i, record in enumerate(records)]
    with path.open("a", encoding="utf-8") as file:
        for i, (record, verdict) in enumerate(zip(records, verdicts, strict=True)):
            line = {
                "step": step,
                "id": record.id,
                "answer": answers[i][0],
                "reference": record.answer,
                "formed": verdict.formed,
                "right": verdict.right,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return figures(records, verdicts)
