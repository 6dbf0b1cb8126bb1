"""Recipes of the language model's training: what is trained on what, for how long.

Knows the fields and what they may hold; knows nothing about models or records.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from mellm.errors import InputError
from mellm.instruct.records import ROUTES, TASKS, Route, Task

Precision = Literal["bf16", "fp32"]
Attention = Literal["sdpa", "eager"]
Reduction = Literal["token", "square", "answer"]

SYSTEM = "You read facial micro-expressions."
"""The system message, short: SmolLM2's own is longer than some questions."""


@dataclass(frozen=True, slots=True)
class LoRASettings:
    """The adapter: rank, alpha (the update is scaled by alpha / rank), dropout, and which matrices have one.

    target_modules: `all-linear` (vision tower included, output layer not), a list of names, or a pattern
    """

    rank: int = 32
    alpha: int = 64
    dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"


@dataclass(frozen=True, slots=True)
class LanguageRecipe:
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
    tasks: dict[Task, float] = field(default_factory=lambda: {"meu": 1.0, "mer": 1.0})
    routes: tuple[Route, ...] = ("flow",)
    system: str = SYSTEM
    lora: LoRASettings = field(default_factory=LoRASettings)
    share_prompts: bool = False
    steps: int = 1200
    batch: int = 16
    micro_batch: int = 4
    max_tokens: int = 1024
    max_pixels: int = 313_600
    rate: float = 1e-4
    warmup: int = 20
    weight_decay: float = 0.0
    clip: float = 1.0
    reduction: Reduction = "token"
    precision: Precision = "bf16"
    attention: Attention = "sdpa"
    seed: int = 0
    checkpoint_minutes: float = 3.0
    log_steps: int = 5
    validate_steps: int = 50
    validation_records: int = 32
    sample_steps: int = 200
    sample_records: int = 8

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, naming the field."""
        if unknown := set(self.tasks) - set(TASKS):
            raise InputError(f"tasks names '{min(unknown)}'; choose from {', '.join(TASKS)}.")
        if not self.tasks or not all(0 < share <= 1 for share in self.tasks.values()):
            raise InputError("tasks gives each task a share above 0 and up to 1; leave out those not wanted.")
        if not self.routes or set(self.routes) - set(ROUTES):
            raise InputError(f"routes lists what to take of {', '.join(ROUTES)}.")
        if self.share_prompts and "vision" in self.routes:
            raise InputError(
                "share_prompts works in the flow route only: set it to false, or routes to [flow]."
            )
        for name, allowed in (("precision", Precision), ("attention", Attention), ("reduction", Reduction)):
            if getattr(self, name) not in get_args(allowed):
                raise InputError(
                    f"{name} is {getattr(self, name)}; choose from {', '.join(get_args(allowed))}."
                )
        for name in (
            "steps",
            "batch",
            "micro_batch",
            "log_steps",
            "validate_steps",
            "sample_steps",
            "rate",
            "clip",
        ):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} must be above 0.")
        if self.lora.rank < 1 or self.lora.alpha < 1:
            raise InputError("lora.rank and lora.alpha must be at least 1.")
        if self.batch % self.micro_batch:
            raise InputError(f"batch ({self.batch}) must be a multiple of micro_batch ({self.micro_batch}).")
        if not 0 <= self.warmup < self.steps:
            raise InputError(f"warmup ({self.warmup}) must be less than steps ({self.steps}).")

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON takes it."""
        return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}

    def signature(self) -> str:
        """Return a digest of what decides the result; how often to save, log and measure does not."""
        often = ("checkpoint_", "log_", "validat", "val", "sample_")
        kept = {k: v for k, v in self.as_dict().items() if not k.startswith(often)}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path) -> LanguageRecipe:
    """Read a recipe; raises InputError where it is missing or holds what a run does not know."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        if unknown := set(values) - {f.name for f in fields(LanguageRecipe)}:
            raise TypeError(f"it has no field '{min(unknown)}'")
        for name in ("train", "val", "images", "start"):
            values[name] = Path(values[name]) if values.get(name) else None
        if not (values["train"] and values["val"]):
            raise TypeError("train and val must name files of records")
        values["lora"] = LoRASettings(**values.get("lora", {}))
        values["routes"] = tuple(values.get("routes", ("flow",)))
        return LanguageRecipe(**values)
    except (OSError, UnicodeDecodeError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(
            f"{path} is not a language recipe ({error}); see recipes/language-embedded.yaml."
        ) from error
