"""Training the motion reader: both encoders alone, then encoders, projectors and an adapter of the language model.

`train_motion` is what `mellm train language RECIPE` calls for a recipe with `reader: motion`. LoRA: Hu et al. 2021
(arXiv 2106.09685); AdamW; cosine by steps or, where a run is given seconds, by whichever share is further. The
module knows the order of the work; the parts live in the modules it imports.
"""

import csv
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from mellm.train.language.motion_data import MotionData
from mellm.train.language.motion_encoders import Routes
from mellm.train.language.motion_figures import figures_of
from mellm.train.language.motion_language import MotionLanguage, answer_shares
from mellm.train.language.motion_maps import MapSources, draw_maps
from mellm.train.language.motion_recipe import MotionRecipe

Report = Callable[[str], None]
CHECKPOINT = "motion-checkpoint.safetensors"


@dataclass
class Split:
    """Samples with the sources their maps are drawn from."""

    data: MotionData
    sources: MapSources


@dataclass
class MotionRun:
    """One run: what is trained, on what, and how far it is.

    language: None while the encoders are trained alone
    seconds: how long each part may take, None: by steps alone
    """

    plan: MotionRecipe
    routes: Routes
    train: Split
    held: dict[str, Split]
    folder: Path
    report: Report
    language: MotionLanguage | None = None
    seconds: tuple[float | None, float | None] = (None, None)
    step: int = 0
    part: int = 0
    curve: list[dict[str, float | str]] = field(default_factory=list)

    @property
    def device(self) -> str:
        """Where it runs."""
        return self.train.data.device

    def _autocast(self) -> Any:
        if self.plan.precision == "bf16":
            return torch.autocast(self.device.partition(":")[0], torch.bfloat16)
        return nullcontext()

    # -- what one step reads -------------------------------------------------------------------------------

    def given(
        self,
        split: Split,
        route: str,
        index: NDArray[np.int64],
        mirrored: NDArray[np.bool_],
        rng: np.random.Generator | None,
    ) -> Tensor:
        """Return a route's input for samples, drawn or measured."""
        if route == "flow":
            return split.data.features(index, mirrored, rng)
        places = torch.tensor(index, device=self.device)
        with torch.no_grad():
            maps = draw_maps(
                split.sources, split.data.draws.at(places), torch.tensor(mirrored, device=self.device)
            )
            if rng is not None:  # other exposures, and a little of what coding a picture leaves
                gain = torch.tensor(
                    rng.uniform(0.85, 1.15, (len(index), 1, 1, 1)), device=self.device
                ).float()
                maps = (maps * gain + 0.01 * torch.randn_like(maps)).clamp(0, 1)
        return maps

    def _answers(self, split: Split, index: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        places = torch.tensor(index, device=self.device)
        return split.data.answered(places, torch.tensor(mirrored, device=self.device))

    # -- first part: encoders alone ------------------------------------------------------------------------

    def encoder_losses(self, index: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """Return each route's loss on samples."""
        mirrored = rng.random(len(index)) < 0.5
        answers = self._answers(self.train, index, mirrored)
        ways = self.train.data.features(index, mirrored, None)
        found = {}
        for route in self.plan.routes:
            with self._autocast():
                told, moved = self.routes.told(route, self.given(self.train, route, index, mirrored, rng))
            found[route] = _told_loss(told, answers, self._coarse_weights(answers)) + _ways_loss(
                moved.float(), ways
            )
        return found

    def _coarse_weights(self, answers: Tensor) -> Tensor:
        """Weights (B,) that make the coarse labels count alike in the whole of the training data."""
        counts = torch.bincount(self.train.data.answers[:, -1], minlength=4).float().clamp(min=1)
        return (counts.sum() / (len(counts) * counts))[answers[:, -1]]

    def train_encoders(self) -> None:
        """Train the encoders with their heads."""
        plan = self.plan
        optimiser = torch.optim.AdamW(self.routes.parameters(), plan.encoder_rate, weight_decay=0.02)
        self._resume(0, optimiser)
        self.routes.train()
        for step, share in self._steps(0, plan.encoder_steps):
            rng = np.random.default_rng([plan.seed, 1, step])
            _set_rate(optimiser, [plan.encoder_rate], share)
            losses = self.encoder_losses(rng.integers(0, len(self.train.data), plan.encoder_batch), rng)
            optimiser.zero_grad(set_to_none=True)
            torch.stack(list(losses.values())).sum().backward()
            nn.utils.clip_grad_norm_(self.routes.parameters(), 1.0)
            optimiser.step()
            self._after_step(0, step, {k: v.detach() for k, v in losses.items()}, optimiser)
        self.validate("encoders", self._head_shares)

    # -- second part: with the language model --------------------------------------------------------------

    def joint_losses(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the losses of one step: closed questions by every route, and readings."""
        assert self.language is not None
        plan, data = self.plan, self.train.data
        count = plan.batch // len(plan.routes)
        index = rng.integers(0, len(data), count)
        mirrored = rng.random(count) < 0.5
        answers = self._answers(self.train, index, mirrored).repeat(len(plan.routes), 1)
        with self._autocast():
            motion = self._motion(index, mirrored, rng)
            losses = self.language.losses(
                motion, self._targets(answers), weights=self._coarse_weights(answers)
            )
            if plan.texts:
                texts = data.texts
                index = texts[rng.integers(0, len(texts), max(1, plan.texts // len(plan.routes)))]
                still = np.zeros(len(index), bool)
                answers = self._answers(self.train, index, still).repeat(len(plan.routes), 1)
                reading = data.reading(index.tolist()).repeat(len(plan.routes), 1)
                told = self.language.losses(
                    self._motion(index, still, rng),
                    self._targets(answers),
                    reading,
                    self._coarse_weights(answers),
                )
                losses |= {"text": told.pop("text")} | {f"{k}_2": v for k, v in told.items()}
        return losses

    def _listen(self) -> None:
        """Put the encoders into training; beside the language model their batch statistics stay as they are."""
        self.routes.train()
        for module in self.routes.modules():
            if isinstance(module, nn.BatchNorm2d) and self.language is not None:
                module.eval()

    def _motion(
        self, index: NDArray[np.int64], mirrored: NDArray[np.bool_], rng: np.random.Generator | None
    ) -> Tensor:
        found = [
            self.routes.embeddings(r, self.given(self.train, r, index, mirrored, rng))
            for r in self.plan.routes
        ]
        motion = torch.cat(found)
        return motion.to(torch.bfloat16) if self.plan.precision == "bf16" else motion

    def _targets(self, answers: Tensor) -> Tensor:
        assert self.language is not None
        layout = self.language.layout
        wide = max(map(len, layout.answers))
        table = torch.tensor(
            [[*ids, *([0] * (wide - len(ids)))] for ids in layout.answers], device=answers.device
        )
        return table.expand(len(answers), -1, -1).gather(2, answers[..., None])[..., 0]

    def train_joint(self) -> None:
        """Train encoders and projectors, and the adapter in the language model."""
        assert self.language is not None
        plan = self.plan
        adapter = [p for p in self.language.parameters() if p.requires_grad] if plan.train_decoder else []
        seeing = list(self.routes.encoders.parameters()) if plan.train_encoder else []
        groups = [
            (list(self.routes.projectors.parameters()), plan.rate),
            (seeing, plan.rate),
            (adapter, plan.lora_rate),
        ]
        groups = [(parameters, rate) for parameters, rate in groups if parameters]
        optimiser = torch.optim.AdamW([{"params": p, "lr": r} for p, r in groups], weight_decay=0.0)
        self._resume(1, optimiser)
        self._listen()
        self.language.train()
        for step, share in self._steps(1, plan.steps):
            rng = np.random.default_rng([plan.seed, 2, step])
            _set_rate(optimiser, [r for _, r in groups], share, warmup=0.03)
            losses = self.joint_losses(rng)
            optimiser.zero_grad(set_to_none=True)
            sum(
                (_WEIGHTS[name.removesuffix("_2")] * value for name, value in losses.items()), torch.zeros(())
            ).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_([p for ps, _ in groups for p in ps], 1.0)
            optimiser.step()
            self._after_step(1, step, {k: v.detach() for k, v in losses.items()}, optimiser)
            if (step + 1) % plan.validate_steps == 0:
                self.validate(f"step {step + 1}", self._language_shares, most=256)
        self.validate("joint", self._language_shares)

    # -- figures -------------------------------------------------------------------------------------------

    def _head_shares(self, split: Split, route: str, index: NDArray[np.int64]) -> list[Tensor]:
        given = self.given(split, route, index, np.zeros(len(index), bool), None)
        return [torch.softmax(logits.float(), -1) for logits in self.routes.told(route, given)[0]]

    def _language_shares(self, split: Split, route: str, index: NDArray[np.int64]) -> list[Tensor]:
        assert self.language is not None
        motion = self.routes.embeddings(
            route, self.given(split, route, index, np.zeros(len(index), bool), None)
        )
        motion = motion.to(torch.bfloat16) if self.plan.precision == "bf16" else motion
        return answer_shares(self.language(motion)[0], self.language.layout)

    def validate(
        self, when: str, shares: Callable[[Split, str, NDArray[np.int64]], list[Tensor]], most: int = 2000
    ) -> None:
        """Report figures of every held-out kind and route."""
        self.routes.eval()
        with torch.no_grad(), self._autocast():
            for kind, split in self.held.items():
                chosen = np.arange(min(len(split.data), most))
                for route in self.plan.routes:
                    parts = [shares(split, route, chosen[k : k + 128]) for k in range(0, len(chosen), 128)]
                    whole = [torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True)]
                    figures = figures_of(whole, split.data.answers[: len(chosen)].cpu().numpy())
                    self.curve.append({"when": when, "kind": kind, "route": route, **figures})
                    self.report(
                        f"{when} {kind} {route} " + " ".join(f"{k} {v:.3f}" for k, v in figures.items())
                    )
        self._listen()
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            for row in self.curve:
                file.write(json.dumps(row) + "\n")
        self.curve.clear()

    # -- steps and checkpoints -----------------------------------------------------------------------------

    def _steps(self, part: int, steps: int) -> Iterator[tuple[int, float]]:
        """Yield step numbers with the share of the part that is done, until steps or seconds are over."""
        started, limit = time.perf_counter(), self.seconds[part]
        first = self.step if self.part == part else 0
        for step in range(first, steps):
            share = (step + 1) / steps
            if limit is not None:
                share = max(share, (time.perf_counter() - started) / limit)
            if share > 1:
                break
            yield step, share
        self.part, self.step = part + 1, 0

    def _after_step(
        self, part: int, step: int, losses: dict[str, Tensor], optimiser: torch.optim.Optimizer
    ) -> None:
        self.part, self.step = part, step + 1
        if step % 20 == 0:
            told = {name: float(value) for name, value in losses.items()}
            self.report(f"part {part} step {step} " + " ".join(f"{k} {v:.4f}" for k, v in told.items()))
            path = self.folder / "loss.csv"
            fresh = not path.is_file()
            with path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if fresh:
                    writer.writerow(["part", "step", "name", "loss"])
                writer.writerows([part, step, name, f"{value:.5f}"] for name, value in told.items())
        now = time.monotonic()
        if now - getattr(self, "_saved", now) > 60 * self.plan.checkpoint_minutes:
            self.save(optimiser)
        elif not hasattr(self, "_saved"):
            self._saved = now

    def trained(self) -> dict[str, Tensor]:
        """Return everything that is trained, by name."""
        found = {f"routes.{name}": value for name, value in self.routes.state_dict().items()}
        if self.language is not None:
            named = self.language.model.named_parameters()
            found |= {f"adapter.{name}": value for name, value in named if "lora_" in name}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def save(self, optimiser: torch.optim.Optimizer | None = None) -> None:
        """Write the checkpoint: what is trained, Adam's moments, how far it is."""
        tensors = self.trained()
        if optimiser is not None:
            for number, values in optimiser.state_dict()["state"].items():
                tensors |= {
                    f"adam.{number}.{k}": torch.as_tensor(v).cpu().contiguous() for k, v in values.items()
                }
        partial = self.folder / f"{CHECKPOINT}.partial"
        save_file(tensors, partial, metadata={"part": str(self.part), "step": str(self.step)})
        partial.replace(self.folder / CHECKPOINT)
        self._saved = time.monotonic()

    def restore(self) -> dict[str, Tensor]:
        """Put what a checkpoint holds into the run; returns its tensors, {} where there is none."""
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return {}
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            about = file.metadata()
        self.part, self.step = int(about["part"]), int(about["step"])
        tensors: dict[str, Tensor] = load_file(path)
        self.routes.load_state_dict(
            {k.removeprefix("routes."): v for k, v in tensors.items() if k.startswith("routes.")}
        )
        if self.language is not None:
            with torch.no_grad():
                for name, parameter in self.language.model.named_parameters():
                    if (kept := tensors.get(f"adapter.{name}")) is not None:
                        parameter.copy_(kept)
        return tensors

    def _resume(self, part: int, optimiser: torch.optim.Optimizer) -> None:
        tensors = self.restore()
        if not tensors or self.part != part:
            return
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("adam."):
                _, number, key = name.split(".")
                state.setdefault(int(number), {})[key] = value
        if state:
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


_WEIGHTS = {"units": 6.0, "fine": 1.0, "coarse": 0.7, "text": 1.0}
"""Of the losses of one step."""


def _told_loss(told: list[Tensor], answers: Tensor, weights: Tensor) -> Tensor:
    units = torch.stack(
        [F.cross_entropy(logits.float(), answers[:, k]) for k, logits in enumerate(told[:-2])]
    ).mean()
    fine = F.cross_entropy(told[-2].float(), answers[:, -2])
    coarse = F.cross_entropy(told[-1].float(), answers[:, -1], reduction="none")
    return _WEIGHTS["units"] * units + fine + _WEIGHTS["coarse"] * (coarse * weights).sum() / weights.sum()


def _ways_loss(moved: Tensor, features: Tensor) -> Tensor:
    """How each region moves: u and v against the face's scale, and whether it does."""
    ways = F.smooth_l1_loss(moved[..., :2], features[:, :-1, :2], beta=0.2)
    return 2 * ways + 0.3 * F.binary_cross_entropy_with_logits(moved[..., 2], features[:, :-1, 4])


def _set_rate(
    optimiser: torch.optim.Optimizer, rates: list[float], share: float, warmup: float = 0.02
) -> None:
    """Linear warm-up, then half a cosine to a fiftieth."""
    rest = max(0.0, (share - warmup) / (1 - warmup))
    factor = min(1.0, share / warmup) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * rest)))
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate * factor
