"""The papers' case study of one sample: its pictures, what each model said, and the truth, as HTML or PNG.

Knows run files and one measured sample; asks no model.
"""

import html
import textwrap
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.evaluate.frame_measurement import HowMeasured, Measured, measured_or_why
from mellm.evaluate.frame_samples import FrameSample, FrameSet, read_samples
from mellm.evaluate.runs import LabelRun, SampleResult, read_run
from mellm.facs.taxonomies import TAXONOMIES
from mellm.flow.colour import MMC_SCALE_PX, mmc_map
from mellm.media.frame import Image
from mellm.render.pictures import encode_png

WIDTH = 1240
"""Width of the PNG, px."""
_MARGIN, _LINE = 20, 22
_COLUMNS = 118
_RIGHT, _WRONG, _INK = (20, 110, 60), (150, 40, 30), (30, 30, 30)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one model said of the sample."""

    model: str
    row: SampleResult


def write_case(key: str, runs: Sequence[Path], sets: Sequence[FrameSet], how: HowMeasured, out: Path) -> None:
    """Write the sheet of sample `key`; the ending of `out` (.html, .png) says in which form.

    Raises InputError where no run or set has the sample, or it cannot be measured.
    """
    said = [_said(file, key) for file in runs]
    sample = _sample(key, sets)
    measured = measured_or_why(sample, how)
    if isinstance(measured, str):
        raise InputError(measured)
    if out.suffix.lower() == ".png":
        out.write_bytes(encode_png(_picture(sample, measured, said)))
    elif out.suffix.lower() in (".html", ".htm"):
        out.write_text(_page(sample, measured, said), encoding="utf-8", errors="backslashreplace")
    else:
        raise InputError(f"{out.name} is neither .html nor .png: choose one of them.")


def _said(file: Path, key: str) -> _Said:
    run = read_run(file)
    if not isinstance(run, LabelRun):
        raise InputError(f"{file} is no run of emotion labels.")
    row = next((row for row in run.samples if row.key == key), None)
    if row is None:
        raise InputError(f"{file} has no sample '{key}'.")
    return _Said(run.provenance.setting("model") or file.stem, row)


def _sample(key: str, sets: Sequence[FrameSet]) -> FrameSample:
    # The finest classes that know the sample's label: all but `repression` are among the seven.
    for taxonomy in reversed(list(TAXONOMIES)):
        found, _ = read_samples(sets, taxonomy)
        sample = next((one for one in found if one.key == key), None)
        if sample is not None:
            return sample
    raise InputError(f"The sets have no sample '{key}'.")


def _pictures(measured: Measured) -> list[tuple[str, Image]]:
    shown = mmc_map(measured.expression, measured.onset, scale_px=MMC_SCALE_PX)
    names = (f"onset (frame {measured.frames[0]})", f"apex (frame {measured.frames[1]})")
    return [
        (names[0], measured.onset),
        (names[1], measured.apex),
        (f"motion map, full colour {MMC_SCALE_PX:g} px", shown),
    ]


def _truth(sample: FrameSample) -> str:
    units = " + ".join(sample.units) or "not coded"
    return f"coders: AU {units}; {sample.sample.emotion}"


def _summary(said: _Said) -> str:
    row = said.row
    p = row.probabilities.get(str(row.prediction))
    sure = "" if p is None else f" ({p:.2f})"
    return f"AU {' + '.join(row.action_units) or 'none'}; {row.prediction}{sure}"


def _page(sample: FrameSample, measured: Measured, said: Sequence[_Said]) -> str:
    figures = "".join(
        f'<figure><img src="data:image/png;base64,{b64encode(encode_png(image)).decode()}" alt="{name}">'
        f"<figcaption>{name}</figcaption></figure>"
        for name, image in _pictures(measured)
    )
    models = "".join(
        f"<section><h2>{html.escape(one.model)}</h2>"
        f'<p class="{_verdict(one)}">{html.escape(_summary(one))}</p>'
        f"<pre>{html.escape(one.row.text or '')}</pre></section>"
        for one in said
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(sample.key)}</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:78rem;margin:2rem auto;padding:0 1rem}"
        "figure{display:inline-block;margin:0 1rem 0 0}img{width:22rem;max-width:100%}"
        "pre{white-space:pre-wrap;font:inherit}.right{color:#146e3c}.wrong{color:#96281e}</style>"
        f"<h1>{html.escape(f'{sample.dataset.label}: {sample.key}')}</h1><p>{html.escape(_truth(sample))}</p>"
        f"{figures}{models}</html>\n"
    )


def _verdict(said: _Said) -> str:
    return "right" if said.row.prediction == said.row.truth else "wrong"


def _picture(sample: FrameSample, measured: Measured, said: Sequence[_Said]) -> Image:
    """The sheet as one picture; signs that its letters do not have become question marks."""
    pictures = _pictures(measured)
    side = (WIDTH - 4 * _MARGIN) // 3
    height = side * measured.onset.shape[0] // measured.onset.shape[1]
    lines: list[tuple[str, tuple[int, int, int]]] = []
    for one in said:
        lines.append(("", _INK))
        lines.append((f"{one.model}: {_summary(one)}", _RIGHT if _verdict(one) == "right" else _WRONG))
        for paragraph in (one.row.text or "").splitlines():
            lines += [(line, _INK) for line in textwrap.wrap(paragraph, _COLUMNS)]
    top = 3 * _LINE + _MARGIN
    sheet = np.full((top + height + 2 * _LINE + _LINE * (len(lines) + 1), WIDTH, 3), 255, np.uint8)
    _write(sheet, f"{sample.dataset.label}: {sample.key}", _MARGIN, _MARGIN + 8, _INK, 0.8)
    _write(sheet, _truth(sample), _MARGIN, _MARGIN + 8 + _LINE + 6, _INK)
    for k, (name, image) in enumerate(pictures):
        left = _MARGIN + k * (side + _MARGIN)
        small = cv2.resize(image, (side, height), interpolation=cv2.INTER_AREA)
        sheet[top : top + height, left : left + side] = small
        _write(sheet, name, left, top + height + _LINE, _INK)
    for k, (line, colour) in enumerate(lines):
        _write(sheet, line, _MARGIN, top + height + 2 * _LINE + k * _LINE, colour)
    return sheet


def _write(
    sheet: Image, text: str, left: int, base: int, colour: tuple[int, int, int], size: float = 0.5
) -> None:
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(sheet, plain, (left, base), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
