"""Ten good and ten bad readings of motion that no encoder learned from, as a page: shown, said, true.

    python benchmarks/draw_motion_examples.py runs/motion --out docs/mellm_examples.md --picture docs/images/mellm_examples.png

English by the built-in model, told what the route's encoder sees; Chinese by the grammar, told the same. Good:
units and label right by both routes; bad: wrong by both; the first of each, so that nobody chose them. The maps
are shown on black (the portraits are not ours to show).
"""  # noqa: E501

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from bench_motion_readings import LABELS, findings, true_units
from motion_cases import ROUTES, Cases, crop_cases, drawn_maps
from numpy.typing import NDArray

from mellm.facs.codes import code_of
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import emotion_name
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_samples import MotionSamples
from mellm.language.backends import create_backend
from mellm.language.grammar_reading import write_reading
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.report import Reading

EACH = 10


def right(cases: Cases, k: int) -> list[tuple[bool, bool]]:
    """Return, for each route, whether the units and whether the label are right."""
    true = {unit.au for unit in true_units(cases, k)}
    found = []
    for route in ROUTES:
        seen = cases.seen[route][k]
        shares = seen.labels("7")
        best = max(shares, key=shares.__getitem__)
        found.append(({u.au for u in seen.called} == true, best == LABELS[cases.labels[k]]))
    return found


def picked(cases: Cases) -> list[int]:
    """Return the first cases that were read well and badly."""
    labelled = [k for k, label in enumerate(cases.labels) if label >= 0]
    good = [k for k in labelled if all(all(pair) for pair in right(cases, k))]
    bad = [k for k in labelled if not any(any(pair) for pair in right(cases, k))]
    return [*good[:EACH], *bad[:EACH]]


def draw(maps: NDArray[np.uint8], chosen: list[int], picture: Path) -> None:
    """Draw the maps, numbered, five in a row."""
    tiles = []
    for number, k in enumerate(chosen, 1):
        tile = cv2.resize(maps[k], (96, 115), interpolation=cv2.INTER_CUBIC)
        cv2.putText(tile, str(number), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 5)
    rows = [np.concatenate(tiles[r : r + 5], axis=1) for r in range(0, len(tiles), 5)]
    cv2.imwrite(str(picture), np.concatenate(rows)[..., ::-1])


def saw(cases: Cases, k: int, route: Route) -> str:
    """Return what an encoder saw, in a few words."""
    seen = cases.seen[route][k]
    shares = seen.labels("7")
    best = max(shares, key=shares.__getitem__)
    units = " + ".join(u.code.code for u in seen.called) or "no unit"
    return f"{units}, {best} {shares[best]:.2f}"


def told(units: list[AUEvidence]) -> list[AUEvidence]:
    """Return units as the grammar takes them, without those that nobody would call."""
    return [unit for unit in units if unit.probability >= 0.3]


def one_line(reading: Reading) -> str:
    """Return a reading as one paragraph."""
    parts = (reading.analysis, reading.reasoning, reading.conclusion)
    return " ".join(line.strip() for part in parts for line in part.splitlines() if line.strip())


def page(cases: Cases, chosen: list[int], picture: str) -> Iterator[str]:
    """Yield the page's lines; asks the model for each example as soon as its turn comes."""
    yield "# Ten good and ten bad readings"
    yield ""
    yield (
        "Motion of muscles, an origin that no encoder learned from, on faces of other people. 1 to 10: units "
        "and label right by both routes; 11 to 20: wrong by both; the first of each kind. Maps on black. "
        "English by the built-in model, told what the encoder of its route sees; Chinese by the grammar. "
        "Made by `benchmarks/draw_motion_examples.py` (docs/mellm.md)."
    )
    yield ""
    yield f"![Maps, numbered row by row]({picture})"
    backend = create_backend("embedded")
    reader = LanguageReader(backend, taxonomy="7", asking=Asking(form="compact", timeout=None))
    for number, k in enumerate(chosen, 1):
        true = " + ".join(code_of(u.au, u.side) for u in true_units(cases, k))
        label = LABELS[cases.labels[k]]
        route: Route = "vision" if number % 2 else "flow"
        found = findings(cases, k, route)
        yield f"\n## {number}. True: {true}, {label} ({emotion_name(label, 'zh')})\n"
        yield f"Flow route: {saw(cases, k, 'flow')}. Vision route: {saw(cases, k, 'vision')}.\n"
        said = reader.read(found.motion, found.aus or (), found.emotion)
        yield f"> {route} route: {one_line(said)}\n"
        grammar = write_reading(
            found.motion, told(list(found.aus or ())), found.emotion, taxonomy="7", language="zh"
        )
        yield f"> {one_line(grammar)}"


def main() -> None:
    """Read the arguments, choose, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--most", type=int, default=500)
    args = parser.parse_args()
    samples = read_motion_samples(args.run / "samples", "crop-muscle-val-*.npz")
    samples = MotionSamples(**{n: getattr(samples, n)[: args.most] for n in samples.__slots__})
    encoders: dict[Route, MotionEncoder] = {route: MotionEncoder(route) for route in ROUTES}
    cases = crop_cases(samples, drawn_maps(args.run / "samples", samples), encoders)
    chosen = picked(cases)
    draw(drawn_maps(args.run / "samples", samples, bare=True), chosen, args.picture)
    where = args.picture.relative_to(args.out.parent).as_posix()
    args.out.write_text("\n".join(page(cases, chosen, where)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
