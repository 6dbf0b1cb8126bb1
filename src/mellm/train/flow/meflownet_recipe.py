"""Recipes of MEFlowNet: the fields of a training run and their limits."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from mellm.errors import InputError
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.loss import LossWeights
from mellm.train.recipe import Recipe, read_recipe


class PriorRecipe(Recipe):
    """How the motion prior is learned.

    expressions, depths, heads: how many principal expression motions, depth errors and head motions to keep
    temperature: of the prior, see `mellm.flow.meflownet.motion_prior`
    pairs: how many pairs to learn from
    """

    expressions: int = 200
    depths: int = 48
    heads: int = 8
    temperature: float = 0.15
    pairs: int = 1600


class FlowRecipe(Recipe):
    """What a training run is made of; the fields of a recipe file.

    photos: folder of portraits, relative to where the command runs; identities are split by the generator
    ict: ICT-FaceKit's compact .npz, or None; full_3d: share of pairs drawn from its heads
    pairs, validation_pairs: how many to generate, from `seed`, in files of `shard` pairs
    depth_weights: safetensors file of the frozen depth backbone, where model.depth_features is 384
    steps, batch, rate, warmup, weight_decay, clip, average: of AdamW with a cosine schedule and an EMA
    checkpoint_minutes, validate_steps, log_steps: how often to save, measure and write the loss curve
    """

    photos: Path
    ict: Path | None = None
    full_3d: float = 0.0
    pairs: int = Field(3000, ge=1)
    validation_pairs: int = 100
    shard: int = Field(50, ge=1)
    seed: int = 0
    prior: PriorRecipe = PriorRecipe()
    depth_weights: Path | None = None
    model: MEFlowNetConfig = MEFlowNetConfig()
    loss: LossWeights = LossWeights()
    steps: int = 3000
    batch: int = 4
    rate: float = 5e-4
    warmup: int = 100
    weight_decay: float = 1e-5
    clip: float = 1.0
    average: float = 0.998
    bfloat16: bool = True
    checkpoint_minutes: float = 3.0
    validate_steps: int = 300
    log_steps: int = 10

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse numbers that cannot work together, naming the fields."""
        if self.pairs % self.shard or self.validation_pairs % self.shard:
            raise InputError(f"pairs and validation_pairs must be multiples of shard ({self.shard}).")
        if bool(self.model.depth_features) != bool(self.depth_weights):
            raise InputError(
                "model.depth_features and depth_weights belong together; give both, or neither (0 and null)."
            )
        if self.steps <= self.warmup:
            raise InputError(f"steps is {self.steps}; it must be more than warmup ({self.warmup}).")
        return self


def read_flow_recipe(path: Path) -> FlowRecipe:
    """Read a recipe; raises InputError where it is missing or has fields a run does not know."""
    return read_recipe(path, FlowRecipe, "flow-compact.yaml")
