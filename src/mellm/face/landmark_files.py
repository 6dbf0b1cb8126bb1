"""Landmarks made by other programs: OpenFace tables, and simple CSV, JSON, NPZ and PTS files.

Knows the files; nothing about pictures. The number of points decides the scheme: 68 (iBUG, as OpenFace
writes), 98 (WFLW) or 468 (the mesh). One rule holds in every format: a frame without a full set of numbers
(missing, empty, NaN, or all points on one spot) is a gap, and no frame is described twice.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.anchors import POINT_COUNTS
from mellm.face.landmark_text import table_of, text_of
from mellm.face.people import Landmarks, Scheme

MIN_CONFIDENCE = 0.5
"""OpenFace rows less sure than this are gaps."""

_SCHEMES: dict[int, Scheme] = {
    count: scheme for scheme, count in POINT_COUNTS.items() if scheme != "template"
}
_COORDINATE = re.compile(r"([xyz])_?(\d+)$")
_FACE_COLUMNS = ("face_id", "face", "faceid", "person_id", "person", "track_id", "identity")
_NO_NUMBER = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})


def load_landmarks(path: str | Path, *, face_id: int | None = None) -> dict[int, Landmarks]:
    """Read landmarks as {frame index from 0: landmarks}; frames without a face are left out.

    Formats, by the file's ending, pixels of the upright picture throughout:

    - `.csv` of OpenFace (it has `confidence` and `success`; its frames count from 1 and are shifted to 0).
      Rows without success or with a confidence under 0.5 are gaps. Where it followed several faces
      (`face_id`), the one asked for is read, by default the one seen in the most frames.
    - other `.csv`: columns `frame` (from 0), `x_0`, `x_1`, ..., `y_0`, ... and, where known, `z_0`, ...
    - `.json`: `{"0": [[x, y], ...], "1": ...}`, keys are frames from 0; null is a gap.
    - `.npz`: `points` (frames, points, 2 or 3) and, optionally, `frames` (frames,) from 0. A lone array as
      `.npy` holds it is taken for the points.
    - `.pts`: the points of one picture, which becomes frame 0.

    Tables may be in any encoding, parted by commas, semicolons or tabs, with decimal commas. Frames with an
    empty or NaN coordinate, or with all points on one spot, are gaps. Raises InputError with the reason where
    a file cannot be used, also where two rows describe one frame and no `face_id` says whose they are.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix != ".csv" and suffix not in _ONE_FACE_READERS:
        endings = ", ".join([".csv", *_ONE_FACE_READERS])
        raise InputError(f"{file.name} is not a landmark file mellm can read: use one of {endings}.")
    if not file.is_file():
        raise InputError(f"There is no landmark file {file}: check the path.")
    try:
        found = _read_csv(file, face_id) if suffix == ".csv" else _ONE_FACE_READERS[suffix](file)
    except OSError as error:
        raise InputError(f"{file.name} cannot be read ({error.strerror}): check its permissions.") from error
    if not found:
        raise InputError(f"{file.name} has no frame with a face in it: check that the tracker found one.")
    return dict(sorted(found.items()))


def _landmarks(file: Path, points: object, where: str) -> Landmarks | None:
    """One face; None for a gap."""
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(points, np.float32)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0, np.float32)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or array.shape[0] not in _SCHEMES:
        raise InputError(
            f"{file.name}, {where}: expected {_counts()} points of two or three numbers each, "
            f"found an array of shape {array.shape}."
        )
    if not np.isfinite(array).all() or not np.ptp(array[:, :2], axis=0).any():
        return None
    return Landmarks(array, _SCHEMES[array.shape[0]])


def _by_frame(file: Path, faces: Iterable[tuple[float, object]]) -> dict[int, Landmarks]:
    """Frame numbers and points as {frame: landmarks}, without gaps; no frame may be there twice."""
    found: dict[int, Landmarks] = {}
    for number, points in faces:
        frame = _frame(file, number, f"frame {number:g}")
        face = _landmarks(file, points, f"frame {frame}")
        if face is None:
            continue
        if frame in found:
            raise InputError(f"{file.name} has two sets of points for frame {frame}: keep one person's.")
        found[frame] = face
    return found


def _frame(file: Path, number: float, where: str) -> int:
    if not (np.isfinite(number) and number >= 0 and float(number).is_integer()):
        raise InputError(
            f"{file.name}, {where}: {number:g} is no frame number; frames are whole numbers from 0 "
            "(OpenFace's from 1)."
        )
    return int(number)


def _counts() -> str:
    return " or ".join(str(count) for count in sorted(_SCHEMES))


def _read_csv(file: Path, face_id: int | None) -> dict[int, Landmarks]:
    header, body = table_of(file)
    columns = _point_columns(file, header)
    by_openface = {"confidence", "success"} <= set(header)
    face_column = next((name for name in _FACE_COLUMNS if name in header), None)

    def number(row: list[str], line: int, name: str, default: float) -> float:
        if name not in header:
            return default
        return float(_numbers(file, line, row, [header.index(name)])[0])

    seen: dict[int, dict[int, Landmarks]] = {}
    for line, row in body:
        sure = number(row, line, "confidence", 1)
        # Not sure enough also where that cell is empty or NaN.
        if not (number(row, line, "success", 1) >= 1 and sure >= MIN_CONFIDENCE):
            continue
        # OpenFace's table for a single picture has no frame column; that picture is frame 0.
        counted = number(row, line, "frame", 1 if by_openface else 0)
        points = np.stack([_numbers(file, line, row, axis) for axis in columns], axis=1)
        landmarks = _landmarks(file, points, f"line {line}")
        if landmarks is None:
            continue
        frame = _frame(file, counted - int(by_openface), f"line {line}")
        face = 0 if face_column is None else _face_of(file, line, row, header.index(face_column))
        if frame in seen.setdefault(face, {}):
            if "frame" not in header:
                raise InputError(f"{file.name} has several rows and no column frame: add one, from 0.")
            whose = f" and face {face}" if face_column else ", and no column face_id says whose they are"
            raise InputError(
                f"{file.name}, line {line}: this is the second row for frame {counted:g}{whose}: "
                "keep the rows of one person, or number the people in a column face_id."
            )
        seen[face][frame] = landmarks
    if face_id is None:
        most = Counter({face: len(frames) for face, frames in sorted(seen.items())}).most_common(1)
        return seen[most[0][0]] if most else {}
    if face_id not in seen:
        known = ", ".join(map(str, sorted(seen))) or "none"
        raise InputError(f"{file.name} has no face_id {face_id}: it has {known}.")
    return seen[face_id]


def _face_of(file: Path, line: int, row: Sequence[str], column: int) -> int:
    """The number of a face, also where it is written as `Person_0`."""
    match = re.search(r"(\d+)(\.0*)?\s*$", row[column] if column < len(row) else "")
    if match is None:
        raise InputError(f"{file.name}, line {line}: the face has no number; write that line again.")
    return int(match[1])


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
    """The cells as numbers, NaN for those that are empty or say that there is none."""
    try:
        cells = [row[column].strip().lower() for column in columns]
        return np.array([np.nan if cell in _NO_NUMBER else float(cell) for cell in cells])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{file.name}, line {line}: a cell is missing or not a number; write that line again."
        ) from error


def _read_json(file: Path) -> dict[int, Landmarks]:
    try:
        # As pairs: an object that names a frame twice would keep the last one and say nothing.
        pairs = json.loads(text_of(file), object_pairs_hook=list)
        faces = [(float(int(frame)), points) for frame, points in pairs]
    except (OverflowError, RecursionError, TypeError, ValueError) as error:
        raise InputError(
            f'{file.name} is not of the form {{"0": [[x, y], ...], "1": ...}} with frame numbers as keys.'
        ) from error
    return _by_frame(file, [(frame, points) for frame, points in faces if points not in (None, [])])


def _read_npz(file: Path) -> dict[int, Landmarks]:
    try:
        # An array cut short or filled with nonsense ends in exceptions of a dozen libraries and kinds.
        content = np.load(file, allow_pickle=False)
        if isinstance(content, np.ndarray):
            points, frames = content, np.arange(len(content))
        else:
            with content:
                points = content["points"]
                frames = content["frames"] if "frames" in content else np.arange(len(points))
        counts = len(points), len(frames)
        usable = points.dtype.kind in "fiu" and frames.dtype.kind in "fiu" and frames.ndim == 1
    except OSError as error:
        if error.errno is not None:
            raise
        raise _no_array(file) from error
    except Exception as error:
        raise _no_array(file) from error
    if not usable:
        raise _no_array(file)
    if counts[0] != counts[1]:
        raise InputError(f"{file.name} has {counts[0]} sets of points but {counts[1]} frame numbers.")
    return _by_frame(file, zip(frames.tolist(), points, strict=True))


def _no_array(file: Path) -> InputError:
    return InputError(
        f"{file.name} has no readable array `points` (frames, points, 2 or 3): write it with numpy.savez."
    )


def _read_pts(file: Path) -> dict[int, Landmarks]:
    text = text_of(file)
    inside = re.search(r"\{(.*)\}", text, re.DOTALL)
    lines = [line.split() for line in (inside[1] if inside else text).splitlines() if line.strip()]
    try:
        points = [[float(cell) for cell in line] for line in lines]
    except ValueError as error:
        raise InputError(
            f"{file.name} is not a PTS file: it needs one `x y` per line between braces."
        ) from error
    face = _landmarks(file, points, "its points")
    return {} if face is None else {0: face}


_ONE_FACE_READERS: dict[str, Callable[[Path], dict[int, Landmarks]]] = {
    ".json": _read_json,
    ".npz": _read_npz,
    ".pts": _read_pts,
}
