"""Figures of the motion encoders, the FACS stage and both, per left-out origin; and the weights of both.

    python benchmarks/bench_motion_encoders.py runs/motion --sheets CSV...             prints figures (JSON)
    python benchmarks/bench_motion_encoders.py runs/motion --sheets CSV... --untrained before training
    python benchmarks/bench_motion_encoders.py runs/motion --sheets CSV... --fit       weights, combination.py
    python benchmarks/bench_motion_encoders.py runs/motion --sheets CSV... --clean     the clean
    python benchmarks/bench_motion_encoders.py runs/motion --sheets CSV... --language KEPT.jsonl

The last one shows the language model what each encoder sees and asks for units and label (some seconds a
sample; `KEPT.jsonl` keeps what it said); `--adapter`: another than the one that ships.

`runs/motion` holds `samples/`, made by `mellm train language recipes/language-motion.yaml` (docs/mellm.md).
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from motion_cases import ROUTES, Cases, crop_kind, stored_cases
from numpy.typing import NDArray
from scipy.optimize import minimize

from mellm.facs.blinks import feigned_units
from mellm.facs.codes import parse_code
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_patterns import patterns_of
from mellm.instruct.motion_samples import STORED_CHUNK
from mellm.language.backends.embedded import EmbeddedBackend
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.combination import (
    CombinationWeights,
    combined_labels,
    combined_units,
    weights_of,
)
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.language.motion.opinion import log_odds
from mellm.language.motion.questions import UNITS
from mellm.language.prompt import Scale
from mellm.language.shown_motion import shown_to
from mellm.simulate.generated_flow import Pattern as FlowPattern


def fitted(parts: Sequence[Cases], route: Route) -> CombinationWeights:
    """Fit both weights by likelihood; units pooled, samples without a label left out for labels."""
    rows, truth, columns, pairs, labels = [], [], [], [], []
    for cases in parts:
        for (stage, emotion), opinion, units, label in zip(
            cases.stage, cases.seen[route], cases.units, cases.labels, strict=True
        ):
            told = {unit.au: unit.likelihood for unit in opinion.units}
            for unit in stage:
                if unit.au in told:
                    rows.append((log_odds(unit.probability), log_odds(told[unit.au]), 1.0))
                    truth.append(units[UNITS.index(unit.au)] > 0)
                    columns.append(unit.au)
            if label >= 0:
                names = list(emotion)
                mine = opinion.labels(cases.taxonomy)
                pairs.append([[np.log(max(p[n], 1e-4)) for n in names] for p in (emotion, mine)])
                labels.append(label)
    x, y = np.array(rows), np.array(truth, float)
    units_fit = minimize(
        lambda w: float(np.logaddexp(0, x @ w).mean() - (y * (x @ w)).mean()) + 1e-4 * float(w @ w),
        np.array([0.5, 0.5, 0.0]),
    )
    z, chosen = np.array(pairs), np.array(labels)

    def loss(w: NDArray[np.float64]) -> float:
        scores = np.tensordot(w, z, (0, 1))
        high = scores.max(1, keepdims=True)
        logs = scores - high - np.log(np.exp(scores - high).sum(1, keepdims=True))
        return float(-logs[np.arange(len(chosen)), chosen].mean()) + 1e-4 * float(w @ w)

    label_fit = minimize(loss, np.array([0.5, 0.5]), bounds=[(0, 3), (0, 3)])
    scores = x @ units_fit.x
    c_best = best_offset(scores, np.array(columns), y)
    a, b, c = (round(float(w), 3) for w in units_fit.x)
    c = round(c + c_best, 3)
    p, q = (round(float(w), 3) for w in label_fit.x)
    return CombinationWeights((a, b, c), (p, q))


def best_offset(scores: NDArray[np.float64], columns: NDArray[np.int64], truth: NDArray[np.float64]) -> float:
    """Return what to add to log-odds so that calling units from zero on has the best macro F1."""
    found = []
    for offset in np.arange(-0.5, 2.51, 0.1):
        called, f1 = scores + offset > 0, []
        for au in set(columns.tolist()):
            here, true = columns == au, truth > 0
            if (here & true).sum() >= 10:
                hit, total = (called & true & here).sum(), (called & here).sum() + (true & here).sum()
                f1.append(2 * hit / max(1, total))
        found.append((float(np.mean(f1)), round(float(offset), 2)))
    return max(found)[1]


def encoder_offset(parts: Sequence[Cases], route: Route) -> float:
    """Return the offset of an encoder's own units, `OFFSETS` of it."""
    told = [
        (log_odds(unit.likelihood), unit.au, float(units[k] > 0))
        for cases in parts
        for opinion, units in zip(cases.seen[route], cases.units, strict=True)
        for k, unit in enumerate(opinion.units)
    ]
    scores, columns, truth = (np.array(column) for column in zip(*told, strict=True))
    return best_offset(scores, columns, truth)


def resampled(people: NDArray[np.int64], rounds: int, seed: int) -> list[NDArray[np.int64]]:
    """Return rows drawn by people with replacement, a list of rows a round."""
    rng, rows = np.random.default_rng(seed), {p: np.flatnonzero(people == p) for p in np.unique(people)}
    names = np.array(list(rows))
    return [np.concatenate([rows[p] for p in rng.choice(names, len(names))]) for _ in range(rounds)]


def unit_f1(called: NDArray[np.bool_], truth: NDArray[np.bool_], kept: NDArray[np.bool_]) -> float:
    """Return macro F1 of the kept units; called, truth (N, 22)."""
    hit, total = (called & truth).sum(0)[kept], (called.sum(0) + truth.sum(0))[kept]
    return float(np.mean(2 * hit / np.maximum(total, 1)))


def label_f1(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """Return UF1 over the labels that occur, and the recall of each."""
    f1, recall = [], []
    for label in np.unique(truth):
        hit = ((predicted == label) & (truth == label)).sum()
        f1.append(2 * hit / max(1, (predicted == label).sum() + (truth == label).sum()))
        recall.append(hit / (truth == label).sum())
    return float(np.mean(f1)), np.array(recall)


Said = dict[Route, list[tuple[NDArray[np.bool_], int]]]
"""Route -> of every case the units called (22,) and the label's number."""


def spoken(cases: Cases, kind: str, adapter: Path | None, path: Path) -> Said:
    """Return what the language model says of each case, shown what an encoder sees; kept in a file."""
    backend = EmbeddedBackend(adapter=adapter)
    scale: Scale = "relative" if kind == "stored" else "px"
    reader = LanguageReader(
        backend, taxonomy=cases.taxonomy, asking=Asking(form="compact", timeout=None, brief=True)
    )
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    kept = {(a, b, c): d for a, b, c, d in map(json.loads, lines)}
    labels, found = get_taxonomy(cases.taxonomy).labels, {}
    for route in cases.seen:
        found[route] = []
        for k, opinion in enumerate(cases.seen[route]):
            if (kind, route, k) not in kept:
                read = reader.read(cases.motion[k], [], None, scale=scale, seen=shown_to(backend, opinion))
                kept[kind, route, k] = [read.action_units, read.probabilities, read.seconds]
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([kind, route, k, kept[kind, route, k]]) + "\n")
            codes, shares, _ = kept[kind, route, k]
            named = {parse_code(code).au for code in codes}
            best = max(range(len(labels)), key=lambda i: shares.get(labels[i], 0.0))
            found[route].append((np.array([au in named for au in UNITS]), best))
    return found


def readers_of(
    cases: Cases, scale: Scale, clean: bool
) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Return reader -> units called (N, 22) and label (N,): the stage, both encoders, both together."""
    found = {"facs": [_answer(s, e) for s, e in cases.stage]}
    # Flow without scale does not say how far lids close.
    feigned = [feigned_units(motion) if scale == "px" else frozenset() for motion in cases.motion]
    for route in cases.seen:
        weights = weights_of(route, scale, clean=clean)
        told = [
            ([AUEvidence(u.au, u.side, u.likelihood, None, ()) for u in o.units], o.labels(cases.taxonomy))
            for o in cases.seen[route]
        ]
        found[route] = [_answer(units, shares) for units, shares in told]
        found[f"facs+{route}"] = [
            _answer(combined_units(s, o, weights, lids), combined_labels(e, shares, weights))
            for (s, e), o, (_, shares), lids in zip(
                cases.stage, cases.seen[route], told, feigned, strict=True
            )
        ]
    return {
        name: (np.array([units for units, _ in rows]), np.array([label for _, label in rows]))
        for name, rows in found.items()
    }


def _answer(units: Sequence[AUEvidence], shares: Mapping[str, float]) -> tuple[NDArray[np.bool_], int]:
    called = {u.au for u in units if u.probability >= 0.5}
    names = list(shares)
    return np.array([au in called for au in UNITS]), max(range(len(names)), key=lambda i: shares[names[i]])


def figures(
    cases: Cases,
    scale: Scale,
    said: Said | None = None,
    clean: bool = False,
    rounds: int = 1000,
    least: int = 10,
) -> dict[str, dict[str, object]]:
    """Return units macro F1, label UF1, UAR and recalls of every reader, with 95% intervals over people.

    `gain`: how far both together are above the stage and above the encoder alone, with its interval.
    """
    truth, labels = np.array(cases.units) > 0, np.array(cases.labels)
    people, empty, kept = np.array(cases.people), ~truth.any(1), truth.sum(0) >= least
    draws = resampled(people, rounds, 0)
    readers, found, spread = readers_of(cases, scale, clean), {}, {}
    for route, answers in (said or {}).items():
        readers[f"language, shown {route}"] = tuple(map(np.array, zip(*answers, strict=True)))
    for name, (called, said) in readers.items():
        uf1, recall = label_f1(said[labels >= 0], labels[labels >= 0])
        units = np.array([unit_f1(called[d], truth[d], kept) for d in draws])
        drawn = [d[labels[d] >= 0] for d in draws]
        named = np.array([label_f1(said[d], labels[d])[0] for d in drawn])
        spread[name] = (units, named)
        found[name] = {
            "units_f1": [round(unit_f1(called, truth, kept), 3), *_interval(units)],
            "uf1": [round(uf1, 3), *_interval(named)],
            "uar": round(float(recall.mean()), 3),
            "recall": [round(float(r), 2) for r in recall],
            "false_units_per_still": round(float(called[empty].sum(1).mean()), 3) if empty.any() else None,
        }
    for route in cases.seen:
        for other in ("facs", route):
            gain = [spread[f"facs+{route}"][k] - spread[other][k] for k in (0, 1)]
            found[f"facs+{route}"][f"gain over {other}"] = {
                "units_f1": _interval(gain[0]),
                "uf1": _interval(gain[1]),
            }
    return found


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [round(float(v), 3) for v in np.percentile(values, (2.5, 97.5))]


def untrained(folder: Path) -> Path:
    """Write both encoders as they are before any training (seed 0); returns the folder."""
    import torch

    from mellm.train.language.motion_encoders import Routes
    from mellm.train.language.motion_export import export_encoder

    torch.manual_seed(0)
    routes = Routes().eval()
    for route in ROUTES:
        export_encoder(routes, route, folder)
    return folder


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--offsets", action="store_true", help="with --fit: of encoders whose own are 0")
    parser.add_argument("--weights", type=Path, default=None, help="folder with other encoders")
    parser.add_argument("--untrained", action="store_true", help="encoders before any training")
    parser.add_argument("--language", type=Path, metavar="KEPT", help="ask the language model too")
    parser.add_argument("--adapter", type=Path, help="with --language: another adapter than the shipped one")
    parser.add_argument("--clean", action="store_true", help="encoders and stage that rest on no sheet")
    parser.add_argument("--sheets", type=Path, nargs="*", required=True, help="the recipe's, in its order")
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=list(ROUTES))
    parser.add_argument("--kinds", nargs="+", default=["table", "ict", "muscle", "stored"])
    parser.add_argument("--most", type=int, default=1000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        weights = untrained(Path(scratch)) if args.untrained else args.weights
        encoders: dict[Route, MotionEncoder] = {
            r: MotionEncoder(r, weights) if weights else MotionEncoder(r, clean=args.clean)
            for r in args.routes
        }
        found = {
            kind: crop_kind(args.run, kind, args.most, encoders, args.clean)
            for kind in args.kinds
            if kind != "stored"
        }
        if "stored" in args.kinds:
            patterns = patterns_of(args.sheets)
            labelled = [FlowPattern(p.units, FINE.index(p.emotion), p.emotion) for p in patterns]
            seeds = range(50_000, 50_000 + max(1, min(4, args.most // STORED_CHUNK)))
            samples = read_motion_samples(args.run / "samples", "stored-val-*.npz")
            found["stored"] = stored_cases(labelled, seeds, samples, encoders, args.clean)
    if not args.fit:
        scales: dict[str, Scale] = {"stored": "relative"}
        told = {}
        for kind, cases in found.items():
            said = spoken(cases, kind, args.adapter, args.language) if args.language else None
            told[kind] = figures(cases, scales.get(kind, "px"), said, args.clean)
        print(json.dumps(told, indent=1))
        return
    for route in encoders:
        if args.offsets:
            print(route, "offset", encoder_offset([found["table"], found["ict"], found["stored"]], route))
            continue
        print((route, "px"), fitted([found["table"], found["ict"]], route))
        print((route, "relative"), fitted([found["stored"]], route))


if __name__ == "__main__":
    main()
