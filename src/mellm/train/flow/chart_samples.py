"""Generated pairs as the voices' network learns from them: what was heard, and what was true, on the chart.

Fitting a pair costs seconds and a step of training milliseconds, so pairs are made and fitted once, in files.
The module knows the generator, the prior and files; nothing of networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import cell_pixels, make_chart
from mellm.flow.meflownet.runtime import start_from
from mellm.flow.meflownet.subspace_fit import PriorFit
from mellm.flow.meflownet.voices import Voices
from mellm.simulate.pair import FlowPair
from mellm.simulate.pair_stream import PairSource

SHARD = 10
"""Pairs a file."""

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class ChartSample:
    """One pair, float16 on the chart's cells, chart pixels.

    fit, flow, terms, residual: what was heard (`Voices`)
    expression: (rows, cols, 2), the true one; head_error: (rows, cols, 2), the true head's motion less the
        found
    face: uint8 (rows, cols), 1 where the face is seen in both pictures
    origin: of the motion, "" where there is no expression
    """

    fit: Half
    flow: Half
    terms: Half
    residual: Half
    expression: Half
    head_error: Half
    face: NDArray[np.uint8]
    origin: NDArray[np.str_]

    def voices(self) -> Voices:
        """Return what was heard."""
        return Voices(
            *(getattr(self, name).astype(np.float32) for name in ("fit", "flow", "terms", "residual"))
        )


def sample_of(pair: FlowPair, prior: PriorFit) -> ChartSample:
    """Fit a pair, hear the voices and carry the truth to the chart."""
    chart = make_chart(pair.landmarks.points, prior.prior.template)
    onset, apex = (
        chart.picture(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8))
        for picture in (pair.onset, pair.apex)
    )
    start = start_from(prior, chart, onset, apex)
    cells = cell_pixels()
    facial = chart.from_source(np.asarray(pair.facial, np.float32), cells)
    head = chart.from_source(np.asarray(pair.head, np.float32), cells)
    place = chart.place(cells)
    seen = (pair.valid & pair.face).astype(np.uint8)
    heard = start.voices

    def half(values: NDArray[np.float32]) -> Half:
        return np.clip(values, -6e4, 6e4).astype(np.float16)

    return ChartSample(
        fit=half(heard.fit),
        flow=half(heard.flow),
        terms=half(heard.terms),
        residual=half(heard.residual),
        expression=half(facial - head),
        head_error=half(head - start.fit.head),
        face=np.asarray(cv2.remap(seen, place[..., 0], place[..., 1], cv2.INTER_NEAREST), np.uint8),
        origin=np.array(pair.origin or "", "U16"),
    )


def fill(folder: Path, source: PairSource, prior: PriorFit, count: int) -> Iterator[Path]:
    """Make the files that hold pairs 0 to `count`, going on where an earlier call stopped; yield each."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, SHARD):
        path = folder / f"samples-{first:06d}.npz"
        if not path.is_file():
            last = min(first + SHARD, count)
            _write(path, [sample_of(source.pair(index), prior) for index in range(first, last)])
        yield path


def read_samples(paths: list[Path]) -> list[ChartSample]:
    """Return the samples of files, in order."""
    found = []
    for path in paths:
        with np.load(path) as data:
            columns = {f.name: data[f.name] for f in fields(ChartSample)}
        found += [ChartSample(**{n: c[k] for n, c in columns.items()}) for k in range(len(columns["face"]))]
    return found


def _write(path: Path, rows: list[ChartSample]) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f"{path.stem}.partial.npz")
    columns = {f.name: np.stack([getattr(row, f.name) for row in rows]) for f in fields(ChartSample)}
    np.savez_compressed(partial, **columns)  # type: ignore[arg-type]
    partial.replace(path)
