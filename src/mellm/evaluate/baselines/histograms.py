"""Two classical descriptors of facial flow, from 28x28 fields: MDMO and Bi-WOOF, each with a linear SVM.

Both were published for full-size flow; here they read the stored fields after the nose is subtracted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mellm.evaluate.baselines.linear import fit_classifier
from mellm.evaluate.learner import Features, Predictor, Training
from mellm.flow.normalised import nose_flow, region_boxes

_BINS = 8
_BLOCKS = 7


def orientation_bins(flow: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return which of 8 direction bins each vector (..., 2) falls into (bin 0 is centred on the right)."""
    angle = np.arctan2(-flow[..., 1], flow[..., 0])
    return np.asarray(np.round(angle / (2 * np.pi / _BINS)).astype(np.int64) % _BINS)


@dataclass(frozen=True, slots=True)
class MDMO:
    """Main directional mean optical flow (Liu et al. 2016): mean vector of each region's fullest bin.

    The 36 regions of the paper are replaced by the package's 29; magnitude and angle per region.
    """

    name: str = "baseline-mdmo"
    trains: bool = True

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return magnitude and angle of every region's main direction, float32 (58,)."""
        flow = nose_flow(stored)
        features = []
        for column, row, size in region_boxes().values():
            top, left = max(0, round(row - size / 2)), max(0, round(column - size / 2))
            patch = flow[top : top + max(2, round(size)), left : left + max(2, round(size))].reshape(-1, 2)
            bins = orientation_bins(patch)
            main = patch[bins == np.bincount(bins, minlength=_BINS).argmax()].mean(axis=0)
            features += [float(np.hypot(*main)), float(np.arctan2(-main[1], main[0]))]
        return np.array(features, np.float32)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Train a class-balanced linear SVM."""
        return _linear_svm(training, seed)


@dataclass(frozen=True, slots=True)
class BiWOOF:
    """Bi-weighted oriented optical flow (Liong et al. 2018): direction histograms weighted twice.

    Vectors vote with their magnitude inside each of 7x7 blocks, blocks weigh by their mean strain.
    """

    name: str = "baseline-biwoof"
    trains: bool = True

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return the histograms, float32 (392,), unit sum."""
        flow, strain = nose_flow(stored), stored[..., 2].astype(np.float64)
        side = stored.shape[0] // _BLOCKS
        bins, magnitude = orientation_bins(flow), np.linalg.norm(flow, axis=-1)
        votes = np.eye(_BINS)[bins] * magnitude[..., None]
        blocks = votes.reshape(_BLOCKS, side, _BLOCKS, side, _BINS).sum(axis=(1, 3))
        weight = strain.reshape(_BLOCKS, side, _BLOCKS, side).mean(axis=(1, 3))
        histogram = blocks * weight[..., None]
        return np.asarray(histogram.ravel() / (histogram.sum() + 1e-9), np.float32)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Train a class-balanced linear SVM."""
        return _linear_svm(training, seed)


def _linear_svm(training: Training, seed: int) -> Predictor:
    model = make_pipeline(
        StandardScaler(), LinearSVC(C=0.01, class_weight="balanced", random_state=seed, max_iter=5000)
    )
    return fit_classifier(model, training.x, training.y)
