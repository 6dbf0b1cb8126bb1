"""Two published networks for 28x28 flow, re-implemented: STSTNet, and a small transformer after HTNet.

Trained for a fixed number of epochs and used as they end: neither the epoch nor anything else is chosen by
a test fold. `train_network` can report the test fold after every epoch, which only the measurement of what
such choosing would be worth uses (benchmarks/bench_facs.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mellm.evaluate.learner import Features, Predictor, Training
from mellm.evaluate.ridge import balanced_weights
from mellm.facs.stored_flow import COARSE

Watch = Callable[[int, Callable[[Features], NDArray[np.float64]]], None]
"""Called after each epoch with its number and a predictor."""


class STSTModule(nn.Module):
    """Shallow triple-stream 3D CNN (Liong et al. 2019): three 3x3 streams of 3, 5 and 8 maps."""

    def __init__(self) -> None:
        """Build the three streams."""
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, maps, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(maps),
                nn.MaxPool2d(3, 3, padding=1),
                nn.Dropout(0.5),
            )
            for maps in (3, 5, 8)
        )
        self.pool = nn.AvgPool2d(2, 2)
        self.classify = nn.Linear(16 * 5 * 5, len(COARSE))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 3) of flow pictures (N, 3, 28, 28)."""
        streams = torch.cat([stream(x) for stream in self.streams], dim=1)
        return torch.as_tensor(self.classify(self.pool(streams).flatten(1)))


class HTNetModule(nn.Module):
    """Transformer in the manner of HTNet (Wang et al. 2024): attention inside four parts, then across them.

    The four parts (eyes and mouth, left and right) are the picture's quarters, each of 4x4 patches.
    """

    def __init__(self, width: int = 32) -> None:
        """Build patch embedding, both attention levels and the classifier."""
        super().__init__()
        self.embed = nn.Conv2d(3, width, 7, stride=3, padding=2)
        self.place = nn.Parameter(torch.zeros(1, 25, width))
        self.inside = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.3, batch_first=True)
        self.across = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.3, batch_first=True)
        self.classify = nn.Linear(4 * width, len(COARSE))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 3) of flow pictures (N, 3, 28, 28)."""
        quarters = [x[:, :, a : a + 14, b : b + 14] for a in (0, 14) for b in (0, 14)]
        tokens = []
        for quarter in quarters:
            patches = self.embed(quarter).flatten(2).transpose(1, 2)
            tokens.append(self.inside(patches + self.place[:, : patches.shape[1]]).mean(dim=1))
        mixed = self.across(torch.stack(tokens, dim=1))
        return torch.as_tensor(self.classify(mixed.flatten(1)))


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a network is trained: fixed for every fold."""

    epochs: int
    rate: float
    batch: int = 64
    decay: float = 1e-4


def scaled(stored: NDArray[np.uint8]) -> Features:
    """Return stored flow as float32 (3, 28, 28) in -1..1, the nose at zero in u and v."""
    x = stored.astype(np.float32) / 127.5 - 1
    x[..., :2] -= np.median(x[12:17, 12:16, :2], axis=(0, 1))
    return np.ascontiguousarray(x.transpose(2, 0, 1))


def train_network(
    network: nn.Module, settings: NetworkSettings, training: Training, seed: int, watch: Watch | None = None
) -> Predictor:
    """Train with class-weighted cross-entropy and random mirroring; return the last epoch's predictor."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(training.x), torch.from_numpy(training.y)
    weight = torch.from_numpy(balanced_weights(training.y, len(COARSE)).astype(np.float32))
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    turn = torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1)

    def predict(test: Features) -> NDArray[np.float64]:
        network.eval()
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(test)).softmax(dim=1).double().numpy())

    for epoch in range(settings.epochs):
        network.train()
        for chosen in torch.randperm(len(x), generator=generator).split(settings.batch):  # type: ignore[no-untyped-call]
            if len(chosen) < 2:
                continue
            picture = x[chosen]
            flip = (torch.rand(len(chosen), generator=generator) < 0.5).view(-1, 1, 1, 1)
            picture = torch.where(flip, picture.flip(3) * turn, picture)
            loss = nn.functional.cross_entropy(network(picture), y[chosen], reduction="none")
            optimiser.zero_grad()
            (loss * weight[chosen]).mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if watch:
            watch(epoch + 1, predict)
    return predict


@dataclass(frozen=True, slots=True)
class NetworkBaseline:
    """A network on scaled flow, trained for fixed epochs."""

    name: str
    module: Callable[[], nn.Module]
    settings: NetworkSettings
    trains: bool = True

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return the scaled picture."""
        return scaled(stored)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Train on the fold."""
        torch.manual_seed(seed)
        return train_network(self.module(), self.settings, training, seed)


def ststnet() -> NetworkBaseline:
    """STSTNet for 100 epochs."""
    return NetworkBaseline("baseline-ststnet", STSTModule, NetworkSettings(epochs=100, rate=1e-3))


def htnet() -> NetworkBaseline:
    """The small transformer for 60 epochs."""
    return NetworkBaseline("baseline-htnet", HTNetModule, NetworkSettings(epochs=60, rate=1e-3, decay=1e-2))
