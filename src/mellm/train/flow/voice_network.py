"""The network that weighs the voices of a pair: small convolutions give each voice its share at every place.

Knows torch and tensors; nothing of files, pictures or training.
"""

import torch
from torch import Tensor, nn

REACH = (1, 2, 4)
"""Dilations of the convolutions: a place sees 15 cells around it."""


class VoiceNetwork(nn.Module):
    """Answers the fit, weakened or strengthened, and shares of what each other voice would add; twice.

    Once for the expression, once for all that moves beside the head's motion as it was found: where the fit
    took some of the head for expression, the two differ.

    features: channels of the evidence; fields: the fit and the other voices; width: channels inside
    """

    def __init__(self, features: int, fields: int, width: int = 20) -> None:
        super().__init__()
        inputs = [features, *[width] * (len(REACH) - 1)]
        layers: list[nn.Module] = []
        for channels, reach in zip(inputs, REACH, strict=True):
            layers += [nn.Conv2d(channels, width, 3, padding=reach, dilation=reach), nn.SiLU()]
        self.body = nn.Sequential(*layers)
        self.shares = nn.Conv2d(width, 2 * fields, 1)
        nn.init.zeros_(self.shares.weight)
        assert self.shares.bias is not None
        nn.init.zeros_(self.shares.bias)
        self.register_buffer("mean", torch.zeros(features, 1, 1))
        self.register_buffer("spread", torch.ones(features, 1, 1))

    def forward(self, features: Tensor, fields: Tensor) -> Tensor:
        """(B, C, h, w) and (B, V, 2, h, w) px -> (B, 2, 2, h, w) px: expression, and motion beside the head.

        Untrained, both are the fit.
        """
        calm = (features - self.get_buffer("mean")) / self.get_buffer("spread")
        share = torch.tanh(self.shares(self.body(calm)))
        first, second = torch.chunk(share, 2, dim=1)
        answers = [fields[:, 0] + (part[:, :, None] * fields).sum(1) for part in (first, second)]
        return torch.stack(answers, dim=1)
