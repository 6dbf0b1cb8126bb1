"""The same piece in a mirror, and run backwards: more faces from the same pieces, at no cost."""

import torch
from torch import Tensor

from mellm.spot.detector import APEX
from mellm.spot.inputs import CHANNELS, REGION_COUNT
from mellm.train.spot.movements import MIRROR

_HEAD = (1.0, -1.0, -1.0, 1.0, -1.0, 1.0)
"""Signs of a mirrored head: three turns, size, shift."""
_FORWARD = (1.0,) * (6 * REGION_COUNT + 6) + (-1.0,) * 6 + (1.0,) * 6
"""Signs of a piece run backwards: speeds turn round."""


def _mirror() -> tuple[Tensor, Tensor]:
    order, signs = [], []
    for group in range(3):
        for region in MIRROR:
            for axis in (0, 1):
                order.append(2 * (group * REGION_COUNT + int(region)) + axis)
                signs.append(-1.0 if axis == 0 else 1.0)
    first = len(order)
    order += [*range(first, first + 12), first + 13, first + 12, *range(first + 14, CHANNELS)]
    signs += [*_HEAD, *_HEAD, *(1.0,) * 6]
    return torch.tensor(order), torch.tensor(signs)


_ORDER, _SIGNS = _mirror()


def mirrored_inputs(seen: Tensor) -> Tensor:
    """Inputs (B, N, CHANNELS) of the mirrored face."""
    return seen[..., _ORDER] * _SIGNS


def backwards(seen: Tensor, target: Tensor, trust: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A batch run backwards: what was the time since the onset is the time until the offset."""
    order = [*range(APEX + 1), APEX + 2, APEX + 1]
    seen, target, trust = (values.flip(1) for values in (seen, target, trust))
    return seen * torch.tensor(_FORWARD), target[..., order], trust[..., order]
