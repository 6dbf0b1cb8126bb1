"""The two motion encoders: an MMC-Map, or 29 regions' numbers, to 30 tokens, and heads that ask the tokens.

The heads answer every closed question; one that only training uses tells how each region moves, so that a
map's
encoder learns directions. Knows no data.
"""

from typing import cast

import torch
from torch import Tensor, nn

from mellm.language.motion.map_tokens import MAP_SIZE
from mellm.language.motion.questions import options
from mellm.language.motion.region_tokens import FEATURES

_REGIONS, MOTION_TOKENS = 29, 30
"""Regions; tokens of either encoder: the regions and their scale, or 6 x 5 patches of a map."""


class _Block(nn.Module):
    """Two 3x3 convolutions around a residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x with what the block found added."""
        found: Tensor = nn.functional.gelu(x + self.body(x))
        return found


def _halving(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outer), nn.GELU()
    )


class _Mixing(nn.Module):
    """A transformer layer over the 30 tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens (B, N, width) after looking at each other."""
        batch, count, width = x.shape
        q, k, v = self.qkv(self.before(x)).view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5, -1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, count, width))
        found: Tensor = x + self.narrow(nn.functional.gelu(self.wide(self.between(x))))
        return found


class MapEncoder(nn.Module):
    """MMC-Map float (B, 3, 96, 80) in 0..1 to tokens (B, 30, width)."""

    width = 144

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 5, stride=4, padding=2, bias=False), nn.BatchNorm2d(32), nn.GELU(), _Block(32),
            _halving(32, 80), _Block(80), _halving(80, self.width), _Block(self.width),
        )  # fmt: skip
        self.places = nn.Parameter(0.02 * torch.randn(1, MOTION_TOKENS, self.width))
        self.mixing = _Mixing(self.width, 4)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the tokens."""
        seen = self.body(picture - 0.35).flatten(2).transpose(1, 2)
        found: Tensor = self.mixing(seen + self.places)
        return found


class RegionEncoder(nn.Module):
    """Features float (B, 30, FEATURES) of regions and scale to tokens (B, 30, width)."""

    width = 96

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.Linear(FEATURES, self.width), nn.GELU(), nn.Linear(self.width, self.width)
        )
        self.places = nn.Parameter(0.2 * torch.randn(1, MOTION_TOKENS, self.width))
        self.mixing = nn.Sequential(*(_Mixing(self.width, 4) for _ in range(2)))

    def forward(self, features: Tensor) -> Tensor:
        """Return the tokens."""
        found: Tensor = self.mixing(self.enter(features) + self.places)
        return found


class TellingHeads(nn.Module):
    """What training asks the tokens themselves: every closed question, and how each region moves."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.counts = [len(found) for found in options()]
        self.queries = nn.Parameter(torch.randn(len(self.counts) + _REGIONS, width) * width**-0.5)
        self.norm, self.key, self.value = (
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.Linear(width, width),
        )
        self.answers = nn.ModuleList(nn.Linear(width, count) for count in self.counts)
        self.ways = nn.Linear(width, 3)

    def look(self, tokens: Tensor) -> Tensor:
        """Return what each query finds in the tokens, (B, questions + 29, width)."""
        x = self.norm(tokens)
        weights = torch.softmax(self.queries @ self.key(x).transpose(-1, -2) * x.shape[-1] ** -0.5, -1)
        found: Tensor = weights @ self.value(x) + self.queries
        return found

    def answered(self, found: Tensor) -> list[Tensor]:
        """Return every question's logits from what `look` returned."""
        return [head(found[:, k]) for k, head in enumerate(self.answers)]

    def forward(self, tokens: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return every question's logits, and (B, 29, 3): u, v against the face's scale, moving's logit."""
        found = self.look(tokens)
        return self.answered(found), self.ways(found[:, len(self.counts) :])


class Projector(nn.Module):
    """What questions found, (B, Q, width), as embeddings (B, Q, E) of a language model; a map a question."""

    def __init__(self, questions: int, width: int, embedding: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(questions, width, embedding))
        self.bias = nn.Parameter(torch.zeros(questions, embedding))

    def forward(self, found: Tensor) -> Tensor:
        """Return the embeddings."""
        return torch.einsum("bqw,qwe->bqe", found, self.weight) + self.bias

    @torch.no_grad()
    def fit(self, found: Tensor, wanted: Tensor, ridge: float = 1.0) -> None:
        """Begin with the ridge regression of wanted embeddings (N, Q, E) on what was found (N, Q, width)."""
        for k in range(found.shape[1]):
            x, y = found[:, k].double(), wanted[:, k].double()
            middle, mean = x.mean(0), y.mean(0)
            x, y = x - middle, y - mean
            solved = torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)
            self.weight[k], self.bias[k] = solved.float(), (mean - middle @ solved).float()


class Routes(nn.Module):
    """The encoders of both routes with their heads."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({"vision": MapEncoder(), "flow": RegionEncoder()})
        self.heads = nn.ModuleDict(
            {"vision": TellingHeads(MapEncoder.width), "flow": TellingHeads(RegionEncoder.width)}
        )

    def told(self, route: str, given: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return what a route's heads make of a map's picture, or of regions' features."""
        found: tuple[list[Tensor], Tensor] = self.heads[route](self.encoders[route](given))
        return found

    def asked(self, route: str, given: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return every question's logits, and what each question found, (B, questions, width)."""
        heads = cast(TellingHeads, self.heads[route])
        found = heads.look(self.encoders[route](given))
        return heads.answered(found), found[:, : len(heads.counts)]


def shape_of(route: str) -> tuple[int, ...]:
    """Return the shape of one input of a route."""
    return (3, MAP_SIZE[1], MAP_SIZE[0]) if route == "vision" else (MOTION_TOKENS, FEATURES)
