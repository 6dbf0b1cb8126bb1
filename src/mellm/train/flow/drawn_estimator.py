"""A network in the papers' form, as a flow estimator: what `drawn_run` wrote, measured beside the others.

Needs torch; such weights are not shipped (docs/meflownet.md).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from safetensors import safe_open
from torch.nn import functional as F  # noqa: N812

from mellm.errors import InputError
from mellm.face.alignment import CROP_SIZE, Alignment
from mellm.face.people import Landmarks
from mellm.flow.classical import check_pair, create_dis, search_face
from mellm.flow.field import Flow, FlowField
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import face_width
from mellm.simulate.lattice import Lattice
from mellm.simulate.skin_sheets import head_shape
from mellm.train.flow.network import STRIDE, MEFlowNet, NetworkShape
from mellm.train.flow.portrait_tensors import oval_mask

DRAWN_FILE = "meflownet_drawn.safetensors"
"""What a run leaves: averaged weights, with plan, figures and what was left out as metadata."""


@dataclass(frozen=True, slots=True)
class DrawnEstimator:
    """A `FlowEstimator`: the aligned crop is shown to the network, its flow is carried back.

    Off the crop facial and head flow repeat those of its edge. Without 468-point landmarks (and without a
    face) the answer is DIS flow.
    """

    network: MEFlowNet
    name: str = "papers-form"

    def estimate(self, onset: Image, apex: Image, landmarks: Landmarks | None = None) -> Flow:
        """Estimate the flow from `onset` to `apex`; see `FlowEstimator.estimate`."""
        check_pair(onset, apex)
        if landmarks is None:
            landmarks, _ = search_face(onset)
        if landmarks is None or landmarks.points.shape != (468, 3):
            return create_dis().estimate(onset, apex, landmarks)
        alignment = Alignment.fit(landmarks)
        depth, face = _told(alignment.to_crop(landmarks.points))
        pictures = [
            torch.from_numpy(cv2.cvtColor(alignment.crop(image), cv2.COLOR_RGB2GRAY)).float()[None, None]
            for image in (onset, apex)
        ]
        with torch.no_grad():
            answer = self.network(*pictures, depth, face)[-1]
        size = (onset.shape[1], onset.shape[0])
        facial, head = (
            _at_source(field[0].permute(1, 2, 0).numpy(), alignment, size)
            for field in (answer.facial, answer.head)
        )
        return Flow(facial, head, self.name, "learned")


def load_drawn(run: str | Path) -> DrawnEstimator:
    """Return the estimator of a run's folder.

    Raises InputError where the folder holds no such weights.
    """
    path = Path(run) / DRAWN_FILE
    if not path.is_file():
        raise InputError(
            f"There is no {DRAWN_FILE} in {run}; python -m mellm.train.flow.drawn_run writes it when it ends."
        )
    with safe_open(path, "pt") as file:
        shape = json.loads(file.metadata()["facts"])["plan"]["shape"]
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = MEFlowNet(TypeAdapter(NetworkShape).validate_python(shape))
    network.load_state_dict(weights)
    return DrawnEstimator(network.eval())


def _told(mesh: NDArray[np.float32]) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth and share of the face in the crop's cells, (1, 1, H / 4, W / 4) each; mesh: in the crop's px."""
    centred = mesh.copy()
    centred[:, 2] -= centred[:, 2].mean()
    lattice = Lattice(CROP_SIZE)
    depth = lattice.upsample(head_shape(lattice, centred, face_width(centred))[0])
    mask = oval_mask(centred, (CROP_SIZE[1], CROP_SIZE[0]))
    planes = (torch.from_numpy(np.asarray(plane, np.float32))[None, None] for plane in (depth, mask))
    cells = [F.avg_pool2d(plane, STRIDE) for plane in planes]
    return cells[0], cells[1]


def _at_source(flow: NDArray[np.float32], alignment: Alignment, size: tuple[int, int]) -> FlowField:
    """Carry flow of the crop, at any resolution, to pictures of `size` (width, height)."""
    whole = cv2.resize(np.ascontiguousarray(flow), CROP_SIZE, interpolation=cv2.INTER_LINEAR)
    there = cv2.warpAffine(
        whole,
        alignment.matrix,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    back = np.linalg.inv(alignment.matrix[:, :2]).astype(np.float32)
    return np.asarray(there @ back.T, np.float32)
