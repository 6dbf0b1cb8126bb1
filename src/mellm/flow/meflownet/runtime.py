"""MEFlowNet as a flow estimator: chart, motion prior, network, and back, without torch.

Fit and second voice run in numpy and OpenCV, the network (ONNX) in OpenVINO. Knows the shipped weights
and the registry's contract; nothing of training.
"""

from collections.abc import Sequence
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
from mellm.flow.frames_around import window
from mellm.flow.head import COMPENSATIONS, compensate, head_motion
from mellm.flow.meflownet.chart import Chart, make_chart
from mellm.flow.meflownet.motion_prior import MotionPrior, SubspaceFit
from mellm.flow.meflownet.motion_prior_file import load_prior
from mellm.flow.meflownet.network_evidence import FIT_BLUR, normalise_illumination, upsample, warp
from mellm.flow.meflownet.subspace_fit import PriorFit
from mellm.flow.meflownet.voices import Evidence, Voices, dis_flow, evidence_of, hear
from mellm.flow.one_blas_thread import ONE_BLAS_THREAD
from mellm.media.frame import Image
from mellm.wording.message import Message

WEIGHTS = Path(__file__).parents[2] / "weights"
PRIOR_FILE = WEIGHTS / "meflownet_prior.safetensors"
NETWORK_FILE = WEIGHTS / "meflownet.onnx"

PRIOR_SHA256 = "943e8d68166666c4c1752cf0b838b20b78688fd121636b1cdd41e952504986d8"
"""Of the shipped prior's file. Written down with the weights, so that no report has to read them for it."""

SHA256 = "ec06aa937a0cfcfa96d8cee4893dad2b9c7432350a2a8670cae9e018ed157b5f"
"""Of the shipped prior's file followed by the network's: `cat` the two and hash."""

FAST_MOTIONS = 100
"""Expression motions of `meflownet-fast`."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the pair's motion is weighed from.

    inside: float32 (rows, cols), the share of the face
    fit: the prior's; voices: that fit's expression and what optical flow says of it
    """

    inside: NDArray[np.float32]
    fit: SubspaceFit
    voices: Voices


def start_from(prior: PriorFit, chart: Chart, onset: NDArray[np.float32], apex: NDArray[np.float32]) -> Start:
    """Fit the prior to two grey chart pictures, float32 (HEIGHT, WIDTH), and hear the other voices."""
    found, calm = fit_pair(prior, chart, onset, apex)
    return Start(prior.inside, found, hear(prior, chart, found, (onset, apex), calm))


def fit_pair(
    prior: PriorFit, chart: Chart, onset: NDArray[np.float32], apex: NDArray[np.float32]
) -> tuple[SubspaceFit, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Fit the prior to two grey chart pictures; return the fit and the pictures without their
    illumination.
    """
    calm = normalise_illumination(onset, FIT_BLUR), normalise_illumination(apex, FIT_BLUR)
    return prior.fit(chart, *calm, dis_flow(onset, apex)), calm


@dataclass(slots=True)
class MEFlowNetEstimator:
    """Facial and head flow of one face; a `FlowEstimator`.

    prior: the motion prior; network: path of the ONNX file, or None to stop at what it starts from;
    quick: fit the prior in fewer passes;
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
    quick: bool = False
    _compiled: Any = field(default=None, repr=False)
    _fit: PriorFit | None = field(default=None, repr=False, compare=False)
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
        size = (onset.shape[1], onset.shape[0])
        with ONE_BLAS_THREAD:
            chart = make_chart(landmarks.points, self.prior.template)
            facial, head = self.estimate_chart(chart, chart.picture(_grey(onset)), chart.picture(_grey(apex)))
            return self._at_source(chart, facial, head, size, landmarks, warnings)

    def _at_source(
        self,
        chart: Chart,
        facial: FlowField,
        head: FlowField,
        size: tuple[int, int],
        landmarks: Landmarks,
        warnings: tuple[Message, ...],
    ) -> Flow:
        """Carry chart flow to pictures of `size` (width, height), and compensate as was asked for."""
        head_there = chart.to_source(head, size)
        facial_there = np.where(chart.covers(size)[..., None], chart.to_source(facial, size), head_there)
        if self.compensation == "learned":
            motion, more = head_motion(head_there, landmarks)
        else:
            head_there, motion, more = compensate(facial_there, landmarks, self.compensation)
        return Flow(facial_there, head_there, self.name, self.compensation, warnings + more, motion)

    def estimate_clip(
        self,
        frames: Sequence[Image],
        onset: int,
        apex: int,
        landmarks: Landmarks | None = None,
        reach: int | None = None,
    ) -> Flow:
        """Estimate the flow from frame `onset` to frame `apex` of a clip with the frames around both.

        Each picture becomes the mean of itself and up to `reach` frames on both sides of it, freed of the
        head's motion in between, so that sensor noise averages out. By default a sixth of the time from
        onset to apex, at most `MOST_AROUND` frames. `landmarks` are the onset frame's. Raises InputError
        for frames that are not there or of several sizes.
        """
        count = len(frames)
        if not (0 <= onset < count and 0 <= apex < count):
            raise InputError(f"Onset {onset} and apex {apex} do not both lie in a clip of {count} frames.")
        windows = [window(k, onset, apex, count, reach) for k in (onset, apex)]
        for k in sorted({*windows[0], *windows[1]}):
            check_pair(frames[onset], frames[k])
        warnings: tuple[Message, ...] = ()
        if landmarks is None:
            landmarks, warnings = search_face(frames[onset])
        if landmarks is None or landmarks.points.shape != (468, 3):
            return self.estimate(frames[onset], frames[apex], landmarks)
        size = (frames[onset].shape[1], frames[onset].shape[0])
        with ONE_BLAS_THREAD:
            chart = make_chart(landmarks.points, self.prior.template)
            means = [
                self._averaged(chart, frames[k], [frames[i] for i in around if i != k])
                for k, around in zip((onset, apex), windows, strict=True)
            ]
            return self._at_source(chart, *self.estimate_chart(chart, *means), size, landmarks, warnings)

    def _averaged(self, chart: Chart, frame: Image, around: Sequence[Image]) -> NDArray[np.float32]:
        """The grey chart picture of a frame, averaged with its neighbours under rigid motion."""
        own = chart.picture(_grey(frame))
        total, calm = own.copy(), normalise_illumination(own, FIT_BLUR)
        for other in around:
            picture = chart.picture(_grey(other))
            start = dis_flow(own, picture)
            moved = self._fitter().rigid_between(
                chart, calm, normalise_illumination(picture, FIT_BLUR), start
            )
            total += warp(picture, upsample(moved))
        return np.asarray(total / (1 + len(around)), np.float32)

    def estimate_chart(
        self, chart: Chart, onset: NDArray[np.float32], apex: NDArray[np.float32]
    ) -> tuple[FlowField, FlowField]:
        """Return facial and head flow of two grey chart pictures (HEIGHT, WIDTH) on the cells.

        float32 (ROWS, COLS, 2) each, chart pixels.
        """
        if self.network is None:
            found, _ = fit_pair(self._fitter(), chart, onset, apex)
            return found.head + found.expression, found.head
        start = start_from(self._fitter(), chart, onset, apex)
        expression, beside = self._run(evidence_of(start.voices, start.inside))
        facial = start.fit.head + beside
        return facial, facial - expression

    def _fitter(self) -> PriorFit:
        """The prior made ready, once."""
        with self._lock:
            if self._fit is None:
                self._fit = PriorFit(self.prior, quick=self.quick)
            return self._fit

    def _run(self, evidence: Evidence) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weigh the voices: the expression, and the motion beside the head's as found, (rows, cols, 2) each.

        Calls from several threads take turns.
        """
        with self._lock:
            planes = {"features": evidence.features[None], "fields": evidence.fields[None]}
            motion = np.asarray(self._network_of()(planes)["motion"])[0].transpose(0, 2, 3, 1)
            return np.array(motion[0], np.float32), np.array(motion[1], np.float32)

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


def _grey(image: Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def create(compensation: str = "learned", refine: bool = True) -> MEFlowNetEstimator:
    """Return the shipped estimator.

    compensation: `learned`, or one of `mellm.flow.COMPENSATIONS`, applied to the learned facial flow instead
    refine: False stops at the prior's fit
    """
    network, sha256 = (NETWORK_FILE, SHA256) if refine else (None, PRIOR_SHA256)
    return MEFlowNetEstimator(load_prior(PRIOR_FILE), network, compensation, sha256=sha256)


def create_fast(compensation: str = "learned") -> MEFlowNetEstimator:
    """Return the shipped estimator without its second voice and the network: see `fast`."""
    return replace(fast(load_prior(PRIOR_FILE), compensation), sha256=PRIOR_SHA256)


def fast(prior: MotionPrior, compensation: str = "learned") -> MEFlowNetEstimator:
    """Return a prior's fit alone, quick, with the first `FAST_MOTIONS` of its expressions."""
    return MEFlowNetEstimator(
        prior.thinned(FAST_MOTIONS), None, compensation, name="meflownet-fast", quick=True
    )
