"""Training the motion encoders from a recipe, on generated motion alone.

`train_motion` is what `mellm train language RECIPE` calls for a recipe with `reader: motion`. AdamW;
cosine by steps,
or by minutes where a route is given some. The module knows the order of the work.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from mellm.errors import InputError
from mellm.instruct.motion_build import MotionPlan, build_motion_samples
from mellm.instruct.motion_patterns import patterns_of
from mellm.language.motion.encoders import Route
from mellm.train.checkpoint import adam_tensors, part, restore_adam
from mellm.train.curve import append_row
from mellm.train.language.motion_data import MotionData, read_motion_data
from mellm.train.language.motion_encoders import Routes
from mellm.train.language.motion_export import export_encoder
from mellm.train.language.motion_figures import figures_of
from mellm.train.language.motion_recipe import MotionRecipe, Task
from mellm.train.recipe import read_recipe

Report = Callable[[str], None]
EXAMPLE = "language-motion.yaml"
_UNITS, _COARSE, _WAYS, _MOVING = 6.0, 0.7, 2.0, 0.3
"""Weights of the losses beside the fine label's."""


class Schedule(NamedTuple):
    """How one route is trained."""

    steps: int
    batch: int
    rate: float
    seconds: float | None


@dataclass
class EncoderRun:
    """The training of one route, resumable.

    train, held: samples; held by kind
    folder: of the checkpoint and the curves
    """

    route: Route
    schedule: Schedule
    plan: MotionRecipe
    routes: Routes
    train: MotionData
    held: dict[str, MotionData]
    folder: Path
    report: Report
    step: int = 0
    spent: float = 0.0

    @cached_property
    def _coarse(self) -> Tensor:
        return even_weights(self.train.answers[:, -1])

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's file."""
        return self.folder / f"{self.route}.safetensors"

    def given(
        self,
        data: MotionData,
        index: NDArray[np.int64],
        mirrored: NDArray[np.bool_],
        rng: np.random.Generator | None,
    ) -> Tensor:
        """Return the route's input for samples."""
        return (data.features if self.route == "flow" else data.maps)(index, mirrored, rng)

    def loss(self, rng: np.random.Generator) -> Tensor:
        """Return the loss on a batch drawn by `rng`; half of the faces are mirrored."""
        index = rng.integers(0, len(self.train), self.schedule.batch)
        mirrored = rng.random(len(index)) < 0.5
        answers = self.train.answered(index, mirrored)
        told, moved = self.routes.told(self.route, self.given(self.train, index, mirrored, rng))
        features = self.train.features(index, mirrored, None)
        ways = functional.smooth_l1_loss(moved[..., :2], features[:, :-1, :2], beta=0.2)
        moving = functional.binary_cross_entropy_with_logits(moved[..., 2], features[:, :-1, 4])
        named = told_loss(told, answers, self._coarse[answers[:, -1]], self.plan.tasks)
        return named + _WAYS * ways + _MOVING * moving

    def go_on(self, steps: int | None = None, minutes: float | None = None) -> None:
        """Train until the schedule ends, or this call's `steps` or `minutes` are over."""
        optimiser = torch.optim.AdamW(self.routes.parameters(), self.schedule.rate, weight_decay=0.02)
        self._resume(optimiser)
        self.routes.train()
        first, began, saved = self.step, time.monotonic(), time.monotonic()
        while (share := self._share(began)) < 1:
            if steps is not None and self.step - first >= steps:
                break
            if minutes is not None and time.monotonic() - began > 60 * minutes:
                break
            for group in optimiser.param_groups:
                group["lr"] = self.schedule.rate * rate_at(share)
            value = self.loss(np.random.default_rng([self.plan.seed, 1, self.step]))
            optimiser.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.routes.parameters(), 1.0)
            optimiser.step()
            self.step += 1
            if self.step % 20 == 0:
                self._told(float(value.detach()))
            if time.monotonic() - saved > 60 * self.plan.checkpoint_minutes:
                saved = time.monotonic()
                self._save(optimiser, began)
        self._save(optimiser, began)
        self.spent, self._ended = self.spent + time.monotonic() - began, share >= 1

    _ended: bool = False

    @property
    def ended(self) -> bool:
        """Whether the schedule is over."""
        return self._ended

    def _share(self, began: float) -> float:
        share = self.step / self.schedule.steps
        if self.schedule.seconds is not None:
            share = max(share, (self.spent + time.monotonic() - began) / self.schedule.seconds)
        return share

    def validate(self) -> dict[str, dict[str, float]]:
        """Return, and write down, figures of every held-out kind."""
        self.routes.eval()
        found = {}
        for kind, data in self.held.items():
            still = np.zeros(len(data), bool)
            shares: list[list[Tensor]] = []
            with torch.no_grad():
                for start in range(0, len(data), 128):
                    index = np.arange(start, min(start + 128, len(data)))
                    told, _ = self.routes.told(self.route, self.given(data, index, still[index], None))
                    shares.append([torch.softmax(logits, -1) for logits in told])
            whole = [torch.cat(column).numpy() for column in zip(*shares, strict=True)]
            found[kind] = figures_of(whole, data.answers.numpy())
            told_ = " ".join(f"{name} {value:.3f}" for name, value in found[kind].items())
            self.report(f"  {self.route} {kind} {told_}")
        path = self.folder / f"{self.route}-validation.json"
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return found

    def _told(self, value: float) -> None:
        self.report(f"  {self.route} step {self.step} loss {value:.4f}")
        row = {"route": self.route, "step": self.step, "loss": f"{value:.5f}"}
        append_row(self.folder / "loss.csv", row)

    def _save(self, optimiser: torch.optim.Optimizer, began: float) -> None:
        tensors = {f"routes.{name}": value.contiguous() for name, value in self.routes.state_dict().items()}
        tensors |= adam_tensors(optimiser)
        facts = {
            "step": str(self.step),
            "spent": str(self.spent + time.monotonic() - began),
            "recipe": self.plan.model_dump_json(),
        }
        partial = self.checkpoint.with_suffix(".partial")
        save_file(tensors, partial, metadata=facts)
        partial.replace(self.checkpoint)

    def _resume(self, optimiser: torch.optim.Optimizer) -> None:
        """Go on from a checkpoint; raises InputError where it is another recipe's."""
        if not self.checkpoint.is_file():
            return
        with safe_open(self.checkpoint, "pt") as file:
            facts = file.metadata()
        if facts["recipe"] != self.plan.model_dump_json():
            raise InputError(f"{self.checkpoint} was made by another recipe; give another output folder.")
        self.step, self.spent = int(facts["step"]), float(facts["spent"])
        tensors = load_file(self.checkpoint)
        self.routes.load_state_dict(part(tensors, "routes."))
        restore_adam(optimiser, tensors)


def told_loss(
    told: list[Tensor], answers: Tensor, weights: Tensor, tasks: Sequence[Task] = ("units", "labels")
) -> Tensor:
    """Return the loss of closed answers: logits of every question, answers (B, Q), coarse weights (B,)."""
    units = torch.stack(
        [functional.cross_entropy(logits, answers[:, k]) for k, logits in enumerate(told[:-2])]
    ).mean()
    fine = functional.cross_entropy(told[-2], answers[:, -2])
    coarse = functional.cross_entropy(told[-1], answers[:, -1], reduction="none")
    labels = fine + _COARSE * (coarse * weights).sum() / weights.sum()
    return _UNITS * units * ("units" in tasks) + labels * ("labels" in tasks)


def even_weights(labels: Tensor) -> Tensor:
    """Return weights (4,) that make coarse labels, numbers (N,), count alike."""
    counts = torch.bincount(labels, minlength=4).float().clamp(min=1)
    return counts.sum() / (len(counts) * counts)


def rate_at(share: float, warmup: float = 0.02) -> float:
    """Return the share of the top learning rate: linear warm-up, then half a cosine to a fiftieth."""
    rest = max(0.0, (share - warmup) / (1 - warmup))
    rising = min(1.0, (share + 1e-3) / warmup)
    return rising * (0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * min(1.0, rest)))))


def train_motion(
    recipe: Path, out: Path, report: Report = print, minutes: float | None = None, steps: int | None = None
) -> Path:
    """Train by a recipe file into the folder `out`; returns it. Run again, it goes on where it stopped.

    Makes `samples/` first; writes a checkpoint, curves and figures of each route and, when its schedule is
    over,
    its ONNX file. Raises InputError for a recipe that cannot be used or a folder of another one.
    """
    plan = read_recipe(recipe, MotionRecipe, EXAMPLE)
    sheets = tuple(map(Path, plan.sheets))
    made = MotionPlan(
        sheets,
        Path(plan.portraits),
        Path(plan.ict) if plan.ict else None,
        plan.origins,
        plan.left_out,
        plan.crop,
        plan.stored,
        plan.held,
        plan.faces,
        plan.errors,
        plan.seed,
        plan.others,
    )
    samples = out / "samples"
    build_motion_samples(made, samples, report)
    patterns = patterns_of(sheets)
    for number, route in enumerate(plan.routes):
        picture = plan.picture if route == "vision" else None
        held = {
            origin: read_motion_data(samples, [f"crop-{origin}-val-*.npz"], "val", patterns, picture)
            for origin in (*plan.origins, *plan.left_out)
        }
        held["stored"] = read_motion_data(samples, ["stored-val-*.npz"], "val", patterns, picture)
        train = read_motion_data(
            samples, ["crop-*-train-*.npz", "stored-train-*.npz"], "train", patterns, picture
        )
        torch.manual_seed(plan.seed)
        seconds = 60 * plan.minutes[number] if plan.minutes else None
        schedule = Schedule(plan.steps[number], plan.batch[number], plan.rate[number], seconds)
        run = EncoderRun(route, schedule, plan, Routes(), train, held, out, report)
        run.go_on(steps, minutes)
        if not run.ended:
            break
        run.validate()
        export_encoder(run.routes.eval(), route, out)
    return out
