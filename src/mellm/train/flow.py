"""Training MEFlowNet from a recipe: pairs, motion prior, network; resumable at any checkpoint.

`train_flow` is what `mellm train flow RECIPE` calls. One process; torch uses the threads it is given. Knows
the order of the work; the parts live in the modules it imports.
"""

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from mellm.data.meflow.gallery import Split
from mellm.data.meflow.stream import MEFlowConfig, PairSource
from mellm.errors import InputError
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.depth_backbone import DepthBackbone, load_depth_backbone
from mellm.flow.meflownet.loss import LossWeights, sequence_loss
from mellm.flow.meflownet.model import MEFlowNet, Prediction, depth_of
from mellm.flow.meflownet.prior import MotionPrior
from mellm.flow.meflownet.prior_file import load_prior, save_prior
from mellm.train.flow_batches import (
    Batch,
    batches_per_epoch,
    chart_shard,
    collate,
    epoch_batches,
    read_chart_shard,
)
from mellm.train.flow_checkpoint import Average, load, save
from mellm.train.flow_export import export_onnx
from mellm.train.flow_pairs import fill, read_shard, shards
from mellm.train.motion_prior import chart_motion, learn_prior, mean_template


@dataclass(frozen=True, slots=True)
class FlowRecipe:
    """What a training run is made of; the fields of a recipe file.

    photos: folder of portraits, relative to where the command runs; identities are split by the generator
    ict: ICT-FaceKit's compact .npz, or None; full_3d: share of pairs drawn from its heads
    pairs, validation_pairs: how many to generate, from `seed`, in files of `shard` pairs
    prior: how many principal expression motions, depth errors and head motions, the temperature, and the
        pairs they are learned from
    depth_weights: safetensors file of the frozen depth backbone, where model.depth_features is 384
    steps, batch, rate, warmup, weight_decay, clip, average: of AdamW with a cosine schedule and an EMA
    checkpoint_minutes, validate_steps, log_steps: how often to save, measure and write the loss curve
    """

    photos: Path
    ict: Path | None = None
    full_3d: float = 0.0
    pairs: int = 3000
    validation_pairs: int = 100
    shard: int = 50
    seed: int = 0
    prior: dict[str, float] = field(
        default_factory=lambda: {
            "expressions": 200,
            "depths": 48,
            "heads": 8,
            "temperature": 0.15,
            "pairs": 1600,
        }
    )
    depth_weights: Path | None = None
    model: MEFlowNetConfig = field(default_factory=MEFlowNetConfig)
    loss: LossWeights = field(default_factory=LossWeights)
    steps: int = 3000
    batch: int = 4
    rate: float = 5e-4
    warmup: int = 100
    weight_decay: float = 1e-5
    clip: float = 1.0
    average: float = 0.998
    bfloat16: bool = True
    checkpoint_minutes: float = 3.0
    validate_steps: int = 300
    log_steps: int = 10

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, naming the field."""
        if self.pairs % self.shard or self.validation_pairs % self.shard or self.pairs < 1:
            raise InputError(f"pairs and validation_pairs must be multiples of shard ({self.shard}).")
        if bool(self.model.depth_features) != bool(self.depth_weights):
            raise InputError(
                "model.depth_features and depth_weights belong together; give both, or neither (0 and null)."
            )
        if self.steps <= self.warmup:
            raise InputError(f"steps is {self.steps}; it must be more than warmup ({self.warmup}).")


def read_recipe(path: Path) -> FlowRecipe:
    """Read a recipe; raises InputError where it is missing or has fields a run does not know."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        values["photos"] = Path(values["photos"])
        values["ict"] = Path(values["ict"]) if values.get("ict") else None
        if values.get("depth_weights"):
            values["depth_weights"] = Path(values["depth_weights"])
        values["model"] = MEFlowNetConfig.from_dict(values.get("model", {}))
        values["loss"] = LossWeights(**values.get("loss", {}))
        return FlowRecipe(**values)
    except (OSError, TypeError, KeyError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a flow recipe ({error}); see recipes/flow-compact.yaml.") from error


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
    folder.mkdir(parents=True, exist_ok=True)
    prior = _prepare(plan, folder, report)
    torch.manual_seed(plan.seed)
    model = MEFlowNet(plan.model, plan.bfloat16)
    backbone = load_depth_backbone(plan.depth_weights) if plan.depth_weights else None
    optimiser = torch.optim.AdamW(model.parameters(), plan.rate, weight_decay=plan.weight_decay)
    average = Average(model, plan.average)
    checkpoint = folder / "checkpoint.safetensors"
    step = int(load(checkpoint, model, average, optimiser)["step"]) if checkpoint.is_file() else 0
    files = shards(folder / "pairs" / "train")[: plan.pairs // plan.shard]
    started = saved = time.monotonic()
    last = plan.steps if steps is None else min(plan.steps, step + steps)
    report(f"step {step} of {plan.steps}, {sum(p.numel() for p in model.parameters()):,} parameters")

    def keep() -> None:
        facts = {"step": step, "model": plan.model.as_dict(), "seed": plan.seed}
        save(checkpoint, model, average, optimiser, facts)

    for batch in _endless(plan, files, prior, step):
        if step >= last or (minutes is not None and time.monotonic() - started > 60 * minutes):
            break
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * schedule(step, plan.warmup, plan.steps)
        loss, errors = train_step(model, optimiser, batch, plan, backbone)
        step += 1
        average.update(model, step)
        if step % plan.log_steps == 0:
            _log(folder / "loss.csv", {"step": step, "loss": loss, **errors})
            report(
                f"step {step}: loss {loss:.4f}, " + ", ".join(f"{k} {v:.3f} px" for k, v in errors.items())
            )
        if step % plan.validate_steps == 0:
            figures = validate(average, plan, folder, backbone)
            _log(folder / "validation.csv", {"step": step, **figures})
            report(f"validation at step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures.items()))
        if time.monotonic() - saved > 60 * plan.checkpoint_minutes:
            keep()
            saved = time.monotonic()
    keep()
    return export_onnx(averaged(average, plan.model), folder / "meflownet.onnx", backbone)


def schedule(step: int, warmup: int, steps: int) -> float:
    """Return the share of the top learning rate: linear warm-up, then half a cosine to a hundredth."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * (step - warmup) / (steps - warmup))))


def train_step(
    model: MEFlowNet,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    plan: FlowRecipe,
    backbone: DepthBackbone | None = None,
) -> tuple[float, dict[str, float]]:
    """Make one optimiser step; return the loss and the errors on the face, chart pixels."""
    model.train()
    predictions = predict(model, batch, backbone)
    loss, errors = sequence_loss(predictions, batch.facial, batch.head, batch.face, batch.valid, plan.loss)
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
    optimiser.step()
    return float(loss.detach()), errors


def predict(model: MEFlowNet, batch: Batch, backbone: DepthBackbone | None) -> list[Prediction]:
    """Run the network on a batch, with frozen depth features where it was built for them."""
    depth = depth_of(backbone, batch.onset, batch.apex, model.config.stride)
    answer: list[Prediction] = model(
        batch.onset, batch.apex, batch.start_facial, batch.start_head, batch.rigid, depth
    )
    return answer


def averaged(average: Average, config: MEFlowNetConfig) -> MEFlowNet:
    """Return a network, ready to use, with the averaged weights."""
    model = MEFlowNet(config)
    model.load_state_dict(average.values)
    return model.eval()


def validate(
    average: Average, plan: FlowRecipe, folder: Path, backbone: DepthBackbone | None = None
) -> dict[str, float]:
    """Return mean errors on held-out identities, chart pixels, of the averaged weights and of the start."""
    model = averaged(average, plan.model)
    model.reduced = plan.bfloat16
    sums: dict[str, float] = {}
    prior = load_prior(folder / "meflownet_prior.safetensors")
    count = 0
    for shard in shards(folder / "pairs" / "val")[: plan.validation_pairs // plan.shard]:
        for pair in read_chart_shard(chart_shard(shard, prior)):
            batch = collate([pair], np.zeros(1, bool))
            with torch.no_grad():
                predictions = predict(model, batch, backbone)
                untrained = MEFlowNet.start(batch.start_facial, batch.start_head, plan.model.stride)
                for name, answer in (("", predictions[-1:]), ("start_", [untrained])):
                    _, errors = sequence_loss(
                        answer, batch.facial, batch.head, batch.face, batch.valid, plan.loss
                    )
                    for key, value in errors.items():
                        sums[name + key] = sums.get(name + key, 0.0) + value
            count += 1
    return {key: value / count for key, value in sums.items()}


def _prepare(plan: FlowRecipe, folder: Path, report: Callable[[str], None]) -> MotionPrior:
    """Generate the pairs and learn the prior, unless they are there."""
    parts: tuple[tuple[Split, int, int], ...] = (
        ("train", plan.pairs, plan.seed),
        ("val", plan.validation_pairs, plan.seed + 1),
    )
    for split, count, seed in parts:
        place = folder / "pairs" / split
        if len(list(place.glob("pairs-*[0-9].npz"))) * plan.shard < count:
            report(f"generating {count} {split} pairs")
            source = MEFlowConfig(plan.photos, plan.ict, plan.full_3d)
            fill(place, PairSource(source, split, seed), count, plan.shard)
    path = folder / "meflownet_prior.safetensors"
    if not path.is_file():
        report("learning the motion prior")
        wanted = shards(folder / "pairs" / "train")[: max(1, int(plan.prior["pairs"]) // plan.shard)]
        template = mean_template([pair.landmarks for pair in read_shard(wanted[0])])
        motions = (chart_motion(pair, template) for shard in wanted for pair in read_shard(shard))
        sizes = {name: int(plan.prior[name]) for name in ("expressions", "depths", "heads")}
        learned = learn_prior(motions, template, **sizes, temperature=plan.prior["temperature"])
        save_prior(learned, path)
    return load_prior(path)


def _endless(plan: FlowRecipe, files: list[Path], prior: MotionPrior, step: int) -> Iterator[Batch]:
    """Yield batches for ever, from the one that step `step` has."""
    per_epoch = batches_per_epoch(len(files), plan.shard, plan.batch)
    epoch, skip = divmod(step, per_epoch)
    while True:
        yield from epoch_batches(files, plan.shard, prior, plan.batch, plan.seed, epoch, skip)
        epoch, skip = epoch + 1, 0


def _log(path: Path, row: dict[str, Any]) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5f}" if isinstance(v, float) else v for k, v in row.items()})
