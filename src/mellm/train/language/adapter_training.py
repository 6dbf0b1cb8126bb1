"""Fine-tuning a language model from a recipe: low-rank adapters on dialogues of MEU-Instruct.

`train_language` is what `mellm train language RECIPE` calls; under `accelerate launch` it is one of several
processes. LoRA: Hu et al. 2021 (arXiv 2106.09685); AdamW; cosine. The module knows the order of the work;
the parts live in the modules it imports.
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Self

import numpy as np
import torch
from accelerate import Accelerator, DistributedType

from mellm.errors import InputError
from mellm.train.checkpoint import read_facts
from mellm.train.curve import append_row
from mellm.train.language import adapter_checkpoint as checkpoint
from mellm.train.language.adapted_model import AnswerLoss, adapted, begin_with
from mellm.train.language.adapter_checkpoint import AdapterFacts
from mellm.train.language.adapter_export import export_adapter
from mellm.train.language.adapter_recipe import LanguageRecipe, read_language_recipe
from mellm.train.language.answer_quality import sample
from mellm.train.language.base_model import Base, load_base
from mellm.train.language.dialogue_batches import (
    Encoder,
    Row,
    chosen_records,
    data_signature,
    grouped,
    passes,
    step_indices,
)

Figures = dict[str, float]


def train_language(
    recipe: str | Path,
    out: str | Path,
    report: Callable[[str], None] = print,
    minutes: float | None = None,
    steps: int | None = None,
) -> Path:
    """Train by a recipe file into the folder `out`; returns the file of the adapter.

    Run again with the same arguments it goes on where it stopped, with the same result as without a stop.
    `minutes` and `steps` end this call early; an interrupt or SIGTERM does too, after the step.
    Writes `checkpoint.safetensors`, `loss.csv`, `validation.csv`, `samples.jsonl` (answers to held-out
    records), `adapter/` (PEFT's folder) and `adapter.safetensors`. Raises InputError for a recipe, records or
    a base that cannot be used, and for a folder that holds another run.
    """
    plan, folder = read_language_recipe(Path(recipe)), Path(out)
    run = LanguageRun(plan, folder, report)
    run.go_on(minutes, steps)
    return run.export()


def schedule(step: int, warmup: int, steps: int) -> float:
    """Return the share of the top learning rate in a step: linear warm-up, then half a cosine to zero."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


Handler = Callable[[int, FrameType | None], object] | int | None
"""What `signal.signal` returns: a function, or one of its constants."""


class Stop:
    """While it is open, SIGINT and SIGTERM ask to stop after the step instead of ending the process.

    Schedulers end jobs with SIGTERM; a shell starts background jobs with SIGINT ignored, so Python's own
    KeyboardInterrupt would never come there. A second signal ends the process as usual.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> Self:
        """Take over the signals, where that is possible: in the main thread."""
        if threading.current_thread() is threading.main_thread():
            self._before = {n: signal.signal(n, self._ask) for n in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: object) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


class LanguageRun:
    """One run in one folder: prepared when made, stepped by `go_on`, written by `export`."""

    def __init__(self, plan: LanguageRecipe, folder: Path, report: Callable[[str], None]) -> None:
        self.plan, self.folder = plan, folder
        bf16 = plan.precision == "bf16"
        self.parallel = Accelerator(
            mixed_precision="bf16" if bf16 else "no", cpu=not torch.cuda.is_available()
        )
        if self.parallel.num_processes > 1 and len(plan.routes) > 1:
            # A pass without pictures would leave the vision tower without gradients on one process alone.
            raise InputError("Several processes train one route at a time: set routes to [flow] or [vision].")
        self.main = self.parallel.is_main_process
        self.report = report if self.main else lambda text: None
        folder.mkdir(parents=True, exist_ok=True)
        train = chosen_records(plan.train, plan)
        self.base: Base = load_base(plan.base, plan.precision, plan.attention)
        images = plan.images or plan.train.parent
        self.encoder = Encoder(self.base, plan, images)
        rows = [self.encoder.encode(group) for group in grouped(train, plan.share_prompts)]
        self.rows = [row for row in rows if len(row) <= plan.max_tokens]
        if not self.rows:
            raise InputError(f"No record has {plan.max_tokens} tokens or fewer; raise max_tokens.")
        self.facts = AdapterFacts(
            step=0,
            recipe=plan.signature(),
            data=data_signature(train),
            base=self.base.sha256,
            processes=self.parallel.num_processes,
        )
        self._held_out()
        self.report(
            f"{sum(len(row.branches) for row in self.rows)} records in {len(self.rows)} rows of "
            f"{sum(map(len, self.rows)) / len(self.rows):.0f} tokens; {len(rows) - len(self.rows)} too long"
        )
        language = adapted(self.base.model, plan.lora, plan.seed)
        if plan.start:
            begin_with(language, plan.start)
        self.language = language
        model = AnswerLoss(language)
        trained = [p for p in model.parameters() if p.requires_grad]
        self.report(f"{sum(p.numel() for p in trained):,} weights to train")
        optimiser = torch.optim.AdamW(trained, plan.rate, weight_decay=plan.weight_decay)
        self.model, self.optimiser = self.parallel.prepare(model, optimiser)
        self.step = self._restored()

    def _held_out(self) -> None:
        """Choose the records to measure on: the first by a shuffle of their own, the same at every step."""
        records = chosen_records(self.plan.val, self.plan)
        order = np.random.default_rng(0).permutation(len(records))
        most = max(self.plan.validation_records, self.plan.sample_records)
        self.val_records = [records[i] for i in order[:most]]
        self.val = [self.encoder.encode([record]) for record in self.val_records]

    def _restored(self) -> int:
        path = self.folder / "checkpoint.safetensors"
        if not path.is_file():
            return 0
        facts = read_facts(path, AdapterFacts)
        for name in ("recipe", "data", "base"):
            if getattr(facts, name) != getattr(self.facts, name):
                raise InputError(f"{self.folder} holds a run with another {name}; give another folder.")
        checkpoint.load(path, self.model, self.optimiser.optimizer)
        return facts.step

    def go_on(self, minutes: float | None = None, steps: int | None = None) -> None:
        """Train to the end of the recipe, or for so many minutes or steps; leaves a checkpoint behind."""
        start = time.monotonic()
        self._forget_later_rows()
        self.report(f"step {self.step} of {self.plan.steps}")
        with Stop() as stop:
            self._steps(start, self.plan.steps if steps is None else self.step + steps, minutes, stop)
        if stop.asked:
            self.report(f"stopped after step {self.step}; the same command goes on from there")
        self.keep()

    def _steps(self, start: float, last: int, minutes: float | None, stop: "Stop") -> None:
        plan = self.plan
        saved, since, tokens, losses = start, start, 0, list[float]()
        while self.step < min(last, plan.steps):
            out_of_time = minutes is not None and time.monotonic() - start > 60 * minutes
            if self._any(stop.asked or out_of_time):
                break
            loss, seen = self._optimise()
            self.step += 1
            losses.append(loss)
            tokens += seen
            if self.step % plan.log_steps == 0:
                now = time.monotonic()
                rate, mean = tokens / (now - since), sum(losses) / len(losses)
                self._log("loss.csv", {"loss": mean, "rate": self._rate(self.step - 1), "tokens_per_s": rate})
                self.report(f"step {self.step}: loss {mean:.4f}, {rate:.0f} tokens/s")
                since, tokens, losses = now, 0, []
            if self.step % plan.validate_steps == 0 or self.step % plan.sample_steps == 0:
                self.validate()
                since = time.monotonic()
            if self._any(time.monotonic() - saved > 60 * plan.checkpoint_minutes):
                self.keep()
                saved = time.monotonic()

    def _any(self, flag: bool) -> bool:
        """Whether any process says so: clocks differ, and all must save or stop at the same step."""
        if self.parallel.num_processes == 1:
            return flag
        told = torch.tensor(float(flag), device=self.parallel.device)
        return bool(self.parallel.reduce(told, "sum") > 0)

    def _rate(self, step: int) -> float:
        return self.plan.rate * schedule(step, self.plan.warmup, self.plan.steps)

    def _optimise(self) -> tuple[float, int]:
        """Make one step; return its loss (weighted mean over answer tokens) and how many tokens it saw."""
        plan, parallel = self.plan, self.parallel
        # Dropout depends on seed, step and process alone, so a run that goes on draws the same.
        torch.manual_seed(
            np.random.SeedSequence([plan.seed, self.step, parallel.process_index]).generate_state(1)[0]
        )
        self.model.train()
        chosen = [self.rows[i] for i in step_indices(self.step, len(self.rows), plan.batch, plan.seed)]
        total = self.encoder.total_weight(chosen)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(self.step)
        parts = passes(chosen, plan.micro_batch, parallel.process_index, parallel.num_processes)
        summed = torch.zeros((), device=parallel.device)
        for i, part in enumerate(parts):
            # Gradients are averaged over processes, hence the factor; they are exchanged once, at the end.
            loss = self._loss(part, last=i == len(parts) - 1, scale=parallel.num_processes / total)
            summed += loss / total
        parallel.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], plan.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if parallel.num_processes > 1:
            summed = parallel.reduce(summed, "sum")
        return float(summed), sum(map(len, chosen))

    def _loss(self, part: Sequence[Row], last: bool, scale: float) -> torch.Tensor:
        batch = {k: v.to(self.parallel.device) for k, v in self.encoder.collate(part).items()}
        context = nullcontext() if last else self.parallel.no_sync(self.model)
        with context:
            with self.parallel.autocast():
                loss: torch.Tensor = self.model(batch)
            self.parallel.backward(loss * scale)
        return loss.detach()

    @torch.no_grad()
    def validate(self) -> None:
        """Measure the loss on held-out records; every `sample_steps` the model also answers some of them."""
        plan, parallel = self.plan, self.parallel
        self.model.eval()
        row: Figures = {}
        count = plan.validation_records - plan.validation_records % parallel.num_processes
        held = self.val[:count]
        if len(held) >= parallel.num_processes and self.step % plan.validate_steps == 0:
            summed = torch.zeros((), device=parallel.device)
            for part in passes(held, 1, parallel.process_index, parallel.num_processes):
                batch = {k: v.to(parallel.device) for k, v in self.encoder.collate(part).items()}
                with parallel.autocast():
                    summed += self.model(batch)
            row["loss"] = float(parallel.reduce(summed, "sum")) / self.encoder.total_weight(held)
        # Sharded weights cannot answer outside the wrapped module; whole ones answer on the first process.
        whole = parallel.distributed_type != DistributedType.FSDP
        if plan.sample_records and whole and self.main and self.step % plan.sample_steps == 0:
            with parallel.autocast():
                row |= sample(
                    self.language.get_base_model(), self.base.tokenizer, self.encoder,
                    self.val_records[: plan.sample_records], self.val[: plan.sample_records],
                    self.folder / "samples.jsonl", self.step,
                )  # fmt: skip
        parallel.wait_for_everyone()
        names = ("loss", "formed", "meu_right", "mer_right", "vqa_right", "units_f1")
        self._log("validation.csv", {name: row.get(name, math.nan) for name in names})
        self.report(f"validation at step {self.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in row.items()))

    def keep(self) -> None:
        """Write the checkpoint."""
        path = self.folder / "checkpoint.safetensors"
        checkpoint.save(path, self.model, self.optimiser.optimizer, self._facts_now(), self.main)

    def _facts_now(self) -> AdapterFacts:
        return self.facts.model_copy(update={"step": self.step})

    def export(self) -> Path:
        """Write the adapter, for PEFT and for the embedded backend; returns the latter's file."""
        weights = checkpoint.trained_weights(self.model)
        path = self.folder / "adapter.safetensors"
        if self.main:
            export_adapter(self.folder, self.plan, self.base, self.language, weights, self._facts_now())
        self.parallel.wait_for_everyone()
        return path

    def _log(self, name: str, row: Figures) -> None:
        if not self.main:
            return
        cells = {key: f"{value:.6g}" if math.isfinite(value) else "" for key, value in row.items()}
        append_row(self.folder / name, {"step": self.step, **cells})

    def _forget_later_rows(self) -> None:
        """Drop curve rows after the checkpoint: a killed run repeats those steps."""
        for name in ("loss.csv", "validation.csv"):
            path = self.folder / name
            if self.main and path.is_file():
                head, *rows = path.read_text(encoding="utf-8").splitlines()
                kept = [row for row in rows if int(row.split(",")[0]) <= self.step]
                partial = path.with_suffix(".partial")
                partial.write_text("".join(f"{line}\n" for line in [head, *kept]), encoding="utf-8")
                partial.replace(path)
