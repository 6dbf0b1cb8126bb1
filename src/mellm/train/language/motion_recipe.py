"""Recipes of the motion encoders' training. The module knows the fields and what they may hold."""

from typing import Literal

from mellm.simulate.origins import Origin
from mellm.train.language.motion_maps import Picture
from mellm.train.recipe import Recipe

Task = Literal["units", "labels"]
"""What a run learns to answer: action units with sides, labels."""


class MotionRecipe(Recipe):
    """What a training run of the motion encoders is made of; paths are relative to where the command runs.

    reader: `motion`, which tells such a recipe from one of a language model
    sheets, portraits, ict: what motion is generated from (`mellm.instruct.motion_build.MotionPlan`)
        no sheets: unit sets written by hand, and units taken evenly
    origins: those trained on; left_out: those that only test; others: of motion that shows no unit
    crop, stored, held, faces, errors: how many samples, held-out samples, faces and error fields
    routes: encoders to train; steps, batch, rate: of each route, in order
    picture: what the vision route is shown, and tasks: what is learned; both only changed to compare
    minutes: how long each route may take at most, for slow machines; the learning rate falls by it
    """

    reader: Literal["motion"]
    sheets: tuple[str, ...]
    portraits: str
    ict: str | None = None
    origins: tuple[str, ...] = ("table", "ict")
    left_out: tuple[str, ...] = ("muscle",)
    others: tuple[Origin, ...] = (Origin.REPLAYED, Origin.SMOOTH)
    crop: int = 30_000
    stored: int = 12_000
    held: int = 1_000
    faces: int = 40
    errors: int = 300
    routes: tuple[Literal["flow", "vision"], ...] = ("flow", "vision")
    steps: tuple[int, ...] = (6_000, 3_000)
    batch: tuple[int, ...] = (192, 96)
    rate: tuple[float, ...] = (2e-3, 1.5e-3)
    minutes: tuple[float, ...] | None = None
    picture: Picture = "map"
    tasks: tuple[Task, ...] = ("units", "labels")
    seed: int = 0
    checkpoint_minutes: float = 3.0
