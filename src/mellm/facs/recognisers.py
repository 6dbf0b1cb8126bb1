"""The registry of FACS models: name -> a model that reads regions, or one that reads action units."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from mellm import plug_ins
from mellm.errors import InputError, MellmError
from mellm.facs.findings import AUModel, EmotionModel
from mellm.facs.learned import load_au_model, shipped_au_model
from mellm.facs.learned_emotion import UNKNOWN, clean_emotion_model, shipped_emotion_model
from mellm.facs.plug_in_model import PlugInModel
from mellm.facs.prototype_emotion import EmotionEvidenceModel
from mellm.facs.unit_rules import EvidenceModel
from mellm.weights.model_store import sha256_of

WEIGHTS = ".safetensors"
"""Ending of files that hold a model's weights."""

AU_MODELS = ("evidence", "learned")
"""Names of the package's own action-unit models."""


def create_au_model(name: str = "evidence", *, known_scale: bool = True) -> AUModel:
    """Return an action-unit model by name: the hand-made `evidence`, or `learned` from generated pairs.

    A path that ends in .safetensors stands for weights that `mellm train facs` wrote; other names are those
    of plug-ins, whose factory is called with `known_scale`.
    `known_scale=False` is for flow of which only ratios are known: no grades, no noise floor.
    """
    if name.endswith(WEIGHTS):
        return _of_file(Path(name), known_scale)
    if name == "learned":
        return shipped_au_model(known_scale)
    if name == "evidence":
        return EvidenceModel(known_scale=known_scale)
    factory = cast(Callable[..., AUModel] | None, plug_ins.load("action_unit_models", name))
    if factory is not None:
        return PlugInModel(name, factory, known_scale=known_scale)
    others = "".join(f"{other}, " for other in plug_ins.names("action_unit_models", AU_MODELS))
    raise InputError(
        f"There is no action-unit model '{name}'; choose learned, evidence, {others}or a file of weights "
        f"({WEIGHTS})."
    )


def _of_file(path: Path, known_scale: bool) -> AUModel:
    if not path.is_file():
        raise InputError(f"There is no file '{path}'; give the weights `mellm train facs` wrote.")
    version = f"{path.stem} ({sha256_of(path)[:12]})"
    try:
        return replace(load_au_model(path), known_scale=known_scale, version=version)
    except MellmError as error:
        raise InputError(f"'{path}' holds no weights of an action-unit model over regions.") from error


def untrained_emotion_model() -> EmotionModel:
    """Return the emotion model that no annotated person took part in.

    For what an annotation must not answer for: zero-shot evaluation (the learned model saw the sheets of the
    sets it would be tested on), and labels of generated motion.
    """
    return create_emotion_model("prototypes")


def create_emotion_model(name: str = "learned", convention: str = UNKNOWN) -> EmotionModel:
    """Return an emotion model by name.

    `learned` comes from annotation sheets for research, `clean` by the same training from the EMFACS
    prototypes alone, `prototypes` is hand-made.

    `convention` names the data set whose coders' words are wanted (`mellm.facs.learned_emotion.CONVENTIONS`);
    the prototypes know of none. Raises InputError for a name or convention that does not exist.
    """
    if name == "learned":
        return shipped_emotion_model().under(convention)
    if name == "clean":
        return clean_emotion_model().under(convention)
    if name == "prototypes":
        return EmotionEvidenceModel()
    raise InputError(f"There is no emotion model '{name}'; choose learned, clean or prototypes.")
