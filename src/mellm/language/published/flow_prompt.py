"""The motion prompt of the published flow-route checkpoint, to the character.

The checkpoint saw lines that are no valid JSON (a quotation mark that is never closed, a bracket too many)
and long sentences for motion without a direction; it gets exactly these. The text is its authors' and stands
here because a checkpoint answers the prompt it was trained with. Knows flow and landmarks; knows no model.
Source: MELLM_pipeline of github.com/zyzhangUstc/MELLM, read 2026-11.
"""

from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mellm.face.anchors import anchor
from mellm.face.people import Landmarks
from mellm.flow.field import FlowField
from mellm.flow.measure import CLEAR_DIRECTION, NO_MOTION_PX, octant_of
from mellm.language.prompt import fill
from mellm.language.published.regions import published_regions

_NOSE = 2
"""Half of the patch at the nose tip whose mean is taken off, px."""


def published_flow_prompt(expression: FlowField, landmarks: Landmarks) -> str:
    """Return the prompt for one pair.

    expression: float32 (H, W, 2), px, of pictures that are cropped to the face (400x480)
    landmarks: of the onset, in the same px; of 98 points, as the demonstration has them, or another scheme
    """
    flow = expression - _at_nose(expression, landmarks, _NOSE)
    height, width = flow.shape[:2]
    lines = []
    for region in published_regions(landmarks, width, height):
        vectors = np.asarray(region.cut(flow), np.float64).reshape(-1, 2)
        if len(vectors):
            sizes = np.linalg.norm(vectors, axis=1)
            lines.append(
                f'{{"region":"{region.name},"mean_magnitude":{round(sizes.mean(), 3)},'
                f'"max_magnitude":{round(sizes.max(), 3)},"direction":{_direction(vectors, sizes)}}}\n'
            )
    template = (resources.files("mellm.language") / "templates" / "flow_published_en.txt").read_text("utf-8")
    return fill(template, regions="".join(lines))


def _at_nose(flow: FlowField, landmarks: Landmarks, half: int) -> NDArray[np.floating]:
    """Mean flow of a patch at the nose tip, whose place is cut to whole pixels."""
    x, y = (int(value) for value in anchor(landmarks, "nose tip")[:2])
    patch = flow[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
    found: NDArray[np.floating] = patch.mean(axis=(0, 1))
    return found


def _direction(vectors: NDArray[np.float64], sizes: NDArray[np.float64]) -> str:
    mean, total = float(sizes.mean()), float(sizes.sum())
    if mean < NO_MOTION_PX:
        return f"No significant motion detected (mean magnitude ≈ {mean:.6g})."
    right, up = np.stack([vectors[:, 0], -vectors[:, 1]], axis=1).sum(axis=0)
    concentration = float(np.linalg.norm([right, up])) / (total + 1e-12)
    if concentration < CLEAR_DIRECTION:
        return (
            "No clear dominant direction (motion is more isotropic or noisy; "
            f"mean magnitude ≈ {mean:.6g}, concentration ≈ {concentration:.3f})."
        )
    angle = float(np.degrees(np.arctan2(up, right)) % 360.0)
    return f"{octant_of(angle)}({round(angle) % 360}°))"
