"""Pairs on disk: shards of PNG-packed pairs, written whole or not at all.

A shard is an uncompressed .npz. Pictures are lossless PNG. Flow is stored in fixed point, 1/512 px in 16
bits (range +-64 px, rounding error below 0.001 px), head and expression flow as one four-channel PNG. The
module knows nothing about how pairs are made.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.simulate.pair import ActionUnitTruth, FlowPair
from mellm.simulate.unit_fields import Side
from mellm.weights.model_store import sha256_of

STEP = 1 / 512
"""Resolution of stored flow, px."""
LIMIT = 32767 * STEP
"""Largest flow that can be stored, px; larger values are clipped (they lie outside any frame's motion)."""
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
# Parts of one pair, in file order: onset, apex, flow, masks.
_PARTS = 4


class UnitLabel(TypedDict):
    """An action unit as shards store it; the fields are those of `ActionUnitTruth`."""

    au: int
    side: Side
    amplitude: float


class PairLabel(TypedDict):
    """What shards store of a pair beside pictures, flow and landmarks; older shards have no `origin`."""

    key: str
    identity: str
    action_units: list[UnitLabel]
    origin: NotRequired[str | None]


def _pack(image: NDArray[Any]) -> NDArray[np.uint8]:
    done, data = cv2.imencode(".png", image, _FAST)
    if not done:
        raise InputError("A picture could not be packed as PNG; the installation of OpenCV is broken.")
    return np.asarray(data, np.uint8).reshape(-1)


def _unpack(data: NDArray[np.uint8]) -> NDArray[Any]:
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError("A stored picture cannot be decoded; the shard is damaged. Build it again.")
    return np.asarray(image)


def _parts(pair: FlowPair) -> list[NDArray[np.uint8]]:
    motion = np.concatenate([pair.head, pair.facial - pair.head], -1)
    fixed = np.clip(np.round(motion / STEP), -32767, 32767).astype(np.int32) + 32768
    masks = pair.valid.astype(np.uint8) + 2 * pair.face.astype(np.uint8)
    return [
        _pack(np.ascontiguousarray(pair.onset[..., ::-1])),
        _pack(np.ascontiguousarray(pair.apex[..., ::-1])),
        _pack(fixed.astype(np.uint16)),
        _pack(masks),
    ]


def write_shard(path: Path, pairs: Iterable[FlowPair]) -> str:
    """Write a shard atomically and return its SHA-256; a crash leaves no half-written shard behind.

    Pairs are packed one by one as they come, so only their packed form is held in memory.
    """
    blobs: list[NDArray[np.uint8]] = []
    labels: list[PairLabel] = []
    landmarks: list[NDArray[np.float32]] = []
    for pair in pairs:
        blobs += _parts(pair)
        units: list[UnitLabel] = [
            {"au": u.au, "side": u.side, "amplitude": u.amplitude} for u in pair.action_units
        ]
        label: PairLabel = {"key": pair.key, "identity": pair.identity, "action_units": units}
        label["origin"] = None if pair.origin is None else str(pair.origin)
        labels.append(label)
        landmarks.append(pair.landmarks.points)
    ends = np.cumsum([len(b) for b in blobs], dtype=np.int64)
    partial = path.with_name(f"{path.stem}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            data=np.concatenate(blobs),
            ends=ends,
            landmarks=np.stack(landmarks),
            labels=np.frombuffer(json.dumps(labels).encode(), np.uint8),
        )
        file.flush()
        os.fsync(file.fileno())
    digest = sha256_of(partial)
    partial.replace(path)
    return digest


class Shard:
    """Random access to the pairs of one shard file."""

    def __init__(self, path: Path) -> None:
        """Open the file and read its index. Raises InputError where it is damaged."""
        try:
            with np.load(path) as stored:
                self._data = stored["data"]
                self._ends = stored["ends"]
                self._landmarks = stored["landmarks"]
                self.labels: list[PairLabel] = json.loads(stored["labels"].tobytes())
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(f"{path.name} is damaged ({error}); delete it and build again.") from error

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.labels)

    def __getitem__(self, index: int) -> FlowPair:
        """Decode one pair."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        label = self.labels[index]
        starts = np.concatenate([[0], self._ends])
        first = index * _PARTS
        onset, apex, fixed, masks = (
            _unpack(self._data[starts[k] : starts[k + 1]]) for k in range(first, first + _PARTS)
        )
        motion = (fixed.astype(np.float32) - 32768) * np.float32(STEP)
        return FlowPair(
            key=label["key"],
            identity=label["identity"],
            onset=np.ascontiguousarray(onset[..., ::-1]),
            apex=np.ascontiguousarray(apex[..., ::-1]),
            facial=motion[..., :2] + motion[..., 2:],
            head=np.ascontiguousarray(motion[..., :2]),
            valid=(masks & 1) > 0,
            face=(masks & 2) > 0,
            landmarks=Landmarks(self._landmarks[index]),
            action_units=tuple(ActionUnitTruth(**u) for u in label["action_units"]),
            origin=label.get("origin"),
        )

    def __iter__(self) -> Iterator[FlowPair]:
        """Decode all pairs in order."""
        for index in range(len(self)):
            yield self[index]
