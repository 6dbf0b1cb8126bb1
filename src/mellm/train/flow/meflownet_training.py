"""Training MEFlowNet from a recipe: pairs, motion prior, network; resumable at any checkpoint.

`train_flow` is what `mellm train flow RECIPE` calls; under `accelerate launch` it is one of several processes
that share the generating and every batch, with the result of one. Knows the order of the work; the parts live
in the modules it imports.
"""

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    batches_per_epoch,
    chart_shard,
    collate,
    epoch_batches,
    read_chart_shard,
)
from mellm.train.flow.meflownet_checkpoint import Average, load, save
from mellm.train.flow.meflownet_recipe import FlowRecipe, read_recipe
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
    plan, folder = read_recipe(Path(recipe)), Path(out)
    parallel = Accelerator(cpu=not torch.cuda.is_available())
    main = parallel.is_main_process
    tell = report if main else lambda text: None
    if plan.batch % parallel.num_processes:
        raise InputError(
            f"A batch of {plan.batch} pairs cannot be shared by {parallel.num_processes} processes; give "
            f"the recipe a multiple."
        )
    folder.mkdir(parents=True, exist_ok=True)
    prior = _prepare(plan, folder, tell, parallel)
    torch.manual_seed(plan.seed)
    model = MEFlowNet(plan.model, plan.bfloat16).to(parallel.device)
    backbone = load_depth_backbone(plan.depth_weights) if plan.depth_weights else None
    if backbone is not None:
        backbone.to(parallel.device)
    optimiser = torch.optim.AdamW(model.parameters(), plan.rate, weight_decay=plan.weight_decay)
    average = Average(model, plan.average)
    checkpoint = folder / "checkpoint.safetensors"
    step = int(load(checkpoint, model, average, optimiser)["step"]) if checkpoint.is_file() else 0
    shared: torch.nn.Module = parallel.prepare(model)
    files = shards(folder / "pairs" / "train")[: plan.pairs // plan.shard]
    started = saved = time.monotonic()
    last = plan.steps if steps is None else min(plan.steps, step + steps)
    tell(f"step {step} of {plan.steps}, {sum(p.numel() for p in model.parameters()):,} parameters")

    def keep() -> None:
        if main:
            facts = {"step": step, "model": plan.model.as_dict(), "seed": plan.seed}
            save(checkpoint, model, average, optimiser, facts)

    for batch in _endless(plan, files, prior, step, parallel):
        # Clocks differ: any process can call the end, and all stop at the same step.
        over = minutes is not None and time.monotonic() - started > 60 * minutes
        if step >= last or (minutes is not None and _mean(parallel, {"over": float(over)})["over"] > 0):
            break
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * schedule(step, plan.warmup, plan.steps)
        loss, errors = train_step(shared, optimiser, batch.to(parallel.device), plan, backbone)
        step += 1
        average.update(model, step)
        if step % plan.log_steps == 0:
            row = _mean(parallel, {"loss": loss, **errors})
            if main:
                _log(folder / "loss.csv", {"step": step, **row})
            tell(f"step {step}: " + ", ".join(f"{name} {value:.4f}" for name, value in row.items()))
        if step % plan.validate_steps == 0:
            figures = validate(average, plan, folder, parallel, backbone)
            if main:
                _log(folder / "validation.csv", {"step": step, **figures})
            tell(f"validation at step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures.items()))
        if time.monotonic() - saved > 60 * plan.checkpoint_minutes:
            keep()
            saved = time.monotonic()
    keep()
    path = folder / "meflownet.onnx"
    if main:
        export_onnx(averaged(average, plan.model), path, backbone)
    parallel.wait_for_everyone()
    return path


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


def validate(
    average: Average,
    plan: FlowRecipe,
    folder: Path,
    parallel: Accelerator,
    backbone: DepthBackbone | None = None,
) -> dict[str, float]:
    """Return mean errors on held-out identities, chart pixels, of the averaged weights and of the start."""
    model = averaged(average, plan.model).to(parallel.device)
    model.reduced = plan.bfloat16
    sums: dict[str, float] = {}
    prior = load_prior(folder / "meflownet_prior.safetensors")
    files = shards(folder / "pairs" / "val")[: plan.validation_pairs // plan.shard]
    _draw_charts(files, prior, parallel)
    own = slice(parallel.process_index, None, parallel.num_processes)
    pairs = [pair for shard in files for pair in read_chart_shard(chart_shard(shard, prior))]
    for pair in pairs[own]:
        batch = collate([pair], np.zeros(1, bool)).to(parallel.device)
        with torch.no_grad():
            predictions = predict(model, batch, plan.model.stride, backbone)
            untrained = MEFlowNet.start(batch.start_facial, batch.start_head, plan.model.stride)
            for name, answer in (("", predictions[-1:]), ("start_", [untrained])):
                _, errors = sequence_loss(
                    answer, untrained, batch.facial, batch.head, batch.face, batch.valid, plan.loss
                )
                for key, value in errors.items():
                    sums[name + key] = sums.get(name + key, 0.0) + value
    share = parallel.num_processes / len(pairs)
    return {key: value * share for key, value in _mean(parallel, sums).items()}


def _prepare(
    plan: FlowRecipe, folder: Path, report: Callable[[str], None], parallel: Accelerator
) -> MotionPrior:
    """Generate the pairs, shared by the processes, and learn the prior, unless they are there."""
    worker, workers = parallel.process_index, parallel.num_processes
    parts: tuple[tuple[Split, int, int], ...] = (
        ("train", plan.pairs, plan.seed),
        ("val", plan.validation_pairs, plan.seed + 1),
    )
    for split, count, seed in parts:
        place = folder / "pairs" / split
        if len(list(place.glob("pairs-*[0-9].npz"))) * plan.shard < count:
            report(f"generating {count} {split} pairs")
            source = MEFlowConfig(plan.photos, plan.ict, plan.full_3d)
            fill(place, PairSource(source, split, seed), count, plan.shard, worker, workers)
    parallel.wait_for_everyone()
    path = folder / "meflownet_prior.safetensors"
    if parallel.is_main_process and not path.is_file():
        report("learning the motion prior")
        wanted = shards(folder / "pairs" / "train")[: max(1, int(plan.prior["pairs"]) // plan.shard)]
        template = mean_template([pair.landmarks for pair in read_shard(wanted[0])])
        motions = (chart_motion(pair, template) for shard in wanted for pair in read_shard(shard))
        sizes = {name: int(plan.prior[name]) for name in ("expressions", "depths", "heads")}
        learned = learn_prior(motions, template, **sizes, temperature=plan.prior["temperature"])
        save_prior(learned, path)
    parallel.wait_for_everyone()
    return load_prior(path)


def _endless(
    plan: FlowRecipe, files: list[Path], prior: MotionPrior, step: int, parallel: Accelerator
) -> Iterator[Batch]:
    """Yield this process's share of the batches for ever, from the one that step `step` has."""
    per_epoch = batches_per_epoch(len(files), plan.shard, plan.batch)
    epoch, skip = divmod(step, per_epoch)

    def ready(group: list[Path]) -> None:
        _draw_charts(group, prior, parallel)

    while True:
        yield from epoch_batches(
            files,
            plan.shard,
            prior,
            plan.batch,
            plan.seed,
            epoch,
            skip,
            ready=ready,
            share=(parallel.process_index, parallel.num_processes),
        )
        epoch, skip = epoch + 1, 0


def _draw_charts(files: list[Path], prior: MotionPrior, parallel: Accelerator) -> None:
    """Put shards on the chart, each by one of the processes."""
    for path in files[parallel.process_index :: parallel.num_processes]:
        chart_shard(path, prior)
    parallel.wait_for_everyone()


def _mean(parallel: Accelerator, values: dict[str, float]) -> dict[str, float]:
    """Return the processes' means of named numbers; every process must call."""
    if parallel.num_processes == 1:
        return values
    told = torch.tensor(list(values.values()), dtype=torch.float64, device=parallel.device)
    return dict(zip(values, parallel.reduce(told, "mean").tolist(), strict=True))


def _log(path: Path, row: dict[str, Any]) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5f}" if isinstance(v, float) else v for k, v in row.items()})
