"""Recipes of the FACS models: the key `model` says which one a YAML file trains."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from mellm.errors import InputError
from mellm.train.facs.emotion_model import EmotionConfig, train_emotion
from mellm.train.facs.grid_models import FacsConfig, train_facs
from mellm.train.facs.region_model import RegionsConfig, train_regions
from mellm.train.facs.region_tuning import TuningConfig, train_tuned

TRAININGS: dict[str, tuple[type[Any], Callable[..., Any]]] = {
    "grid": (FacsConfig, train_facs),
    "regions": (RegionsConfig, train_regions),
    "emotion": (EmotionConfig, train_emotion),
    "tuned": (TuningConfig, train_tuned),
}
"""Value of `model` -> the settings it takes, and the function that trains."""


def train_from_recipe(
    recipe: str | Path, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> None:
    """Train what the recipe describes and write `output` (safetensors).

    Raises InputError for a model or a setting that does not exist, or a setting that is missing.
    """
    config, train = read_recipe(recipe)
    train(config, output, say)


def read_recipe(recipe: str | Path) -> tuple[Any, Callable[..., Any]]:
    """Return the settings of a recipe, and the function that takes them."""
    settings = yaml.safe_load(Path(recipe).read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        raise InputError(f"'{recipe}' is no recipe; give a YAML file such as recipes/facs-grid.yaml.")
    model = settings.pop("model", "grid")
    if model not in TRAININGS:
        raise InputError(f"'{recipe}' asks for the model '{model}'; choose {', '.join(TRAININGS)}.")
    kind, train = TRAININGS[model]
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(str(name) for name in settings if name not in known)
    if unknown:
        raise InputError(f"'{recipe}' has unknown settings: {', '.join(unknown)}.")
    missing = [n for n, f in known.items() if f.default is MISSING and n not in settings]
    if missing:
        raise InputError(f"'{recipe}' lacks the setting {', '.join(missing)}.")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}), train
