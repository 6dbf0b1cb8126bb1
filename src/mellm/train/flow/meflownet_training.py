"""Training MEFlowNet from a recipe: pairs, motion prior, network; resumable at any checkpoint.

`train_flow` is what `mellm train flow RECIPE` calls; under `accelerate launch` it is one of several processes
that share the generating and every batch, with the result of one. Knows the order of the work; the parts live
in the modules it imports.
"""

import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator

from mellm.errors import InputError
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.depth_backbone import DepthBackbone, load_depth_backbone
from mellm.flow.meflownet.loss import sequence_loss
from mellm.flow.meflownet.model import MEFlowNet, Prediction, depth_of
from mellm.flow.meflownet.motion_prior import MotionPrior
from mellm.flow.meflownet.motion_prior_file import load_prior, save_prior
from mellm.simulate.gallery import Split
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.train.flow.cached_pairs import fill, read_shard, shards
from mellm.train.flow.chart_batches import (
    Batch,
    BatchOrder,
    chart_shard,
    collate,
    read_chart_shard,
)
from mellm.train.flow.meflownet_checkpoint import Average, FlowFacts, load, save
from mellm.train.flow.meflownet_recipe import FlowRecipe, read_flow_recipe
from mellm.train.flow.onnx_export import export_onnx
from mellm.train.flow.prior_fit import chart_motion, learn_prior, mean_template


def train_flow(
    recipe: str | Path,
    out: str | Path,
    report: Callable[[str], None] = print,
    minutes: float | None = None,
    steps: int | None = None,
) -> Path:
    """Train by a recipe file into the folder `out`; returns the ONNX file of the averaged weights.

    Run again with the same arguments it goes on where it stopped, with the same result as without a stop.
    `minutes` and `steps` end this sitting early (checkpoint and export are still written). Writes `pairs/`,
    `meflownet_prior.safetensors`, `checkpoint.safetensors`, `loss.csv`, `validation.csv`, `meflownet.onnx`.
    """
    run = FlowRun(read_flow_recipe(Path(recipe)), Path(out), report)
    run.go_on(minutes, steps)
    return run.export()


def schedule(step: int, warmup: int, steps: int) -> float:
    """Return the share of the top learning rate: linear warm-up, then half a cosine to a hundredth."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * (step - warmup) / (steps - warmup))))


def train_step(
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    plan: FlowRecipe,
    backbone: DepthBackbone | None = None,
) -> tuple[float, dict[str, float]]:
    """Make one optimiser step; return the loss and the errors on the face, chart pixels."""
    model.train()
    predictions = predict(model, batch, plan.model.stride, backbone)
    start = MEFlowNet.start(batch.start_facial, batch.start_head, plan.model.stride)
    loss, errors = sequence_loss(
        predictions, start, batch.facial, batch.head, batch.face, batch.valid, plan.loss
    )
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
    optimiser.step()
    return float(loss.detach()), errors


def predict(
    model: torch.nn.Module, batch: Batch, stride: int, backbone: DepthBackbone | None
) -> list[Prediction]:
    """Run the network on a batch, with frozen depth features where it was built for them."""
    depth = depth_of(backbone, batch.onset, batch.apex, stride)
    answer: list[Prediction] = model(
        batch.onset,
        batch.apex,
        batch.start_facial,
        batch.start_head,
        batch.rigid,
        batch.variational,
        depth,
    )
    return answer


def averaged(average: Average, config: MEFlowNetConfig) -> MEFlowNet:
    """Return a network, ready to use, with the averaged weights."""
    model = MEFlowNet(config)
    model.load_state_dict({name: value.cpu() for name, value in average.values.items()})
    return model.eval()


class FlowRun:
    """One run in one folder: prepared when made, stepped by `go_on`, written by `export`."""

    def __init__(self, plan: FlowRecipe, folder: Path, report: Callable[[str], None] = print) -> None:
        self.plan, self.folder = plan, folder
        self.parallel = Accelerator(cpu=not torch.cuda.is_available())
        self.main = self.parallel.is_main_process
        self.report = report if self.main else lambda text: None
        if plan.batch % self.parallel.num_processes:
            raise InputError(
                f"A batch of {plan.batch} pairs cannot be shared by {self.parallel.num_processes} "
                "processes; give the recipe a multiple."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self.prior = self._prepared_prior()
        torch.manual_seed(plan.seed)
        self.model = MEFlowNet(plan.model, plan.bfloat16).to(self.parallel.device)
        self.backbone = load_depth_backbone(plan.depth_weights) if plan.depth_weights else None
        if self.backbone is not None:
            self.backbone.to(self.parallel.device)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), plan.rate, weight_decay=plan.weight_decay)
        self.average = Average(self.model, plan.average)
        self._checkpoint = folder / "checkpoint.safetensors"
        self.step = 0
        if self._checkpoint.is_file():
            self.step = load(self._checkpoint, self.model, self.average, self.optimiser).step
        self.shared: torch.nn.Module = self.parallel.prepare(self.model)

    def _prepared_prior(self) -> MotionPrior:
        """Generate the pairs, shared by the processes, and learn the prior, unless they are there."""
        plan = self.plan
        parts: tuple[tuple[Split, int, int], ...] = (
            ("train", plan.pairs, plan.seed),
            ("val", plan.validation_pairs, plan.seed + 1),
        )
        for split, count, seed in parts:
            place = self.folder / "pairs" / split
            if len(list(place.glob("pairs-*[0-9].npz"))) * plan.shard < count:
                self.report(f"generating {count} {split} pairs")
                source = PairSource(MEFlowConfig(plan.photos, plan.ict, plan.full_3d), split, seed)
                fill(place, source, count, plan.shard, *self._share)
        self.parallel.wait_for_everyone()
        path = self.folder / "meflownet_prior.safetensors"
        if self.main and not path.is_file():
            self.report("learning the motion prior")
            wanted = shards(self.folder / "pairs" / "train")[: max(1, plan.prior.pairs // plan.shard)]
            template = mean_template([pair.landmarks for pair in read_shard(wanted[0])])
            motions = (chart_motion(pair, template) for shard in wanted for pair in read_shard(shard))
            save_prior(learn_prior(motions, template, plan.prior), path)
        self.parallel.wait_for_everyone()
        return load_prior(path)

    @property
    def _share(self) -> tuple[int, int]:
        """The number of this process, and how many there are."""
        return self.parallel.process_index, self.parallel.num_processes

    def go_on(self, minutes: float | None = None, steps: int | None = None) -> None:
        """Train to the end of the recipe, or for so many minutes or steps; leaves a checkpoint behind."""
        plan = self.plan
        started = saved = time.monotonic()
        last = plan.steps if steps is None else min(plan.steps, self.step + steps)
        count = sum(p.numel() for p in self.model.parameters())
        self.report(f"step {self.step} of {plan.steps}, {count:,} parameters")
        files = shards(self.folder / "pairs" / "train")[: plan.pairs // plan.shard]
        order = BatchOrder(
            files, plan.shard, self.prior, plan.batch, plan.seed, self._share, self._draw_charts
        )
        for batch in order.from_step(self.step):
            # Clocks differ: any process can call the end, and all stop at the same step.
            over = minutes is not None and time.monotonic() - started > 60 * minutes
            if self.step >= last or (minutes is not None and self._mean({"over": float(over)})["over"] > 0):
                break
            self._take_step(batch)
            if time.monotonic() - saved > 60 * plan.checkpoint_minutes:
                self.keep()
                saved = time.monotonic()
        self.keep()

    def _take_step(self, batch: Batch) -> None:
        """Make one step; log and validate where the recipe says so."""
        plan = self.plan
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate * schedule(self.step, plan.warmup, plan.steps)
        loss, errors = train_step(
            self.shared, self.optimiser, batch.to(self.parallel.device), plan, self.backbone
        )
        self.step += 1
        self.average.update(self.model, self.step)
        if self.step % plan.log_steps == 0:
            row = self._mean({"loss": loss, **errors})
            self._log("loss.csv", row)
            self.report(
                f"step {self.step}: " + ", ".join(f"{name} {value:.4f}" for name, value in row.items())
            )
        if self.step % plan.validate_steps == 0:
            figures = self.validate()
            self._log("validation.csv", figures)
            self.report(
                f"validation at step {self.step}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures.items())
            )

    def validate(self) -> dict[str, float]:
        """Return mean errors on held-out identities, chart pixels, of the averaged weights and the start."""
        plan, stride = self.plan, self.plan.model.stride
        model = averaged(self.average, plan.model).to(self.parallel.device)
        model.reduced = plan.bfloat16
        sums: dict[str, float] = {}
        files = shards(self.folder / "pairs" / "val")[: plan.validation_pairs // plan.shard]
        self._draw_charts(files)
        pairs = [pair for shard in files for pair in read_chart_shard(chart_shard(shard, self.prior))]
        for pair in pairs[self.parallel.process_index :: self.parallel.num_processes]:
            batch = collate([pair], np.zeros(1, bool)).to(self.parallel.device)
            with torch.no_grad():
                predictions = predict(model, batch, stride, self.backbone)
                untrained = MEFlowNet.start(batch.start_facial, batch.start_head, stride)
                for name, answer in (("", predictions[-1:]), ("start_", [untrained])):
                    _, errors = sequence_loss(
                        answer, untrained, batch.facial, batch.head, batch.face, batch.valid, plan.loss
                    )
                    for key, value in errors.items():
                        sums[name + key] = sums.get(name + key, 0.0) + value
        share = self.parallel.num_processes / len(pairs)
        return {key: value * share for key, value in self._mean(sums).items()}

    def keep(self) -> None:
        """Write the checkpoint."""
        if self.main:
            facts = FlowFacts(step=self.step, model=self.plan.model, seed=self.plan.seed)
            save(self._checkpoint, self.model, self.average, self.optimiser, facts)

    def export(self) -> Path:
        """Write the averaged network as ONNX; returns the file."""
        path = self.folder / "meflownet.onnx"
        if self.main:
            export_onnx(averaged(self.average, self.plan.model), path, self.backbone)
        self.parallel.wait_for_everyone()
        return path

    def _draw_charts(self, files: list[Path]) -> None:
        """Put shards on the chart, each by one of the processes."""
        for path in files[self.parallel.process_index :: self.parallel.num_processes]:
            chart_shard(path, self.prior)
        self.parallel.wait_for_everyone()

    def _mean(self, values: dict[str, float]) -> dict[str, float]:
        """Return the processes' means of named numbers; every process must call."""
        if self.parallel.num_processes == 1:
            return values
        told = torch.tensor(list(values.values()), dtype=torch.float64, device=self.parallel.device)
        return dict(zip(values, self.parallel.reduce(told, "mean").tolist(), strict=True))

    def _log(self, name: str, row: dict[str, float]) -> None:
        """Append a row to a curve; the first process writes."""
        if not self.main:
            return
        path = self.folder / name
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", *row])
            writer.writerow([self.step, *(f"{value:.5f}" for value in row.values())])
