"""Training loss of MEFlowNet: a sequence loss on facial, head and expression flow. Knows answers and truth
only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from mellm.train.flow.flow_evidence import resize
from mellm.train.flow.network import Estimate
from mellm.train.flow.pair_tensors import TrainingPairs


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How the parts are weighed.

    gamma: weight of earlier passes, gamma^(passes - k) (RAFT, eq. 7)
    head, expression: weight of head and expression error relative to facial error
    laplace: weight of the mixture-of-Laplace likelihood of the expression flow (SEA-RAFT, eq. 4)
    outside: weight of pixels off the face
    floor, share, carried: a pair's error is divided by floor (px) + share * its mean expression + carried *
        its
        mean head motion, so that subtle pairs count as strong ones do
    """

    gamma: float = 0.7
    head: float = 0.7
    expression: float = 1.3
    laplace: float = 0.01
    outside: float = 0.05
    floor: float = 0.04
    share: float = 0.15
    carried: float = 0.02


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
    answers: list[Estimate], pairs: TrainingPairs, weights: LossWeights
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss, and for the last pass every pair's mean errors on the face, px, (B,) each."""
    truth = pairs.facial - pairs.head
    face = (pairs.on_face & pairs.known).float()
    area = face.sum(dim=(1, 2)).clamp(min=1.0)
    typical = (_length(truth) * face).sum(dim=(1, 2)) / area
    carried = (_length(pairs.head) * face).sum(dim=(1, 2)) / area
    pixel = face + weights.outside * (pairs.known.float() - face)
    pixel = pixel / pixel.sum(dim=(1, 2), keepdim=True).clamp(min=1.0)
    pixel = pixel / (weights.floor + weights.share * typical + weights.carried * carried)[:, None, None]
    total = truth.new_zeros(())
    errors: dict[str, Tensor] = {}
    for k, answer in enumerate(answers):
        facial, head, info = (_halved(m, truth) for m in (answer.facial, answer.head, answer.info))
        left = {
            "facial": facial - pairs.facial,
            "head": head - pairs.head,
            "expression": facial - head - truth,
        }
        parts = (
            charbonnier(left["facial"])
            + weights.head * charbonnier(left["head"])
            + weights.expression * charbonnier(left["expression"])
            + weights.laplace * laplace_mixture(left["expression"], info)
        )
        total = total + weights.gamma ** (len(answers) - 1 - k) * (parts * pixel).sum() / len(truth)
        if k == len(answers) - 1:
            for name, difference in left.items():
                errors[name] = (_length(difference.detach()) * face).sum(dim=(1, 2)) / area
            errors["nothing"] = typical
    return total, errors


def _halved(field: Tensor, truth: Tensor) -> Tensor:
    """Bring an answer of any size to the truth's: half of the picture's."""
    factor = int(field.shape[-2]) / int(truth.shape[-2])
    return F.avg_pool2d(field, 2) if factor == 2 else field if factor == 1 else resize(field, 1 / factor)


def _length(field: Tensor) -> Tensor:
    return torch.sqrt(field.pow(2).sum(1))
