"""What a training run of a language model learned: plain answers to held-out records, nothing mended.

Run: python benchmarks/bench_language_ablation.py RECORDS [--adapter runs/x/adapter.safetensors] [--count 60]
         [--copy] [--json OUT]
RECORDS is a file of `mellm data instruct export --format canonical`; the first `count` of each task are
answered, by a hash of their case, so that other forms of the same cases are judged on the same cases. Answers
are greedy and free: no label is forced, no unit added, no sentence checked, unlike what `mellm analyze` does.
Without an adapter the untouched base answers; with --copy no model does: units and label are those that the
FACS stage's lines of a compact prompt name. Prints one row of docs/training-language.md's table.
"""

import argparse
import hashlib
import json
import math
import re
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from mellm.evaluate.classification import LabelScores
from mellm.facs import PRESENT
from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.records import Record, read_records
from mellm.language.answer import labels_in
from mellm.train.language.adapted_model import AnswerLoss, adapted, begin_with
from mellm.train.language.adapter_recipe import LanguageRecipe, LoRASettings
from mellm.train.language.answer_quality import answer, figures, judge
from mellm.train.language.base_model import load_base
from mellm.train.language.dialogue_batches import Encoder, Row

TASKS = ("meu", "mer", "vqa")
TOGETHER = 30
COLUMNS = ("loss", "formed", "units_f1", "meu_right", "mer_right", "mer_uf1", "vqa_right", "seconds")


def main() -> None:
    """Judge one adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--copy", action="store_true", help="what the prompts' own FACS lines would score")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--count", type=int, default=60, help="records of each task")
    parser.add_argument("--taxonomy", default="7", help="MEU and MER records asked in this one alone")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    chosen = chosen_records(asked.records, asked.count, asked.taxonomy)
    if asked.copy:
        chosen = [record for record in chosen if record.task != "vqa"]
        said_so = [(copied(record), True) for record in chosen]
        found = results(chosen, said_so, asked.taxonomy)
        found["figures"] |= {"loss": math.nan, "vqa_right": math.nan, "seconds": 0.0}
    else:
        found = measure(asked.base, asked.adapter, chosen, asked.taxonomy)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    said = found["figures"]
    print("| " + " | ".join(COLUMNS) + " |")
    print("| " + " | ".join(f"{said[name]:.3f}" for name in COLUMNS) + " |")


def chosen_records(path: Path, count: int, taxonomy: str) -> list[Record]:
    """Return `count` records of each task, the first by a hash of case and id."""

    def place(record: Record) -> str:
        return hashlib.sha256(record.case.encode()).hexdigest() + record.id

    everything = sorted(read_records(path), key=place)
    of_task = {
        task: [r for r in everything if r.task == task and r.target.get("taxonomy", taxonomy) == taxonomy]
        for task in TASKS
    }
    return [record for task in TASKS for record in of_task[task][:count]]


@torch.no_grad()
def measure(name: str, adapter: Path | None, records: list[Record], taxonomy: str) -> dict[str, Any]:
    """Return figures, and every answer beside its reference."""
    base = load_base(name, "bf16", "eager")
    recipe = LanguageRecipe(base=name, train=Path(), val=Path(), reduction="square")
    if adapter:
        with safe_open(adapter, "pt") as file:
            told = file.metadata()
        lora = LoRASettings(rank=int(told["r"]), alpha=int(told["alpha"]))
        recipe = recipe.model_copy(update={"system": told["system"], "lora": lora})
        language = adapted(base.model, recipe.lora, 0)
        begin_with(language, adapter)
    else:
        language = adapted(base.model, LoRASettings(rank=1, alpha=1), 0)  # as made, an adapter does nothing
    encoder = Encoder(base, recipe, Path())
    rows = [encoder.encode([record]) for record in records]
    with torch.autocast("cpu", torch.bfloat16):
        loss = mean_loss(AnswerLoss(language).eval(), encoder, rows)
    merged = language.merge_and_unload().to(torch.bfloat16)
    started = time.perf_counter()
    answers = answered(merged, base.tokenizer, encoder, records, rows)
    seconds = time.perf_counter() - started
    found = results(records, answers, taxonomy)
    found["figures"] |= {"loss": loss, "seconds": seconds}
    return found | {"adapter": str(adapter)}


def results(records: list[Record], answers: list[tuple[str, bool]], taxonomy: str) -> dict[str, Any]:
    """Return figures of answers, and every answer beside its reference."""
    verdicts = [judge(r, *a) for r, a in zip(records, answers, strict=True)]
    found = figures(records, verdicts) | {"mer_uf1": mer_uf1(records, answers, taxonomy)}
    for task in {record.task for record in records}:
        own = [v.formed for r, v in zip(records, verdicts, strict=True) if r.task == task]
        found[f"{task}_formed"] = sum(own) / len(own)
    lines = [
        {"id": r.id, "answer": a, "reference": r.answer, "formed": v.formed, "right": v.right}
        for r, (a, _), v in zip(records, answers, verdicts, strict=True)
    ]
    return {"figures": found, "answers": lines}


def copied(record: Record) -> str:
    """Return the answer that repeats the prompt's FACS lines: units called present, the first emotion."""
    units = re.search(r"^Units: (.+)$", record.prompt, re.MULTILINE)
    emotion = re.search(r"^Emotion: (\w+)", record.prompt, re.MULTILINE)
    label = emotion[1] if emotion else "none"
    if record.task == "mer":
        return label
    told = [part.split() for part in units[1].split(", ")] if units else []
    codes = [unit[0] for unit in told if len(unit) == 2 and float(unit[1]) >= PRESENT]
    return f"Conclusion: AU {' + '.join(codes)}. Label: {label}."


def mean_loss(model: AnswerLoss, encoder: Encoder, rows: list[Row]) -> float:
    """Return the mean loss of an answer's tokens, each answer weighted by the root of its length; nats."""
    summed = 0.0
    for start in range(0, len(rows), 4):
        summed += float(model(encoder.collate(rows[start : start + 4])))
    return summed / encoder.total_weight(rows)


def answered(
    language: Any, tokenizer: Any, encoder: Encoder, records: list[Record], rows: list[Row]
) -> list[tuple[str, bool]]:
    """Return all answers, answered together with others of like length."""
    order = sorted(range(len(rows)), key=lambda i: (records[i].task, len(rows[i].branches[0].answer)))
    said: dict[int, tuple[str, bool]] = {}
    for start in range(0, len(order), TOGETHER):
        part = order[start : start + TOGETHER]
        said |= dict(zip(part, answer(language, tokenizer, encoder, [rows[i] for i in part]), strict=True))
        print(f"\r{len(said)} of {len(rows)} answered", end="", file=sys.stderr)
    print(file=sys.stderr)
    return [said[i] for i in range(len(rows))]


def mer_uf1(records: list[Record], answers: list[tuple[str, bool]], taxonomy: str) -> float:
    """Return UF1 of the labels answered alone; an answer that names none or several is a class of its own."""
    labels = get_taxonomy(taxonomy).labels
    scores = LabelScores((*labels, "none of them"))
    for record, (text, _) in zip(records, answers, strict=True):
        if record.task == "mer":
            named = [label for label in labels_in(text, record.language) if label in labels]
            scores.update([record.answer], [named[0] if len(named) == 1 else "none of them"])
    per_class = scores.compute().per_class
    return sum(per_class[label].f1 for label in labels) / len(labels)


if __name__ == "__main__":
    main()
