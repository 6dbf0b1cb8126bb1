"""The built-in model's texts about held-out generated motion, by route: units, labels, claims, seconds.

    python benchmarks/bench_motion_readings.py runs/motion --out readings.jsonl [--each 5] [--kind muscle]
    python benchmarks/bench_motion_readings.py runs/motion --out drawn.jsonl --draws 4

The first asks the model as the product does (told what its encoder sees, or what the FACS stage finds, or
nothing; every sentence held against the motion), and the untouched base beside it. The second lets the model
write unchecked: once greedily, and so often at temperature 0.7, of which the checker keeps the text with
fewest claims that are not measured. Both go on where they stopped. As many samples of each of the seven
labels, and of motion without a unit.
"""

import argparse
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from bench_motion_encoders import label_f1, resampled
from motion_cases import Cases, crop_cases, drawn_maps, pick

from mellm.evaluate.language_models import text_figures
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_samples import MotionSamples
from mellm.instruct.records import Case, Truth
from mellm.instruct.truth import labels_of
from mellm.language.answer import Answer
from mellm.language.backends import Decoding, LanguageBackend, Message, create_backend
from mellm.language.claim_check import claims_in, false_claims
from mellm.language.compact_prompt import MEU_QUESTION, CompactQuestion, Findings, compact_prompt
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.language.motion.opinion import borne_out
from mellm.language.motion.questions import FINE_LABELS, UNITS
from mellm.language.unit_claims import unit_claims
from mellm.report import Reading

LABELS = get_taxonomy("7").labels
Told = Literal["flow", "vision", "facs", "nothing"]
WAYS: dict[str, tuple[str, Told]] = {
    "flow route": ("embedded", "flow"),
    "vision route": ("embedded", "vision"),
    "told the FACS stage": ("embedded", "facs"),
    "told nothing": ("embedded", "nothing"),
    "untouched base, told as the flow route": ("embedded-untouched", "flow"),
    "untouched base, told nothing": ("embedded-untouched", "nothing"),
}
"""Who is asked, and what it is told: what the encoder of a route sees, what the FACS stage found, nothing."""


def chosen(samples: MotionSamples, each: int) -> list[int]:
    """Return rows: the first `each` of every label of seven, and of none."""
    wanted = [FINE_LABELS.index(name) for name in (*LABELS, FINE_LABELS[-1])]
    return sorted(row for label in wanted for row in np.flatnonzero(samples.fine == label)[:each].tolist())


def findings(cases: Cases, k: int, told: Told) -> Findings:
    """Return what the model is told of a case, as the product tells it."""
    if told == "nothing":
        return Findings(cases.motion[k], "px", None, None)
    if told == "facs":
        return Findings(cases.motion[k], "px", *cases.stage[k])
    seen = cases.seen[told][k]
    labels = None if seen.nothing >= 0.5 else seen.labels("7")
    return Findings(cases.motion[k], "px", borne_out(seen.evidence(cases.motion[k])), labels)


def case_of(cases: Cases, k: int) -> Case:
    """Return a case with its truth, as records have it."""
    units = tuple(code.code for code in true_units(cases, k))
    emotion = LABELS[cases.labels[k]] if cases.labels[k] >= 0 else None
    truth = Truth(units, emotion, labels_of(emotion) if emotion else {})
    return Case(str(k), "generated", "s", "n", "val", "px", tuple(cases.motion[k]), truth, None, True, {})


def true_units(cases: Cases, k: int) -> list[ActionUnitCode]:
    """Return the units that were put in."""
    sides = ("both", "both", "left", "right")
    return [ActionUnitCode(au, sides[s]) for au, s in zip(UNITS, cases.units[k], strict=True) if s]


def kept(path: Path) -> dict[tuple[str, int], str]:
    """Return what was written so far: (way, case) -> JSON."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {(way, k): text for way, k, text in map(json.loads, lines)}


def keep(path: Path, way: str, k: int, text: str) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([way, k, text]) + "\n")


def readings(cases: Cases, path: Path, ways: Collection[str]) -> Iterator[tuple[str, list[Reading]]]:
    """Yield each way with its readings, asking for those that are not there yet."""
    found, readers = kept(path), {}
    for way, (llm, told) in WAYS.items():
        if way not in ways:
            continue
        for k in range(len(cases.labels)):
            if (way, k) in found:
                continue
            if llm not in readers:
                asking = Asking(form="compact", timeout=None)
                readers[llm] = LanguageReader(create_backend(llm), taxonomy="7", asking=asking)
            given = findings(cases, k, told)
            read = readers[llm].read(given.motion, given.aus, given.emotion, scale="px")
            found[way, k] = read.model_dump_json()
            keep(path, way, k, found[way, k])
        yield way, [Reading.model_validate_json(found[way, k]) for k in range(len(cases.labels))]


def scores(cases: Cases, said: list[Reading]) -> dict[str, object]:
    """Return units F1 (micro, whatever the side), label UF1, UAR and recalls, and how sound the texts are."""
    labels, people = np.array(cases.labels), np.array(cases.people)
    best = np.array([LABELS.index(r.label) if r.label else -1 for r in said])
    named = [{parse_code(code).au for code in r.action_units} for r in said]
    true = [{unit.au for unit in true_units(cases, k)} for k in range(len(said))]
    pairs = np.array([(len(n & t), len(n), len(t)) for n, t in zip(named, true, strict=True)])
    uf1, recall = label_f1(best[labels >= 0], labels[labels >= 0])
    drawn = resampled(people, 1000, 0)
    named_rows = [d[labels[d] >= 0] for d in drawn]
    spread = [_micro(pairs[d]) for d in drawn], [label_f1(best[d], labels[d])[0] for d in named_rows]
    low_high = [[round(float(v), 3) for v in np.percentile(values, (2.5, 97.5))] for values in spread]
    text = text_figures([(r, case_of(cases, k)) for k, r in enumerate(said)])
    return {
        "units_f1": [round(_micro(pairs), 3), *low_high[0]],
        "uf1": [round(uf1, 3), *low_high[1]],
        "recall": dict(zip(LABELS, [round(float(r), 2) for r in recall], strict=True)),
        **text.model_dump(),
    }


def _micro(pairs: np.ndarray) -> float:
    hit, named, true = pairs.sum(0)
    return float(2 * hit / max(1, named + true))


def wrong_claims(text: str, cases: Cases, k: int) -> tuple[int, int]:
    """Return how many claims a text makes, and how many of them are not measured."""
    parts, motion = Answer.parse(text, "en"), cases.motion[k]
    told = f"{parts.analysis}\n{parts.reasoning}"
    units = list(unit_claims(told, "en"))
    claims = sum(1 for _ in claims_in(told, "en")) + len(units)
    return claims, len(false_claims(told, motion, "en")) + sum(not u.holds(motion) for u in units)


def drawn_texts(cases: Cases, path: Path, draws: int, route: Route = "flow") -> dict[str, object]:
    """Return claims of unchecked texts: the greedy one, all drawn ones, and those the checker would keep."""
    found, backend = kept(path), create_backend("embedded")
    totals: dict[str, list[tuple[int, int]]] = {"greedy": [], "drawn": [], f"best of {draws}": []}
    for k in range(len(cases.labels)):
        if ("texts", k) not in found:
            found["texts", k] = json.dumps(_texts(backend, findings(cases, k, route), draws))
            keep(path, "texts", k, found["texts", k])
        greedy, *others = json.loads(found["texts", k])
        claims = [wrong_claims(text, cases, k) for text in others]
        totals["greedy"].append(wrong_claims(greedy, cases, k))
        totals["drawn"] += claims
        totals[f"best of {draws}"].append(min(claims, key=lambda pair: (pair[1], -pair[0])))
    return {
        way: {
            "claims": sum(c for c, _ in rows),
            "measured": round(1 - sum(w for _, w in rows) / max(1, sum(c for c, _ in rows)), 4),
            "texts without a false claim": round(float(np.mean([w == 0 for _, w in rows])), 3),
        }
        for way, rows in totals.items()
    }


def _texts(backend: LanguageBackend, told: Findings, draws: int) -> list[str]:
    prompt = compact_prompt(told, CompactQuestion(MEU_QUESTION), taxonomy="7")
    ways = [Decoding(260), *(Decoding(260, 0.7, seed) for seed in range(draws))]
    return ["".join(backend.generate([Message("user", prompt)], way)) for way in ways]


def main() -> None:
    """Read the arguments, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="file of the texts, gone on with")
    parser.add_argument("--kind", default="muscle")
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    args = parser.parse_args()
    samples = read_motion_samples(args.run / "samples", f"crop-{args.kind}-val-*.npz")
    samples = pick(samples, chosen(samples, args.each))
    encoders: dict[Route, MotionEncoder] = {"flow": MotionEncoder("flow"), "vision": MotionEncoder("vision")}
    cases = crop_cases(samples, drawn_maps(args.run / "samples", samples), encoders)
    if args.draws:
        print(json.dumps(drawn_texts(cases, args.out, args.draws), indent=1))
        return
    for way, said in readings(cases, args.out, args.ways):
        print(json.dumps({way: scores(cases, said)}, indent=1), flush=True)


if __name__ == "__main__":
    main()
