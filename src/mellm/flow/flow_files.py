"""Flow in files: Middlebury `.flo`, `.npz`, and (only when asked for) KITTI's 16-bit PNG.

Knows file formats, nothing of where flow comes from.
"""

import json
import struct
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from mellm.errors import InputError, MellmError
from mellm.flow.field import Flow, FlowField, HeadMotion
from mellm.wording.message import Message

FLO_MAGIC = b"PIEH"
"""The float 202021.25, little-endian (Baker et al., IJCV 2011)."""

KITTI_STEP = 1 / 64
"""Pixels; the smallest difference KITTI's PNG can hold."""

Part = Literal["expression", "facial", "head"]


def write_flow(path: str | Path, flow: Flow | FlowField, *, allow_quantised: bool = False) -> None:
    """Write `flow` to `.flo` or `.npz` (by the name's ending), every bit kept.

    A field (H, W, 2) float32 goes into either; a whole `Flow` (facial, head, how it was made) into `.npz`.
    `.png` is refused unless `allow_quantised`. Raises InputError for another ending or a wrong shape,
    MellmError where the place cannot be written to.
    """
    path = Path(path)
    try:
        _write(path, flow, allow_quantised)
    except OSError as error:
        raise MellmError(f"{path} cannot be written ({error.strerror}); choose another place.") from error


def read_flow(path: str | Path, part: Part = "expression", *, allow_quantised: bool = False) -> FlowField:
    """Read one flow field float32 (H, W, 2) px from `.flo`, `.npz` or (if allowed) KITTI `.png`.

    `part` chooses the field where the file holds a whole `Flow`. Pixels that a KITTI file marks as unknown
    are NaN. Raises InputError for a damaged or foreign file.
    """
    path = Path(path)
    _need_file(path)
    if path.suffix == ".flo":
        return _read_flo(path)
    if path.suffix == ".npz":
        arrays = _read_npz(path)
        if "flow" in arrays:
            return _field(path, arrays["flow"])
        flow = _whole(path, arrays)
        return {"expression": flow.expression, "facial": flow.facial, "head": flow.head}[part]
    if path.suffix == ".png":
        _need_permission(path, allow_quantised)
        return _read_kitti(path)
    raise _unknown(path)


def read_estimate(path: str | Path) -> Flow:
    """Read the whole `Flow` (facial, head, how it was made) that `write_flow` put into a `.npz` file."""
    path = Path(path)
    _need_file(path)
    if path.suffix != ".npz":
        raise InputError(f"{path.name} holds one field at most; a whole flow is in a .npz file.")
    return _whole(path, _read_npz(path))


def _write(path: Path, flow: Flow | FlowField, allow_quantised: bool) -> None:
    if isinstance(flow, Flow):
        if path.suffix != ".npz":
            raise InputError(
                f"A {path.suffix or 'nameless'} file holds one flow field; write flow.expression, "
                "flow.facial or flow.head to it, or the whole to a .npz file."
            )
        made = {
            "estimator": flow.estimator,
            "compensation": flow.compensation,
            "warnings": [str(warning) for warning in flow.warnings],
            "messages": [asdict(warning) for warning in flow.warnings],
            "head_motion": asdict(flow.head_motion) if flow.head_motion else None,
        }
        np.savez_compressed(path, facial=flow.facial, head=flow.head, made=np.array(json.dumps(made)))
        return
    if flow.ndim != 3 or flow.shape[2] != 2 or flow.dtype != np.float32:
        raise InputError(
            f"Flow is float32 (height, width, 2), not {flow.dtype} {flow.shape}; convert it first."
        )
    if path.suffix == ".flo":
        height, width = flow.shape[:2]
        data = flow.astype("<f4").tobytes()
        path.write_bytes(FLO_MAGIC + struct.pack("<ii", width, height) + data)
    elif path.suffix == ".npz":
        np.savez_compressed(path, flow=flow)
    elif path.suffix == ".png":
        _need_permission(path, allow_quantised)
        levels = np.rint(flow[..., ::-1] / KITTI_STEP) + 2**15
        if levels.min() < 0 or levels.max() >= 2**16:
            raise InputError(f"{path.name}: KITTI's PNG holds flow up to 512 px; write a .flo file instead.")
        valid = np.ones((*flow.shape[:2], 1))
        cv2.imwrite(str(path), np.concatenate([valid, levels], 2).astype(np.uint16))
    else:
        raise _unknown(path)


def _read_flo(path: Path) -> FlowField:
    data = path.read_bytes()
    if data[:4] != FLO_MAGIC or len(data) < 12:
        raise InputError(
            f"{path.name} is not a Middlebury .flo file: its first bytes are wrong; check its origin."
        )
    width, height = struct.unpack("<ii", data[4:12])
    if width < 1 or height < 1 or len(data) != 12 + 8 * width * height:
        raise InputError(
            f"{path.name} is damaged: it claims {width}x{height} px but has {len(data)} bytes; "
            "copy or make it again."
        )
    return np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path.name} is damaged or no .npz file; copy or make it again.") from error


def _whole(path: Path, arrays: dict[str, np.ndarray]) -> Flow:
    if not {"facial", "head", "made"} <= set(arrays):
        raise InputError(
            f"{path.name} holds {', '.join(arrays) or 'nothing'}, not facial and head flow; "
            "write it with write_flow."
        )
    try:
        made = json.loads(str(arrays["made"]))
        motion = made["head_motion"]
        # Files of older versions hold the English sentences alone.
        warnings = (
            map(Message.from_json, made["messages"])
            if "messages" in made
            else map(Message.plain, made["warnings"])
        )
        return Flow(
            facial=_field(path, arrays["facial"]),
            head=_field(path, arrays["head"]),
            estimator=made["estimator"],
            compensation=made["compensation"],
            warnings=tuple(warnings),
            head_motion=HeadMotion(**motion) if motion else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path.name} does not say how its flow was made; make it again.") from error


def _field(path: Path, array: np.ndarray) -> FlowField:
    if array.ndim != 3 or array.shape[2] != 2 or array.dtype != np.float32:
        raise InputError(
            f"{path.name} holds {array.dtype} {array.shape}; flow is float32 (height, width, 2)."
        )
    return array


def _read_kitti(path: Path) -> FlowField:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(f"{path.name} is not a KITTI flow file (a 16-bit PNG of three channels).")
    flow = ((picture[..., :0:-1].astype(np.float32) - 2**15) * KITTI_STEP).astype(np.float32)
    flow[picture[..., 0] == 0] = np.nan
    return flow


def _need_permission(path: Path, allowed: bool) -> None:
    if not allowed:
        raise InputError(
            f"{path.name}: KITTI's PNG rounds flow to 1/64 px, coarse against micro-expressions of tenths "
            "of a pixel; use .flo or .npz, or allow it with allow_quantised=True."
        )


def _need_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"There is no file {path}; check the name.")


def _unknown(path: Path) -> InputError:
    return InputError(f"{path.name}: flow files end in .flo or .npz; choose one of these.")
