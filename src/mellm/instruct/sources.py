"""Where cases come from: an indexed set with frames, generated pairs, or flow without frames.

A source measures one sample at a time: the 29 regions, the MMC-Map, the truth. It opens its files when
first asked, so it can be handed to another process. Knows nothing about prompts, answers or folders built.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet, Sample, read_flow_set
from mellm.datasets.sample import Sample as IndexedSample
from mellm.datasets.set_index import read_table
from mellm.errors import InputError, MellmError
from mellm.facs.findings import Side
from mellm.flow.colour import MMC_SCALE_PX
from mellm.flow.field import FlowEstimator
from mellm.instruct.facs_findings import stage_of_motion, stage_of_stored_flow
from mellm.instruct.records import Case, Split
from mellm.instruct.sample_measurement import covered, implausible, measure_frames
from mellm.instruct.truth import coded_truth, generated_truth
from mellm.media.frame import Image
from mellm.simulate.gallery import split_of
from mellm.simulate.manifest import Manifest
from mellm.simulate.shards import Shard


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

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content: kind, files (by name and size), settings."""
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
    map_scale_px: float | None = MMC_SCALE_PX

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._samples)

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content."""
        return {"kind": "indexed", "table": file_mark(self.table), "estimator": self.estimator,
                "map_scale_px": self.map_scale_px}  # fmt: skip

    @cached_property
    def _samples(self) -> Sequence[IndexedSample]:
        return read_table(self.table)

    @cached_property
    def _estimator(self) -> FlowEstimator:
        from mellm.flow import create

        return create(self.estimator)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        sample = self._samples[index]
        if sample.onset is None or sample.apex is None:
            return Skipped(sample.key, "no onset or apex frame in the sheet")
        try:
            onset, apex = self._frames(self.root / sample.path, sample.onset, sample.apex)
            motion, picture = measure_frames(onset, apex, self._estimator, self.map_scale_px)
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
            stage=stage_of_motion(motion),
        )
        return Measured(case, picture)

    def _frames(self, place: Path, onset: int, apex: int) -> tuple[Image, Image]:
        from mellm.media import open_media, read_image
        from mellm.media.folder import file_numbers, natural_order
        from mellm.media.folder_contents import pictures_in

        if place.is_dir():
            files = sorted(pictures_in(place), key=natural_order)
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


@dataclass
class MEFlowSource:
    """Pairs of a MEFlowDataset folder. `estimator="truth"` takes the exact flow instead of an estimate."""

    folder: Path
    estimator: str = "dis"
    map_scale_px: float | None = MMC_SCALE_PX
    limit: int | None = None
    _open: dict[str, Shard] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._places)

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content."""
        return {"kind": "meflow", "signature": self._manifest.signature, "estimator": self.estimator,
                "map_scale_px": self.map_scale_px, "limit": self.limit}  # fmt: skip

    @cached_property
    def _manifest(self) -> Manifest:
        return Manifest.read(self.folder)

    @cached_property
    def _places(self) -> list[tuple[str, int]]:
        shards = sorted(self._manifest.shards.items())
        places = [(name, i) for name, entry in shards for i in range(entry.pairs)]
        return places[: self.limit]

    @cached_property
    def _estimator(self) -> FlowEstimator:
        from mellm.flow import create

        return create(self.estimator)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        from mellm.flow import Flow, measure_flow
        from mellm.flow.colour import mmc_map

        name, number = self._places[index]
        if name not in self._open:
            self._open.clear()
            self._open[name] = Shard(self.folder / name)
        pair = self._open[name][number]
        exact = self.estimator == "truth"
        truth = Flow(pair.facial, pair.head, "truth", "truth")
        flow = truth if exact else self._estimator.estimate(pair.onset, pair.apex, pair.landmarks)
        moved = float(np.abs(truth.expression).max()) > 0
        measured = measure_flow(flow, pair.landmarks)
        motion = measured.motion
        if reason := implausible(motion) or covered(pair.valid, measured.regions):
            return Skipped(pair.key, reason)
        key = case_key("meflow", pair.identity, pair.key)
        case = Case(
            key=key,
            dataset="meflow",
            subject=pair.identity,
            name=pair.key,
            split=split_of(pair.identity),
            scale="px",
            motion=tuple(motion),
            truth=generated_truth([(u.au, cast(Side, u.side)) for u in pair.action_units], moved, key),
            picture=None,
            picture_face=True,
            made={"estimator": self.estimator, "map_scale_px": self.map_scale_px},
            stage=stage_of_motion(motion),
        )
        return Measured(case, mmc_map(flow.expression, pair.onset, scale_px=self.map_scale_px))


@dataclass
class FlowOnlySource:
    """A folder with `flows.npz` and `samples.csv`: flow whose scale was lost, and no frames."""

    folder: Path

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._set.samples)

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content."""
        files = [file_mark(self.folder / name) for name in ("samples.csv", "flows.npz")]
        return {"kind": "flow-only", "files": files}

    @cached_property
    def _set(self) -> FlowSet:
        return read_flow_set(self.folder)

    def measure(self, index: int) -> Measured | Skipped:
        """Measure one sample."""
        return measure_stored_flow(self._set.samples[index], self._set.flows[index])


def measure_stored_flow(sample: Sample, stored: NDArray[np.uint8]) -> Measured:
    """Measure one sample of flow uint8 (28, 28, 3) whose scale was lost."""
    from mellm.flow.colour import mmc_colours
    from mellm.flow.normalised import recover_flow, regional_motion

    flow = recover_flow(stored)
    large = cv2.resize(flow, (336, 336), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    case = Case(
        key=case_key(sample.dataset, sample.subject, sample.key),
        dataset=sample.dataset,
        subject=sample.subject,
        name=sample.key,
        split=subject_split(sample.dataset, sample.subject),
        scale="relative",
        motion=tuple(regional_motion(flow)),
        truth=coded_truth(sample.codes, sample.emotion, sample.label),
        picture=None,
        picture_face=False,
        made={"estimator": "stored", "map_scale_px": None},
        stage=stage_of_stored_flow(stored),
    )
    return Measured(case, mmc_colours(large))


def open_source(
    path: Path, frames: Path | None, estimator: str, map_scale_px: float | None = MMC_SCALE_PX
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
