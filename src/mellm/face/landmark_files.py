"""Landmarks made by other programs: OpenFace tables, and simple CSV, JSON, NPZ and PTS files.

Knows the files; nothing about pictures. The number of points decides the scheme: 68 (iBUG, as OpenFace
writes), 98 (WFLW) or 468 (the mesh).
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.anchors import POINT_COUNTS
from mellm.face.people import Landmarks, Scheme

MIN_CONFIDENCE = 0.5
"""OpenFace rows less sure than this are gaps."""

_SCHEMES: dict[int, Scheme] = {
    count: scheme for scheme, count in POINT_COUNTS.items() if scheme != "template"
}
_COORDINATE = re.compile(r"([xyz])_?(\d+)$")


def load_landmarks(path: str | Path, *, face_id: int | None = None) -> dict[int, Landmarks]:
    """Read landmarks as {frame index from 0: landmarks}; frames without a face are left out.

    Formats, by the file's ending, pixels of the upright picture throughout:

    - `.csv` of OpenFace (it has `confidence` and `success`; its frames count from 1 and are shifted to 0).
      Rows without success or with a confidence under 0.5 are gaps. Where it followed several faces
      (`face_id`), the one asked for is read, by default the one seen in the most frames.
    - other `.csv`: columns `frame` (from 0), `x_0`, `x_1`, ..., `y_0`, ... and, where known, `z_0`, ...
    - `.json`: `{"0": [[x, y], ...], "1": ...}`, keys are frames from 0.
    - `.npz`: `points` (frames, points, 2 or 3) and, optionally, `frames` (frames,) from 0; a frame that holds
      NaN is a gap.
    - `.pts`: the points of one picture, which becomes frame 0.

    Raises InputError with the reason where a file cannot be used.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix != ".csv" and suffix not in _ONE_FACE_READERS:
        endings = ", ".join([".csv", *_ONE_FACE_READERS])
        raise InputError(f"{file.name} is not a landmark file mellm can read: use one of {endings}.")
    if not file.is_file():
        raise InputError(f"There is no landmark file {file}: check the path.")
    found = _read_csv(file, face_id) if suffix == ".csv" else _ONE_FACE_READERS[suffix](file)
    if not found:
        raise InputError(f"{file.name} has no frame with a face in it: check that the tracker found one.")
    return dict(sorted(found.items()))


def _landmarks(file: Path, points: object, where: str) -> Landmarks:
    try:
        array = np.asarray(points, np.float32)
    except (TypeError, ValueError):
        array = np.empty(0, np.float32)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or array.shape[0] not in _SCHEMES:
        raise InputError(
            f"{file.name}, {where}: expected {_counts()} points of two or three numbers each, "
            f"found an array of shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise InputError(
            f"{file.name}, {where}: a coordinate is not a number; leave out frames without a face."
        )
    return Landmarks(array, _SCHEMES[array.shape[0]])


def _counts() -> str:
    return " or ".join(str(count) for count in sorted(_SCHEMES))


def _read_csv(file: Path, face_id: int | None) -> dict[int, Landmarks]:
    with file.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.reader(stream, skipinitialspace=True)
        header = [name.strip().lower() for name in next(rows, [])]
        columns = _point_columns(file, header)
        body = [(line, row) for line, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]

    def number(row: list[str], line: int, name: str, default: float) -> float:
        if name not in header:
            return default
        return float(_numbers(file, line, row, [header.index(name)])[0])

    by_openface = {"confidence", "success"} <= set(header)
    face_column = "face_id" if "face_id" in header else "face"
    seen: dict[int, dict[int, Landmarks]] = {}
    for line, row in body:
        if number(row, line, "success", 1) < 1 or number(row, line, "confidence", 1) < MIN_CONFIDENCE:
            continue
        # OpenFace's table for a single picture has no frame column; that picture is frame 0.
        frame = int(number(row, line, "frame", 1 if by_openface else 0)) - int(by_openface)
        face = int(number(row, line, face_column, 0))
        points = np.stack([_numbers(file, line, row, axis) for axis in columns], axis=1)
        seen.setdefault(face, {})[frame] = _landmarks(file, points, f"line {line}")
    if face_id is None:
        most = Counter({face: len(frames) for face, frames in sorted(seen.items())}).most_common(1)
        return seen[most[0][0]] if most else {}
    if face_id not in seen:
        known = ", ".join(map(str, sorted(seen))) or "none"
        raise InputError(f"{file.name} has no face_id {face_id}: it has {known}.")
    return seen[face_id]


def _point_columns(file: Path, header: Sequence[str]) -> list[list[int]]:
    """Positions of the columns per axis; OpenFace's 3D points (X_0) are camera millimetres and not read."""
    axes: dict[str, dict[int, int]] = {"x": {}, "y": {}, "z": {}}
    for column, name in enumerate(header):
        if match := _COORDINATE.match(name):
            axes[match[1]].setdefault(int(match[2]), column)
    counts = {len(axes["x"]), len(axes["y"])}
    if len(counts) != 1 or not counts <= set(_SCHEMES):
        raise InputError(
            f"{file.name} has {len(axes['x'])} x and {len(axes['y'])} y columns: it needs x_0, x_1, ... and "
            f"y_0, y_1, ... of {_counts()} points (OpenFace writes them with its option -2Dfp)."
        )
    used = [axes["x"], axes["y"]]
    if len(axes["z"]) == len(axes["x"]) == POINT_COUNTS["mesh468"]:
        used.append(axes["z"])
    return [[axis[i] for i in sorted(axis)] for axis in used]


def _numbers(file: Path, line: int, row: Sequence[str], columns: Sequence[int]) -> NDArray[np.float64]:
    try:
        return np.array([float(row[column]) for column in columns])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{file.name}, line {line}: a cell is missing or not a number; write that line again."
        ) from error


def _read_json(file: Path) -> dict[int, Landmarks]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        frames = {int(frame): points for frame, points in content.items()}
    except (AttributeError, ValueError) as error:
        raise InputError(
            f'{file.name} is not of the form {{"0": [[x, y], ...], "1": ...}} with frame numbers as keys.'
        ) from error
    return {frame: _landmarks(file, points, f"frame {frame}") for frame, points in frames.items()}


def _read_npz(file: Path) -> dict[int, Landmarks]:
    try:
        with np.load(file, allow_pickle=False) as content:
            points = content["points"]
            frames = content["frames"] if "frames" in content else np.arange(len(points))
    except (KeyError, OSError, ValueError) as error:
        raise InputError(f"{file.name} has no readable array `points` (frames, points, 2 or 3).") from error
    if len(frames) != len(points):
        raise InputError(f"{file.name} has {len(points)} sets of points but {len(frames)} frame numbers.")
    return {
        int(frame): _landmarks(file, face, f"frame {frame}")
        for frame, face in zip(frames, points, strict=True)
        if not np.isnan(face).any()
    }


def _read_pts(file: Path) -> dict[int, Landmarks]:
    text = file.read_text(encoding="utf-8")
    inside = re.search(r"\{(.*)\}", text, re.DOTALL)
    lines = [line.split() for line in (inside[1] if inside else text).splitlines() if line.strip()]
    try:
        points = [[float(cell) for cell in line] for line in lines]
    except ValueError as error:
        raise InputError(
            f"{file.name} is not a PTS file: it needs one `x y` per line between braces."
        ) from error
    return {0: _landmarks(file, points, "its points")}


_ONE_FACE_READERS: dict[str, Callable[[Path], dict[int, Landmarks]]] = {
    ".json": _read_json,
    ".npz": _read_npz,
    ".pts": _read_pts,
}
