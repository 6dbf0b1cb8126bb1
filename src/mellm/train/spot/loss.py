"""What training asks of the spotting network, per sample and target, weighted by what is known."""

import torch
from torch import Tensor
from torch.nn import functional as nnf

from mellm.spot.detector import APEX

_WEIGHTS = (1.0, 0.6, 0.5, 0.4)
"""Of the kinds: the micro-expression counts most."""


def spotting_loss(said: Tensor, target: Tensor, trust: Tensor) -> Tensor:
    """Loss of what the network said (B, N, TARGETS): kinds, apexes, lengths.

    Kinds by cross-entropy; the apex by quality focal loss (Li et al., NeurIPS 2020), as it is rare; lengths
    by smooth L1 on their logarithm, near apexes only.
    """
    share = trust[..., :APEX].sum((0, 1)).clamp(min=1.0)
    entropy = nnf.binary_cross_entropy_with_logits(said[..., :APEX], target[..., :APEX], reduction="none")
    kinds = (entropy * trust[..., :APEX]).sum((0, 1)) / share
    total = (kinds * torch.tensor(_WEIGHTS)).sum()
    heat, wanted = said[..., APEX], target[..., APEX]
    sharp = (torch.sigmoid(heat) - wanted).abs() ** 2
    focal = sharp * nnf.binary_cross_entropy_with_logits(heat, wanted, reduction="none") * trust[..., APEX]
    total = total + 4.0 * focal.sum() / (wanted * trust[..., APEX]).sum().clamp(min=1.0)
    lengths = nnf.smooth_l1_loss(
        said[..., APEX + 1 :], torch.log(target[..., APEX + 1 :].clamp(min=0.7)), reduction="none", beta=0.2
    )
    known = trust[..., APEX + 1 :]
    return total + 0.5 * (lengths * known).sum() / known.sum().clamp(min=1.0)
