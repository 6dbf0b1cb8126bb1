"""Reading recipes: a YAML file becomes a checked model, or one sentence says what is wrong with it.

The module knows nothing of what is trained.
"""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mellm.errors import InputError


class Recipe(BaseModel):
    """The settings of one training run; its fields are the keys of the YAML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


R = TypeVar("R", bound=Recipe)


def read_recipe(path: Path, kind: type[R], example: str) -> R:
    """Read the recipe file `path` as a `kind`.

    Raises InputError, naming the file, the key and the file `example` to compare with, where the file
    cannot be read, a key is unknown or missing, or a value cannot be used.
    """
    return checked(path, read_settings(path, example), kind, example)


def read_settings(path: Path, example: str) -> dict[object, object]:
    """Return the mapping in a YAML file, unchecked. Raises InputError where there is none."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _refused(path, str(error), example) from error
    if not isinstance(settings, dict):
        raise _refused(path, "it holds no settings", example)
    return settings


def checked(path: Path, settings: dict[object, object], kind: type[R], example: str) -> R:
    """Return the settings of the file `path` as a `kind`; raises InputError as `read_recipe` does."""
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        raise _refused(path, _first(error), example) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _refused(path: Path, why: str, example: str) -> InputError:
    form = "FACS" if example.startswith("facs") else example.partition("-")[0]
    return InputError(f"{path} is not a {form} recipe ({why}); see recipes/{example}.")


def _first(error: ValidationError) -> str:
    """Say what the first error of a validation is."""
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"it has no field '{key}'"
    if first["type"] == "missing":
        return f"it lacks the setting '{key}'"
    return f"{key} is {first['input']}: {first['msg'][0].lower()}{first['msg'][1:]}"
