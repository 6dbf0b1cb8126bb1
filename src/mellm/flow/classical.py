"""The classical estimators: TV-L1, DIS, Farneback, DeepFlow and RLOF of OpenCV behind one class.

All work on the part of the picture that holds the face, at a bounded size, on grey levels. Head motion is
removed by `mellm.flow.head`; this module knows nothing of how.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError, MellmError
from mellm.face.people import Landmarks
from mellm.flow.field import Flow, FlowField
from mellm.flow.head import COMPENSATIONS, compensate
from mellm.media.frame import Image
from mellm.wording.message import Message

Grey = NDArray[np.uint8]
Algorithm = Callable[[Grey, Grey], FlowField]

WORKING_SIZE = 480
"""Longer side, in pixels, of the largest face crop an algorithm sees; larger faces are made smaller."""

FADE_START, FADE_END = 0.05, 0.20
"""Distance from the face's outline, in face widths, over which facial flow fades into head flow."""


@dataclass(frozen=True, slots=True)
class ClassicalEstimator:
    """A two-picture algorithm together with head-motion compensation; a `FlowEstimator`.

    `algorithm` takes two grey pictures (H, W) uint8 and returns their flow float32 (H, W, 2), pixels.
    """

    name: str
    algorithm: Algorithm
    compensation: str = "mesh-rigid"
    working_size: int = WORKING_SIZE

    def __post_init__(self) -> None:
        """Refuse unknown compensations when the estimator is made, not at the first picture."""
        if self.compensation not in COMPENSATIONS:
            raise InputError(
                f"There is no head-motion compensation named {self.compensation!r}; "
                f"choose one of {', '.join(COMPENSATIONS)}."
            )
        if self.working_size < 64:
            raise InputError(f"working_size is {self.working_size} px; give at least 64.")

    def estimate(self, onset: Image, apex: Image, landmarks: Landmarks | None = None) -> Flow:
        """Estimate the flow from `onset` to `apex`; see `FlowEstimator.estimate`.

        Facial flow is the face's: away from it (hair, clothes, background) it fades into the head flow, so
        that expression flow is 0 there. With compensation `none` it is left as estimated.
        """
        check_pair(onset, apex)
        warnings: tuple[Message, ...] = ()
        if landmarks is None and self.compensation != "none":
            landmarks, warnings = search_face(onset)
        height, width = onset.shape[:2]
        box = face_box(landmarks, width, height) if landmarks is not None else (0, 0, width, height)
        facial = self._facial(onset, apex, box)
        head, motion, more = compensate(facial, landmarks, self.compensation, box)
        if landmarks is not None and self.compensation != "none":
            facial = head + (facial - head) * on_face(landmarks, width, height)[..., None]
        return Flow(facial, head, self.name, self.compensation, warnings + more, motion)

    def _facial(self, onset: Image, apex: Image, box: tuple[int, int, int, int]) -> FlowField:
        left, top, right, bottom = box
        a, b = (_grey(picture[top:bottom, left:right]) for picture in (onset, apex))
        size = (right - left, bottom - top)
        shrink = min(1.0, self.working_size / max(size))
        facial = np.zeros((*onset.shape[:2], 2), np.float32)
        if shrink < 1.0:
            small = (max(16, round(size[0] * shrink)), max(16, round(size[1] * shrink)))
            a, b = (_smaller(grey, small) for grey in (a, b))
            flow = np.asarray(cv2.resize(self.algorithm(a, b), size, interpolation=cv2.INTER_LINEAR))
            flow *= np.array([size[0] / small[0], size[1] / small[1]], np.float32)
        else:
            flow = self.algorithm(a, b)
        facial[top:bottom, left:right] = flow
        return facial


def _grey(picture: Image) -> Grey:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _smaller(grey: Grey, size: tuple[int, int]) -> Grey:
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _still(grey: Grey) -> FlowField:
    """Zero flow (H, W, 2): the initial flow that OpenCV's signatures require."""
    return np.zeros((*grey.shape, 2), np.float32)


def check_pair(onset: Image, apex: Image) -> None:
    """Raise InputError unless both are uint8 (H, W, 3), of one size and at least 32 px each way."""
    for label, image in (("onset", onset), ("apex", apex)):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InputError(
                f"The {label} picture is {image.dtype} {image.shape}; give uint8 (height, width, 3) RGB."
            )
    if onset.shape != apex.shape:
        raise InputError(
            f"Onset is {onset.shape[1]}x{onset.shape[0]} and apex {apex.shape[1]}x{apex.shape[0]} pixels; "
            "give two pictures of one size, from the same camera."
        )
    if min(onset.shape[:2]) < 32:
        raise InputError(f"The pictures are {onset.shape[1]}x{onset.shape[0]} px; give at least 32x32.")


def search_face(picture: Image) -> tuple[Landmarks | None, tuple[Message, ...]]:
    """Return the landmarks of the largest face, or None and a warning that says why there are none."""
    from mellm.face import find_faces

    try:
        faces = find_faces(picture)
    except MellmError as error:
        return None, (Message("flow.no_landmarks", {"why": error.message}),)
    if not faces:
        return None, (Message("flow.no_face"),)
    return max(faces, key=lambda face: face.box[2] * face.box[3]).landmarks, ()


def on_face(landmarks: Landmarks, width: int, height: int) -> NDArray[np.float32]:
    """Return (height, width) 0..1: 1 on the face and a little around it, falling smoothly to 0 outside."""
    reach = float(np.ptp(landmarks.xy[:, 0]))
    step = max(1.0, reach / 70)  # the mask is smooth: a coarse one, enlarged, looks the same
    small = (max(2, round(width / step)), max(2, round(height / step)))
    away = np.full(small[::-1], 255, np.uint8)
    hull = cv2.convexHull(landmarks.xy / np.float32(step)).astype(np.int32)
    cv2.fillConvexPoly(away, hull, 0)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, 5) * (step / reach)
    share = np.clip((FADE_END - distance) / (FADE_END - FADE_START), 0, 1)
    smooth = (share * share * (3 - 2 * share)).astype(np.float32)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def face_box(landmarks: Landmarks, width: int, height: int) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom), pixels: the landmarks' box and a fifth of its size around it."""
    low, high = landmarks.xy.min(0), landmarks.xy.max(0)
    margin = 0.2 * float((high - low).max())
    left, top = (int(max(0, np.floor(c - margin))) for c in low)
    right = int(min(width, np.ceil(high[0] + margin)))
    bottom = int(min(height, np.ceil(high[1] + margin)))
    if right - left < 32 or bottom - top < 32:
        return 0, 0, width, height
    return left, top, right, bottom


def create_dis(
    preset: str = "medium",
    tuned: bool = True,
    compensation: str = "mesh-rigid",
    working_size: int = WORKING_SIZE,
) -> ClassicalEstimator:
    """DIS (Kroeger et al., ECCV 2016), `preset` ultrafast, fast or medium.

    `tuned` replaces OpenCV's smoothing by one for faces: more rounds of a stiffer variational refinement that
    trusts brightness less than its gradient, and a Gaussian of 1/160 of the crop over the result. On warped
    faces that takes 10 to 25 % off the error (docs/flow.md); False leaves the preset as OpenCV has it.
    """
    presets = {
        "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
        "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }
    if preset not in presets:
        raise InputError(f"DIS has no preset {preset!r}; choose one of {', '.join(presets)}.")

    def run(a: Grey, b: Grey) -> FlowField:
        solver = cv2.DISOpticalFlow.create(presets[preset])
        if tuned:
            solver.setVariationalRefinementIterations(10)
            solver.setVariationalRefinementAlpha(30.0)
            solver.setVariationalRefinementDelta(2.0)
        flow = solver.calc(a, b, _still(a))
        if tuned:
            flow = cv2.GaussianBlur(flow, (0, 0), max(a.shape) / 160)
        return np.asarray(flow, np.float32)

    return ClassicalEstimator("dis", run, compensation, working_size)


def create_tvl1(
    lambda_: float = 0.05,
    warps: int = 5,
    compensation: str = "mesh-rigid",
    working_size: int = WORKING_SIZE,
) -> ClassicalEstimator:
    """TV-L1 (Zach, Pock and Bischof, DAGM 2007): `lambda_` weighs the data against smoothness."""

    def run(a: Grey, b: Grey) -> FlowField:
        solver = cv2.optflow.DualTVL1OpticalFlow.create(lambda_=lambda_, warps=warps)
        return np.asarray(solver.calc(a, b, _still(a)), np.float32)

    return ClassicalEstimator("tvl1", run, compensation, working_size)


def create_farneback(
    window: int = 45, compensation: str = "mesh-rigid", working_size: int = WORKING_SIZE
) -> ClassicalEstimator:
    """Farneback's polynomial expansion (SCIA 2003), averaged over `window` pixels."""

    def run(a: Grey, b: Grey) -> FlowField:
        flow = cv2.calcOpticalFlowFarneback(a, b, _still(a), 0.5, 4, window, 5, 7, 1.5, 0)
        return np.asarray(flow, np.float32)

    return ClassicalEstimator("farneback", run, compensation, working_size)


def create_deepflow(compensation: str = "mesh-rigid", working_size: int = WORKING_SIZE) -> ClassicalEstimator:
    """DeepFlow without its deep matches (Weinzaepfel et al., ICCV 2013), as OpenCV has it."""

    def run(a: Grey, b: Grey) -> FlowField:
        return np.asarray(cv2.optflow.createOptFlow_DeepFlow().calc(a, b, _still(a)), np.float32)

    return ClassicalEstimator("deepflow", run, compensation, working_size)


def create_rlof(compensation: str = "mesh-rigid", working_size: int = WORKING_SIZE) -> ClassicalEstimator:
    """Dense RLOF (Geistert et al., ICPR 2016): robust local flow on a grid, interpolated."""

    def run(a: Grey, b: Grey) -> FlowField:
        # RLOF insists on three channels.
        first, second = (cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB) for grey in (a, b))
        return np.asarray(cv2.optflow.calcOpticalFlowDenseRLOF(first, second, _still(a)), np.float32)

    return ClassicalEstimator("rlof", run, compensation, working_size)
