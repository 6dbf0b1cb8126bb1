"""Held-out generated motion as cases: what was true, and what the FACS stage and both encoders make of it.

For the benchmarks beside this file; `run`: the folder of `mellm train language recipes/language-motion.yaml`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.alignment import CROP_SIZE
from mellm.facs import create_au_model, create_emotion_model
from mellm.facs.findings import AUEvidence
from mellm.facs.stored_flow import COARSE, coarse_findings
from mellm.facs.stored_flow_units import unit_evidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.colour import mmc_colours, mmc_map
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_faces import CropFace, field_of, head_residue, spread_over
from mellm.instruct.motion_samples import STORED_CHUNK, MotionSamples, blur_of
from mellm.language.motion.encoders import MotionEncoder, Route
from mellm.language.motion.map_tokens import MAP_SIZE, stored_map
from mellm.language.motion.opinion import Opinion
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS
from mellm.language.motion.region_tokens import region_motion
from mellm.simulate.generated_flow import Pattern as FlowPattern
from mellm.simulate.generated_flow import generate

ROUTES: tuple[Route, ...] = ("flow", "vision")


class Cases:
    """Samples with what the stage and both encoders make of them; the stage's labels are of `taxonomy`.

    people: number of the face each lies on; `clean` below: the stage's emotions rest on no sheet
    """

    def __init__(self, taxonomy: str, routes: Iterable[Route] = ROUTES) -> None:
        """Begin without samples."""
        self.taxonomy, self.units, self.labels = taxonomy, [], []
        self.stage: list[tuple[list[AUEvidence], dict[str, float]]] = []
        self.seen: dict[Route, list[Opinion]] = {route: [] for route in routes}
        self.people: list[int] = []
        self.motion: list[list[RegionMotion]] = []


def crop_cases(
    samples: MotionSamples,
    maps: NDArray[np.uint8] | None,
    encoders: dict[Route, MotionEncoder],
    clean: bool = False,
) -> Cases:
    """Return the cases of crop samples with their maps, uint8 (N, 96, 80, 3), for the vision route."""
    cases, au_model = Cases("7", encoders), create_au_model()
    emotions = create_emotion_model("clean" if clean else "learned")
    labels = get_taxonomy("7").labels
    for k in range(len(samples)):
        motion = region_motion(samples.numbers[k], samples.moving[k], 200.0)
        stage = au_model.predict(motion)
        cases.stage.append((stage, dict(emotions.predict(stage, "7"))))
        if "flow" in encoders:
            cases.seen["flow"].append(encoders["flow"].read_regions(motion))
        if maps is not None:
            cases.seen["vision"].append(encoders["vision"].read_map(maps[k]))
        cases.units.append(samples.units[k])
        cases.people.append(int(samples.face[k]))
        cases.motion.append(motion)
        fine = FINE_LABELS[samples.fine[k]]
        cases.labels.append(labels.index(fine) if fine in labels else -1)
    return cases


def stored_cases(
    patterns: Sequence[FlowPattern],
    seeds: range,
    samples: MotionSamples,
    encoders: dict[Route, MotionEncoder],
    clean: bool = False,
) -> Cases:
    """Return the cases of generated 28x28 flow, made again by their seeds."""
    cases = Cases("3", encoders)
    for number, seed in enumerate(seeds):
        made = generate([*patterns, FlowPattern((), len(FINE), "")], STORED_CHUNK, seed)
        for k, stored in enumerate(made.flows):
            row = number * STORED_CHUNK + k
            field = recover_flow(stored)
            stage = dict(
                zip(COARSE, coarse_findings(stored, clean=clean).probabilities.tolist(), strict=True)
            )
            cases.stage.append((unit_evidence(stored, clean=clean), stage))
            if "flow" in encoders:
                cases.seen["flow"].append(encoders["flow"].read_regions(regional_motion(field), "relative"))
            if "vision" in encoders:
                cases.seen["vision"].append(encoders["vision"].read_map(stored_map(field)))
            cases.units.append(samples.units[row])
            cases.people.append(row)  # nobody's face: every sample stands for itself
            cases.motion.append(regional_motion(field))
            label = COARSE_LABELS[samples.coarse[row]]
            cases.labels.append(COARSE.index(label) if label in COARSE else -1)
    return cases


def drawn_maps(folder: Path, samples: MotionSamples, bare: bool = False) -> NDArray[np.uint8]:
    """Return the MMC-Maps of held-out crop samples, uint8 (N, 96, 80, 3), as the product draws them.

    bare: all on black, to be shown (the portraits are not ours to show)
    """
    with np.load(folder / "faces.npz") as data:
        faces = [CropFace(m, g) for m, g in zip(data["val_mesh"], data["val_grey"], strict=True)]
    bank = np.load(folder / "bank.npz")["fields"].astype(np.float32)
    errors = np.load(folder / "errors.npz")["errors"].astype(np.float32)
    spread = [spread_over(face.mesh, MAP_SIZE) for face in faces]
    assert CROP_SIZE[0] / MAP_SIZE[0] == CROP_SIZE[1] / MAP_SIZE[1]
    found = np.zeros((len(samples), MAP_SIZE[1], MAP_SIZE[0], 3), np.uint8)
    for k in range(len(samples)):
        face = faces[samples.face[k]]
        turn = face.to_crop / np.sqrt(abs(float(np.linalg.det(face.to_crop))))
        used = samples.rows[k] >= 0
        moved = (samples.weights[k][used, None, None] * bank[samples.rows[k][used]]).sum(0) @ turn.T
        flow = field_of(
            np.asarray(moved, np.float32).reshape(468, 2) if used.any() else np.zeros((468, 2), np.float32),
            spread[samples.face[k]],
            MAP_SIZE,
        )
        flow = np.asarray(
            cv2.GaussianBlur(flow, (0, 0), blur_of(int(samples.face[k])) * MAP_SIZE[0]), np.float32
        )
        for number, size in zip(samples.noise[k], samples.errors[k], strict=True):
            flow += size * cv2.resize(errors[number], MAP_SIZE, interpolation=cv2.INTER_CUBIC)
        flow += head_residue(samples.head[k], MAP_SIZE)
        scale = 1.0 if samples.by_scale[k] else None
        grey = np.repeat(face.grey[..., None], 3, axis=2)
        found[k] = (
            mmc_map(flow, grey, scale_px=scale)
            if samples.on_face[k] and not bare
            else mmc_colours(flow, scale_px=scale)
        )
    return found


def crop_kind(
    run: Path, kind: str, most: int, encoders: dict[Route, MotionEncoder], clean: bool = False
) -> Cases:
    """Return the first cases of an origin's held-out motion, on faces of other people than trained on."""
    samples = read_motion_samples(run / "samples", f"crop-{kind}-val-*.npz")
    samples = MotionSamples(**{n: getattr(samples, n)[:most] for n in samples.__slots__})
    maps = drawn_maps(run / "samples", samples) if "vision" in encoders else None
    return crop_cases(samples, maps, encoders, clean)


def pick(samples: MotionSamples, rows: Sequence[int]) -> MotionSamples:
    """Return the samples of some rows."""
    return MotionSamples(**{n: getattr(samples, n)[np.array(rows)] for n in samples.__slots__})
