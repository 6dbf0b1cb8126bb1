"""The motion tracer: frames of one person in, the motion of the 29 regions over the clip out.

Every frame is warped onto the key frame of the person by the head pose predicted from the frames before
(rotation in 3D, shift, size; depth from the mesh), so that the optical flow (DIS; Kroeger et al., ECCV 2016)
sees small motions only. A robust rigid fit to that flow at the mesh points (`mellm.flow.rigid`) is the
head's motion; what it leaves inside a region is the region's displacement. Landmarks choose where to look and
never enter the displacement, so their jitter does not either. When the head has turned too far from the
key frame, a new one takes over, joined to the old one over a few frames that are measured against both.

One picture and a few small tables are kept per person, and 30 numbers per frame. Knows nothing of events.
"""

from dataclasses import dataclass, field
from math import exp

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import (
    CROP_SIZE,
    REGION_NAMES,
    Alignment,
    FaceObservation,
    HeadPose,
    Landmarks,
    eye_opening,
    head_pose,
    inter_ocular,
    regions_of,
)
from mellm.face.regions import OUTSIDE_EYES
from mellm.flow.depth import depth_of_points, depth_surface
from mellm.flow.rigid import Surface, fit_rigid
from mellm.media.frame import Frame, Image
from mellm.spot.events import RegionalMotion

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

MAX_RATE = 100.0
"""Frames per second traced at most; of faster clips every second, third ... frame is traced."""
MAX_TURN = 8.0
"""Degrees out of the picture's plane at which a new key frame takes over."""
MAX_SIZE_CHANGE = 1.18
JOIN_FRAMES = 4
"""Frames measured against the old and the new key frame."""
LOST_PX = 6.0
"""Mean distance between predicted and seen landmarks, crop px, beyond which landmarks give the pose."""
MAX_RESIDUAL = 3.0
"""Crop px the robust fit may leave (its median); a frame with more is not used."""
MAX_MOVE = 6.0
"""Crop px a region may move by itself before a new key frame takes over."""
LOST_FRAMES = 3
"""Frames in which no rigid head fits after which the trace starts anew."""
FIT_ROUNDS = 8
MIN_POINTS = 12
GRID = 4
"""The warp is evaluated on every fourth crop pixel: it is smooth."""
_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class _Pose:
    """Key frame -> frame: rotation vector, radians; natural log of the size; shift (2,), crop px."""

    turn: Array = field(default_factory=lambda: np.zeros(3))
    size: float = 0.0
    shift: Array = field(default_factory=lambda: np.zeros(2))

    def displacement(self, body: NDArray[np.floating]) -> NDArray[np.floating]:
        """Motion (..., 2) in the picture of points (..., 3) relative to the head's centre, px."""
        matrix = (exp(self.size) * cv2.Rodrigues(self.turn)[0][:2] - np.eye(2, 3)).astype(body.dtype)
        return np.asarray(body @ matrix.T + self.shift.astype(body.dtype))

    def after(self, last: "_Pose") -> "_Pose":
        """The next pose, if the head goes on as between `last` and this one."""
        return _Pose(2 * self.turn - last.turn, 2 * self.size - last.size, 2 * self.shift - last.shift)


class _KeyFrame:
    """A reference picture with the tables that later frames are measured with."""

    def __init__(self, image: Image, landmarks: Landmarks) -> None:
        self.alignment = Alignment.fit(landmarks)
        crop = self.alignment.landmarks_to_crop(landmarks)
        depth = depth_of_points(crop)
        self.has_depth = depth is not None
        flat = np.zeros(len(crop.points)) if depth is None else depth
        points = np.column_stack([crop.xy, flat]).astype(np.float64)
        corner = np.array(CROP_SIZE) - 1
        inside = ((points[:, :2] >= 0) & (points[:, :2] <= corner)).all(axis=1)
        self._inside = inside if inside.sum() >= MIN_POINTS else np.ones(len(points), np.bool_)
        points = points[self._inside]
        self._points = points
        self._center = points.mean(axis=0)
        self._pixels = np.clip(np.rint(points[:, :2]), 0, corner).astype(int)
        surface = depth_surface(points)
        self._body = points - self._center
        regions = np.stack([_grid_of(region.center, region.size) for region in regions_of(crop)])
        self._region_pixels = np.clip(np.rint(regions), 0, corner).astype(int)
        self._region_body = _with_depth(regions, surface) - self._center
        x, y = np.meshgrid(*((np.arange(side // GRID) + 0.5) * GRID - 0.5 for side in CROP_SIZE))
        self._grid = np.stack([x, y], axis=-1).astype(np.float32)
        self._grid_body = (_with_depth(self._grid, surface) - self._center).astype(np.float32)
        self._pose = self._before = _Pose()
        self._moved = 0.0
        self.inter_ocular = inter_ocular(crop)
        self.offset = np.zeros((len(REGION_NAMES), 2))
        self._grey = self._warped(image, self._pose)

    def measure(self, image: Image, landmarks: Landmarks, dis: cv2.DISOpticalFlow) -> Array | None:
        """Displacement (R, 2) of the regions in this frame, crop px; None where no rigid head fits."""
        pose = self._predicted(landmarks)
        start = np.zeros((*self._grey.shape, 2), np.float32)
        flow = cv2.blur(dis.calc(self._grey, self._warped(image, pose), start), (5, 5))
        moved = pose.displacement(self._body) + flow[self._pixels[:, 1], self._pixels[:, 0]]
        fitted, residual = self._fit(moved)
        if residual > MAX_RESIDUAL:
            self._before = self._pose
            return None
        self._before, self._pose = self._pose, fitted
        inside = flow[self._region_pixels[..., 1], self._region_pixels[..., 0]]
        total = pose.displacement(self._region_body) + inside - fitted.displacement(self._region_body)
        mean = np.asarray(total.mean(axis=1), np.float64)
        self._moved = float(np.linalg.norm(mean[OUTSIDE_EYES], axis=1).max())
        return mean

    def far(self) -> bool:
        """Whether turn, size or expression differ enough from the key frame for a new one to be needed."""
        turn = np.degrees(np.hypot(*self._pose.turn[:2]))
        size = abs(self._pose.size) > np.log(MAX_SIZE_CHANGE)
        return bool(turn > MAX_TURN or size or self._moved > MAX_MOVE)

    def _predicted(self, landmarks: Landmarks) -> _Pose:
        """The predicted pose: from the head's speed, or from its landmarks where the two differ too much."""
        seen = self.alignment.to_crop(landmarks.xy)[self._inside] - self._points[:, :2]
        pose = self._pose.after(self._before)
        miss = np.linalg.norm(pose.displacement(self._body) - seen, axis=1)
        if miss.mean() > LOST_PX:
            pose, _ = self._fit(seen)
            self._before = self._pose = pose
        return pose

    def _fit(self, moved: NDArray[np.floating]) -> tuple[_Pose, float]:
        """The robust rigid fit and the median of what it leaves, px."""
        flow = np.asarray(moved, np.float64)
        fit = fit_rigid(self._points, flow, turn=self.has_depth, rounds=FIT_ROUNDS)
        turn = np.asarray(cv2.Rodrigues(fit.rotation)[0].ravel(), np.float64)
        pose = _Pose(turn, float(np.log(fit.scale)), np.asarray(fit.shift[:2], np.float64))
        return pose, float(np.median(fit.residual))

    def _warped(self, image: Image, pose: _Pose) -> Grey:
        """The frame's face as the key frame would see it without head motion, grey (480, 400)."""
        points = self._grid + pose.displacement(self._grid_body)
        source = self.alignment.to_source(points)
        height, width = image.shape[:2]
        left, top = np.floor(np.clip(source.min(axis=(0, 1)) - 2, 0, [width - 1, height - 1])).astype(int)
        right, bottom = np.ceil(np.clip(source.max(axis=(0, 1)) + 3, 1, [width, height])).astype(int)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        part = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
        source -= np.array([left, top], np.float32)
        # Average first where several pixels fall into one: sampling alone would alias.
        shrink = int(1 / self.alignment.scale)
        if shrink > 1:
            size = (max(1, part.shape[1] // shrink), max(1, part.shape[0] // shrink))
            ratio = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], np.float32)
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            source = (source + np.float32(0.5)) * ratio - np.float32(0.5)
        dense = cv2.resize(source, CROP_SIZE, interpolation=cv2.INTER_LINEAR)
        u, v = np.ascontiguousarray(dense[..., 0]), np.ascontiguousarray(dense[..., 1])
        return np.asarray(cv2.remap(part, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


class MotionTracer:
    """Traces one person through a clip; give it the frames in order, then call `finish`.

    A frame costs some milliseconds; memory grows by the numbers of the trace alone (300 bytes a frame).

    >>> MotionTracer().finish().displacement.shape
    (0, 29, 2)
    """

    def __init__(self, *, max_rate: float = MAX_RATE) -> None:
        """Trace at most `max_rate` frames per second of clip time (0.5 % of tolerance)."""
        self._step = 0.995 / max_rate
        # Finest level 2 of the 400x480 crop: a quarter of the resolution, where skin has texture above noise.
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._dis.setFinestScale(2)
        self._dis.setPatchStride(4)
        self._dis.setGradientDescentIterations(12)
        self._dis.setVariationalRefinementIterations(2)
        self._key: _KeyFrame | None = None
        self._next: _KeyFrame | None = None
        self._joins: list[Array] = []
        self._first: Landmarks | None = None
        self._last = np.zeros((len(REGION_NAMES), 2))
        self._lost = 0
        self._rows: list[tuple[int, float, NDArray[np.float32], HeadPose | None, tuple[float, float]]] = []

    def update(self, frame: Frame, observation: FaceObservation | None) -> None:
        """Trace this frame; without an observation it counts as one in which the face was not seen."""
        if self._rows and frame.time - self._rows[-1][1] < self._step:
            return
        unknown = np.full((len(REGION_NAMES), 2), np.nan, np.float32)
        if observation is None:
            self._rows.append((frame.index, frame.time, unknown, None, (np.nan, np.nan)))
            return
        landmarks = observation.landmarks
        moved = self._measure(frame.image, landmarks)
        self._first = self._first or landmarks
        row = unknown if moved is None else moved.astype(np.float32)
        pose = head_pose(landmarks, self._first)
        self._rows.append((frame.index, frame.time, row, pose, eye_opening(landmarks)))

    def finish(self) -> RegionalMotion:
        """The trace so far; displacement in px of the aligned 400x480 crop, from the first key frame."""
        poses = [(np.nan,) * 3 if p is None else (p.pitch, p.yaw, p.roll) for *_, p, _ in self._rows]
        rows = [row for _, _, row, _, _ in self._rows]
        return RegionalMotion(
            frames=np.array([index for index, *_ in self._rows], np.int64),
            times=np.array([time for _, time, *_ in self._rows], np.float64),
            displacement=np.array(rows, np.float32).reshape(-1, len(REGION_NAMES), 2),
            head=np.array(poses, np.float32).reshape(-1, 3),
            eye_opening=np.array([eyes for *_, eyes in self._rows], np.float32).reshape(-1, 2),
            regions=REGION_NAMES,
            inter_ocular=0.0 if self._key is None else self._key.inter_ocular,
        )

    def _measure(self, image: Image, landmarks: Landmarks) -> Array | None:
        if self._key is None:
            self._key = _KeyFrame(image, landmarks)
            return self._key.offset
        moved = self._key.measure(image, landmarks, self._dis)
        total = None if moved is None else moved + self._key.offset
        if self._next is not None:
            total = self._join(self._next, image, landmarks, total)
        elif total is not None and self._key.far():
            self._next, self._joins = _KeyFrame(image, landmarks), [total]
        self._lost = self._lost + 1 if total is None else 0
        if self._lost > LOST_FRAMES:
            # Nothing to join to: go on from the last known displacement.
            self._key, self._next, self._lost = _KeyFrame(image, landmarks), None, 0
            self._key.offset = total = self._last
        self._last = self._last if total is None else total
        return total

    def _join(
        self, fresh: _KeyFrame, image: Image, landmarks: Landmarks, total: Array | None
    ) -> Array | None:
        """Measure against the new key frame too; switch when joined, or when the old one no longer fits."""
        moved = fresh.measure(image, landmarks, self._dis)
        if total is not None and moved is not None:
            self._joins.append(total - moved)
        if moved is None and total is None:
            return None
        if total is None or len(self._joins) >= JOIN_FRAMES:
            fresh.offset = np.mean(self._joins, axis=0)
            self._key, self._next = fresh, None
        return moved + fresh.offset if total is None and moved is not None else total


def _grid_of(center: tuple[float, float], size: float) -> Array:
    """Points (25, 2) spread evenly over a square region, px."""
    steps = ((np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5) * size
    x, y = np.meshgrid(center[0] + steps, center[1] + steps)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _with_depth(points: NDArray[np.floating], surface: Surface) -> NDArray[np.floating]:
    """Points (..., 3) on the surface of the face, from (..., 2)."""
    x, y = points[..., 0].astype(np.float32), points[..., 1].astype(np.float32)
    flat = surface(x.reshape(len(x), -1), y.reshape(len(y), -1)).reshape(x.shape)
    return np.concatenate([points, flat[..., None]], axis=-1)
