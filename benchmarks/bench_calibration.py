"""How far probabilities can be trusted: of action units and of emotions, on motion that nothing learned from.

    python benchmarks/bench_calibration.py runs/motion --sheets CSV... --data megc2019_flow
        --also megc2019_flow_second --picture docs/images/calibration.svg

Prints the tables of docs/facs.md. Units: held-out motion of the muscles, and the real stored flow that has
codes. Emotions: three classes on the real stored flow. What is fitted (a slope and an offset of log-odds, a
temperature) is fitted on held-out motion of the origins trained on: table and ICT, or generated stored flow.
`runs/motion`: the folder of `mellm train language recipes/language-motion.yaml`, whose samples are read.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from motion_cases import ROUTES, Cases, crop_kind, stored_cases
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet, read_flow_set
from mellm.evaluate.calibration import (
    BINS,
    Reliability,
    Said,
    along_line,
    at_temperature,
    fitted_line,
    fitted_temperature,
    reliability,
)
from mellm.evaluate.calibration_drawing import Diagram, reliability_svg
from mellm.evaluate.learner import create_learner
from mellm.evaluate.motion_learners import see_stored
from mellm.evaluate.recognition import predict_each
from mellm.evaluate.unit_recognition import has_units
from mellm.facs import create_au_model
from mellm.facs.findings import AUEvidence
from mellm.facs.stored_flow import COARSE
from mellm.facs.stored_flow_units import unit_evidence
from mellm.facs.taxonomies import FINE
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_patterns import patterns_of
from mellm.instruct.motion_samples import STORED_CHUNK
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.language.motion.opinion import Opinion
from mellm.language.motion.questions import ALIKE, UNITS
from mellm.simulate.generated_flow import Pattern as FlowPattern

WORTH_A_FIT = 0.1
"""A fit is shown from this error on, of all that is said or of what is said with one half or more."""

Probabilities = NDArray[np.float64]


def of_evidence(found: Sequence[AUEvidence]) -> list[float]:
    """Return the probability of each of `UNITS`; 0 of a unit that the model does not know."""
    told: dict[int, float] = {}
    for unit in found:
        au = ALIKE.get(unit.au, unit.au)
        told[au] = max(told.get(au, 0.0), unit.probability)
    return [told.get(au, 0.0) for au in UNITS]


def of_opinion(seen: Opinion) -> list[float]:
    """Return the likelihood of each of `UNITS`."""
    return [unit.likelihood for unit in seen.units]


def units_of_cases(cases: Cases, known_scale: bool) -> dict[str, Said]:
    """Return source -> what it said of every unit of generated motion."""
    learned = create_au_model("learned", known_scale=known_scale)
    rows: dict[str, list[list[float]]] = {
        "rules" if known_scale else "rules + grid": [of_evidence(stage) for stage, _ in cases.stage],
        "learned": [of_evidence(learned.predict(motion)) for motion in cases.motion],
        **{f"{route} route": [of_opinion(seen) for seen in cases.seen[route]] for route in ROUTES},
    }
    true = np.array(cases.units) > 0
    people = [str(who) for who in cases.people]
    return {name: Said.of_units(np.array(row), true, people) for name, row in rows.items()}


def units_of_flow(data: FlowSet) -> dict[str, list[Said]]:
    """Return source -> what it said of every unit of real stored flow, by each measurement."""
    learned = create_au_model("learned", known_scale=False)
    kept = [k for k, sample in enumerate(data.samples) if has_units(sample)]
    codes = [data.samples[k].action_units.present for k in kept]
    shown = [{ALIKE.get(c.au, c.au) for c in row if c.family == "AU"} for row in codes]
    true = np.array([[au in row for au in UNITS] for row in shown])
    people = [data.samples[k].group for k in kept]
    readers: dict[str, Callable[[NDArray[np.uint8]], list[float]]] = {
        "rules + grid": lambda stored: of_evidence(unit_evidence(stored)),
        "learned": lambda stored: of_evidence(learned.predict(regional_motion(recover_flow(stored)))),
        "flow route": lambda stored: of_opinion(see_stored(stored, "flow")),
        "vision route": lambda stored: of_opinion(see_stored(stored, "vision")),
    }
    return {
        name: [
            Said.of_units(np.array([read(flows[k]) for k in kept]), true, people)
            for flows in data.measurements
        ]
        for name, read in readers.items()
    }


def labels_of_cases(cases: Cases) -> dict[str, tuple[Probabilities, NDArray[np.int64]]]:
    """Return source -> shares of three classes and the true ones, of generated stored flow with a label."""
    labels = np.array(cases.labels)
    kept = np.flatnonzero(labels >= 0)
    found = {
        "facs": np.array([[emotion[c] for c in COARSE] for _, emotion in cases.stage]),
        **{
            f"{r} route": np.array([[seen.labels("3")[c] for c in COARSE] for seen in cases.seen[r]])
            for r in ROUTES
        },
    }
    return {name: (shares[kept], labels[kept]) for name, shares in found.items()}


@dataclass(frozen=True)
class Case:
    """What a source said of test motion and of motion of the origins trained on, the latter to fit on.

    labels: where labels are meant, shares (N, 3) and truth (N,), of the test and of what is known
    """

    title: str
    where: str
    test: Said
    known: Said | None = None
    labels: tuple[Probabilities, NDArray[np.int64], Probabilities, NDArray[np.int64]] | None = None

    def mended(self) -> tuple[str, Said]:
        """Return the fit and what is said after it."""
        if self.labels is not None:
            shares, truth, known, known_truth = self.labels
            warm = fitted_temperature(known, known_truth)
            return f"T {warm:.2f}", Said.of_labels(at_temperature(shares, warm), truth, self.test.people)
        assert self.known is not None
        line = fitted_line(self.known)
        after = Said(along_line(self.test.p, line), self.test.true, self.test.people)
        return f"{line[0]:.2f}, {line[1]:+.2f}", after


def told(case: Case) -> tuple[str, Diagram]:
    """Return a row and a diagram: as said, and after the fit where what is said is far off."""
    before = reliability(case.test)
    off = max(before.ece, abs(before.sure - before.right))
    end, after = "- | - | -", None
    if off > WORTH_A_FIT and (case.known is not None or case.labels is not None):
        fit, said = case.mended()
        after = reliability(said)
        end = f"{fit} | {error(after)} | {said.p[case.test.p >= 0.5].mean():.2f}"
    counts = f"{before.count} of {before.people}"
    text = (
        f"| {case.title}, {case.where} | {counts} | {error(before)} | {before.sure:.2f}, {before.right:.2f} |"
    )
    return f"{text} {end} |", (case.title, case.where, before, after)


def error(found: Reliability) -> str:
    """Return the error with its interval."""
    return f"{found.ece:.3f} ({found.interval[0]:.3f} to {found.interval[1]:.3f})"


def stored_of(run: Path, sheets: Sequence[Path], most: int, encoders: Mapping[Route, MotionEncoder]) -> Cases:
    """Return the cases of held-out generated stored flow."""
    labelled = [FlowPattern(p.units, FINE.index(p.emotion), p.emotion) for p in patterns_of(sheets)]
    seeds = range(50_000, 50_000 + max(1, min(4, most // STORED_CHUNK)))
    samples = read_motion_samples(run / "samples", "stored-val-*.npz")
    return stored_cases(labelled, seeds, samples, dict(encoders))


def unit_cases(
    run: Path, most: int, encoders: dict[Route, MotionEncoder], stored: Cases, data: FlowSet
) -> list[Case]:
    """Return what is said of units, of muscles and of the real flow."""
    known, muscle = (
        [units_of_cases(crop_kind(run, k, most, encoders), True) for k in kinds]
        for kinds in (("table", "ict"), ("muscle",))
    )
    found = [Case(n, "muscles", said, joined([k[n] for k in known])) for n, said in muscle[0].items()]
    generated = units_of_cases(stored, False)
    for name, measured in units_of_flow(data).items():
        places = zip(("first", "second"), measured, strict=True)
        found += [Case(name, f"real, {place}", said, generated[name]) for place, said in places]
    return found


def label_cases(stored: Cases, data: FlowSet) -> list[Case]:
    """Return what is said of the three classes of the real flow, by each measurement and by both."""
    truth = np.array([COARSE.index(sample.label) for sample in data.samples])
    people = [sample.group for sample in data.samples]
    known, found = labels_of_cases(stored), []
    for name in ("facs", "evidence", "encoder-flow", "encoder-vision"):
        title = {"encoder-flow": "flow route", "encoder-vision": "vision route"}.get(name, name)
        each = predict_each(data, create_learner(name), "zero-shot")
        for place, shares in zip(("first", "second", "both"), [*each, each.mean(axis=0)], strict=True):
            fit = (shares, truth, *known[title]) if title in known else None
            found.append(Case(title, f"classes, {place}", Said.of_labels(shares, truth, people), None, fit))
    return found


def main() -> None:
    """Read the arguments, measure, print the tables, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--sheets", type=Path, nargs="*", required=True, help="the run's recipe's")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--also", type=Path, required=True)
    parser.add_argument("--most", type=int, default=500)
    parser.add_argument("--picture", type=Path, default=None)
    args = parser.parse_args()
    encoders = {route: MotionEncoder(route) for route in ROUTES}
    data = read_flow_set(args.data, args.also)
    stored = stored_of(args.run, args.sheets, args.most, encoders)
    drawn: list[Diagram] = []
    for cases in (label_cases(stored, data), unit_cases(args.run, args.most, encoders, stored, data)):
        rows, diagrams = zip(*map(told, cases), strict=True)
        print(HEAD, "|---|---|---|---|---|---|---|", *rows, "", sep="\n", flush=True)
        drawn = [*diagrams, *drawn]
    if args.picture:
        args.picture.write_text(reliability_svg(drawn), encoding="utf-8")


HEAD = (
    f"| source, motion | said, people | ECE, {BINS} bins | one half or more: said, true | fit | ECE after | "
    "said after |"
)


def joined(parts: Sequence[Said]) -> Said:
    """Return what several said, one after the other."""
    people = tuple(who for part in parts for who in part.people)
    return Said(np.concatenate([p.p for p in parts]), np.concatenate([p.true for p in parts]), people)


if __name__ == "__main__":
    main()
