"""Training encoders, projectors and the language model together, on generated motion, from a recipe.

`train_joint` is what `mellm train language RECIPE` calls for a recipe with `reader: joint`. AdamW; linear
warm-up and a cosine. The module knows the order of the work.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mellm.errors import InputError
from mellm.instruct.motion_patterns import patterns_of
from mellm.language.motion.encoders import Route, shown_by
from mellm.train.checkpoint import (
    RunFacts,
    adam_tensors,
    part,
    read_facts,
    read_tensors,
    restore_adam,
    write_checkpoint,
)
from mellm.train.curve import append_row
from mellm.train.language.adapted_model import adapted, begin_with
from mellm.train.language.adapter_export import peft_name, save_adapter
from mellm.train.language.adapter_training import Stop
from mellm.train.language.base_model import Base, load_base
from mellm.train.language.joint_model import JointModel
from mellm.train.language.joint_recipe import JointRecipe
from mellm.train.language.joint_rows import PLACE_ID, RowSource, RowTokens, SeenRow, balanced
from mellm.train.language.motion_data import MotionData, read_motion_data
from mellm.train.language.motion_encoders import Routes
from mellm.train.language.motion_export import export_shown
from mellm.train.language.motion_import import read_encoder
from mellm.train.language.motion_maps import Picture
from mellm.train.language.motion_training import even_weights, rate_at, told_loss
from mellm.train.recipe import read_recipe
from mellm.version import __version__

Report = Callable[[str], None]
EXAMPLE = "language-joint.yaml"
_CHECKPOINT = "checkpoint.safetensors"
_FIT = 3000
"""Samples that a projector begins with."""

_LONG = 120
"""Rows of more tokens than this are read by themselves, with little padding."""


class JointFacts(RunFacts):
    """What a checkpoint says of its run."""

    recipe: str
    step: int


class JointRun:
    """A run in one folder: prepared when made, stepped by `go_on`, written by `export`."""

    def __init__(self, plan: JointRecipe, folder: Path, report: Report) -> None:
        self.plan, self.folder, self.report = plan, folder, report
        folder.mkdir(parents=True, exist_ok=True)
        # On a CPU in bf16 a step takes a third less with attention written out.
        attention = "eager" if plan.precision == "bf16" else "sdpa"
        self.base: Base = load_base(plan.base, plan.precision, attention)
        self.tokens = RowTokens(self.base.tokenizer, plan.system)
        patterns = patterns_of(tuple(map(Path, plan.sheets)))
        picture: Picture | None = "map" if "vision" in plan.routes else None
        self.data: MotionData = read_motion_data(
            plan.motion / "samples", ["crop-*-train-*.npz", "stored-train-*.npz"], "train", patterns, picture
        )
        chosen = balanced(self.data.samples, plan.cases, plan.stored, plan.seed)
        self.rows = RowSource(self.data.samples, chosen, self.tokens, plan.seed)
        report(f"{len(chosen)} samples")
        self.model = self._model()
        self.optimiser = torch.optim.AdamW(self._groups(), weight_decay=0.0)
        self.coarse = even_weights(self.data.answers[torch.from_numpy(chosen), -1])
        self.step = self._restored()
        if self.step == 0 and not plan.after:
            self._begin(chosen)

    def _model(self) -> JointModel:
        routes = Routes()
        for route in self.plan.routes:
            if route in self.plan.encoders:
                routes.load_state_dict(read_encoder(self.plan.encoders[route], route), strict=False)
                continue
            path = self.plan.motion / f"{route}.safetensors"
            if not path.is_file():
                raise InputError(f"{self.plan.motion} holds no {path.name}: train the motion encoders first.")
            trained = load_file(path)
            names = (f"routes.encoders.{route}.", f"routes.heads.{route}.")
            own = {k.removeprefix("routes."): v for k, v in trained.items() if k.startswith(names)}
            routes.load_state_dict(own, strict=False)
        language = adapted(self.base.model, self.plan.lora, self.plan.seed)
        if self.plan.start:
            begin_with(language, self.plan.start)
        model = JointModel(routes, language, self.plan.routes)
        if self.plan.after:
            model.load_state_dict(_trained_in(self.plan.after), strict=False)
        # Few rows a step: the statistics that the encoder was trained with stay.
        model.routes.eval()
        learns = self.plan.learns
        for name, parameter in model.named_parameters():
            if name.startswith("routes."):
                parameter.requires_grad = "encoder" in learns and name.split(".")[2] in self.plan.routes
            elif name.startswith("language."):
                parameter.requires_grad = "decoder" in learns and ".lora_" in name
        return model

    def _groups(self) -> list[dict[str, Any]]:
        rates = (("language.", self.plan.rate), ("projectors.", self.plan.projector_rate))
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        groups = []
        for prefix, rate in (*rates, ("routes.", self.plan.encoder_rate)):
            found = [p for n, p in named if n.startswith(prefix)]
            if found:
                groups.append({"params": found, "lr": rate, "top": rate})
        return groups

    def _begin(self, chosen: np.ndarray) -> None:
        index = np.random.default_rng([self.plan.seed, 6]).permutation(chosen)[:_FIT]
        if self.plan.like is None:
            wanted = self.model.words(self.data.answered(index, np.zeros(len(index), bool)), self.tokens)
        else:
            wanted = torch.from_numpy(shown_by(self.plan.like, self._given("flow", index, None).numpy()))
        for route in self.plan.routes:
            self.model.begin(route, self._given(route, index, None), wanted)

    def _given(self, route: Route, index: np.ndarray, rng: np.random.Generator | None) -> Tensor:
        read = self.data.features if route == "flow" else self.data.maps
        return read(index, np.zeros(len(index), bool), rng)

    def go_on(self, steps: int | None = None, minutes: float | None = None) -> None:
        """Train until the recipe's end, or this call's `steps` or `minutes` are over; leaves a checkpoint."""
        began = saved = time.monotonic()
        last = self.plan.steps if steps is None else min(self.plan.steps, self.step + steps)
        losses: dict[str, list[float]] = {}
        with Stop() as stop:
            while self.step < last and not stop.asked:
                if minutes is not None and time.monotonic() - began > 60 * minutes:
                    break
                for kind, value in self._optimise().items():
                    losses.setdefault(kind, []).append(value)
                self.step += 1
                if self.step % 10 == 0:
                    means = {kind: float(np.mean(found)) for kind, found in losses.items()}
                    self._told(means, time.monotonic() - began)
                    losses = {}
                if time.monotonic() - saved > 60 * self.plan.checkpoint_minutes:
                    self._save()
                    saved = time.monotonic()
        self._save()

    def _optimise(self) -> dict[str, float]:
        """Make one step; return the mean loss by kind of record and, as `own`, the encoders' own."""
        plan, rng = self.plan, np.random.default_rng([self.plan.seed, 1, self.step])
        chosen = self.rows.step(plan.step, self.step)
        routed = [(row, plan.routes[(self.step + k) % len(plan.routes)]) for k, row in enumerate(chosen)]
        total = sum(row.answer**0.5 for row in chosen)
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * rate_at(self.step / plan.steps, 0.03)
        embeddings, own = self._embeddings(routed, rng)
        # One pass through the encoders, several through the decoder: gradients are gathered at the seam.
        seam = {k: v.detach().requires_grad_(True) for k, v in embeddings.items()}
        figures: dict[str, list[float]] = {}
        for kind, numbers in _passes(routed).items():
            batch = self.tokens.batch([routed[k][0] for k in numbers])
            here = [seam[k] for k in numbers if k in seam]
            tokens = torch.cat(here) if here else torch.zeros(0)
            with torch.autocast("cpu", torch.bfloat16, enabled=plan.precision == "bf16"):
                loss = self.model.said(batch, tokens)
            (loss / total).backward()
            figures[kind] = [float(loss.detach()) / sum(routed[k][0].answer ** 0.5 for k in numbers)]
        back = [k for k in seam if embeddings[k].requires_grad and seam[k].grad is not None]
        if back:
            outputs = [embeddings[k] for k in back]
            grads = [seam[k].grad for k in back]
            if own.requires_grad:
                outputs.append(plan.own * own)
                grads.append(torch.ones(()))
            torch.autograd.backward(outputs, grads)
        trained = [p for group in self.optimiser.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(trained, plan.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return {kind: float(np.mean(found)) for kind, found in figures.items()} | {"own": float(own.detach())}

    def _embeddings(
        self, routed: list[tuple[SeenRow, Route]], rng: np.random.Generator
    ) -> tuple[dict[int, Tensor], Tensor]:
        """Return embeddings (24, E) of the rows that show motion, and the encoders' own loss."""
        found: dict[int, Tensor] = {}
        own = torch.zeros(())
        for route in self.plan.routes:
            numbers = [k for k, (row, r) in enumerate(routed) if r == route and PLACE_ID in row.ids]
            if not numbers:
                continue
            index = np.array([routed[k][0].sample for k in numbers])
            told, tokens = self.model.seen(route, self._given(route, index, rng))
            answers = self.data.answered(index, np.zeros(len(index), bool))
            own = own + told_loss(told, answers, self.coarse[answers[:, -1]]) / len(self.plan.routes)
            found |= dict(zip(numbers, tokens.unbind(0), strict=True))
        return found, own

    def _told(self, losses: dict[str, float], seconds: float) -> None:
        told = " ".join(f"{kind} {value:.4f}" for kind, value in losses.items())
        self.report(f"step {self.step} of {self.plan.steps}: {told} ({seconds:.0f} s)")
        row = {kind: f"{losses[kind]:.5f}" if kind in losses else "" for kind in ("short", "long", "own")}
        append_row(self.folder / "loss.csv", {"step": self.step, **row})

    def _weights(self) -> dict[str, Tensor]:
        """What is trained, and the encoders' statistics."""
        names = {n for n, p in self.model.named_parameters() if p.requires_grad}
        state = self.model.state_dict()
        kept = {n: v for n, v in state.items() if n in names or n.startswith(("routes.", "projectors."))}
        return {n: v.contiguous() for n, v in kept.items()}

    def _save(self) -> None:
        tensors = {f"model.{name}": value for name, value in self._weights().items()}
        tensors |= adam_tensors(self.optimiser)
        facts = JointFacts(recipe=self.plan.model_dump_json(), step=self.step)
        write_checkpoint(self.folder / _CHECKPOINT, tensors, facts)

    def _restored(self) -> int:
        path = self.folder / _CHECKPOINT
        if not path.is_file():
            return 0
        facts = read_facts(path, JointFacts)
        if facts.recipe != self.plan.model_dump_json():
            raise InputError(f"{self.folder} holds a run of another recipe; give another output folder.")
        tensors = read_tensors(path)
        self.model.load_state_dict(part(tensors, "model."), strict=False)
        restore_adam(self.optimiser, tensors)
        return facts.step

    def export(self) -> Path:
        """Write what shows motion to the language model (ONNX) and its adapter; returns the folder."""
        for route in self.plan.routes:
            export_shown(self.model.routes, route, self.model.projectors[route], self.folder)
        if "decoder" in self.plan.learns:
            state = {
                peft_name(name): value.detach().to(torch.float16).contiguous()
                for name, value in self.model.named_parameters()
                if ".lora_" in name
            }
            told = self.plan.model_dump(mode="json")
            for field in ("start", "after", "motion", "like"):
                told[field] = Path(told[field]).name if told[field] else None
            told["encoders"] = {route: Path(file).name for route, file in told["encoders"].items()}
            told["sheets"] = [Path(sheet).name for sheet in told["sheets"]]
            if Path(self.plan.base).exists():
                told["base"] = Path(self.plan.base).name
            metadata = {
                "r": str(self.plan.lora.rank), "alpha": str(self.plan.lora.alpha), "base": self.base.name,
                "base_sha256": self.base.sha256, "system": self.plan.system, "shown": "motion",
                "steps": str(self.step), "seed": str(self.plan.seed), "recipe": json.dumps(told),
                "mellm": __version__, "format": "pt",
            }  # fmt: skip
            save_adapter(self.folder, state, metadata)
        return self.folder


def _trained_in(folder: Path) -> dict[str, Tensor]:
    """Encoders, projectors and adapter of a joint run; raises InputError for a folder of none."""
    path = folder / _CHECKPOINT
    if not path.is_file():
        raise InputError(f"{folder} holds no {_CHECKPOINT}: `after` names the folder of a joint run.")
    return part(read_tensors(path), "model.")


def _passes(routed: list[tuple[SeenRow, Route]]) -> dict[str, list[int]]:
    """Numbers of the rows of each pass through the decoder: `short` ones together, `long` ones together."""
    found: dict[str, list[int]] = {}
    for k, (row, _) in enumerate(routed):
        found.setdefault("long" if len(row.ids) > _LONG else "short", []).append(k)
    return found


def train_joint(
    recipe: Path, out: Path, report: Report = print, minutes: float | None = None, steps: int | None = None
) -> Path:
    """Train by a recipe file into the folder `out`; returns it. Run again, it goes on where it stopped.

    Writes a checkpoint, `loss.csv`, and at the end of each call the encoders with projectors (ONNX) and
    `adapter.safetensors`.
    Raises InputError for a recipe that cannot be used or a folder of another one.
    """
    run = JointRun(read_recipe(recipe, JointRecipe, EXAMPLE), out, report)
    run.go_on(steps, minutes)
    return run.export()
