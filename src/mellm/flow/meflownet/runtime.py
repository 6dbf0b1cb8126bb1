"""MEFlowNet as a flow estimator: chart, motion prior, network, and back, without torch.

Fit and second opinion run in numpy and OpenCV, the network (ONNX) in OpenVINO. Knows the shipped weights
and the registry's contract; nothing of training.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError, MellmError
from mellm.face.people import Landmarks
from mellm.flow.classical import check_pair, create_dis, search_face
from mellm.flow.field import Flow, FlowField
from mellm.flow.head import COMPENSATIONS, compensate
from mellm.flow.meflownet.chart import COLS, ROWS, Chart, make_chart
from mellm.flow.meflownet.motion_prior import MotionPrior, SubspaceFit, fit, rigid_motions
from mellm.flow.meflownet.motion_prior_file import load_prior
from mellm.flow.meflownet.network_evidence import FIT_BLUR, NETWORK_BLUR, normalise_illumination, upsample
from mellm.flow.meflownet.variational import fuse, variational_flow
from mellm.media.frame import Image
from mellm.wording.message import Message

WEIGHTS = Path(__file__).parents[2] / "weights"
PRIOR_FILE = WEIGHTS / "meflownet_prior.safetensors"
NETWORK_FILE = WEIGHTS / "meflownet.onnx"

PRIOR_SHA256 = "e4750a2c696e9caa53ebdbdbba6fb03563ab6995f774aac51526621bb6bfad1a"
"""Of the shipped prior's file. Written down with the weights, so that no report has to read them for it."""

SHA256 = "e2ee20ad8c238ff1c845c9d73784fc825f2ecc803f57a663609d48de7f9a535e"
"""Of the shipped prior's file followed by the network's: `cat` the two and hash."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the network is given: normalised chart pictures float32 (H, W), the prior's fit, rigid motions.

    The fit's expression is fused with the second opinion on it, `variational` (ROWS, COLS, 2).
    """

    onset: NDArray[np.float32]
    apex: NDArray[np.float32]
    fit: SubspaceFit
    rigid: NDArray[np.float32]
    variational: NDArray[np.float32]


def start_from(
    prior: MotionPrior, chart: Chart, onset: NDArray[np.float32], apex: NDArray[np.float32]
) -> Start:
    """Fit the prior to, and ask for a second opinion on, two grey chart pictures, float32 (HEIGHT, WIDTH)."""
    first, second = (np.clip(picture, 0, 255).astype(np.uint8) for picture in (onset, apex))
    rough = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(first, second, np.zeros(0))
    coarse = np.asarray(cv2.resize(rough, (COLS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
    fine = [normalise_illumination(picture, FIT_BLUR) for picture in (onset, apex)]
    found = fit(prior, chart, fine[0], fine[1], coarse)
    calm = [normalise_illumination(picture, NETWORK_BLUR) for picture in (onset, apex)]
    rigid = rigid_motions(chart)
    other = variational_flow(prior, onset, apex, found.head, rigid)
    found = replace(found, expression=fuse(prior, found.expression, other))
    return Start(calm[0], calm[1], found, rigid, other)


@dataclass(slots=True)
class MEFlowNetEstimator:
    """Facial and head flow of one face; a `FlowEstimator`.

    prior: the motion prior; network: path of the ONNX file, or None to stop at what it starts from;
    compensation: `learned` (the network's own head flow) or a method of `mellm.flow.head`;
    sha256: of the weights, where they are known files. Off the face
    nothing is estimated: facial and head flow agree there. Without 468-point landmarks (and no face found)
    the answer is DIS flow with 2D compensation, and a warning says so.
    """

    prior: MotionPrior
    network: Path | None
    compensation: str = "learned"
    name: str = "meflownet"
    sha256: str | None = None
    _compiled: Any = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse unknown compensations when the estimator is made."""
        known = ("learned", *COMPENSATIONS)
        if self.compensation not in known:
            raise InputError(
                f"There is no head-motion compensation named {self.compensation!r}; "
                f"choose one of {', '.join(known)}."
            )

    def estimate(self, onset: Image, apex: Image, landmarks: Landmarks | None = None) -> Flow:
        """Estimate the flow from `onset` to `apex`; see `FlowEstimator.estimate`."""
        check_pair(onset, apex)
        warnings: tuple[Message, ...] = ()
        if landmarks is None:
            landmarks, warnings = search_face(onset)
        if landmarks is None or landmarks.points.shape != (468, 3):
            rough = create_dis().estimate(onset, apex, landmarks)
            note = Message("flow.dis_instead")
            return Flow(
                rough.facial,
                rough.head,
                self.name,
                rough.compensation,
                (*warnings, *rough.warnings, note),
                rough.head_motion,
            )
        chart = make_chart(landmarks.points, self.prior.template)
        facial, head = self.estimate_chart(chart, chart.picture(_grey(onset)), chart.picture(_grey(apex)))
        size = (onset.shape[1], onset.shape[0])
        head_there = chart.to_source(head, size)
        facial_there = np.where(chart.covers(size)[..., None], chart.to_source(facial, size), head_there)
        method = "mesh-rigid" if self.compensation == "learned" else self.compensation
        other, motion, more = compensate(
            head_there if self.compensation == "learned" else facial_there, landmarks, method
        )
        if self.compensation != "learned":
            head_there = other
        return Flow(facial_there, head_there, self.name, self.compensation, warnings + more, motion)

    def estimate_chart(
        self, chart: Chart, onset: NDArray[np.float32], apex: NDArray[np.float32]
    ) -> tuple[FlowField, FlowField]:
        """Return facial and head flow of two grey chart pictures (HEIGHT, WIDTH), chart pixels."""
        start = start_from(self.prior, chart, onset, apex)
        head, expression = start.fit.head, start.fit.expression
        if self.network is None:
            return upsample(head + expression), upsample(head)
        planes = {
            "onset": start.onset[None, None],
            "apex": start.apex[None, None],
            "facial": _planes(head + expression),
            "head": _planes(head),
            "rigid": _planes(start.rigid),
            "variational": _planes(start.variational),
        }
        result = self._run(planes)
        return (
            np.ascontiguousarray(result["facial_flow"][0].transpose(1, 2, 0)),
            np.ascontiguousarray(result["head_flow"][0].transpose(1, 2, 0)),
        )

    def _run(self, planes: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run the network; calls from several threads take turns, and each gets copies of its own."""
        with self._lock:
            result = self._network_of()({name: np.ascontiguousarray(p) for name, p in planes.items()})
            return {name: np.array(result[name], np.float32) for name in ("facial_flow", "head_flow")}

    def _network_of(self) -> Any:
        if self._compiled is None:
            from mellm.inference import ov

            try:
                self._compiled = ov.Core().compile_model(
                    str(self.network), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
                )
            except RuntimeError as error:
                raise MellmError(
                    f"MEFlowNet's network cannot be loaded ({error}); install mellm again."
                ) from error
        return self._compiled


def _planes(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, cols, ...) to (1, channels, rows, cols)."""
    rows, cols = field.shape[:2]
    return np.ascontiguousarray(field.reshape(rows, cols, -1).transpose(2, 0, 1)[None])


def _grey(image: Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def create(compensation: str = "learned", refine: bool = True) -> MEFlowNetEstimator:
    """Return the shipped estimator.

    compensation: `learned`, or one of `mellm.flow.COMPENSATIONS`, applied to the learned facial flow instead
    refine: False stops at what the network starts from
    """
    network, sha256 = (NETWORK_FILE, SHA256) if refine else (None, PRIOR_SHA256)
    return MEFlowNetEstimator(load_prior(PRIOR_FILE), network, compensation, sha256=sha256)
