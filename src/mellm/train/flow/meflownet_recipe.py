"""Recipes of MEFlowNet: the fields of a training run and their limits."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from mellm.errors import InputError
from mellm.simulate.origins import EVERY_ORIGIN, Origin, read_origins
from mellm.train.recipe import Recipe, read_recipe


class PriorRecipe(Recipe):
    """How the motion prior is learned.

    heads: a prior's file, whose template, depth errors and head motions are kept
    motions: how many motions of each origin; expressions: how many principal ones to keep
    temperature: of the prior, see `mellm.flow.meflownet.motion_prior`
    """

    heads: Path
    motions: int = Field(500, ge=1)
    expressions: int = Field(200, ge=1)
    temperature: float = 0.15


class FlowRecipe(Recipe):
    """What a training run is made of; the fields of a recipe file.

    photos: folder of portraits, relative to where the command runs; identities are split by the generator
    ict: ICT-FaceKit's compact .npz, for the origin of that name, or None
    origins: where motions come from, as `mellm data meflow build --origins` writes them; without: an origin
        left out of everything that is learned, to be tested on
    pairs, validation_pairs: how many to generate, from `seed`; peaks: their expressions', px, log-uniform
    width: channels of the network that weighs the voices
    steps, batch, rate, weight_decay: of AdamW with a one-cycle schedule
    checkpoint_steps, validate_steps, log_steps: how often to save, measure and write the loss curve
    """

    photos: Path
    ict: Path | None = None
    origins: str = "all"
    without: Origin | None = None
    pairs: int = Field(150, ge=1)
    validation_pairs: int = Field(50, ge=1)
    peaks: tuple[float, float] = (0.25, 8.0)
    seed: int = 0
    prior: PriorRecipe
    width: int = 20
    steps: int = Field(600, ge=1)
    batch: int = Field(4, ge=1)
    rate: float = 4e-3
    weight_decay: float = 1e-3
    checkpoint_steps: int = 50
    validate_steps: int = 200
    log_steps: int = 20

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse numbers that cannot work together, naming the fields."""
        if not 0 < self.peaks[0] <= self.peaks[1]:
            raise InputError(f"peaks are {self.peaks}; give the smallest and the largest, in px.")
        if not self.chosen():
            raise InputError("without leaves no origin of motion; name more in origins.")
        return self

    def chosen(self) -> dict[Origin, float]:
        """Return the origins that are learned from, with their shares; ICT only where its file is given."""
        shares = EVERY_ORIGIN if self.origins == "all" else read_origins(self.origins)
        left = {self.without, *([] if self.ict else [Origin.ICT])}
        return {origin: share for origin, share in shares if origin not in left}


def read_flow_recipe(path: Path) -> FlowRecipe:
    """Read a recipe; raises InputError where it is missing or has fields a run does not know."""
    return read_recipe(path, FlowRecipe, "flow-compact.yaml")
