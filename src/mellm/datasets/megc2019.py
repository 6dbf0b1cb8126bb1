"""Reader of the MEGC 2019 composite as optical flow: a folder with `flows.npz` and `samples.csv`.

The archive holds `flows`, `onset_apex` or both, and `key`: each array is one measurement of the same samples,
brought to one crop (`mellm.datasets.flow_crops`). `apex_offset` is read, turned round, where nothing else is
there: beside the others it adds nothing (docs/benchmarks.md). A folder of another measurement without a sheet
of its own (`NAME_second`) takes that of the folder beside it (`NAME`).

An array is uint8 (N, 28, 28, 3): horizontal flow (right +), vertical flow (down +), optical strain of a tight
face crop, each channel min-max normalised per picture. Zero level and scale are lost; `recover_flow` gets
back what can be had: the zero from the nose, the ratio of the two channels from the strain, and the head's
in-plane motion removed. Any mixture of SMIC, CASME II and SAMM in this format is read alike.

Knows nothing about labels beyond reading them: nothing here is chosen by looking at them.
"""

import io
import logging
import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.flow_crops import TIGHT, WIDE, in_tight_crop, turned_round
from mellm.datasets.repeated_rows import counted_once
from mellm.datasets.sheet_warnings import log_remarks
from mellm.errors import InputError
from mellm.facs.codes import AUCodes, parse_codes

_log = logging.getLogger(__name__)

_UNITS = ("action_units",)
_SAMPLE = (("dataset",), ("key",), ("subject",))
_SAID = (("label",), ("emotion",), _UNITS)

SIZE = 28
"""Width and height of the flow pictures, pixels."""

SECOND = "_second"
"""Ending of the name of a folder that holds a second measurement and no sheet."""

REVERSED = "apex_offset"
"""Array whose flow runs against the others."""

ARRAYS = {"flows": TIGHT, "onset_apex": WIDE, REVERSED: WIDE}
"""Arrays of flow in an archive, and the crop each is taken to have where it holds few pictures."""

CENTRE = 13.5
"""Column about which the crop is symmetric (pixel centres are whole numbers)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of samples.csv. `subject` is as in the sheet; `group` tells people of all sets apart.

    `codes` is the cell of action units as written; it is read only when asked for. `filename` is the clip's
    own name, where the sheet has one.
    """

    key: str
    dataset: str
    subject: str
    label: str
    emotion: str
    codes: str
    filename: str = ""

    @property
    def group(self) -> str:
        """`dataset/subject`: the unit that is left out in leave-one-subject-out."""
        return f"{self.dataset}/{self.subject}"

    @property
    def action_units(self) -> AUCodes:
        """The parsed codes; what cannot be read is among their remarks."""
        return parse_codes(self.codes)


@dataclass(frozen=True, slots=True)
class FlowSet:
    """Samples and their stored flow, row by row: uint8 (N, 28, 28, 3).

    `again` holds further measurements of the same samples, in the same form.
    """

    samples: tuple[Sample, ...]
    flows: NDArray[np.uint8]
    again: tuple[NDArray[np.uint8], ...] = ()

    @property
    def measurements(self) -> tuple[NDArray[np.uint8], ...]:
        """All measurements, the first one first."""
        return (self.flows, *self.again)

    def select(self, keep: NDArray[np.bool_]) -> "FlowSet":
        """Return the samples where `keep` (N,) is true."""
        chosen = tuple(s for s, k in zip(self.samples, keep, strict=True) if k)
        return FlowSet(chosen, self.flows[keep], tuple(more[keep] for more in self.again))


def flow_set_files(folder: str | Path, also: str | Path | None = None) -> list[Path]:
    """Return the files that are read: the sheet, the flow, and the flow of a second folder."""
    place = Path(folder)
    sheet = place / "samples.csv"
    beside = place.with_name(place.name.removesuffix(SECOND)) / sheet.name
    if not sheet.is_file() and place.name.endswith(SECOND) and beside.is_file():
        sheet = beside
    more = [Path(also) / "flows.npz"] if also is not None else []
    return [sheet, place / "flows.npz", *more]


def read_flow_set(folder: str | Path, also: str | Path | None = None) -> FlowSet:
    """Read a folder in the format above, and a second measurement of the same samples from the folder `also`.

    Raises InputError where a file is missing, a column is, or a sample has no flow.
    """
    sheet, *archives = flow_set_files(folder, also)
    for file in (sheet, *archives):
        if not file.is_file():
            raise InputError(
                f"There is no {file.name} in '{file.parent}'; give a folder with samples.csv and flows.npz."
            )
    rows = _read_sheet(sheet)
    first, *again = [flows for archive in archives for flows in _matched(archive, rows)]
    return FlowSet(tuple(rows), first, tuple(again))


def _matched(archive: Path, rows: Sequence[Sample]) -> list[NDArray[np.uint8]]:
    """The archive's measurements in the order of the sheet's rows."""
    measured, keys = _read_archive(archive)
    if keys is None:
        if len(measured[0]) != len(rows):
            raise InputError(
                f"'{archive}' holds {len(measured[0])} flows for {len(rows)} samples and no keys."
            )
        return measured
    if keys == [row.key for row in rows]:
        return measured
    index = {key: i for i, key in enumerate(keys)}
    if len(index) < len(keys):
        raise InputError(f"'{archive}' has the same key twice; rows and flows cannot be matched.")
    lost = [row.key for row in rows if row.key not in index]
    if lost:
        raise InputError(f"'{archive}' has no flow for sample '{lost[0]}' ({len(lost)} missing in all).")
    order = [index[row.key] for row in rows]
    return [flows[order] for flows in measured]


def _read_sheet(sheet: Path) -> list[Sample]:
    rows = read_sheet(sheet, [("key",), ("dataset",), ("subject",), ("label",)])
    rows = counted_once(_log, sheet, rows, _SAMPLE, _SAID)
    log_remarks(_log, sheet, rows, _UNITS)
    return [
        Sample(
            key=row.text(("key",)),
            dataset=row.text(("dataset",)),
            subject=row.text(("subject",)),
            label=row.text(("label",)).lower(),
            emotion=row.text(("emotion",)).lower(),
            codes=row.text(_UNITS),
            filename=row.text(("filename",)),
        )
        for row in rows
    ]


def _read_archive(archive: Path) -> tuple[list[NDArray[np.uint8]], list[str] | None]:
    try:
        with np.load(archive, allow_pickle=False) as stored:
            found = {name: stored[name] for name in ARRAYS if name in stored.files}
        with zipfile.ZipFile(archive) as parts:
            keys = _read_keys(parts.read("key.npy")) if "key.npy" in parts.namelist() else None
    except (KeyError, ValueError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise InputError(f"'{archive}' cannot be read as flows and keys ({error}).") from error
    if not found:
        raise InputError(
            f"'{archive}' cannot be read as flows and keys (it has none of {', '.join(ARRAYS)})."
        )
    for name, flows in found.items():
        if flows.ndim != 4 or flows.shape[1:] != (SIZE, SIZE, 3) or flows.dtype != np.uint8:
            raise InputError(
                f"'{archive}' must hold uint8 {name} (N, {SIZE}, {SIZE}, 3), not {flows.dtype} {flows.shape}."
            )
    if len({len(flows) for flows in found.values()}) > 1 or (keys and len(keys) != len(found[min(found)])):
        raise InputError(f"The arrays in '{archive}' are not of the same samples: their lengths differ.")
    if len(found) > 1:
        found.pop(REVERSED, None)
    return [
        in_tight_crop(turned_round(flows) if name == REVERSED else flows, ARRAYS[name])
        for name, flows in found.items()
    ], keys


class _StringsOnly(pickle.Unpickler):
    """Rebuilds a NumPy array of strings and refuses everything else a pickle could ask for."""

    def find_class(self, module: str, name: str) -> object:
        rebuilt = {"_reconstruct": np._core.multiarray._reconstruct, "ndarray": np.ndarray, "dtype": np.dtype}  # type: ignore[attr-defined]
        if module.split(".")[0] == "numpy" and name in rebuilt:
            return rebuilt[name]
        raise pickle.UnpicklingError(f"the keys must be plain strings, not {module}.{name}")


def _read_keys(npy: bytes) -> list[str]:
    """Read key.npy, which is stored as an object array: unpickled with strings allowed and nothing else."""
    stream = io.BytesIO(npy)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read(stream)
    array = _StringsOnly(stream).load() if dtype.hasobject else np.load(io.BytesIO(npy), allow_pickle=False)
    return [str(key) for key in np.asarray(array).ravel()]
