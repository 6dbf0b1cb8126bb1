"""`mellm flow bench`: all flow estimators on pairs of known motion, in one run.

Errors are mean end-point errors on the face in px, per stratum of peak expression and head motion, beside
"no expression" (assuming the face did not move by itself); times are per pair with landmarks given. Knows
estimators by name and pairs from the generator; trains and tunes nothing.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from mellm.errors import InputError
from mellm.evaluate.flow_calm import calm_figures
from mellm.evaluate.flow_figures import FlowFigures, MeanErrors, PairErrors, PairSample, StratumFigures
from mellm.evaluate.flow_test_pairs import TestPairs
from mellm.evaluate.runs import FlowRun, provenance, write_run
from mellm.flow import create
from mellm.flow.field import FlowEstimator
from mellm.flow.meflownet.motion_prior_file import load_prior
from mellm.flow.meflownet.runtime import NETWORK_FILE, PRIOR_FILE, MEFlowNetEstimator, fast
from mellm.simulate.pair import FlowPair

ESTIMATORS = ("meflownet", "meflownet-fast", "tvl1", "dis", "farneback", "deepflow")
"""What a bench compares by default; `meflownet-fast` is MEFlowNet without its network."""

STRATA = (("calm", 0.0, 0.01), ("subtle", 0.01, 0.8), ("small", 0.8, 2.0), ("moderate", 2.0, float("inf")))
"""Name, least and greatest peak of the true expression on the face, px."""

HEAD_MOVES = 0.05
"""Mean true head motion on the face, px, from which a head counts as moving."""

Field = NDArray[np.float32]


def bench_flow(
    pairs: TestPairs,
    *,
    estimators: Sequence[str] = ESTIMATORS,
    prior: str | Path | None = None,
    run: str | Path | None = None,
    drawn: str | Path | None = None,
    json: str | Path | None = None,
) -> FlowFigures:
    """Compare estimators; return (and write to `json`) the figures of every stratum.

    prior: another motion prior's file for `meflownet-fast`, such as a training run's.
    run: folder of a training run, whose prior and network stand for MEFlowNet's.
    drawn: folder of a run of `mellm.train.flow.drawn_run`; its network joins as `papers-form` (needs torch).
    The figures are in `calm` too for portraits: the expression found where there was none. Where the pairs
    say the origin of their motion, the figures of each origin are in `origins`.
    """
    started = time.perf_counter()
    trained = Path(run) if run else None
    fitted = Path(prior) if prior else trained and trained / PRIOR_FILE.name
    made = {name: _create(name, fitted, trained) for name in estimators}
    if drawn is not None:
        from mellm.train.flow.drawn_estimator import DRAWN_FILE, load_drawn

        network = load_drawn(drawn)
        made[network.name] = network
    estimators = list(made)
    samples = []
    for pair in pairs:
        where = pair.face & pair.valid
        if where.any():
            samples.append(_sample(pair, where, made))
    if not samples:
        raise InputError(f"{pairs.data} gave no pair with a visible face; give another folder.")
    figures = summarise(samples, estimators)
    if pairs.made:
        figures.calm = calm_figures(pairs.data, made, count=max(2, pairs.count // 10))
    if json is not None:
        settings: dict[str, JsonValue] = {
            "pairs": pairs.count,
            "estimators": list(estimators),
            "full_3d": pairs.full_3d,
            "data": str(pairs.data),
            "origins": [str(origin) for origin in pairs.origins],
        }
        inputs = [fitted] if fitted else []
        inputs += [trained / NETWORK_FILE.name] if trained else []
        inputs += [Path(drawn) / DRAWN_FILE] if drawn else []
        found = provenance(inputs, settings, pairs.seed, started)
        write_run(json, FlowRun(figures=figures, samples=samples, provenance=found))
    return figures


def _sample(pair: FlowPair, where: NDArray[np.bool_], estimators: Mapping[str, FlowEstimator]) -> PairSample:
    truth = _length(pair.facial - pair.head)[where]
    return PairSample(
        key=pair.key,
        identity=pair.identity,
        origin=pair.origin,
        peak=float(truth.max()),
        no_expression=float(truth.mean()),
        head_motion=float(_length(pair.head)[where].mean()),
        **{name: pair_errors(estimator, pair, where) for name, estimator in estimators.items()},
    )


def pair_errors(estimator: FlowEstimator, pair: FlowPair, where: NDArray[np.bool_]) -> PairErrors:
    """Run one estimator on one pair and measure it where `where` is true."""
    begun = time.perf_counter()
    flow = estimator.estimate(pair.onset, pair.apex, pair.landmarks)
    seconds = time.perf_counter() - begun
    truth = pair.facial - pair.head

    def mean(field: Field) -> float:
        return float(_length(field)[where].mean())

    return PairErrors(
        facial=mean(flow.facial - pair.facial),
        head=mean(flow.head - pair.head),
        expression=mean(flow.expression - truth),
        estimated_expression=mean(flow.expression),
        seconds=seconds,
    )


def summarise(samples: Sequence[PairSample], estimators: Sequence[str]) -> FlowFigures:
    """Average the samples per stratum and head motion, over all, and the same for every origin of motion."""
    figures = _summary(samples, estimators)
    for origin in dict.fromkeys(s.origin for s in samples if s.origin):
        figures.origins[origin] = _summary([s for s in samples if s.origin == origin], estimators)
    return figures


def _summary(samples: Sequence[PairSample], estimators: Sequence[str]) -> FlowFigures:
    strata: dict[str, dict[str, StratumFigures]] = {}
    for stratum, low, high in STRATA:
        for head in ("still", "moving"):
            chosen = [
                s
                for s in samples
                if low <= s.peak < high and (s.head_motion > HEAD_MOVES) == (head == "moving")
            ]
            if chosen:
                strata.setdefault(stratum, {})[head] = _averages(chosen, estimators)
    return FlowFigures(
        pairs=len(samples),
        strata=strata,
        all=_averages(samples, estimators),
        seconds={name: float(np.median([s.errors[name].seconds for s in samples])) for name in estimators},
        origins={},
    )


def table(figures: FlowFigures) -> str:
    """Return the figures as a table for people: facial / expression error, px, one column per estimator."""
    names = list(figures.seconds)
    width = max(16, *(len(name) + 2 for name in names))
    lines = ["facial / expression error on the face, px", ""]
    lines.append(f"{'stratum':<34}{'n':>4}{'no expr.':>10}" + "".join(f"{name:>{width}}" for name in names))
    rows = _rows(figures, "")
    for name, found in figures.origins.items():
        rows += [(f"origin {name}", found.all), *_rows(found, "  ")]
    for label, row in [*rows, ("all", figures.all)]:
        cells = [f"{row.errors[n].facial:.3f} / {row.errors[n].expression:.3f}" for n in names]
        lines.append(
            f"{label:<34}{row.pairs:>4}{row.no_expression:>10.3f}"
            + "".join(f"{cell:>{width}}" for cell in cells)
        )
    lines.append(
        f"{'ms per pair':<48}" + "".join(f"{1e3 * figures.seconds[name]:>{width}.0f}" for name in names)
    )
    for pose, lengths in figures.calm.items():
        label = f"no expression, {pose}: mean |found|"
        lines.append(f"{label:<48}" + "".join(f"{lengths[name]:>{width}.3f}" for name in names))
    return "\n".join(lines)


def _rows(figures: FlowFigures, indent: str) -> list[tuple[str, StratumFigures]]:
    """A table's rows of strata with their labels."""
    return [(f"{indent}{s}, {h} head", f) for s, heads in figures.strata.items() for h, f in heads.items()]


def _averages(samples: Sequence[PairSample], estimators: Sequence[str]) -> StratumFigures:
    nothing = float(np.mean([s.no_expression for s in samples]))

    def errors(name: str) -> MeanErrors:
        found = [s.errors[name] for s in samples]
        expression = float(np.mean([e.expression for e in found]))
        return MeanErrors(
            facial=float(np.mean([e.facial for e in found])),
            head=float(np.mean([e.head for e in found])),
            expression=expression,
            estimated_expression=float(np.mean([e.estimated_expression for e in found])),
            relative=expression / nothing if nothing > 1e-3 else None,
        )

    return StratumFigures(
        pairs=len(samples), no_expression=nothing, **{name: errors(name) for name in estimators}
    )


def _create(name: str, prior: Path | None, run: Path | None) -> FlowEstimator:
    if name == "meflownet-fast" and prior is not None:
        return fast(load_prior(prior))
    if name == "meflownet" and run is not None:
        return MEFlowNetEstimator(load_prior(run / PRIOR_FILE.name), run / NETWORK_FILE.name)
    return create("meflownet-fast" if name == "meflownet-fast" else name)


def _length(field: Field) -> Field:
    return np.asarray(np.hypot(field[..., 0], field[..., 1]), np.float32)
