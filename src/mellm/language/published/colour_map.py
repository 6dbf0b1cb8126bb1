"""The motion map of the published vision-route checkpoint: as its demonstration draws it.

TV-L1 flow with OpenCV's own settings, less its mean at the nose tip; directions in steps of 30 degrees,
brightness by the picture's own smallest and largest motion, nothing masked (percentile 0). Knows pictures and
landmarks; knows no text. Source: github.com/zyzhangUstc/mellmv1-base-on-Qwen2.5vl-7B-, read 2026-11
(behaviour only; written anew).
"""

import cv2
import numpy as np

from mellm.face.anchors import anchor
from mellm.face.people import Landmarks
from mellm.flow.field import FlowField
from mellm.media.frame import Image

_NOSE, _STEP = 5, 30


def published_map(onset: Image, apex: Image, landmarks: Landmarks) -> Image:
    """Return the map, uint8 (H, W, 3) RGB; `landmarks` are the onset's, in its px."""
    before, after = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (onset, apex))
    still = np.zeros((*before.shape, 2), np.float32)
    flow = cv2.optflow.DualTVL1OpticalFlow.create().calc(before, after, still)
    return map_of(np.asarray(flow, np.float32), onset, landmarks)


def map_of(flow: FlowField, onset: Image, landmarks: Landmarks) -> Image:
    """Return the map of a flow that was estimated already."""
    x, y = (int(value) for value in anchor(landmarks, "nose tip")[:2])
    patch = flow[max(0, y - _NOSE) : y + _NOSE + 1, max(0, x - _NOSE) : x + _NOSE + 1]
    moved = flow - patch.reshape(-1, 2).mean(axis=0) if patch.size else flow
    size, angle = cv2.cartToPolar(moved[..., 0], moved[..., 1])
    stepped = np.round(np.asarray(angle) * 180 / np.pi % 360 / _STEP) * _STEP % 360
    hsv = np.full((*size.shape, 3), 255, np.uint8)
    hsv[..., 0] = (stepped / 2).astype(np.uint8)
    # Cut, not rounded, to whole levels of brightness, as the demonstration does.
    scaled = cv2.normalize(size, np.zeros_like(size), 0, 255, cv2.NORM_MINMAX)
    hsv[..., 2] = np.asarray(scaled).astype(np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(onset, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(grey, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)), np.uint8)
