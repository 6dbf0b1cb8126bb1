"""Small test sets in the makers' layouts: generated faces make what the rows of a published sheet code.

The sheet that is written holds rows of the real one, unchanged: subjects, frame numbers, units, emotions.
Each person is one generated face; the units of a row move it, by motion of one origin. About 30 frames a
second are drawn, under the numbers of the set's own rate, so onset, apex and offset lie at the coders' frame
numbers. No picture of the set takes part. Whoever has the set changes the folder and nothing else.
"""

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.datasets.annotation_sheets import Row, read_sheet
from mellm.datasets.published_sets import DatasetSpec, get_set
from mellm.datasets.sample import Sample
from mellm.datasets.set_index import read_set
from mellm.errors import InputError
from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import get_taxonomy
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.clip_events import HeadPath, head_poses, pulse
from mellm.simulate.gallery import Gallery, Portrait
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import WITH_UNITS, Origin, OriginShares, draw_face_motion, known_units
from mellm.simulate.scene import Motion, Pose, Scene
from mellm.simulate.sensor import draw_camera, photograph
from mellm.simulate.unit_fields import Side, half_of

MANIFEST = "rendered.json"
"""File that says how each sample was made: origin, units, peak, face. No reader of sets looks at it."""
RATE = 30.0
"""About so many frames a second are drawn."""
AROUND = 4
"""Frames drawn before the onset and after the offset."""
SIZE = (280, 340)
"""Width and height of the frames: those of CASME II's own crops."""
_UNMOVED = frozenset({43, 45, 46})
_LEAST_OF_A_CLASS = 3

Part = Literal["all", "A", "B"]


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """What is rendered.

    set, sheet: the published set and its annotation sheet; faces: a folder of generated faces, of which those
        of the test split are used; ict: ICT-FaceKit's file, for its origin
    taxonomy: rows whose emotion is none of its labels are left out
    part: half of the sheet's people (`A` or `B`), or all
    origins: where the motion comes from; peaks: smallest and largest peak, px at 200 px between the eyes
    """

    set: str
    sheet: Path
    faces: Path
    taxonomy: str
    clips: int = 60
    part: Part = "all"
    origins: OriginShares = ((Origin.TABLE, 1.0), (Origin.MUSCLE, 1.0))
    ict: Path | None = None
    peaks: tuple[float, float] = (0.8, 3.5)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RenderedSample:
    """How one sample was made: `units` are the codes that move, `left_out` those without a known motion."""

    key: str
    face: str
    origin: str
    units: tuple[str, ...]
    left_out: tuple[str, ...]
    peak: float
    frames: int


def render_set(
    plan: RenderPlan, out: Path, progress: Callable[[int, int], None] | None = None
) -> list[RenderedSample]:
    """Render a set into the folder `out`; samples that are there already are kept.

    Raises InputError where the sheet holds no row that can be rendered.
    """
    spec = get_set(plan.set)
    shapes = None if plan.ict is None else IctModel(plan.ict)
    samples = chosen_samples(plan, shapes)
    portraits = _cast(plan, samples)
    out.mkdir(parents=True, exist_ok=True)
    _write_sheet(spec, plan.sheet, samples, out / f"{spec.name}.csv")
    done: list[RenderedSample] = []
    for number, sample in enumerate(samples, 1):
        place = out / _layout(spec, sample)
        record = place.parent / f".{place.name}.json"
        if record.is_file():
            done.append(_read_record(record))
        else:
            done.append(_render(plan, sample, portraits[sample.subject], shapes, place))
            record.write_text(json.dumps(asdict(done[-1])), encoding="utf-8")
        if progress:
            progress(number, len(samples))
    about = {"seed": plan.seed, "part": plan.part, "samples": [asdict(sample) for sample in done]}
    (out / MANIFEST).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return done


def chosen_samples(plan: RenderPlan, shapes: IctModel | None = None) -> list[Sample]:
    """Return the rows that are rendered: every label as often as in the sheet, but at least three times.

    Rows share no folder, and each has frames in order, a label, and units that an origin can show.
    """
    rng = np.random.default_rng(plan.seed)
    taxonomy = get_taxonomy(plan.taxonomy)
    rows = read_set(plan.set, plan.sheet.parent, plan.sheet).samples
    usable: dict[str, list[Sample]] = defaultdict(list)
    places: set[str] = set()
    for index in rng.permutation(len(rows)):
        row = rows[int(index)]
        label = taxonomy.label_of(row.emotion)
        if label is None or row.path in places or not _in_part(row, plan.part) or not _in_order(row):
            continue
        if _able(row, plan.origins, shapes):
            usable[label].append(row)
            places.add(row.path)
    if not usable:
        raise InputError(f"{plan.sheet.name} holds no row that can be rendered for these labels.")
    total = sum(map(len, usable.values()))
    share = min(1.0, plan.clips / total)
    counts = {
        label: min(len(found), max(_LEAST_OF_A_CLASS, round(share * len(found))))
        for label, found in usable.items()
    }
    while sum(counts.values()) < min(plan.clips, total):
        label = max(counts, key=lambda name: len(usable[name]) - counts[name])
        counts[label] += 1
    return sorted(
        (row for label, found in usable.items() for row in found[: counts[label]]), key=lambda row: row.key
    )


def _in_part(sample: Sample, part: Part) -> bool:
    if part == "all":
        return True
    odd = hashlib.sha256(sample.subject.encode()).digest()[0] % 2 == 1
    return odd == (part == "B")


def _in_order(sample: Sample) -> bool:
    if sample.onset is None or sample.apex is None or sample.offset is None or not sample.fps:
        return False
    lasts = (sample.offset - sample.onset) / sample.fps
    return sample.onset < sample.apex < sample.offset and lasts <= 1.0


def _units(sample: Sample) -> tuple[list[tuple[int, Side]], list[str]]:
    """The units that should move, and the codes that move nothing an origin knows (eyes shut, head)."""
    codes = parse_codes(sample.action_units)
    everyone = frozenset().union(*(known_units(o) for o in (Origin.TABLE, Origin.MUSCLE)))
    moved = {u.au: half_of(u.side) for u in codes.present if u.au in everyone - _UNMOVED}
    left = [u.sided for u in codes.present if u.au not in moved]
    return list(moved.items()), left


def _able(sample: Sample, origins: OriginShares, shapes: IctModel | None) -> list[Origin]:
    """The origins that know every unit of a sample that can move; none where nothing can."""
    wanted = {au for au, _ in _units(sample)[0]}
    if not wanted:
        return []
    named = [o for o, share in origins if share > 0 and o in WITH_UNITS]
    return [o for o in named if (o is not Origin.ICT or shapes) and wanted <= known_units(o, shapes)]


def _cast(plan: RenderPlan, samples: Sequence[Sample]) -> dict[str, Portrait]:
    """Give each person a face of the test split; faces are used again where there are fewer than people."""
    portraits = Gallery(plan.faces).of("test") or Gallery(plan.faces).portraits
    order = np.random.default_rng(plan.seed + 1).permutation(len(portraits))
    people = sorted({sample.subject for sample in samples})
    return {person: portraits[int(order[k % len(order)])] for k, person in enumerate(people)}


def _render(
    plan: RenderPlan, sample: Sample, portrait: Portrait, shapes: IctModel | None, place: Path
) -> RenderedSample:
    digest = hashlib.sha256(f"{plan.seed}/{sample.dataset}/{sample.key}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    assert sample.onset is not None and sample.apex is not None and sample.offset is not None and sample.fps
    able = _able(sample, plan.origins, shapes)
    shares = np.array([dict(plan.origins)[origin] for origin in able])
    origin = able[int(rng.choice(len(able), p=shares / shares.sum()))]
    units, left = _units(sample)
    motion = draw_face_motion(origin, rng, shapes=shapes, split="test", units=units)
    peak = float(np.exp(rng.uniform(*np.log(plan.peaks))))
    scene = _scene(portrait, rng)
    numbers = _numbers(sample)
    vector = motion.displacement @ canonical_to_mesh(scene.mesh).T
    px = peak * inter_ocular(Landmarks(scene.mesh)) / REFERENCE_INTER_OCULAR
    field = (px * vector / max(float(np.linalg.norm(vector[:, :2], axis=1).max()), 1e-9)).astype(np.float32)
    turn = Pose(yaw=float(rng.normal(0, 0.6)), pitch=float(rng.normal(0, 0.3)))
    poses = head_poses(HeadPath(turn, sway=0.2), len(numbers), RATE, rng)
    camera = draw_camera(rng, "laboratory")
    partial = place.with_name(f".{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for number, pose in zip(numbers, poses, strict=True):
        share = np.float32(pulse(number, sample.onset, sample.apex, sample.offset))
        image = photograph(scene.draw(Motion(share * field, pose)), camera, rng)
        coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 96])
        (partial / f"img{number:05d}.jpg").write_bytes(coded[1].tobytes())
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)
    moved = tuple(f"{'' if side == 'both' else side[0].upper()}{au}" for au, side in units)
    return RenderedSample(
        sample.key, portrait.identity, origin.value, moved, tuple(left), round(peak, 3), len(numbers)
    )


def _scene(portrait: Portrait, rng: np.random.Generator) -> Scene:
    """The face in the frame as the sets crop it: it fills the height, a little off the middle."""
    low, high = portrait.mesh[:, :2].min(axis=0), portrait.mesh[:, :2].max(axis=0)
    zoom = float(high[1] - low[1]) * float(rng.uniform(1.25, 1.4)) / SIZE[1]
    corner = (low + high) / 2 - zoom * np.array(SIZE) * (0.5, 0.53)
    place: NDArray[np.float64] = np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]])
    return Scene(portrait.read(), portrait.mesh, place, SIZE)


def _numbers(sample: Sample) -> list[int]:
    """The numbers of the frames that are drawn: every so many, and onset, apex and offset themselves."""
    assert sample.onset is not None and sample.apex is not None and sample.offset is not None and sample.fps
    step = max(1, round(sample.fps / RATE))
    first = max(1, sample.onset - AROUND * step)
    wanted = {*range(first, sample.offset + AROUND * step + 1, step)}
    named = (sample.onset, sample.apex, sample.offset)
    # A frame closer to a named one than half a step would be no new moment.
    kept = {n for n in wanted if all(n == m or 2 * abs(n - m) >= step for m in named)}
    return sorted(kept | set(named))


def _layout(spec: DatasetSpec, sample: Sample) -> str:
    """Where the makers put a sample's frames."""
    longest, shortest = spec.paths[0], spec.paths[-1]
    return (longest.removesuffix(shortest) if longest.endswith(shortest) else "") + sample.path


def _write_sheet(spec: DatasetSpec, sheet: Path, samples: Sequence[Sample], target: Path) -> None:
    """Write the rows of the sheet that the samples stand for, with the sheet's own columns."""
    wanted = [spec.columns[name] for name in ("subject", "clip", "onset")]
    rows = read_sheet(sheet, wanted, header=spec.header)
    kept = [row for row in rows if any(_is_row(spec, row, sample) for sample in samples)]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(kept[0].cells))
        writer.writeheader()
        writer.writerows(row.cells for row in kept)


def _is_row(spec: DatasetSpec, row: Row, sample: Sample) -> bool:
    subject, clip, onset = (row.text(spec.columns[name]) for name in ("subject", "clip", "onset"))
    parts = sample.path.split("/")
    return clip in parts and onset == str(sample.onset) and sample.subject.endswith(subject)


def _read_record(file: Path) -> RenderedSample:
    found = json.loads(file.read_text(encoding="utf-8"))
    return RenderedSample(**{**found, "units": tuple(found["units"]), "left_out": tuple(found["left_out"])})
