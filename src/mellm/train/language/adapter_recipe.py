"""Recipes of the language model's training: what is trained on what, for how long.

Knows the fields and what they may hold; knows nothing about models or records.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from mellm.errors import InputError
from mellm.instruct.records import Route, Task
from mellm.train.recipe import Recipe, read_recipe

Number = int | float
"""A number that stays as the recipe spells it, so that `signature` is that of the file."""

Positive = Annotated[int, Field(gt=0)]
PositiveNumber = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(gt=0, le=1)]

Precision = Literal["bf16", "fp32"]
Attention = Literal["sdpa", "eager"]
Reduction = Literal["token", "square", "answer"]

SYSTEM = "You read facial micro-expressions."
"""The system message, short: SmolLM2's own is longer than some questions."""


class LoRASettings(Recipe):
    """The adapter: rank, alpha (the update is scaled by alpha / rank), dropout, and which matrices have one.

    target_modules: `all-linear` (vision tower included, output layer not), a list of names, or a pattern
    """

    rank: Positive = 32
    alpha: Positive = 64
    dropout: Number = 0.0
    target_modules: str | list[str] = "all-linear"


class LanguageRecipe(Recipe):
    """What a training run is made of; the fields of a recipe file.

    base: name of a pulled model, folder of a model in the hub's form, or id on the hub
    train, val: records (JSONL), relative to where the command runs; pictures lie relative to `images`,
        by default the folder of the records
    start: an adapter of the same form to begin with (`adapter.safetensors`), instead of one that does nothing
    tasks: task -> share of its records to take, 0 to 1; a task not named is left out
    routes: kinds of prompt to take; `vision` needs a base that sees
    system: the system message, kept in the adapter for inference
    share_prompts: all records of a case make up one row, in which the beginning their prompts share is
        read once (each answer sees it and its own question only); flow route only
    steps, batch: optimiser steps, and rows in each (over all processes): records, or cases where shared
    micro_batch: rows in one pass; batch is a multiple of it
    max_tokens: longest row (prompts with answers); rows beyond are left out and counted
    max_pixels: pictures are shrunk to about so many pixels
    rate, warmup, weight_decay, clip: AdamW with linear warm-up and a cosine to zero; norm of the gradient
    reduction: weight of an answer's tokens: `token` 1, `square` 1/sqrt(n), `answer` 1/n (n tokens)
    precision, attention: arithmetic, and the attention's implementation; `eager` is the faster one on a
        CPU for a few hundred tokens
    checkpoint_minutes, log_steps, validate_steps, sample_steps: how often to save, log, measure the loss on
        `validation_records` records, and answer `sample_records` of them
    """

    base: str
    train: Path
    val: Path
    images: Path | None = None
    start: Path | None = None
    tasks: dict[Task, Share] = Field({"meu": 1.0, "mer": 1.0}, min_length=1)
    routes: tuple[Route, ...] = Field(("flow",), min_length=1)
    system: str = SYSTEM
    lora: LoRASettings = LoRASettings()
    share_prompts: bool = False
    steps: Positive = 1200
    batch: Positive = 16
    micro_batch: Positive = 4
    max_tokens: int = 1024
    max_pixels: int = 313_600
    rate: PositiveNumber = 1e-4
    warmup: int = Field(20, ge=0)
    weight_decay: Number = 0.0
    clip: PositiveNumber = 1.0
    reduction: Reduction = "token"
    precision: Precision = "bf16"
    attention: Attention = "sdpa"
    seed: int = 0
    checkpoint_minutes: Number = 3.0
    log_steps: Positive = 5
    validate_steps: Positive = 50
    validation_records: int = 32
    sample_steps: Positive = 200
    sample_records: int = 8

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse numbers that cannot work together, naming the fields."""
        if self.share_prompts and "vision" in self.routes:
            raise InputError(
                "share_prompts works in the flow route only: set it to false, or routes to [flow]."
            )
        if self.batch % self.micro_batch:
            raise InputError(f"batch ({self.batch}) must be a multiple of micro_batch ({self.micro_batch}).")
        if self.warmup >= self.steps:
            raise InputError(f"warmup ({self.warmup}) must be less than steps ({self.steps}).")
        return self

    def as_dict(self) -> dict[str, JsonValue]:
        """Return the recipe as JSON takes it."""
        return self.model_dump(mode="json")

    def signature(self) -> str:
        """Return a digest of what decides the result; how often to save, log and measure does not."""
        often = ("checkpoint_", "log_", "validat", "val", "sample_")
        kept = {k: v for k, v in self.as_dict().items() if not k.startswith(often)}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def read_language_recipe(path: Path) -> LanguageRecipe:
    """Read a recipe; raises InputError where it is missing or holds what a run does not know."""
    return read_recipe(path, LanguageRecipe, "language-embedded.yaml")
