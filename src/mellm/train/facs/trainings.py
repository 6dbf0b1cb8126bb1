"""The trainings of the FACS models: the key `model` of a recipe says which one a YAML file describes."""

from collections.abc import Callable
from pathlib import Path

from mellm.errors import InputError
from mellm.train.facs.emotion_model import EmotionConfig, train_emotion
from mellm.train.facs.grid_models import FacsConfig, train_facs
from mellm.train.facs.region_model import RegionsConfig, train_regions
from mellm.train.facs.region_tuning import TuningConfig, train_tuned
from mellm.train.recipe import checked, read_settings

FacsRecipe = FacsConfig | RegionsConfig | EmotionConfig | TuningConfig
RECIPES: dict[str, type[FacsRecipe]] = {
    "grid": FacsConfig,
    "regions": RegionsConfig,
    "emotion": EmotionConfig,
    "tuned": TuningConfig,
}
"""Value of `model` -> the settings that it takes."""

_EXAMPLE = "facs-grid.yaml"


def train_from_recipe(
    recipe: str | Path, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> None:
    """Train what the recipe describes and write `output` (safetensors).

    Raises InputError for a model or a setting that does not exist, or a setting that is missing.
    """
    match read_facs_recipe(recipe):
        case FacsConfig() as config:
            train_facs(config, output, say)
        case RegionsConfig() as config:
            train_regions(config, output, say)
        case EmotionConfig() as config:
            train_emotion(config, output, say)
        case TuningConfig() as config:
            train_tuned(config, output, say)


def read_facs_recipe(recipe: str | Path) -> FacsRecipe:
    """Return the settings in a recipe file; their type says which model it trains."""
    path = Path(recipe)
    settings = read_settings(path, _EXAMPLE)
    model = settings.pop("model", "grid")
    if model not in RECIPES:
        raise InputError(f"'{recipe}' asks for the model '{model}'; choose {', '.join(RECIPES)}.")
    return checked(path, settings, RECIPES[str(model)], _EXAMPLE)
