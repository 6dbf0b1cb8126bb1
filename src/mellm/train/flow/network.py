"""MEFlowNet: facial and head flow of one face by warping and refinement, coarse to fine.

The apex is warped by the flow found so far, encoded beside the onset, and a U-Net that sees the whole face
corrects the flow from the difference, from Lucas-Kanade steps and from what the head explains (in the line of
SEA-RAFT and WAFT: shared weights over passes, two decoders, a mixture of Laplace, convex up-sampling). Passes
run at a quarter, half and full size of the picture. A rigid head is fitted inside the network, with weights
it learns; expression = facial - head. The module knows torch and nothing of files, faces or training.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mellm.train.flow.flow_evidence import (
    WINDOWS,
    asinh,
    bilinear_logits,
    convex_upsample,
    local_solves,
    normal_terms,
    normalise_illumination,
    resize,
    rigid_basis,
    rigid_field,
    rigid_parameters,
    warp,
)

STRIDE = 4
"""Pixels per cell."""

GUIDE = 4
"""Guide channels: x, y, depth, and the share of the face."""


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """What builds a network.

    features, hidden: channels of the encoder's output and of the recurrent state
    widths: channels of the U-Net's levels, finest first
    scales: the picture's size at each pass, as a share; passes of one share use the same weights
    warp: `picture` warps the apex picture and encodes it anew; `features` warps its features, as the papers
        do
    """

    features: int = 32
    hidden: int = 32
    widths: tuple[int, ...] = (48, 72, 104, 136)
    scales: tuple[float, ...] = (0.25, 0.5, 1.0, 1.0)
    warp: str = "picture"


@dataclass(slots=True)
class Estimate:
    """One pass's answer at the resolution of its picture.

    facial, head: (B, 2, h, w) px of full size
    info: (B, 4, h, w), the Laplace mixture's logits and log-scales of the expression
    """

    facial: Tensor
    head: Tensor
    info: Tensor


class ConvBlock(nn.Sequential):
    """3x3 convolution, group normalisation, SiLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(8, outputs), nn.SiLU()
        )


class Encoder(nn.Module):
    """Pixel blocks to channels, so that full detail is kept, then two convolutions."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.PixelUnshuffle(STRIDE),
            nn.Conv2d(STRIDE**2, features, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(features, features, 3, 1, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, features, H / 4, W / 4)."""
        maps: Tensor = self.body(picture)
        return maps


class UNet(nn.Module):
    """Contracting and expanding convolutions; at its coarsest level it sees the whole face."""

    def __init__(self, inputs: int, hidden: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.enter = nn.Sequential(
            nn.Conv2d(inputs, widths[0], 1), nn.SiLU(), ConvBlock(widths[0], widths[0])
        )
        self.down = nn.ModuleList(nn.Sequential(ConvBlock(a, b, 2), ConvBlock(b, b)) for a, b in pairs)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a + b, a, 1), nn.SiLU(), ConvBlock(a, a)) for a, b in pairs
        )
        self.leave = nn.Conv2d(widths[0], hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, hidden, h, w)."""
        levels = [self.enter(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        y = levels.pop()
        for up in reversed(self.up):
            skip = levels.pop()
            y = up(torch.cat([skip, F.interpolate(y, size=skip.shape[-2:], mode="nearest")], dim=1))
        return torch.tanh(self.leave(y))


class Decoder(nn.Module):
    """A convolution and a zero-initialised projection, so that the first answer is 'no change'."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inputs, 32, 3, 1, 1), nn.SiLU())
        self.leave = nn.Conv2d(32, outputs, 3, 1, 1)
        _silence(self.leave)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h, w)."""
        answer: Tensor = self.leave(self.body(x))
        return answer


class Refinement(nn.Module):
    """What one pass learns: encoder, U-Net and the two decoders."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.encoder = Encoder(shape.features)
        evidence = 3 * len(WINDOWS) + 5
        self.update = UNet(
            2 * shape.features + evidence + GUIDE + 4 + shape.hidden, shape.hidden, shape.widths
        )
        self.facial = Decoder(shape.hidden, 2 + len(WINDOWS) + 4)
        self.head = Decoder(shape.hidden, 3)
        self.mask = nn.Conv2d(shape.hidden, 9 * STRIDE**2, 1)
        _silence(self.mask)


class MEFlowNet(nn.Module):
    """The network. `reduced` runs its learned layers, not the geometry, in bfloat16."""

    def __init__(self, shape: NetworkShape, reduced: bool = False) -> None:
        super().__init__()
        self.shape, self.reduced = shape, reduced
        kinds = 2 if min(shape.scales) < 1 else 1
        self.passes = nn.ModuleList(Refinement(shape) for _ in range(kinds))
        self.register_buffer("bilinear", bilinear_logits(STRIDE), persistent=False)

    def forward(self, onset: Tensor, apex: Tensor, depth: Tensor, face: Tensor) -> list[Estimate]:
        """Estimate the flow from `onset` to `apex`; return every pass's answer.

        An answer has the resolution of its pass's picture, and is in px of full size.

        onset, apex: (B, 1, H, W) grey levels 0..255 of the aligned crop; H, W: multiples of 16
        depth: (B, 1, H / 4, W / 4) px, smaller is nearer, zero at the face's middle
        face: (B, 1, H / 4, W / 4) share of the face, 0..1
        """
        batch, _, height, width = (int(side) for side in onset.shape)
        onset, apex = normalise_illumination(onset), normalise_illumination(apex)
        rows, cols = height // STRIDE, width // STRIDE
        facial = onset.new_zeros(batch, 2, rows, cols)
        head, hidden = facial, onset.new_zeros(batch, self.shape.hidden, rows, cols)
        answers = []
        for share in self.shape.scales:
            learned = self.passes[0 if share < 1 or len(self.passes) == 1 else 1]
            assert isinstance(learned, Refinement)
            # Each pass is judged as it is; gradients run through its own corrections only.
            facial, head = facial.detach(), head.detach()
            size = (round(rows * share), round(cols * share))
            first, second = (_shrunk(picture, share) for picture in (onset, apex))
            guide = _guide(depth, face, size)
            basis = rigid_basis(_sized(depth, size), share)
            facial_here, head_here = (_sized(f, size) * share for f in (facial, head))
            hidden = _sized(hidden, size)
            facial_here, head_here, hidden, more = self._refine(
                learned, first, second, facial_here, head_here, hidden, guide, basis, _sized(face, size)
            )
            facial, head = (_sized(f, (rows, cols)) / share for f in (facial_here, head_here))
            answers.append(self._whole(learned, facial_here / share, head_here / share, hidden, more))
        return answers

    def _refine(
        self,
        learned: Refinement,
        onset: Tensor,
        apex: Tensor,
        facial: Tensor,
        head: Tensor,
        hidden: Tensor,
        guide: Tensor,
        basis: Tensor,
        face: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Correct facial and head flow once, in px of this pass's size."""
        warped = warp(apex, resize(facial, STRIDE))
        terms = normal_terms(onset, warped, STRIDE)
        first = self._learned(learned.encoder, onset)
        if self.shape.warp == "features":
            second = warp(self._learned(learned.encoder, apex), facial / STRIDE)
        else:
            second = self._learned(learned.encoder, warped)
        solves = local_solves(terms)
        steps = [solves[:, 3 * k : 3 * k + 2] for k in range(len(WINDOWS))]
        seen = [_asinh(f) for f in (*steps, head, facial - head)]
        sureness = solves[:, 2::3]
        parts = [first, second - first, *seen, sureness, _compressed(terms), guide]
        hidden = self._learned(learned.update, torch.cat([*parts, hidden], dim=1))
        change = self._learned(learned.facial, hidden)
        gates = change[:, 2 : 2 + len(WINDOWS)]
        facial = facial + change[:, :2]
        for k, step in enumerate(steps):
            facial = facial + gates[:, k : k + 1] * step.clamp(-3, 3)
        turn = self._learned(learned.head, hidden)
        weight = torch.exp(turn[:, :1].clamp(-8, 8)) * (face + 0.01)
        head = rigid_field(rigid_parameters(facial, weight, basis), basis) + turn[:, 1:]
        return facial, head, hidden, change[:, 2 + len(WINDOWS) :]

    def _whole(
        self, learned: Refinement, facial: Tensor, head: Tensor, hidden: Tensor, info: Tensor
    ) -> Estimate:
        """Bring a pass's answer to the resolution of its picture."""
        logits = self._learned(learned.mask, hidden)
        logits = logits.reshape(
            *(int(k) for k in (len(logits), 9, STRIDE**2, *logits.shape[-2:])),
        ) + self.get_buffer("bilinear")
        up = convex_upsample(torch.cat([facial - head, info], dim=1), logits, STRIDE)
        whole = resize(head, STRIDE)
        return Estimate(whole + up[:, :2], whole, up[:, 2:])

    def _learned(self, module: nn.Module, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.reduced, cache_enabled=False):
            answer: Tensor = module(x.contiguous(memory_format=torch.channels_last))
        return answer.float()


def _shrunk(picture: Tensor, share: float) -> Tensor:
    return picture if share == 1 else F.avg_pool2d(picture, round(1 / share))


def _sized(field: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(int(side) for side in field.shape[-2:]) == size:
        return field
    if size[0] < field.shape[-2]:
        return F.avg_pool2d(field, int(field.shape[-2]) // size[0])
    return F.interpolate(field, size=size, mode="bilinear", align_corners=False)


def _guide(depth: Tensor, face: Tensor, size: tuple[int, int]) -> Tensor:
    rows, cols = size
    y = torch.linspace(-1, 1, rows, device=depth.device)[None, None, :, None].expand(
        len(depth), 1, rows, cols
    )
    x = torch.linspace(-1, 1, cols, device=depth.device)[None, None, None, :].expand(
        len(depth), 1, rows, cols
    )
    return torch.cat([x, y, _sized(depth, size) / 60, _sized(face, size)], dim=1)


def _asinh(field: Tensor) -> Tensor:
    return asinh(field * 4)


def _compressed(terms: Tensor) -> Tensor:
    return asinh(terms) * 0.5


def _silence(layer: nn.Conv2d) -> None:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
