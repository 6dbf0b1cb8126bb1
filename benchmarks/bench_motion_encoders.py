"""Figures of the motion encoders, the FACS stage and both, per left-out origin; and the weights of both.

    python benchmarks/bench_motion_encoders.py runs/motion --fit      prints weights for combination.py
    python benchmarks/bench_motion_encoders.py runs/motion            prints figures (JSON)

`runs/motion` holds `samples/`, made by `mellm train language recipes/language-motion.yaml` (docs/mellm.md).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mellm.face.regions import REGION_NAMES
from mellm.facs import create_au_model
from mellm.facs.codes import ActionUnitCode, CodeSide
from mellm.facs.findings import AUEvidence
from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.stored_flow import COARSE, coarse_findings
from mellm.facs.stored_flow_units import unit_evidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.colour import mmc_map
from mellm.flow.measure import octant_of
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_fields import read_fine_patterns, with_repression
from mellm.instruct.motion_samples import STORED_CHUNK, MotionSamples
from mellm.language.motion.combination import (
    WEIGHTS,
    CombinationWeights,
    combined_labels,
    combined_units,
)
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.language.motion.map_tokens import stored_map
from mellm.language.motion.opinion import Opinion, log_odds
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, UNITS
from mellm.simulate.generated_flow import Pattern as FlowPattern
from mellm.simulate.generated_flow import generate

ROUTES: tuple[Route, ...] = ("flow", "vision")


def motion_of(numbers: NDArray[np.float32], moving: NDArray[np.bool_]) -> list[RegionMotion]:
    """Return a sample's regions again, px of a crop with 200 px between the eyes."""
    found = []
    for name, (u, v, mean), moves in zip(REGION_NAMES, numbers.astype(float), moving, strict=True):
        length = float(np.hypot(u, v))
        angle = float(np.degrees(np.arctan2(-v, u)) % 360)
        share = min(1.0, length / max(mean, 1e-9))
        octant = octant_of(angle) if share >= 0.15 and length > 0 else None
        found.append(
            RegionMotion(
                name, 200 * u, 200 * v, 200 * mean, 200 * mean, mean, angle, octant, share, bool(moves)
            )
        )
    return found


class Cases:
    """Samples with what the stage and both encoders make of them; the stage's labels are of `taxonomy`."""

    def __init__(self, taxonomy: str) -> None:
        self.taxonomy, self.units, self.labels = taxonomy, [], []
        self.stage: list[tuple[list[AUEvidence], dict[str, float]]] = []
        self.seen: dict[Route, list[Opinion]] = {route: [] for route in ROUTES}


def crop_cases(
    samples: MotionSamples, maps: NDArray[np.uint8], encoders: dict[Route, MotionEncoder]
) -> Cases:
    """Return the cases of crop samples with their maps, uint8 (N, 96, 80, 3)."""
    cases, au_model, emotions = Cases("7"), create_au_model(), shipped_emotion_model()
    labels = get_taxonomy("7").labels
    for k in range(len(samples)):
        motion = motion_of(samples.numbers[k], samples.moving[k])
        stage = au_model.predict(motion)
        cases.stage.append((stage, dict(emotions.predict(stage, "7"))))
        cases.seen["flow"].append(encoders["flow"].read_regions(motion))
        cases.seen["vision"].append(encoders["vision"].read_map(maps[k]))
        cases.units.append(samples.units[k])
        fine = FINE_LABELS[samples.fine[k]]
        cases.labels.append(labels.index(fine) if fine in labels else -1)
    return cases


def stored_cases(
    patterns: Sequence[FlowPattern],
    seeds: range,
    samples: MotionSamples,
    encoders: dict[Route, MotionEncoder],
) -> Cases:
    """Return the cases of generated 28x28 flow, made again by their seeds."""
    cases = Cases("3")
    for number, seed in enumerate(seeds):
        made = generate([*patterns, FlowPattern((), len(FINE), "")], STORED_CHUNK, seed)
        for k, stored in enumerate(made.flows):
            row = number * STORED_CHUNK + k
            field = recover_flow(stored)
            stage = dict(zip(COARSE, coarse_findings(stored).probabilities.tolist(), strict=True))
            cases.stage.append((unit_evidence(stored), stage))
            cases.seen["flow"].append(encoders["flow"].read_regions(regional_motion(field), "relative"))
            cases.seen["vision"].append(encoders["vision"].read_map(stored_map(field)))
            cases.units.append(samples.units[row])
            label = COARSE_LABELS[samples.coarse[row]]
            cases.labels.append(COARSE.index(label) if label in COARSE else -1)
    return cases


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


def unit_scores(called: Sequence[set[int]], truth: NDArray[np.uint8], least: int = 10) -> float:
    """Return macro F1 over the asked units with `least` samples or more."""
    found = []
    for k, au in enumerate(UNITS):
        true = truth[:, k] > 0
        hit = np.array([au in units for units in called])
        if true.sum() >= least:
            found.append(2 * (hit & true).sum() / max(1, hit.sum() + true.sum()))
    return float(np.mean(found))


def label_scores(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[float, float, list[float]]:
    """Return UF1, UAR and each label's recall."""
    f1, recall = [], []
    for label in sorted(set(truth.tolist())):
        hit = int(((predicted == label) & (truth == label)).sum())
        f1.append(2 * hit / max(1, int((predicted == label).sum() + (truth == label).sum())))
        recall.append(round(hit / int((truth == label).sum()), 3))
    return float(np.mean(f1)), float(np.mean(recall)), recall


def figures(cases: Cases, scale: str) -> dict[str, dict[str, object]]:
    """Return units macro F1, false units per still sample, label UF1 and UAR of every reader."""
    truth, labels = np.array(cases.units), np.array(cases.labels)
    empty = ~(truth > 0).any(1)
    readers: dict[str, tuple[list[list[AUEvidence]], list[dict[str, float]]]] = {
        "facs": ([s for s, _ in cases.stage], [e for _, e in cases.stage])
    }
    for route in ROUTES:
        units = [
            [AUEvidence(u.au, u.side, u.likelihood, None, ()) for u in o.units] for o in cases.seen[route]
        ]
        readers[route] = (units, [o.labels(cases.taxonomy) for o in cases.seen[route]])
        weights = WEIGHTS[route, "px" if scale == "px" else "relative"]
        both = [
            combined_units(s, o, weights) for (s, _), o in zip(cases.stage, cases.seen[route], strict=True)
        ]
        told = [
            combined_labels(e, o.labels(cases.taxonomy), weights)
            for (_, e), o in zip(cases.stage, cases.seen[route], strict=True)
        ]
        readers[f"facs+{route}"] = (both, told)
    found: dict[str, dict[str, object]] = {}
    for name, (units, shares) in readers.items():
        called = [{u.au for u in row if u.probability >= 0.5} for row in units]
        names = list(shares[0])
        best = np.array([max(range(len(names)), key=lambda i: row[names[i]]) for row in shares])
        uf1, uar, recall = label_scores(best[labels >= 0], labels[labels >= 0])
        false = (
            float(np.mean([len(c & set(UNITS)) for c, e in zip(called, empty, strict=True) if e]))
            if empty.any()
            else 0.0
        )
        found[name] = {
            "units_f1": round(unit_scores(called, truth), 3), "false_units_per_still": round(false, 3),
            "uf1": round(uf1, 3), "uar": round(uar, 3), "recall": recall,
        }  # fmt: skip
    return found


def drawn_maps(folder: Path, samples: MotionSamples, bare: bool = False) -> NDArray[np.uint8]:
    """Return the MMC-Maps of held-out crop samples, uint8 (N, 96, 80, 3), as the product draws them.

    bare: all on black, to be shown (the portraits are not ours to show)
    """
    import cv2

    from mellm.face.alignment import CROP_SIZE
    from mellm.flow.colour import mmc_colours
    from mellm.instruct.motion_faces import CropFace, field_of, head_residue, spread_over
    from mellm.instruct.motion_samples import blur_of
    from mellm.language.motion.map_tokens import MAP_SIZE

    with np.load(folder / "faces.npz") as data:
        faces = [CropFace(m, g) for m, g in zip(data["val_mesh"], data["val_grey"], strict=True)]
    bank = np.load(folder / "bank.npz")["fields"].astype(np.float32)
    errors = np.load(folder / "errors.npz")["errors"].astype(np.float32)
    spread = [spread_over(face.mesh, MAP_SIZE) for face in faces]
    assert CROP_SIZE[0] / MAP_SIZE[0] == CROP_SIZE[1] / MAP_SIZE[1]
    found = np.zeros((len(samples), MAP_SIZE[1], MAP_SIZE[0], 3), np.uint8)
    for k in range(len(samples)):
        face = faces[samples.face[k]]
        turn = face.to_crop / np.sqrt(abs(float(np.linalg.det(face.to_crop))))
        used = samples.rows[k] >= 0
        moved = (samples.weights[k][used, None, None] * bank[samples.rows[k][used]]).sum(0) @ turn.T
        flow = field_of(
            np.asarray(moved, np.float32).reshape(468, 2) if used.any() else np.zeros((468, 2), np.float32),
            spread[samples.face[k]],
            MAP_SIZE,
        )
        flow = np.asarray(
            cv2.GaussianBlur(flow, (0, 0), blur_of(int(samples.face[k])) * MAP_SIZE[0]), np.float32
        )
        for number, size in zip(samples.noise[k], samples.errors[k], strict=True):
            flow += size * cv2.resize(errors[number], MAP_SIZE, interpolation=cv2.INTER_CUBIC)
        flow += head_residue(samples.head[k], MAP_SIZE)
        scale = 1.0 if samples.by_scale[k] else None
        grey = np.repeat(face.grey[..., None], 3, axis=2)
        found[k] = (
            mmc_map(flow, grey, scale_px=scale)
            if samples.on_face[k] and not bare
            else mmc_colours(flow, scale_px=scale)
        )
    return found


def examples(cases: Cases, maps: NDArray[np.uint8], picture: Path, each: int = 10) -> str:
    """Draw the maps of `each` good and bad readings, numbered, and return what was true and said as a table.

    Good: label and units of both routes are right; bad: of neither. The first of each in the samples' order.
    """
    import cv2

    names = get_taxonomy("7").labels
    good, bad, lines = [], [], []
    for k, (units, label) in enumerate(zip(cases.units, cases.labels, strict=True)):
        true = {au for au, side in zip(UNITS, units, strict=True) if side > 0}
        right = []
        for route in ROUTES:
            opinion = cases.seen[route][k]
            shares = opinion.labels("7")
            best = max(shares, key=shares.__getitem__)
            right.append(({u.au for u in opinion.called} == true, label < 0 or best == names[label]))
        if label >= 0 and all(all(pair) for pair in right):
            good.append(k)
        elif label >= 0 and not any(any(pair) for pair in right):
            bad.append(k)
    chosen = [*good[:each], *bad[:each]]
    tiles = []
    for number, k in enumerate(chosen, 1):
        tile = cv2.resize(maps[k], (96, 115), interpolation=cv2.INTER_CUBIC)
        cv2.putText(tile, str(number), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
        tiles.append(tile)
        true_units = [
            ActionUnitCode(au, _SIDES[side]) for au, side in zip(UNITS, cases.units[k], strict=True) if side
        ]
        cells = [" + ".join(unit.code for unit in true_units), names[cases.labels[k]]]
        for route in ROUTES:
            opinion = cases.seen[route][k]
            shares = opinion.labels("7")
            best = max(shares, key=shares.__getitem__)
            cells += [" + ".join(u.code.code for u in opinion.called) or "none", f"{best} {shares[best]:.2f}"]
        lines.append("| " + " | ".join([str(number), *cells]) + " |")
    rows = [np.concatenate(tiles[r : r + 5], axis=1) for r in range(0, len(tiles) // 5 * 5, 5)]
    cv2.imwrite(str(picture), np.concatenate(rows)[..., ::-1])
    return "\n".join(lines)


_SIDES: tuple[CodeSide, ...] = ("both", "both", "left", "right")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--offsets", action="store_true", help="with --fit: of encoders whose own are 0")
    parser.add_argument("--weights", type=Path, default=None, help="folder with other encoders")
    parser.add_argument("--sheets", type=Path, nargs="+", required=True)
    parser.add_argument("--examples", type=Path, default=None, help="draw maps that were read well and badly")
    parser.add_argument("--most", type=int, default=1000)
    args = parser.parse_args()
    folder = args.run / "samples"
    encoders: dict[Route, MotionEncoder] = {
        r: MotionEncoder(r, args.weights) if args.weights else MotionEncoder(r) for r in ROUTES
    }
    found: dict[str, Cases] = {}
    for kind in ("table", "ict", "muscle"):
        samples = read_motion_samples(folder, f"crop-{kind}-val-*.npz")
        samples = MotionSamples(**{n: getattr(samples, n)[: args.most] for n in samples.__slots__})
        maps = drawn_maps(folder, samples)
        found[kind] = crop_cases(samples, maps, encoders)
        if kind == "muscle" and args.examples:
            print(examples(found[kind], drawn_maps(folder, samples, bare=True), args.examples))
    patterns = with_repression(read_fine_patterns(args.sheets))
    labelled = [FlowPattern(p.units, FINE.index(p.emotion), p.emotion) for p in patterns]
    seeds = range(50_000, 50_000 + max(1, min(4, args.most // STORED_CHUNK)))
    found["stored"] = stored_cases(labelled, seeds, read_motion_samples(folder, "stored-val-*.npz"), encoders)
    if args.fit:
        for route in ROUTES:
            if args.offsets:
                print(route, "offset", encoder_offset([found["table"], found["ict"], found["stored"]], route))
                continue
            print((route, "px"), fitted([found["table"], found["ict"]], route))
            print((route, "relative"), fitted([found["stored"]], route))
        return
    print(
        json.dumps(
            {kind: figures(cases, "relative" if kind == "stored" else "px") for kind, cases in found.items()},
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
