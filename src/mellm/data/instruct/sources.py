"""Where cases come from: an indexed set with frames, generated pairs, or flow without frames.

A source measures one sample at a time: the 29 regions, the MMC-Map, the truth. It opens its files when
first asked, so it can be handed to another process. Knows nothing about prompts, answers or folders built.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.data.instruct.truth import coded_truth, generated_truth
from mellm.data.instruct.types import Case, Split
from mellm.data.meflow.gallery import split_of
from mellm.errors import InputError, MellmError
from mellm.face.types import Region
from mellm.flow.motion import RegionMotion
from mellm.flow.types import FlowField
from mellm.media.types import Image

MAP_SCALE_PX = 1.0
"""Motion of full brightness in the maps, px of the 400x480 crop; a still face stays grey, unlike with the
paper's normalisation of each picture (which is `None`)."""

RELATIVE_FLOOR = (0.5, 0.25)
"""Flow without scale: a region moves from this multiple of the face's RMS motion on, and this share of the
mean of its three strongest regions."""


FARTHEST = 0.12
"""Mean motion of a region, as a fraction of the inter-ocular distance, above which flow has failed."""

HIDDEN = 0.3
"""Share of a region that may be hidden in one frame of a generated pair (lids that close hide some)."""

# Regions of the stored 28x28 crop are cut out to a sixteenth of a pixel; its eyes are 20 px apart.
_FINE, _INTER_OCULAR = 16, 20.0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that cannot become a case, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A case and its map, uint8 (H, W, 3) RGB."""

    case: Case
    picture: Image


class Source(Protocol):
    """Samples by index. Measuring the same sample again gives the same case."""

    def __len__(self) -> int:
        """Number of samples."""
        ...

    def recipe(self) -> dict[str, Any]:
        """What decides the content: kind, files (by name and size), settings."""
        ...

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        ...


def case_key(dataset: str, subject: str, name: str) -> str:
    """Return a short key that says nothing about the sample (it stands in file names a model may see)."""
    return hashlib.sha256(f"{dataset}|{subject}|{name}".encode()).hexdigest()[:16]


def subject_split(dataset: str, subject: str) -> Split:
    """Return the split of a person by hash: 80 % train, 10 % val, 10 % test; nobody is in two."""
    return split_of(f"{dataset}/{subject}")


def file_mark(path: Path) -> list[str | int]:
    """Name and size of a file, for the recipe."""
    return [path.name, path.stat().st_size] if path.is_file() else [path.name, 0]


@dataclass
class IndexedSource:
    """A readers' table (`mellm data index`) and the set's folder of frames."""

    table: Path
    root: Path
    estimator: str = "dis"
    map_scale_px: float | None = MAP_SCALE_PX

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._samples)

    def recipe(self) -> dict[str, Any]:
        """Return what decides the content."""
        return {"kind": "indexed", "table": file_mark(self.table), "estimator": self.estimator,
                "map_scale_px": self.map_scale_px}  # fmt: skip

    @cached_property
    def _samples(self) -> Sequence[Any]:
        from mellm.data.readers import read_table

        return read_table(self.table)

    @cached_property
    def _estimator(self) -> Any:
        from mellm.flow import create

        return create(self.estimator)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        sample = self._samples[index]
        if sample.onset is None or sample.apex is None:
            return Skipped(sample.key, "no onset or apex frame in the sheet")
        try:
            onset, apex = self._frames(self.root / sample.path, sample.onset, sample.apex)
            motion, picture = measure_pair(onset, apex, self._estimator, self.map_scale_px)
        except MellmError as error:
            return Skipped(sample.key, str(error))
        if reason := implausible(motion):
            return Skipped(sample.key, reason)
        case = Case(
            key=case_key(sample.dataset, sample.subject, sample.key),
            dataset=sample.dataset,
            subject=sample.subject,
            name=sample.key,
            split=subject_split(sample.dataset, sample.subject),
            scale="px",
            motion=tuple(motion),
            truth=coded_truth(sample.action_units, sample.emotion),
            picture=None,
            picture_face=True,
            made={"estimator": self.estimator, "map_scale_px": self.map_scale_px},
        )
        return Measured(case, picture)

    def _frames(self, place: Path, onset: int, apex: int) -> tuple[Image, Image]:
        from mellm.data.readers.check import PICTURES
        from mellm.media import open_media, read_image
        from mellm.media.folder import file_numbers, natural_order

        if place.is_dir():
            files = sorted((f for f in place.iterdir() if f.suffix.lower() in PICTURES), key=natural_order)
            by_number = dict(zip(file_numbers(files), files, strict=True))
            missing = [n for n in (onset, apex) if n not in by_number]
            if missing:
                raise InputError(f"Frame {missing[0]} is not in the sample's folder.")
            return read_image(by_number[onset]), read_image(by_number[apex])
        if not place.is_file():
            raise InputError("The sample's frames are not there.")
        with open_media(place) as media:
            frames = media.read([onset, apex])
        if len(frames) < 2:
            raise InputError("The sample's video is shorter than its apex.")
        return frames[onset].image, frames[apex].image


def implausible(motion: Sequence[RegionMotion]) -> str:
    """Say why a measurement cannot be a micro-expression's; empty where it can."""
    farthest = max(motion, key=lambda m: m.relative)
    if farthest.relative <= FARTHEST:
        return ""
    return (
        f"the {farthest.name} moves {farthest.relative:.0%} of the eyes' distance: something covers the "
        "face, or the flow failed"
    )


def covered(visible: NDArray[np.bool_], regions: Sequence[Region]) -> str:
    """Say which region is hidden in one of the frames for more than `HIDDEN` of it; empty if none is."""
    for region in regions:
        (x, y), half = region.center, region.size / 2
        patch = visible[max(0, round(y - half)) : round(y + half), max(0, round(x - half)) : round(x + half)]
        if patch.size and 1 - patch.mean() > HIDDEN:
            return f"something covers the {region.name}"
    return ""


def measure_pair(
    onset: Image, apex: Image, estimator: Any, map_scale_px: float | None
) -> tuple[list[RegionMotion], Image]:
    """Align both frames on the face, estimate flow, measure the regions (px of the crop), draw the map.

    Raises InputError where no face is seen in either frame or their sizes differ.
    """
    from mellm.face import Alignment, FaceTracker, inter_ocular, regions_of
    from mellm.flow import measure
    from mellm.flow.colour import mmc_map
    from mellm.media.types import Frame

    if onset.shape != apex.shape:
        raise InputError("The onset and apex frames differ in size.")
    tracker = FaceTracker(max_people=1)
    seen = [tracker.update(Frame(i, 0.0, image)) for i, image in enumerate((onset, apex))]
    if not all(seen):
        raise InputError("No face was seen in the onset and the apex frame.")
    points = [people[0].landmarks for people in seen]
    alignment = Alignment.fit(points)
    onset_crop, apex_crop = alignment.crop(onset), alignment.crop(apex)
    there = alignment.landmarks_to_crop(points[0])
    expression = estimator.estimate(onset_crop, apex_crop, there).expression
    motion = measure(expression, regions_of(there), inter_ocular=inter_ocular(there))
    return motion, mmc_map(expression, onset_crop, scale_px=map_scale_px)


@dataclass
class MEFlowSource:
    """Pairs of a MEFlowDataset folder. `estimator="truth"` takes the exact flow instead of an estimate."""

    folder: Path
    estimator: str = "dis"
    map_scale_px: float | None = MAP_SCALE_PX
    limit: int | None = None
    _open: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._places)

    def recipe(self) -> dict[str, Any]:
        """Return what decides the content."""
        return {"kind": "meflow", "signature": self._manifest["signature"], "estimator": self.estimator,
                "map_scale_px": self.map_scale_px, "limit": self.limit}  # fmt: skip

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        import json

        path = self.folder / "manifest.json"
        if not path.is_file():
            raise InputError(
                f"{self.folder} holds no MEFlowDataset; build one with `mellm data meflow build`."
            )
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    @cached_property
    def _places(self) -> list[tuple[str, int]]:
        shards = sorted(self._manifest["shards"].items())
        places = [(name, i) for name, entry in shards for i in range(entry["pairs"])]
        return places[: self.limit]

    @cached_property
    def _estimator(self) -> Any:
        from mellm.flow import create

        return create(self.estimator)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        from mellm.data.meflow.shards import Shard
        from mellm.face import inter_ocular, regions_of
        from mellm.flow import measure
        from mellm.flow.colour import mmc_map

        name, number = self._places[index]
        if name not in self._open:
            self._open.clear()
            self._open[name] = Shard(self.folder / name)
        pair = self._open[name][number]
        exact = self.estimator == "truth"
        flow = None if exact else self._estimator.estimate(pair.onset, pair.apex, pair.landmarks)
        expression = pair.facial - pair.head if flow is None else flow.expression
        moved = float(np.abs(pair.facial - pair.head).max()) > 0
        regions = regions_of(pair.landmarks)
        motion = measure(expression, regions, inter_ocular=inter_ocular(pair.landmarks))
        if reason := implausible(motion) or covered(pair.valid, regions):
            return Skipped(pair.key, reason)
        case = Case(
            key=case_key("meflow", pair.identity, pair.key),
            dataset="meflow",
            subject=pair.identity,
            name=pair.key,
            split=split_of(pair.identity),
            scale="px",
            motion=tuple(motion),
            truth=generated_truth([(u.au, u.side) for u in pair.action_units], moved),
            picture=None,
            picture_face=True,
            made={"estimator": self.estimator, "map_scale_px": self.map_scale_px},
        )
        return Measured(case, mmc_map(expression, pair.onset, scale_px=self.map_scale_px))


@dataclass
class FlowOnlySource:
    """A folder with `flows.npz` and `samples.csv`: flow whose scale was lost, and no frames."""

    folder: Path

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._set.samples)

    def recipe(self) -> dict[str, Any]:
        """Return what decides the content."""
        files = [file_mark(self.folder / name) for name in ("samples.csv", "flows.npz")]
        return {"kind": "flow-only", "files": files}

    @cached_property
    def _set(self) -> Any:
        from mellm.data.megc2019 import read_flow_set

        return read_flow_set(self.folder)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        from mellm.data.normalised_flow import recover_flow
        from mellm.flow.colour import mmc_colours

        sample, stored = self._set.samples[index], self._set.flows[index]
        field_ = recover_flow(stored)
        large = cv2.resize(field_, (336, 336), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        case = Case(
            key=case_key(sample.dataset, sample.subject, sample.key),
            dataset=sample.dataset,
            subject=sample.subject,
            name=sample.key,
            split=subject_split(sample.dataset, sample.subject),
            scale="relative",
            motion=tuple(measure_relative(field_)),
            truth=coded_truth(str(sample.action_units), sample.emotion, sample.label),
            picture=None,
            picture_face=False,
            made={"estimator": "stored", "map_scale_px": None},
        )
        return Measured(case, mmc_colours(large))


def measure_relative(field_: FlowField) -> list[RegionMotion]:
    """Measure the 29 regions of recovered flow, in its own unit (the face's RMS motion)."""
    from mellm.data.normalised_flow import region_boxes
    from mellm.flow import measure

    large = cv2.resize(field_, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    regions = [
        Region(name, ((column + 0.5) * _FINE, (row + 0.5) * _FINE), size * _FINE)
        for name, (column, row, size) in region_boxes().items()
    ]
    return above_relative_floor(measure(large, regions, inter_ocular=_INTER_OCULAR, noise_floor=0.0))


def above_relative_floor(motion: Sequence[RegionMotion]) -> list[RegionMotion]:
    """Decide which regions of a flow without scale move (`RELATIVE_FLOOR`)."""
    lengths = sorted((math.hypot(m.u, m.v) for m in motion if "eyelid" not in m.name), reverse=True)[:3]
    floor = max(RELATIVE_FLOOR[0], RELATIVE_FLOOR[1] * sum(lengths) / max(1, len(lengths)))
    return [replace(m, moving=math.hypot(m.u, m.v) >= floor) for m in motion]


def open_source(
    path: Path, frames: Path | None, estimator: str, map_scale_px: float | None = MAP_SCALE_PX
) -> Source:
    """Return the source a path stands for: a table (with `frames`), a MEFlowDataset, or a flow folder.

    Raises InputError where it is none of them.
    """
    if path.is_file():
        if frames is None:
            raise InputError(f"{path.name} is a table: give the folder of its frames with --frames.")
        return IndexedSource(path, frames, estimator, map_scale_px)
    if (path / "flows.npz").is_file():
        return FlowOnlySource(path)
    if (path / "manifest.json").is_file():
        return MEFlowSource(path, estimator, map_scale_px)
    raise InputError(
        f"{path} is neither a table of `mellm data index`, nor a MEFlowDataset, nor a folder with flows.npz; "
        "check the path."
    )
