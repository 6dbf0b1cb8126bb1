"""Recipes of MEFlowNet: everything a training run follows from, read from YAML and checked.

Knows the fields and their limits; nothing of torch's state or of the work.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mellm.errors import InputError
from mellm.flow.meflownet.config import MEFlowNetConfig
from mellm.flow.meflownet.loss import LossWeights


@dataclass(frozen=True, slots=True)
class FlowRecipe:
    """What a training run is made of; the fields of a recipe file.

    photos: folder of portraits, relative to where the command runs; identities are split by the generator
    ict: ICT-FaceKit's compact .npz, or None; full_3d: share of pairs drawn from its heads
    pairs, validation_pairs: how many to generate, from `seed`, in files of `shard` pairs
    prior: how many principal expression motions, depth errors and head motions, the temperature, and the
        pairs they are learned from
    depth_weights: safetensors file of the frozen depth backbone, where model.depth_features is 384
    steps, batch, rate, warmup, weight_decay, clip, average: of AdamW with a cosine schedule and an EMA
    checkpoint_minutes, validate_steps, log_steps: how often to save, measure and write the loss curve
    """

    photos: Path
    ict: Path | None = None
    full_3d: float = 0.0
    pairs: int = 3000
    validation_pairs: int = 100
    shard: int = 50
    seed: int = 0
    prior: dict[str, float] = field(
        default_factory=lambda: {
            "expressions": 200,
            "depths": 48,
            "heads": 8,
            "temperature": 0.15,
            "pairs": 1600,
        }
    )
    depth_weights: Path | None = None
    model: MEFlowNetConfig = field(default_factory=MEFlowNetConfig)
    loss: LossWeights = field(default_factory=LossWeights)
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

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, naming the field."""
        if self.pairs % self.shard or self.validation_pairs % self.shard or self.pairs < 1:
            raise InputError(f"pairs and validation_pairs must be multiples of shard ({self.shard}).")
        if bool(self.model.depth_features) != bool(self.depth_weights):
            raise InputError(
                "model.depth_features and depth_weights belong together; give both, or neither (0 and null)."
            )
        if self.steps <= self.warmup:
            raise InputError(f"steps is {self.steps}; it must be more than warmup ({self.warmup}).")


def read_recipe(path: Path) -> FlowRecipe:
    """Read a recipe; raises InputError where it is missing or has fields a run does not know."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        values["photos"] = Path(values["photos"])
        values["ict"] = Path(values["ict"]) if values.get("ict") else None
        if values.get("depth_weights"):
            values["depth_weights"] = Path(values["depth_weights"])
        values["model"] = MEFlowNetConfig.from_dict(values.get("model", {}))
        values["loss"] = LossWeights(**values.get("loss", {}))
        return FlowRecipe(**values)
    except (OSError, TypeError, KeyError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a flow recipe ({error}); see recipes/flow-compact.yaml.") from error
