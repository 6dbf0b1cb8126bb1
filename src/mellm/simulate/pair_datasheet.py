"""The datasheet and the contact sheet written beside a built dataset."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.facs.codes import code_of
from mellm.flow.colour import mmc_colours
from mellm.media.frame import Image
from mellm.simulate.manifest import Manifest
from mellm.simulate.pair import FlowPair
from mellm.simulate.shards import STEP, Shard


def contact_sheet(pairs: Sequence[FlowPair], path: Path) -> None:
    """Write a picture with one row per pair: onset, apex, expression flow in colours (fixed 2 px scale)."""
    rows: list[Image] = []
    for pair in pairs:
        colours = mmc_colours(pair.facial - pair.head, scale_px=2.0)
        row = np.concatenate([pair.onset, pair.apex, colours], 1)
        codes = "+".join(code_of(unit.au, unit.side) for unit in pair.action_units)
        row = np.ascontiguousarray(row)
        cv2.putText(row, f"AU {codes or 'none'}", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 3)
        cv2.putText(row, f"AU {codes or 'none'}", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
        rows.append(row)
    if not rows:
        return
    sheet = cv2.resize(np.concatenate(rows), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", sheet[..., ::-1])
    if not done:
        raise InputError("The contact sheet could not be encoded; the installation of OpenCV is broken.")
    path.write_bytes(data.tobytes())


def datasheet(manifest: Manifest, folder: Path) -> str:
    """Return the datasheet, Markdown: what is in it, measured on what was written."""
    recipe = manifest.built_by
    units: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    identities: dict[str, set[str]] = {}
    peaks: list[float] = []
    counts: Counter[str] = Counter()
    for name, entry in manifest.shards.items():
        split = name.split("/")[0]
        counts[split] += entry.pairs
        for label in Shard(folder / name).labels:
            identities.setdefault(split, set()).add(label["identity"])
            units.update(f"AU {u['au']}" for u in label["action_units"])
            peaks.extend(u["amplitude"] for u in label["action_units"])
            origin = label.get("origin")
            origins[origin or "no expression, or not recorded"] += 1
            if not label["action_units"]:
                units["no action unit known" if origin else "no action unit"] += 1
    width, height = recipe.source.pair.size
    return _DATASHEET.format(
        pairs=sum(counts.values()),
        width=width,
        height=height,
        format=manifest.format,
        seed=recipe.seed,
        faces=recipe.source.faces,
        step=round(1 / STEP),
        splits="".join(f"| {s} | {counts[s]} | {len(identities[s])} |\n" for s in sorted(counts)),
        labels="".join(f"| {name} | {n} |\n" for name, n in units.most_common()),
        origins="".join(f"| {name} | {n} |\n" for name, n in origins.most_common()),
        peaks=_PEAKS.format(*np.percentile(peaks, [50, 5, 95])) if peaks else "",
    )


_PEAKS = "Peak of a unit's motion: median {:.2f} px, 5 % below {:.2f}, 5 % above {:.2f}.\n"
_DATASHEET = """# MEFlowDataset

Onset-apex pairs of faces in known micro-motion, generated; no frame was filmed.

- Pairs: {pairs} of {width} x {height} px, format `{format}`, seed {seed}
- Pictures: folder `{faces}`; their licence is the licence of these frames
- Motion: facial flow and head flow, px, u right, v down, from the onset to the apex frame; stored in steps \
of 1/{step} px; expression = facial - head
- Labels: action units with the subject's side and the peak of each unit's motion in px; pairs with random \
local motion may carry none

| split | pairs | identities |
|---|---|---|
{splits}
Identities never cross splits.

| origin of the motion | pairs |
|---|---|
{origins}
- `table`: pushes written from the FACS descriptions; `ict`: ICT-FaceKit's scans; `muscle`: contracting \
muscles; their action units are known
- `replayed`: modes of motion of real people, other people in `test` than in `train` and `val`; `smooth`: \
smooth random motion; no units are known

| label | pairs |
|---|---|
{labels}
{peaks}
Not for judging people: the motion is generated, its statistics follow coarse shares of published annotations.
"""
