"""Training of the learned action-unit model (`mellm.facs.learned`) on measured generated pairs.

Networks of one hidden layer, trained on both halves of every face and averaged. Beside measured pairs they
see motion without pictures that carries the measured pairs' errors (`mellm.train.facs.described_motion`).
Flow adds up where motions do: in each epoch a share of the samples gets another sample's motion and units on
top, so that combinations are seen that no pair had, and a share gets lids that move
(`mellm.train.facs.lid_motion`), as real eyes do all the time.
Slope, offset and the side rule are fitted on validation identities; test identities only give the figures.
Needs torch and scikit-learn.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mellm.face.regions import REGION_NAMES
from mellm.facs.learned import (
    LearnedAUModel,
    Vectors,
    mirrored_motion,
    rules_of,
    save_au_model,
    view_features,
)
from mellm.facs.unit_figures import calibration_error, f1, side_gap
from mellm.facs.unit_rules import PRESENT, UNITS
from mellm.flow import create
from mellm.flow.normalised import region_boxes
from mellm.simulate.gallery import Gallery, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import WITH_UNITS, Origin
from mellm.train.facs.described_motion import describe, with_errors
from mellm.train.facs.lid_motion import with_moving_lids
from mellm.train.facs.region_pairs import RegionPairs, in_chunks, measure_pairs
from mellm.train.recipe import Recipe

_LEAST_SPREAD = np.float32(0.02)
"""Features that hardly vary are not blown up to the size of the others."""

_BOX_EYES = 20.0
"""Distance of the outer eye corners in `region_boxes`, its own pixels."""


class RegionsConfig(Recipe):
    """Settings of one training run (a recipe in YAML has the same names, and `model: regions`).

    faces: folder of portraits; ict: ICT-FaceKit's compact .npz; estimator: of the flow
    pairs, val_pairs, test_pairs: how many to make; cache: folder that keeps measured pairs, or None
    hidden: width of the network; epochs, batch, rate, decay, dropout: of AdamW
    mix: share of samples that get another's motion on top; noise: of the vectors, inter-ocular distances
    lids: share of samples whose lids move besides; nets: how many networks are averaged
    described: samples per measured one and epoch that were drawn without any picture; pool: of how many
    without: an origin of motion that training leaves out, to test on it
    seed: of everything random
    """

    faces: str
    ict: str
    cache: str | None = None
    estimator: str = "dis"
    pairs: int = 3000
    val_pairs: int = 500
    test_pairs: int = 500
    hidden: int = 192
    epochs: int = 30
    batch: int = 128
    rate: float = 0.002
    decay: float = 0.01
    dropout: float = 0.2
    mix: float = 0.3
    noise: float = 0.0006
    lids: float = 0.12
    nets: int = 2
    described: float = 1.0
    pool: int = 8000
    without: str | None = None
    seed: int = 0


def train_regions(
    config: RegionsConfig, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> LearnedAUModel:
    """Make and measure pairs (or take them from the cache), train, write `output`, return the model."""
    started = time.perf_counter()
    cv2.setNumThreads(1)
    train = gather_pairs(config, "train", config.pairs, say)
    val = gather_pairs(config, "val", config.val_pairs, say)
    test = gather_pairs(config, "test", config.test_pairs, say)
    model = fit_au_model(train, val, config, IctModel(config.ict))
    about = {
        "format": "mellm facs regions 1",
        "pairs": f"{len(train.vectors)} train, {len(val.vectors)} val, {len(test.vectors)} test",
        "estimator": config.estimator,
        "seed": str(config.seed),
    }
    save_au_model(model, Path(output), about)
    for line in figures(model, test):
        say(line)
    say(f"{output} written after {time.perf_counter() - started:.0f} s")
    return model


def gather_pairs(
    config: RegionsConfig, split: Split, count: int, say: Callable[[str], None] = lambda text: None
) -> RegionPairs:
    """Return `count` measured pairs of a split; chunks in the cache are read, others made and kept."""
    units = tuple(sorted(unit.au for unit in UNITS))
    gallery = cache(lambda: Gallery(config.faces))

    def measured(indices: range) -> RegionPairs:
        return measure_pairs(
            gallery(), config.ict, split, indices, create(config.estimator), units, config.seed
        )

    kept = Path(config.cache) / f"{split}-{config.estimator}-{config.seed}" if config.cache else None
    return in_chunks(measured, count, kept, lambda done: say(f"{split}: {done} of {count} pairs measured"))


def fit_au_model(
    train: RegionPairs, val: RegionPairs, config: RegionsConfig, scans: IctModel | None = None
) -> LearnedAUModel:
    """Train the networks on `train`, average their logits, calibrate on `val`.

    Without `scans` no motion is drawn from them.
    """
    train, val = (
        pairs.rows(np.array([d != config.without for d in pairs.description])) for pairs in (train, val)
    )
    rules = rules_of(train.units)
    # The picture's left half is the subject's right; the mirrored picture shows the other half there.
    motion, labels = _halves(train)
    pool, pool_labels = _described(train, config, scans)
    features = view_features(motion, rules)
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SPREAD)

    def batch(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        rows = rng.choice(len(pool), min(len(pool), int(config.described * len(motion))), replace=False)
        drawn = with_errors(pool[rows], train, rng) if len(rows) else pool[rows]
        v, t = np.concatenate([motion, drawn]), np.concatenate([labels, pool_labels[rows]])
        v, t = mixed(v, t, config, rng)
        v, t = with_moving_lids(v, t, train.units, config.lids, rng)
        x = (view_features(v, rules) - mean) / spread
        return torch.from_numpy(x), torch.from_numpy(t.astype(np.float32))

    layers = [_network(features.shape[1], len(train.units), batch, config, net) for net in range(config.nets)]
    count = len(train.units)
    # The mean of several networks' logits is the logit of one whose hidden layers lie side by side.
    plain = LearnedAUModel(
        units=train.units,
        rules=rules,
        mean=mean,
        spread=spread,
        hidden=np.concatenate([h.weight.detach().numpy().T for h, _ in layers], axis=1),
        hidden_bias=np.concatenate([h.bias.detach().numpy() for h, _ in layers]),
        output=np.concatenate([o.weight.detach().numpy().T / np.float32(len(layers)) for _, o in layers]),
        output_bias=np.mean([o.bias.detach().numpy() for _, o in layers], axis=0, dtype=np.float32),
        slope=np.ones(count, np.float32),
        offset=np.zeros(count, np.float32),
        gap=np.ones(1, np.float32),
    )
    return calibrated(plain, val)


def _halves(pairs: RegionPairs) -> tuple[Vectors, NDArray[np.int8]]:
    """Both views of every pair (2N, 29, 2), and the units (2N, U) of the half that each reads."""
    motion = np.concatenate([pairs.vectors, mirrored_motion(pairs.vectors)])
    return motion, np.concatenate([pairs.halves[:, 1], pairs.halves[:, 0]])


def _described(
    train: RegionPairs, config: RegionsConfig, scans: IctModel | None
) -> tuple[Vectors, NDArray[np.int8]]:
    """Both views of motion without pictures, of the origins that take part."""
    origins = [o for o in WITH_UNITS if o != config.without and (scans or o is not Origin.ICT)]
    if train.truth is None or config.described <= 0:
        return train.vectors[:0], train.halves[:0, 0]
    return _halves(
        describe(origins, train.units, config.pool // 2, scans, np.random.default_rng(config.seed))
    )


def _network(
    inputs: int,
    outputs: int,
    epoch: Callable[[np.random.Generator], tuple[torch.Tensor, torch.Tensor]],
    config: RegionsConfig,
    number: int,
) -> tuple[torch.nn.Linear, torch.nn.Linear]:
    """Train one network on what `epoch` draws each time; return its hidden and output layer."""
    torch.manual_seed(config.seed + 1000 * number)
    rng = np.random.default_rng(config.seed + 1000 * number)
    hidden = torch.nn.Linear(inputs, config.hidden)
    output = torch.nn.Linear(config.hidden, outputs)
    net = torch.nn.Sequential(
        torch.nn.Dropout(config.dropout / 2),
        hidden,
        torch.nn.ReLU(),
        torch.nn.Dropout(config.dropout),
        output,
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.rate, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs)
    for _ in range(config.epochs):
        x, y = epoch(rng)
        for rows in torch.split(torch.randperm(len(x)), config.batch):
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(net(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
    return hidden, output


def mixed(
    motion: Vectors, labels: NDArray[np.int8], config: RegionsConfig, rng: np.random.Generator
) -> tuple[Vectors, NDArray[np.int8]]:
    """Lay other samples' motion, of random strength, over a share of the samples; smear half; add noise.

    Smeared motion is what coarse or over-smoothed flow gives: regions take part in their neighbours' motion.
    """
    v, t = motion.copy(), labels.copy()
    chosen = np.flatnonzero(rng.random(len(v)) < config.mix)
    others = rng.integers(len(v), size=len(chosen))
    strength = np.exp(rng.normal(-0.3, 0.5, len(chosen))).astype(np.float32)
    v[chosen] += strength[:, None, None] * motion[others]
    t[chosen] |= labels[others]
    v += rng.normal(0, config.noise, v.shape).astype(np.float32)
    places = np.array([region_boxes()[name][:2] for name in REGION_NAMES]) / _BOX_EYES
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    for rows in np.array_split(rng.permutation(len(v))[: len(v) // 2], 10):
        weights = np.exp(-apart / (2 * rng.uniform(0.015, 0.11) ** 2))
        weights /= weights.sum(axis=1, keepdims=True)
        v[rows] = np.einsum("ij,njc->nic", weights, v[rows])
    return v, t


def calibrated(model: LearnedAUModel, val: RegionPairs) -> LearnedAUModel:
    """Fit slope and offset (Platt 1999), one for all units, and the gap that tells sides best."""
    halves = model.half_logits(val.vectors)
    present = val.halves.any(axis=1)
    fitted = LogisticRegression(C=1e3).fit(halves.max(axis=1).reshape(-1, 1), present.ravel())
    count = len(model.units)
    return replace(
        model,
        slope=np.full(count, fitted.coef_[0, 0], np.float32),
        offset=np.full(count, fitted.intercept_[0], np.float32),
        gap=np.array([side_gap(halves, val.halves)], np.float32),
    )


def figures(model: LearnedAUModel, pairs: RegionPairs) -> list[str]:
    """Return lines: F1 over all units, by description and per unit; calibration error."""
    p = model.probabilities(pairs.vectors)
    true: NDArray[np.bool_] = np.asarray(pairs.halves.any(axis=1), np.bool_)
    called = p >= PRESENT
    lines = [f"test: F1 {f1(called, true):.3f}, calibration error {calibration_error(p, true):.4f}"]
    for kind in sorted(set(pairs.description)):
        rows = np.array([d == kind for d in pairs.description])
        lines.append(f"  {kind}: F1 {f1(called[rows], true[rows]):.3f} ({rows.sum()} pairs)")
    per = (f"{au} {f1(called[:, u], true[:, u]):.2f}" for u, au in enumerate(model.units))
    return [*lines, "  per unit: " + ", ".join(per)]
