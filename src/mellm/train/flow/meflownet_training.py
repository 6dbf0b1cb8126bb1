"""Training MEFlowNet from a recipe: motion prior, fitted pairs, the network of voices; resumable.

`train_flow` is what `mellm train flow RECIPE` calls. The module knows the order of the work; the parts live
in the modules it imports.
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mellm.flow.meflownet.chart import COLS, ROWS, inside_face
from mellm.flow.meflownet.motion_prior import MotionPrior
from mellm.flow.meflownet.motion_prior_file import load_prior, save_prior
from mellm.flow.meflownet.subspace_fit import PriorFit
from mellm.flow.meflownet.voices import evidence_of
from mellm.simulate.gallery import Split
from mellm.simulate.ict import IctModel
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.photo_pairs import PairConfig
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
from mellm.train.flow.chart_samples import ChartSample, fill, read_samples
from mellm.train.flow.meflownet_recipe import FlowRecipe, read_flow_recipe
from mellm.train.flow.prior_fit import learn_prior
from mellm.train.flow.voice_network import VoiceNetwork

FLOOR, SHARE = 0.03, 0.12
"""A pair's error is divided by FLOOR (px) + SHARE * its mean expression: subtle pairs count as strong ones
do.
"""


class VoiceFacts(RunFacts):
    """The facts of a run: how many steps were made, and the seed."""

    step: int
    seed: int


def train_flow(
    recipe: str | Path,
    out: str | Path,
    report: Callable[[str], None] = print,
    minutes: float | None = None,
    steps: int | None = None,
) -> Path:
    """Train by a recipe file into the folder `out`; returns the ONNX file of the network.

    Run again with the same arguments it goes on where it stopped, with the same result as without a stop.
    `minutes` and `steps` end this call early (checkpoint and export are still written). Writes
    `meflownet_prior.safetensors`, `samples/`, `checkpoint.safetensors`, `loss.csv`, `validation.csv`,
    `meflownet.onnx`.
    """
    run = FlowRun(read_flow_recipe(Path(recipe)), Path(out), report, minutes)
    run.go_on(steps)
    return run.export()


class FlowRun:
    """One run in one folder: prepared when made, stepped by `go_on`, written by `export`."""

    def __init__(
        self,
        plan: FlowRecipe,
        folder: Path,
        report: Callable[[str], None] = print,
        minutes: float | None = None,
    ) -> None:
        self.plan, self.folder, self.report = plan, folder, report
        self._ends = None if minutes is None else time.monotonic() + 60 * minutes
        folder.mkdir(parents=True, exist_ok=True)
        self._shapes = IctModel(plan.ict) if plan.ict else None
        self.prior = self._prepared_prior()
        self.training = _Tensors(self._samples("train", plan.pairs, plan.seed), self.prior)
        self.validation = _Tensors(self._samples("val", plan.validation_pairs, plan.seed + 1), self.prior)
        torch.manual_seed(plan.seed)
        self.model = VoiceNetwork(self.training.features.shape[1], self.training.fields.shape[1], plan.width)
        self.model.get_buffer("mean").copy_(self.training.features.mean((0, 2, 3))[:, None, None])
        self.model.get_buffer("spread").copy_(self.training.features.std((0, 2, 3))[:, None, None] + 1e-3)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), plan.rate, weight_decay=plan.weight_decay)
        self._checkpoint = folder / "checkpoint.safetensors"
        self.step = self._restored() if self._checkpoint.is_file() else 0

    def _prepared_prior(self) -> MotionPrior:
        """Learn the prior, unless it is there."""
        path = self.folder / "meflownet_prior.safetensors"
        if not path.is_file():
            plan = self.plan
            self.report("learning the motion prior")
            found = learn_prior(
                load_prior(plan.prior.heads),
                list(plan.chosen()),
                self._shapes,
                plan.prior.motions,
                plan.prior.expressions,
                plan.prior.temperature,
                plan.seed,
            )
            save_prior(found, path)
        return load_prior(path)

    def _samples(self, split: Split, count: int, seed: int) -> list[ChartSample]:
        """Generate and fit pairs, unless they are there."""
        plan = self.plan
        pair = PairConfig(
            origins=tuple(plan.chosen().items()), smallest=plan.peaks[0], largest=plan.peaks[1], head=0.6
        )
        source = PairSource(MEFlowConfig(plan.photos, plan.ict, pair=pair), split, seed)
        files = []
        for path in fill(self.folder / "samples" / split, source, PriorFit(self.prior), count):
            files.append(path)
            self.report(f"{split} pairs: {path.name}")
            if self._over() and len(files) > 1:
                break
        return read_samples(files)

    def _over(self) -> bool:
        return self._ends is not None and time.monotonic() > self._ends

    def go_on(self, steps: int | None = None) -> None:
        """Train to the end of the recipe, or for so many steps; leaves a checkpoint behind."""
        plan = self.plan
        last = plan.steps if steps is None else min(plan.steps, self.step + steps)
        while self.step < last and not self._over():
            loss = self._take_step()
            self.step += 1
            if self.step % plan.log_steps == 0:
                self._log("loss.csv", {"loss": loss})
            if self.step % plan.validate_steps == 0 or self.step == plan.steps:
                self.validate()
            if self.step % plan.checkpoint_steps == 0:
                self.keep()
        self.keep()

    def _take_step(self) -> float:
        plan = self.plan
        done = self.step / plan.steps
        warm = min(1.0, (done + 1e-3) / 0.2)
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate * warm * 0.5 * (1 + float(np.cos(np.pi * done)))
        # The order follows from seed and step alone, so a stopped run goes on as if it had not.
        rng = np.random.default_rng([plan.seed, self.step])
        chosen = torch.from_numpy(rng.integers(len(self.training.face), size=plan.batch))
        answer = self.model(self.training.features[chosen], self.training.fields[chosen])
        loss = self._errors(self.training, chosen, answer)[0]
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return float(loss.detach())

    def _errors(self, data: "_Tensors", chosen: Tensor, answer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of an answer, and each pair's mean facial and expression error on the face, chart
        pixels.
        """
        face, truth = data.face[chosen], data.expression[chosen]
        area = face.sum((1, 2)).clamp(min=1)

        def mean(field: Tensor) -> Tensor:
            return (torch.sqrt((field**2).sum(1) + 1e-6) * face).sum((1, 2)) / area

        expression = mean(answer[:, 0] - truth)
        facial = mean(answer[:, 1] - truth - data.head_error[chosen])
        loss = ((expression + facial) / (FLOOR + SHARE * mean(truth))).mean()
        return loss, facial, expression

    def validate(self) -> dict[str, float]:
        """Return and log mean errors on held-out identities, chart pixels, of the network and of the fit."""
        data = self.validation
        found: dict[str, list[Tensor]] = {}
        with torch.no_grad():
            for k in range(len(data.face)):
                one = torch.tensor([k])
                answer = self.model(data.features[one], data.fields[one])
                fit = data.fields[one][:, :1].expand_as(answer)
                for name, field in (("", answer), ("fit_", fit)):
                    _, facial, expression = self._errors(data, one, field)
                    found.setdefault(f"{name}facial", []).append(facial)
                    found.setdefault(f"{name}expression", []).append(expression)
        row = {name: float(torch.cat(values).mean()) for name, values in found.items()}
        self._log("validation.csv", row)
        self.report(f"validation at step {self.step}: " + ", ".join(f"{n} {v:.4f}" for n, v in row.items()))
        return row

    def keep(self) -> None:
        """Write the checkpoint."""
        tensors = {f"model.{n}": t.contiguous() for n, t in self.model.state_dict().items()}
        tensors |= adam_tensors(self.optimiser)
        write_checkpoint(self._checkpoint, tensors, VoiceFacts(step=self.step, seed=self.plan.seed))

    def _restored(self) -> int:
        """Go back to the checkpoint; return its step."""
        tensors = read_tensors(self._checkpoint)
        self.model.load_state_dict(part(tensors, "model."))
        restore_adam(self.optimiser, tensors)
        return read_facts(self._checkpoint, VoiceFacts).step

    def export(self) -> Path:
        """Write the network as ONNX; returns the file."""
        return export_onnx(self.model, self.folder / "meflownet.onnx")

    def _log(self, name: str, row: dict[str, float]) -> None:
        """Append a row to a curve."""
        append_row(self.folder / name, {"step": self.step, **{k: f"{v:.5f}" for k, v in row.items()}})


def export_onnx(model: VoiceNetwork, path: Path) -> Path:
    """Write the network for one pair on the chart's cells, in float32 (ONNX opset 17)."""
    features, fields = len(model.get_buffer("mean")), model.shares.out_channels // 2
    example = (torch.zeros(1, features, ROWS, COLS), torch.zeros(1, fields, 2, ROWS, COLS))
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The older exporter: the newer one needs a second package and gains nothing here.
        torch.onnx.export(
            model.eval(),
            example,
            str(partial),
            input_names=["features", "fields"],
            output_names=["motion"],
            opset_version=17,
            dynamo=False,
        )
    partial.replace(path)
    return path


class _Tensors:
    """Samples as tensors, on the chart's cells."""

    def __init__(self, samples: list[ChartSample], prior: MotionPrior) -> None:
        inside = inside_face(prior.template)
        columns: list[list[NDArray[np.float32]]] = [[], [], [], [], []]
        for sample in samples:
            seen = evidence_of(sample.voices(), inside)
            truth = (sample.expression, sample.head_error)
            rows = [
                seen.features,
                seen.fields,
                *(t.astype(np.float32).transpose(2, 0, 1) for t in truth),
                sample.face,
            ]
            for column, row in zip(columns, rows, strict=True):
                column.append(np.asarray(row, np.float32))
        self.features, self.fields, self.expression, self.head_error, self.face = (
            torch.from_numpy(np.stack(column)) for column in columns
        )
