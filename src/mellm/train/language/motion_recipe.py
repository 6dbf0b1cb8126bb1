"""Recipes of the motion reader's training. The module knows the fields and what they may hold."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from mellm.errors import InputError
from mellm.train.recipe import Recipe


class MotionRecipe(Recipe):
    """What a training run of the motion reader is made of; paths are relative to where the command runs.

    reader: `motion`, which tells such a recipe from one for text
    base: name of a pulled model or path of a GGUF file
    sheets, portraits, ict: what motion is generated from (`mellm.instruct.motion_build.MotionPlan`)
    origins: those trained on; left_out: those that only test
    crop, stored, held, faces, errors: how many samples, held-out samples, faces and error fields
    encoder_steps, encoder_batch, encoder_rate: first part, both encoders alone
    steps, batch, texts, rate, lora_rate: second part, with the language model; texts: readings a step
    rank, alpha: of the adapter; routes: those trained; told: also the label and units (False: units alone, MEU)
    train_encoder, train_decoder: what the second part changes
    """

    reader: Literal["motion"]
    base: str = "smollm2-135m-instruct"
    sheets: list[str]
    portraits: str
    ict: str | None = None
    origins: list[str]
    left_out: list[str] = []
    crop: int = 36_000
    stored: int = 12_000
    held: int = 1_000
    faces: int = 40
    errors: int = 300
    encoder_steps: int = 3_000
    encoder_batch: int = 256
    encoder_rate: float = 1e-3
    steps: int = 1_500
    batch: int = 96
    texts: int = 32
    rate: float = 3e-4
    lora_rate: float = 8e-4
    rank: int = 16
    alpha: int = 32
    routes: list[Literal["flow", "vision"]] = ["flow", "vision"]
    labels: bool = True
    train_encoder: bool = True
    train_decoder: bool = True
    precision: Literal["bf16", "fp32"] = "fp32"
    seed: int = 0
    checkpoint_minutes: float = 5.0
    validate_steps: int = 500


def read_motion_recipe(path: Path) -> MotionRecipe:
    """Read a recipe; raises InputError where it is none."""
    import yaml

    try:
        return MotionRecipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise InputError(f"{path} is no recipe of the motion reader ({error}).") from error
