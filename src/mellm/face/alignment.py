"""One fixed crop per person and clip (or pair): a similarity transform that takes roll and size away.

The same transform serves every frame, so the crop itself moves nothing: what moves in it moved in the
picture. Knows nothing about how the landmarks were found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.anchors import ANCHOR_NAMES, anchors
from mellm.face.mean_face import MEAN_FACE
from mellm.face.people import Landmarks
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.media.frame import Image

CROP_SIZE = (400, 480)
"""Width and height of the crop that flow networks are trained on, px."""
EYE_LINE = 0.39
"""Height of the outer eye corners in the crop, of its height from the top."""
_STABLE = (
    *(f"{side} eye {corner} corner" for side in ("left", "right") for corner in ("outer", "inner")),
    "nose bridge",
)
_STABLE_ROWS = [ANCHOR_NAMES.index(name) for name in _STABLE]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Source picture -> crop: `matrix` float64 (2, 3), rotation, even scale and shift; `size` is (w, h)."""

    matrix: NDArray[np.float64]
    size: tuple[int, int] = CROP_SIZE

    @classmethod
    def fit(
        cls, landmarks: Landmarks | Sequence[Landmarks], size: tuple[int, int] = CROP_SIZE
    ) -> "Alignment":
        """Fit to a face, or to the median face of several frames.

        Only points that expressions leave in place count (eye corners, bridge of the nose). Raises
        InputError where there is no face at all.
        """
        faces = [landmarks] if isinstance(landmarks, Landmarks) else list(landmarks)
        if not faces:
            raise InputError(
                "No face was found, so there is nothing to align: choose frames that show a face."
            )
        seen = np.median([anchors(face)[_STABLE_ROWS, :2] for face in faces], axis=0)
        # A tenth less or more of width keeps the face whole: the narrower side decides.
        unit = min(size[0] / CROP_SIZE[0], size[1] / CROP_SIZE[1]) * REFERENCE_INTER_OCULAR
        target = MEAN_FACE[_STABLE_ROWS, :2] * unit + [size[0] / 2, size[1] * EYE_LINE]
        return cls(_similarity(seen, target), size)

    @property
    def scale(self) -> float:
        """Crop pixels per source pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def crop(self, image: Image) -> Image:
        """The aligned crop, uint8 (h, w, 3); what lies outside the picture repeats its edge."""
        matrix = self.matrix
        if (shrink := int(1 / self.scale)) > 1:
            image, matrix = _shrunk(image, matrix, shrink)
        return cv2.warpAffine(  # type: ignore[return-value]
            image, matrix, self.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )

    def to_crop(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map points (..., 2) or (..., 3) from the source picture to the crop; z scales along."""
        return _mapped(self.matrix, points)

    def to_source(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map points (..., 2) or (..., 3) from the crop to the source picture; z scales along."""
        return _mapped(_inverse(self.matrix), points)

    def landmarks_to_crop(self, landmarks: Landmarks) -> Landmarks:
        """The same landmarks in crop pixels."""
        return Landmarks(self.to_crop(landmarks.points), landmarks.scheme)

    def vectors_to_source(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Turn and scale motion vectors (..., 2) measured in the crop into source pixels."""
        return np.asarray(vectors @ _inverse(self.matrix)[:, :2].T, np.float32)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares rotation, even scale and shift (2, 3) from source to target points (N, 2)."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    spread = (a**2).sum()
    if spread < 1e-9:
        raise InputError("The landmarks of the face all lie on one spot: check the landmark file.")
    c = (a * b).sum() / spread
    s = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    linear = np.array([[c, -s], [s, c]])
    return np.hstack([linear, (target.mean(axis=0) - linear @ source.mean(axis=0))[:, None]])


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.linalg.inv(matrix[:, :2])
    return np.hstack([linear, -linear @ matrix[:, 2:]])


def _mapped(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float32]:
    flat = points[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    depth = points[..., 2:] * np.hypot(matrix[0, 0], matrix[1, 0])
    return np.concatenate([flat, depth], axis=-1).astype(np.float32)


def _shrunk(image: Image, matrix: NDArray[np.float64], factor: int) -> tuple[Image, NDArray[np.float64]]:
    """Average blocks of pixels first, as bilinear or cubic sampling alone would alias large faces."""
    height, width = (side // factor * factor for side in image.shape[:2])
    small = cv2.resize(
        image[:height, :width], (width // factor, height // factor), interpolation=cv2.INTER_AREA
    )
    # Pixel centres: u_source = factor * u_small + (factor - 1) / 2.
    offset = matrix[:, :2].sum(axis=1) * (factor - 1) / 2 + matrix[:, 2]
    return small, np.hstack([matrix[:, :2] * factor, offset[:, None]])  # type: ignore[return-value]
