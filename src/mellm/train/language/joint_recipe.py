"""Recipes of the joint training of encoders, projectors and language model. Knows the fields alone."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mellm.instruct.seen_records import Kind
from mellm.language.motion.encoders import Route
from mellm.train.language.adapter_recipe import SYSTEM, LoRASettings, Precision
from mellm.train.recipe import Recipe

Part = Literal["encoder", "decoder"]
"""What learns beside the projector: the encoder as a whole, the language model by its adapter."""

Positive = Annotated[int, Field(gt=0)]


class JointRecipe(Recipe):
    """What a joint run is made of; paths are relative to where the command runs.

    reader: `joint`, which tells such a recipe from others
    base: the language model; start: an adapter to begin with; lora: of the same form
    after: folder of a finished joint run whose encoders, projectors and adapter this one goes on with
    motion: folder of a finished run of the motion encoders, with its samples and `ROUTE.safetensors`
    encoders: files (ONNX) of encoders to begin with, by route, in place of that run's
    like: a file (ONNX) that shows the language model the 29 regions' numbers; each projector then begins
        near what it makes of the same motion, not near the words of the true answers
    sheets: those that run was made from, for stored flow
    routes: encoders that learn; learns: what learns beside the projectors
    cases: how many samples are drawn, as many of each label as can be; stored: share of stored flow in them
    step: records of each kind in one step, on average
    own: weight of the encoder's own questions beside the text's
    precision: arithmetic of the language model; bf16 is the faster one on processors with instructions for it
    rate, projector_rate, encoder_rate: top learning rates of adapter, projectors and encoders
    """

    reader: Literal["joint"]
    base: str = "smollm2-135m-instruct"
    start: Path | None = None
    after: Path | None = None
    lora: LoRASettings = LoRASettings()
    system: str = SYSTEM
    motion: Path
    encoders: dict[Route, Path] = Field({})
    like: Path | None = None
    sheets: tuple[str, ...]
    routes: tuple[Route, ...] = ("flow", "vision")
    learns: tuple[Part, ...] = ("encoder", "decoder")
    cases: Positive = 9000
    stored: float = 0.2
    step: dict[Kind, float] = Field({"codes": 8, "label": 3, "reading": 0.25, "words": 0.25})
    own: float = 0.1
    steps: Positive = 440
    precision: Precision = "fp32"
    rate: float = 3e-4
    projector_rate: float = 5e-4
    encoder_rate: float = 1e-4
    clip: float = 1.0
    seed: int = 0
    checkpoint_minutes: float = 3.0
