"""Training MEFlowNet in the papers' form on drawn pairs: `python -m mellm.train.flow.drawn_run FOLDER --out
RUN`.

Needs torch, NumPy, OpenCV and safetensors alone, and the folder that `mellm train flow ... --prepare`
wrote, so it runs on a machine with a GPU where nothing of mellm is installed but its source. Resumable;
with `--seconds` the schedule follows the clock, whatever the machine's speed.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from mellm.train.flow.drawn_estimator import DRAWN_FILE
from mellm.train.flow.network import NetworkShape
from mellm.train.flow.network_training import NetworkTraining, TrainingPlan
from mellm.train.flow.pair_synthesis import PairDraw, PairSynthesis
from mellm.train.flow.pair_tensors import TrainingPairs
from mellm.train.flow.portrait_tensors import dense_motions, load_portraits

PAPER = NetworkShape(
    features=64, hidden=64, widths=(96, 128, 192, 256), scales=(0.25, 0.5, 1.0, 1.0, 1.0), warp="features"
)
"""The papers' form at about the papers' size: features are warped, five passes."""

EIGHTH = NetworkShape(warp="features", scales=(0.25, 0.5, 0.5, 0.5))
"""The papers' form in the compact size: features at an eighth of the size, four passes share weights."""

SHAPES = {
    "compact": NetworkShape(),
    "compact-features": NetworkShape(warp="features"),
    "compact-eighth": EIGHTH,
    "paper": PAPER,
}
"""Name -> shape."""


def run_drawn(
    folder: Path,
    out: Path,
    plan: TrainingPlan,
    without: str | None = None,
    minutes: float | None = None,
    validation: tuple[int, int] = (4, 16),
    report: Callable[[str], None] = print,
) -> Path:
    """Train on the material in `folder`; return the file of the averaged weights.

    without: an origin left out of training; it is validated on all the same
    minutes: end this call after so long, resumable; validation: batches of each origin, pairs a batch
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with np.load(folder / "motions.npz") as data:
        fields, origin, split = data["fields"], data["origin"], data["split"]
    names = sorted(set(origin.tolist()))
    if without is not None and without not in names:
        raise ValueError(f"there is no origin {without!r} in {folder}; choose one of {', '.join(names)}")
    index = np.array([names.index(name) for name in origin])
    spread = folder / "spread.npz"
    chosen = np.flatnonzero((split == "train") & (origin != without))
    draw = PairSynthesis(
        load_portraits(folder / "portraits-train.npz", device),
        dense_motions(fields[chosen], spread, device),
        torch.from_numpy(index[chosen]).to(device),
        seed=plan.seed,
    )
    others = load_portraits(folder / "portraits-val.npz", device)
    batches, size = validation
    held: dict[str, list[TrainingPairs]] = {}
    for name in names:
        chosen = np.flatnonzero((split == "val") & (origin == name))
        motions = dense_motions(fields[chosen], spread, device)
        alike = torch.zeros(len(chosen), dtype=torch.long, device=device)
        source = PairSynthesis(others, motions, alike, PairDraw(exact=0.5), seed=7)
        held[name] = [source.batch(size) for _ in range(batches)]
    run = NetworkTraining(plan, out, draw, held, report)
    run.go_on(minutes=minutes)
    figures = run.validate()
    path = out / DRAWN_FILE
    facts = {
        "step": run.step,
        "seconds": run.spent,
        "plan": asdict(plan),
        "without": without,
        "figures": figures,
    }
    save_file({n: t.cpu().contiguous() for n, t in run.average.items()}, path, {"facts": json.dumps(facts)})
    return path


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="what `mellm train flow ... --prepare` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run; an unfinished run goes on"
    )
    parser.add_argument("--shape", choices=sorted(SHAPES), default="compact")
    parser.add_argument("--without", help="an origin to leave out, for a test on it")
    parser.add_argument("--seconds", type=float, help="train so long in all, whatever the speed")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--minutes", type=float, help="end this call after so long, resumable")
    parser.add_argument(
        "--precision",
        choices=("bf16", "fp32"),
        default="bf16" if torch.cuda.is_available() else "fp32",
        help="of the learned layers; bf16 is the faster one on processors with instructions for it too",
    )
    asked = parser.parse_args()
    plan = TrainingPlan(
        shape=SHAPES[asked.shape],
        steps=asked.steps,
        batch=asked.batch,
        seconds=asked.seconds,
        bfloat16=asked.precision == "bf16",
    )
    if asked.seconds is not None:
        plan = replace(plan, steps=10**9)
    print(run_drawn(asked.folder, asked.out, plan, asked.without, asked.minutes))


if __name__ == "__main__":
    main()
