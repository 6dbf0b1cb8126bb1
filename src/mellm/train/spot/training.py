"""Training the spotting network from a recipe: traces, pieces, steps, dial; resumable at any checkpoint.

`train_spot` is what `mellm train spot RECIPE` calls.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file

from mellm.errors import InputError
from mellm.spot.evidence import with_evidence
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
from mellm.train.spot.dial_scores import dial_of, left_out_scores, read_scores
from mellm.train.spot.loss import spotting_loss
from mellm.train.spot.mirror import backwards, mirrored_inputs
from mellm.train.spot.network import SpottingNetwork, exported
from mellm.train.spot.pieces import Pieces, drawn_patterns, kept_pieces
from mellm.train.spot.recipe import SpotRecipe, read_spot_recipe

LOG_STEPS = 100
CHECKPOINT_STEPS = 200
CLIP = 1.0
"""Greatest length of the gradient."""


class SpotFacts(RunFacts):
    """The facts of a run: steps made, the network's shape, the seed."""

    step: int
    width: int
    dilations: tuple[int, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class SpotRun:
    """Where a run reads and writes, and who takes no part.

    out: its folder; data: the folder below which the recipe's clips lie; kept: folder of traces, patterns and
    pieces, which runs may share (None: `out`); ict: file of ICT-FaceKit, where its origin is to take part
    start: weights of a run to start from; leave_out: folds of people; dial_from: runs with people left out
        whose false alarms set the dial
    """

    out: Path
    data: Path
    kept: Path | None = None
    ict: Path | None = None
    leave_out: Sequence[str] = ()
    dial_from: Sequence[Path] = ()
    start: Path | None = None


def train_spot(
    recipe: Path,
    run: SpotRun,
    say: Callable[[str], None] = print,
    *,
    minutes: float | None = None,
    steps: int | None = None,
) -> Path:
    """Train by a recipe; returns the file with the weights and the dial.

    What the network says of left-out clips as they are is kept as `scores.json`. The dial comes from such
    of the runs `dial_from`, else from this run's own. Run again with the same arguments it goes on where it
    stopped; `minutes` and `steps` end this call early.
    """
    plan = read_spot_recipe(recipe)
    if run.start is not None:
        plan = plan.model_copy(update={"steps": plan.warm_steps, "rate": plan.warm_rate})
    folds = {clip.fold for clip in plan.clips}
    if unknown := set(run.leave_out) - folds:
        raise InputError(
            f"The recipe has no fold {', '.join(sorted(unknown))}; its folds: {', '.join(sorted(folds))}."
        )
    if not run.leave_out and not run.dial_from:
        raise InputError(
            "A dial needs people that were left out: train with --leave-out FOLD first, once per fold, and "
            "give those runs with --dial-from."
        )
    out, kept = run.out, run.kept or run.out
    kept.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    patterns = drawn_patterns(plan, run.ict, kept)
    pieces = kept_pieces(plan, run.data, folds - set(run.leave_out), patterns, kept, say)
    network = _network(plan, run.start)
    _learn(network, plan, pieces, out, say, minutes, steps)
    arrays = exported(network)
    scores = out / "scores.json"
    if run.leave_out:
        clips = [clip for clip in plan.clips if clip.fold in run.leave_out]
        found = left_out_scores(clips, run.data, kept / "traces", arrays)
        scores.write_text(json.dumps(found), encoding="utf-8")
    sources = [Path(other) / "scores.json" for other in run.dial_from] or [scores]
    arrays["dial.rates"], arrays["dial.scores"] = dial_of(read_scores(sources))
    file = out / "spotting.safetensors"
    save_file(arrays, file)
    return file


def _network(plan: SpotRecipe, start: Path | None) -> SpottingNetwork:
    """A fresh network, or one with the weights of another run."""
    torch.manual_seed(plan.seed)
    network = SpottingNetwork(plan.width, plan.dilations, plan.dropout)
    if start is not None:
        known = network.state_dict()
        stored = {name: value for name, value in load_file(start).items() if name in known}
        network.load_state_dict(stored)
    return network


def _learn(
    network: SpottingNetwork,
    plan: SpotRecipe,
    pieces: Pieces,
    out: Path,
    say: Callable[[str], None],
    minutes: float | None,
    steps: int | None,
) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=plan.weight_decay)
    checkpoint = out / "checkpoint.safetensors"
    step = 0
    if checkpoint.is_file():
        step = _restore(checkpoint, network, optimiser, plan)
    say(f"step {step} of {plan.steps}, {sum(p.numel() for p in network.parameters()):,} parameters")
    started, losses = time.monotonic(), []
    last = plan.steps if steps is None else min(plan.steps, step + steps)
    order = np.random.default_rng(plan.seed).permutation(len(pieces.seen))
    held, learned = order[: max(1, len(order) // 25)], order[max(1, len(order) // 25) :]
    while step < last and (minutes is None or time.monotonic() - started < 60 * minutes):
        rng = np.random.default_rng([plan.seed, 1, step])
        chosen = torch.from_numpy(learned[rng.integers(0, len(learned), plan.batch)])
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * one_cycle(step, plan.steps)
        torch.manual_seed(plan.seed * 1_000_003 + step)
        network.train()
        losses.append(_step(network, optimiser, pieces, chosen, step))
        step += 1
        if step % LOG_STEPS == 0:
            _log(
                out,
                say,
                step,
                float(np.mean(losses[-LOG_STEPS:])),
                _held_loss(network, pieces, torch.from_numpy(held), plan.batch),
            )
        if step % CHECKPOINT_STEPS == 0 or step == last:
            _keep(checkpoint, network, optimiser, step, plan)
    _keep(checkpoint, network, optimiser, step, plan)
    network.eval()


def one_cycle(step: int, steps: int) -> float:
    """The share of the top learning rate: up over the first tenth, down by half a cosine to nothing."""
    first = max(1, steps // 10)
    if step < first:
        return 0.05 + 0.95 * step / first
    return 0.5 * (1 + float(np.cos(np.pi * (step - first) / max(1, steps - first)))) + 1e-4


def _step(
    network: SpottingNetwork,
    optimiser: torch.optim.Optimizer,
    pieces: Pieces,
    chosen: torch.Tensor,
    step: int,
) -> float:
    seen, target, trust = (values[chosen].float() for values in (pieces.seen, pieces.target, pieces.trust))
    if step % 2:
        seen = mirrored_inputs(seen)
    if step // 2 % 2:
        seen, target, trust = backwards(seen, target, trust)
    loss = spotting_loss(network(_evident(seen)), target, trust)
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    optimiser.step()
    return float(loss.detach())


def _evident(seen: torch.Tensor) -> torch.Tensor:
    """Pieces with their evidence, as inference sees them."""
    return torch.from_numpy(with_evidence(seen.numpy()))


@torch.no_grad()
def _held_loss(network: SpottingNetwork, pieces: Pieces, held: torch.Tensor, batch: int) -> float:
    """Loss on the pieces that are not learned from: of the same people and movements."""
    network.eval()
    losses = []
    for part_of in torch.split(held, batch):
        said = network(_evident(pieces.seen[part_of].float()))
        losses.append(
            float(spotting_loss(said, pieces.target[part_of].float(), pieces.trust[part_of].float()))
        )
    return float(np.mean(losses))


def _log(out: Path, say: Callable[[str], None], step: int, loss: float, held: float) -> None:
    append_row(out / "loss.csv", {"step": step, "loss": f"{loss:.4f}", "held": f"{held:.4f}"})
    say(f"step {step}  loss {loss:.3f}  held {held:.3f}")


def _keep(
    path: Path, network: SpottingNetwork, optimiser: torch.optim.Optimizer, step: int, plan: SpotRecipe
) -> None:
    tensors = {f"model.{k}": v.contiguous() for k, v in network.state_dict().items()}
    tensors |= adam_tensors(optimiser)
    facts = SpotFacts(step=step, width=plan.width, dilations=plan.dilations, seed=plan.seed)
    write_checkpoint(path, tensors, facts)


def _restore(path: Path, network: SpottingNetwork, optimiser: torch.optim.Optimizer, plan: SpotRecipe) -> int:
    facts, tensors = read_facts(path, SpotFacts), read_tensors(path)
    if (facts.width, tuple(facts.dilations), facts.seed) != (plan.width, plan.dilations, plan.seed):
        raise InputError(f"{path.parent} holds a run of another recipe; give another output folder.")
    network.load_state_dict(part(tensors, "model."))
    restore_adam(optimiser, tensors)
    return facts.step
