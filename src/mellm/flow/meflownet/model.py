"""MEFlowNet: facial and head flow by warping and recurrent refinement (in the line of WAFT and SEA-RAFT).

Starts from given flows and adds zero-initialised residuals: untrained, it returns its start. Each pass warps
the apex by the current facial flow, encodes it with the onset's encoder, joins the physical evidence and the
face coordinates, and lets two decoders with their own weights correct facial flow and head flow. Both may let
local Lucas-Kanade steps through learned gates; the head's correction is projected, with learned weights, onto
the rigid motions of the face. Expression = facial - head. Knows nothing of files, landmarks or training.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mellm.flow.meflownet.chart import CELL
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.depth_backbone import DepthBackbone
from mellm.flow.meflownet.encoder import ENCODERS, bilinear_logits, convex_upsample
from mellm.flow.meflownet.physics import (
    WINDOWS,
    local_solves,
    normal_terms,
    resize,
    rigid_projection,
    warp,
)
from mellm.flow.meflownet.update import UPDATES, ConvBlock

GUIDE = 5
"""Guide channels: the face's x, y and depth (from the rigid motions), and the chart's own u and v."""


@dataclass(slots=True)
class Prediction:
    """One pass's answer at full resolution: (B, 2, H, W) px each, and `info` (B, 4, H, W) for the loss.

    info: two mixture logits and two log-scales of the Laplace mixture (SEA-RAFT, eq. 3)
    """

    facial: Tensor
    head: Tensor
    info: Tensor


class Decoder(nn.Module):
    """A convolution and a zero-initialised projection, so that the first answer is 'no change'."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = ConvBlock(inputs, 32)
        self.leave = nn.Conv2d(32, outputs, 3, 1, 1)
        _silence(self.leave)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h, w)."""
        answer: Tensor = self.leave(self.body(x))
        return answer


class MEFlowNet(nn.Module):
    """The network; `bfloat16` runs its learned layers, not the geometry, in that precision."""

    def __init__(self, config: MEFlowNetConfig, bfloat16: bool = False) -> None:
        super().__init__()
        self.config, self.reduced = config, bfloat16
        self.encoder = ENCODERS[config.encoder](config)
        evidence = 3 * len(WINDOWS) + 3
        inputs = 2 * (config.features + config.depth_features) + evidence + GUIDE + 7 + config.hidden
        self.update = UPDATES[config.update](config, inputs)
        self.head_decoder = Decoder(config.hidden, 5 + len(WINDOWS) + 2)
        self.facial_decoder = Decoder(config.hidden, 6 + len(WINDOWS) + 1)
        self.mask = nn.Conv2d(config.hidden, 9 * config.stride**2, 1)
        _silence(self.mask)
        self.register_buffer("bilinear", bilinear_logits(config.stride), persistent=False)

    def forward(
        self,
        onset: Tensor,
        apex: Tensor,
        facial: Tensor,
        head: Tensor,
        rigid: Tensor,
        variational: Tensor,
        depth: tuple[Tensor, Tensor] | None = None,
    ) -> list[Prediction]:
        """Refine the start `facial` and `head` (B, 2, h, w), px; return every pass's prediction.

        onset, apex: (B, 1, H, W) illumination-normalised grey, on the face chart; h, w: its cells
        rigid: (B, 12, h, w), the six rigid motions' u, then their v
        variational: (B, 2, h, w) px, the second opinion on the expression (`variational.variational_flow`)
        depth: frozen depth features of both frames on the network's own grid, if configured
        """
        stride = self.config.stride
        facial, head, rigid, variational = (
            _at_stride(field, stride) for field in (facial, head, rigid, variational)
        )
        basis = rigid.reshape(len(rigid), 2, 6, *rigid.shape[-2:])
        guide = _guide(basis)
        second_facial = head + variational
        # Pairs of 0.2 and 5 px differ in scale alone: the learned layers see, and answer, motion in it.
        scale = _scale(facial - head, variational)
        first = self._learned(self.encoder, onset)
        hidden = first.new_zeros(first.shape[0], self.config.hidden, *first.shape[-2:])
        predictions = []
        for _ in range(self.config.iterations):
            # Each pass is judged as it is; gradients run through its own corrections only.
            facial, head = facial.detach(), head.detach()
            expression = facial - head
            warped = warp(apex, resize(facial, stride))
            terms = normal_terms(onset, warped, stride)
            second = self._learned(self.encoder, warped)
            solves = local_solves(terms)
            other = second_facial - facial
            steps = _steps(solves)
            seen = [_asinh(field / scale) for field in (expression, other, *steps)]
            parts = [first, second - first, *seen, _weights(solves), _compressed(terms), guide, head]
            parts += [torch.log(scale).expand_as(head[:, :1])]
            if depth is not None:
                parts += [depth[0], warp(depth[1], facial / stride) - depth[0]]
            hidden = self._learned(self.update, torch.cat([*parts, hidden], dim=1))
            turn = self._learned(self.head_decoder, hidden)
            shared = _gated(turn[:, 5:], [*steps, expression, expression + other]) + scale * turn[:, :2]
            moved_head = rigid_projection(shared, torch.sigmoid(turn[:, 2:3]), basis)
            moved_head = moved_head + 0.25 * scale * turn[:, 3:5]
            change = self._learned(self.facial_decoder, hidden)
            facial = facial + _gated(change[:, 6:], [*steps, other]) + scale * change[:, :2]
            head = head + moved_head
            expression = facial - head
            mask = self._mask_logits(hidden)
            up = convex_upsample(torch.cat([expression, change[:, 2:6]], dim=1), mask, stride)
            whole = resize(head, stride)
            predictions.append(Prediction(whole + up[:, :2], whole, up[:, 2:]))
        return predictions

    def _mask_logits(self, hidden: Tensor) -> Tensor:
        logits = self._learned(self.mask, hidden)
        shape = (len(logits), 9, self.config.stride**2, *logits.shape[-2:])
        return logits.reshape(shape) + self.get_buffer("bilinear")

    @staticmethod
    def start(facial: Tensor, head: Tensor, stride: int) -> Prediction:
        """Return the start itself as a prediction: what the untrained network answers."""
        whole, other = (resize(_at_stride(field, stride), stride) for field in (facial, head))
        return Prediction(whole, other, whole.new_zeros(len(whole), 4, *whole.shape[-2:]))

    def _learned(self, module: nn.Module, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.reduced):
            answer: Tensor = module(x.contiguous(memory_format=torch.channels_last))
        return answer.float()


def _gated(gates: Tensor, fields: list[Tensor]) -> Tensor:
    """Return the sum of (B, 2, h, w) `fields`, each let through by one channel of `gates`, -1..1."""
    total = torch.zeros_like(fields[0])
    for index, field in enumerate(fields):
        total = total + torch.tanh(gates[:, index : index + 1]) * field
    return total


def _scale(expression: Tensor, variational: Tensor) -> Tensor:
    """Return a pair's typical motion, (B, 1, 1, 1) px."""
    energy = (expression.pow(2) + variational.pow(2)).mean(dim=(1, 2, 3), keepdim=True)
    return torch.sqrt(energy) + 0.02


def _asinh(x: Tensor) -> Tensor:
    """torch.asinh, which the exporter does not know."""
    size = x.abs()
    return torch.sign(x) * torch.log(size + torch.sqrt(size * size + 1))


def _steps(solves: Tensor) -> list[Tensor]:
    """Return the steps (B, 2, h, w) of `local_solves`, one of each window."""
    return [solves[:, k : k + 2] for k in range(0, 3 * len(WINDOWS), 3)]


def _weights(solves: Tensor) -> Tensor:
    """Return the logarithms of the evidence behind them, (B, WINDOWS, h, w)."""
    return solves[:, 2::3]


def _at_stride(field: Tensor, stride: int) -> Tensor:
    """Bring a field on the chart's cells to one value per `stride` pixels."""
    return field if stride == CELL else resize(field, CELL / stride)


def _silence(layer: nn.Conv2d) -> None:
    """Set a layer's weights to zero, so that it returns zero until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def _compressed(terms: Tensor) -> Tensor:
    """The cell's own evidence on a logarithmic scale: gradient energies and their signed product."""
    xx, xy, yy = terms[:, :1], terms[:, 1:2], terms[:, 2:3]
    return torch.cat([torch.log1p(xx), torch.log1p(yy), xy / (xx + yy + 1.0)], dim=1)


def _guide(basis: Tensor) -> Tensor:
    """Return where each cell is: (B, GUIDE, h, w) from the rigid motions (scale: x, y; yaw: depth)."""
    batch, _, _, height, width = basis.shape
    across = torch.linspace(-1, 1, width, device=basis.device)[None, None, None].expand(
        batch, 1, height, width
    )
    down = torch.linspace(-1, 1, height, device=basis.device)[None, None, :, None].expand(
        batch, 1, height, width
    )
    return torch.cat([basis[:, :1, 2], basis[:, 1:, 2], basis[:, :1, 4], across, down], dim=1)


def depth_of(
    backbone: DepthBackbone | None, onset: Tensor, apex: Tensor, stride: int
) -> tuple[Tensor, Tensor] | None:
    """Return the frozen depth features of both pictures, or None without a backbone."""
    if backbone is None:
        return None
    with torch.no_grad():
        return backbone(onset, stride), backbone(apex, stride)


class Exported(nn.Module):
    """The network as ONNX has it: six inputs, two outputs, the last pass only."""

    def __init__(self, model: MEFlowNet, backbone: DepthBackbone | None = None) -> None:
        """Join the network and the depth backbone it was trained with, if any."""
        super().__init__()
        self.model, self.backbone = model, backbone

    def forward(
        self,
        onset: Tensor,
        apex: Tensor,
        facial: Tensor,
        head: Tensor,
        rigid: Tensor,
        variational: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return facial and head flow (B, 2, H, W), px."""
        depth = depth_of(self.backbone, onset, apex, self.model.config.stride)
        last = self.model(onset, apex, facial, head, rigid, variational, depth)[-1]
        return last.facial, last.head
