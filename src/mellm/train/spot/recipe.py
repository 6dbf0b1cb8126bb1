"""The recipe of the spotting network: whose unrest, which movements, how long it learns."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from mellm.simulate.origins import Origin
from mellm.train.recipe import Recipe, read_recipe

Kind = Literal["calm", "conversation", "talking", "acting"]


class ClipOfPerson(Recipe):
    """A real clip: its file below the data folder, the person in it, what the person does, the person's fold.

    micros: frames (first, last) in which somebody who looked saw a brief expression
    """

    file: str
    person: str
    kind: Kind
    fold: str
    micros: tuple[tuple[int, int], ...] = ()


class SpotRecipe(Recipe):
    """Settings of one training.

    origins: shares in which the origins of motion are drawn; ICT takes part where its file is given
    patterns: movements kept to draw from; lid_patterns: such of lids alone; lids: share of the
        micro-expressions that are of lids alone
    pieces: training samples of 12 s; made: share with a made face
    steps, batch, rate, weight_decay: of AdamW with one cycle of the rate (Smith 2018)
    warm_steps, warm_rate: of a run that starts from another's weights
    width, dilations, dropout: of the network
    """

    seed: int = 0
    clips: tuple[ClipOfPerson, ...]
    origins: dict[Origin, float]
    patterns: int = Field(default=2000, ge=10)
    lid_patterns: int = Field(default=300, ge=1)
    lids: float = Field(default=0.2, ge=0, le=1)
    pieces: int = Field(default=4000, ge=20)
    made: float = Field(default=0.3, ge=0, le=1)
    steps: int = Field(default=2000, ge=1)
    batch: int = Field(default=12, ge=1)
    rate: float = 0.003
    weight_decay: float = 0.02
    warm_steps: int = Field(default=300, ge=1)
    warm_rate: float = 0.0015
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1, 2, 4, 8)
    dropout: float = 0.1


def read_spot_recipe(path: Path) -> SpotRecipe:
    """Read a recipe file; raises InputError that names the key where it cannot be used."""
    return read_recipe(path, SpotRecipe, "spot.yaml")
