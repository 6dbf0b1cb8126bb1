"""Where model files are: what we ship in this folder, and what `mellm models pull` keeps in the cache."""

from mellm.weights.model_store import (
    MODELS,
    ModelFile,
    ModelStatus,
    cache_folder,
    check_cache,
    fetch_missing_by,
    list_models,
    model_path,
    pull,
    sha256_of,
    shipped_path,
    verify,
)

__all__ = [
    "MODELS",
    "ModelFile",
    "ModelStatus",
    "cache_folder",
    "check_cache",
    "fetch_missing_by",
    "list_models",
    "model_path",
    "pull",
    "sha256_of",
    "shipped_path",
    "verify",
]
