"""Training losses of MEFlowNet: sequence loss over passes on facial, head and expression flow.

Knows predictions and truth; nothing of data or optimisation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from mellm.flow.meflownet.model import Prediction

SLACK = 0.02
"""px; error of a start that is as good as none."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How the parts are weighed.

    gamma: weight of earlier passes, gamma^(passes - k) (RAFT, eq. 7)
    head, expression: weight of head and expression error relative to facial error
    laplace: weight of the mixture-of-Laplace likelihood of the expression flow (SEA-RAFT, eq. 4)
    angular: weight of the angular term (1 - cos) where something moves
    outside: weight of pixels off the face
    """

    gamma: float = 0.85
    head: float = 1.0
    expression: float = 1.0
    laplace: float = 0.02
    angular: float = 0.0
    outside: float = 0.05


def charbonnier(difference: Tensor, epsilon: float = 0.01) -> Tensor:
    """Robust end-point error per pixel, (B, H, W): sqrt(|d|^2 + eps^2) - eps, px."""
    return torch.sqrt(difference.pow(2).sum(1) + epsilon**2) - epsilon


def laplace_mixture(difference: Tensor, info: Tensor) -> Tensor:
    """Negative log-likelihood per pixel under a mixture of two Laplace densities, (B, H, W).

    The first component has scale exp(-3) px or less, the second from there to e^1.5 px: ordinary and
    ambiguous pixels, as in SEA-RAFT, at micro-expression scale.
    """
    error = difference.abs()
    logits = torch.log_softmax(info[:, :2], dim=1)
    scale = torch.cat([info[:, 2:3].clamp(-2, 0) - 3, info[:, 3:4].clamp(0, 4.5) - 3], dim=1)
    per = [
        logits[:, k : k + 1] - scale[:, k : k + 1] - error * torch.exp(-scale[:, k : k + 1]) for k in (0, 1)
    ]
    return -torch.logsumexp(torch.stack(per, dim=0), dim=0).mean(1)


def sequence_loss(
    predictions: list[Prediction],
    start: Prediction,
    facial: Tensor,
    head: Tensor,
    face: Tensor,
    valid: Tensor,
    weights: LossWeights,
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss and the last pass's mean errors on the face, px.

    facial, head: (B, 2, H / 2, W / 2) truth, at the centres of 2x2 pixels; face, valid: (B, H / 2, W / 2)
    bool. Every pair is divided by the error its start leaves (plus `SLACK`), so that subtle pairs count as
    much as strong ones, and easy ones as hard ones.
    """
    truth = facial - head
    pixel = (face.float() + weights.outside * (~face).float()) * valid.float()
    pixel = pixel / pixel.sum(dim=(1, 2), keepdim=True).clamp(min=1.0)
    left = (_length(F.avg_pool2d(start.facial, 2) - facial) * pixel).sum(dim=(1, 2))
    pixel = pixel / (SLACK + left)[:, None, None]
    on_face = (face & valid).float()
    total = facial.new_zeros(())
    errors: dict[str, float] = {}
    for k, prediction in enumerate(predictions):
        answer = Prediction(
            *(F.avg_pool2d(m, 2) for m in (prediction.facial, prediction.head, prediction.info))
        )
        expression = answer.facial - answer.head
        # Head flow is defined off the skin too, but only the face is asked about.
        parts = (
            charbonnier(answer.facial - facial)
            + weights.head * charbonnier(answer.head - head)
            + weights.expression * charbonnier(expression - truth)
        )
        if weights.laplace:
            parts = parts + weights.laplace * laplace_mixture(expression - truth, answer.info)
        if weights.angular:
            parts = parts + weights.angular * _angular(expression, truth)
        total = total + weights.gamma ** (len(predictions) - 1 - k) * (parts * pixel).sum() / facial.shape[0]
        if k == len(predictions) - 1:
            area = on_face.sum().clamp(min=1.0)
            for name, difference in (
                ("facial", answer.facial - facial),
                ("head", answer.head - head),
                ("expression", expression - truth),
            ):
                error = _length(difference.detach())
                errors[name] = float((error * on_face).sum() / area)
    return total, errors


def _length(field: Tensor) -> Tensor:
    return torch.sqrt(field.pow(2).sum(1))


def _angular(expression: Tensor, truth: Tensor) -> Tensor:
    length = _length(truth)
    cosine = torch.cosine_similarity(expression, truth, dim=1, eps=1e-3)
    return (1 - cosine) * length.clamp(max=1.0)
