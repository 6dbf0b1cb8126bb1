"""A reference picture of one person, and the motion of later frames against it.

A frame is warped onto the reference by the head pose expected in it, so that the optical flow (DIS; Kroeger
et al., ECCV 2016) sees small motions only; a robust rigid fit to that flow at the mesh points is the head's
motion, and what it leaves inside a region is the region's displacement. Knows one frame at a time.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import (
    CROP_SIZE,
    REGION_NAMES,
    Alignment,
    Landmarks,
    inter_ocular,
    regions_of,
)
from mellm.face.regions import OUTSIDE_EYES
from mellm.flow.depth import depth_of_points, depth_surface
from mellm.flow.rigid import Surface
from mellm.media.frame import Image
from mellm.spot.head_step import NEAR_ROUNDS, HeadStep, fit_step

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

REGIONS = len(REGION_NAMES)
MAX_TURN = 8.0
"""Degrees out of the picture's plane at which a new key frame takes over."""
MAX_SIZE_CHANGE = 1.18
LOST_PX = 6.0
"""Mean distance between predicted and seen landmarks, crop px, beyond which landmarks give the pose."""
MAX_RESIDUAL = 3.0
"""Crop px the robust fit may leave (its median); a frame with more is not used."""
MAX_MOVE = 6.0
"""Crop px a region may move by itself before a new key frame takes over."""
COVERED_FROM = 4.0
"""Crop px a region has moved by itself from which the flow is checked for something before the face."""
INCONSISTENT = 4.0
"""Crop px between a point and where the flow there and back leads, from which it is covered."""
MIN_POINTS = 12
GRID = 8
"""The warp is evaluated on every eighth crop pixel: it is smooth."""
HALF = 2
"""Flow is taken on the crop averaged to half its size: its finest level there is a quarter of the crop."""
FINE = 1.6
"""Crop px per pixel of the picture from which the half-size crop is read from the picture at once."""
MIN_INSIDE = 0.6
"""Share of a region that must lie in the picture for its motion to be known."""
_SAMPLES = 5


def flow_of_halves() -> cv2.DISOpticalFlow:
    """DIS for crops of half size, finest level a quarter of the crop: there skin has texture above noise."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    dis.setFinestScale(1)
    dis.setPatchStride(4)
    dis.setGradientDescentIterations(12)
    dis.setVariationalRefinementIterations(2)
    return dis


class KeyFrame:
    """A reference picture with the tables that later frames are measured with.

    offset: float64 (58 + 6,): displacement of the regions and head pose at this frame, as `measure` gives
        them
    """

    def __init__(self, image: Image, landmarks: Landmarks) -> None:
        """Take this frame as the reference."""
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
        surface = depth_surface(points)
        self._body = points - self._center
        regions = np.stack([_grid_of(region.center, region.size) for region in regions_of(crop)])
        self._region_body = _with_depth(regions, surface) - self._center
        self._region_center = self._region_body.mean(axis=1)
        self._regions = regions
        self._point_cells = _cells(points[:, :2])
        self._region_cells = _cells(regions.reshape(-1, 2))
        columns, rows = (side // GRID for side in CROP_SIZE)
        x, y = np.meshgrid((np.arange(columns) + 0.5) * GRID - 0.5, (np.arange(rows) + 0.5) * GRID - 0.5)
        self._grid = np.stack([x, y], axis=-1).astype(np.float32)
        self._grid_body = (_with_depth(self._grid, surface) - self._center).astype(np.float32)
        self._pose = self._before = HeadStep()
        self._moved = 0.0
        self.inter_ocular = inter_ocular(crop)
        self.offset = np.zeros(2 * REGIONS + 6)
        self._grey = self._warped(image, self._pose)

    def measure(self, image: Image, landmarks: Landmarks, dis: cv2.DISOpticalFlow) -> Array | None:
        """Motion (58 + 6,) since this key frame; None where no rigid head fits.

        First the displacement of the 29 regions, u and v, crop px, NaN where a region lies outside the
        picture; then the head's pose: three turns, degrees, log of its size, shift u and v, crop px.
        """
        pose = self._predicted(landmarks)
        start = np.zeros((*self._grey.shape, 2), np.float32)
        warped = self._warped(image, pose)
        flow = cv2.blur(dis.calc(self._grey, warped, start), (3, 3))
        moved = pose.displacement(self._body) + HALF * flow[self._point_cells]
        whole = np.asarray(moved, np.float64)
        fitted, residual = fit_step(self._body, whole, pose, turn=self.has_depth, rounds=NEAR_ROUNDS)
        if residual > MAX_RESIDUAL:
            self._before = self._pose
            return None
        self._before, self._pose = self._pose, fitted
        # A pose moves the mean of points as it moves each of them, linearly.
        head = pose.displacement(self._region_center) - fitted.displacement(self._region_center)
        inside = HALF * flow[self._region_cells].reshape(REGIONS, -1, 2).mean(axis=1)
        mean = np.asarray(head + inside, np.float64)
        own = np.where(OUTSIDE_EYES, np.linalg.norm(mean, axis=1), 0.0)
        if own.max() > COVERED_FROM:
            back = dis.calc(warped, self._grey, start)
            miss = self._inconsistent(np.asarray(flow, np.float32), np.asarray(back, np.float32))
            covered = OUTSIDE_EYES & (miss > INCONSISTENT)
            own[covered], mean[covered] = 0.0, np.nan
        self._moved = float(own.max())
        seen = self.alignment.to_source(self._regions + pose.displacement(self._region_body))
        height, width = image.shape[:2]
        within = ((seen >= 0) & (seen <= [width - 1, height - 1])).all(axis=2).mean(axis=1)
        mean[within < MIN_INSIDE] = np.nan
        return np.concatenate([mean.ravel(), fitted.numbers()])

    def _inconsistent(self, flow: NDArray[np.float32], back: NDArray[np.float32]) -> Array:
        """How far flow there and back miss the start, median of each region (29,), crop px."""
        rows, columns = self._region_cells
        there = flow[rows, columns]
        u, v = (np.asarray(at + there[:, k], np.float32) for k, at in enumerate((columns, rows)))
        again = cv2.remap(back, u[:, None], v[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        miss = np.linalg.norm(there + again[:, 0], axis=1)
        return np.asarray(HALF * np.median(miss.reshape(REGIONS, -1), axis=1), np.float64)

    def far(self) -> bool:
        """Whether turn, size or expression differ enough from the key frame for a new one to be needed."""
        turn = np.degrees(np.hypot(*self._pose.turn[:2]))
        size = abs(self._pose.size) > np.log(MAX_SIZE_CHANGE)
        return bool(turn > MAX_TURN or size or self._moved > MAX_MOVE)

    def _predicted(self, landmarks: Landmarks) -> HeadStep:
        """The predicted pose: from the head's speed, or from its landmarks where the two differ too much."""
        seen = self.alignment.to_crop(landmarks.xy)[self._inside] - self._points[:, :2]
        pose = self._pose.after(self._before)
        miss = np.linalg.norm(pose.displacement(self._body) - seen, axis=1)
        if miss.mean() > LOST_PX:
            pose, _ = fit_step(self._body, np.asarray(seen, np.float64), HeadStep(), turn=self.has_depth)
            self._before = self._pose = pose
        return pose

    def _warped(self, image: Image, pose: HeadStep) -> Grey:
        """The frame's face as the key frame would see it without head motion, grey (240, 200)."""
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
        half = (CROP_SIZE[0] // HALF, CROP_SIZE[1] // HALF)
        # Where the crop has more pixels than the picture there is next to nothing to average.
        side = half if self.alignment.scale >= FINE else CROP_SIZE
        u, v = (cv2.resize(np.ascontiguousarray(source[..., k]), side) for k in (0, 1))
        seen = cv2.remap(part, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if side != half:
            seen = cv2.resize(seen, half, interpolation=cv2.INTER_AREA)
        return np.asarray(seen, np.uint8)


def _cells(points: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of crop points (N, 2) in the half-size flow."""
    limit = np.array(CROP_SIZE) // HALF - 1
    cells = np.clip(np.rint((points + 0.5) / HALF - 0.5), 0, limit).astype(np.intp)
    return cells[:, 1], cells[:, 0]


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
