"""The embedded language model made ready to run: base and adapter merged once, converted, kept in the cache.

The folder's name holds the hash of everything it was made from, so a new adapter makes a new folder; folders
that nothing asked for in a day are then taken away. Knows nothing about how the model is run.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mellm.errors import MellmError
from mellm.language.backends.merge import Adapter, merge
from mellm.weights import MODELS, cache_folder, check_cache, model_path, sha256_of, shipped_path

BASE, ADAPTER = "smollm2-135m-instruct", "language_embedded"

LAST = 48
"""Positions at the end of a call whose logits are computed; a choice may be so many tokens long."""

_DAY = 86_400.0
"""Seconds; a folder asked for more recently may be another process's."""

_VERSION = 2
_MODEL, _ABOUT = "openvino_model.xml", "about.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model ready to run.

    folder: OpenVINO's model and tokenizer
    name: base and adapter, for people
    sha256: of the base and the adapter's files together
    system: the system message it was trained with; empty for the untouched base
    reads_motion: it was trained to be shown motion as embeddings
    """

    folder: Path
    name: str
    sha256: str
    system: str
    reads_motion: bool = False


def prepare(
    *, adapter: Path | None = None, untouched: bool = False, progress: Callable[[str], None] | None = None
) -> Prepared:
    """Return the embedded model, made ready on the first call (some ten seconds) and found again later.

    Args:
        adapter: an adapter to use instead of the one that ships
        untouched: the base as its makers published it, without any adapter (a baseline)
        progress: told what is being done

    Raises InputError where the base is not on this computer yet or the adapter cannot be read.
    """
    base = model_path(BASE)
    chosen = None if untouched else adapter or shipped_path(ADAPTER)
    loaded = Adapter.load(chosen) if chosen else None
    known = next(model.sha256 for model in MODELS if model.name == BASE)
    parts = [known, sha256_of(chosen) if chosen else "", str(_VERSION)]
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()
    folder = cache_folder() / f"language-{digest[:16]}"
    title = "SmolLM2-135M-Instruct" + (f"+{_named(chosen, loaded)}" if chosen and loaded else "")
    told = loaded.metadata if loaded else {}
    found = Prepared(folder, title, digest, told.get("system", ""), told.get("shown") == "motion")
    if (folder / _ABOUT).is_file():
        _mark_used(folder)
        return found
    if progress:
        progress("preparing the language model, once")
    check_cache(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="language-", dir=folder.parent))
    try:
        # The scratch folder is its maker's alone; this one may be read by whoever shares the cache.
        made = scratch / "made"
        made.mkdir()
        _make(base, loaded, made)
        (made / _ABOUT).write_text(json.dumps({"name": title, "sha256": digest}), encoding="utf-8")
        if folder.exists() and not (folder / _ABOUT).is_file():
            shutil.rmtree(folder, ignore_errors=True)  # somebody took parts of it away
        try:
            # Atomic: another process sees a whole folder or none.
            made.replace(folder)
        except OSError as error:
            if not (folder / _ABOUT).is_file():  # not one that another process finished meanwhile
                raise MellmError(f"{folder} cannot be written ({error}); free the cache folder.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _prune(folder)
    return found


def _mark_used(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's cache, which we may only read
        os.utime(folder)


def _prune(present: Path) -> None:
    """Take away what other adapters, and killed processes, left beside the present folder."""
    for old in present.parent.glob("language-*"):
        with contextlib.suppress(OSError):
            if old != present and not old.is_symlink() and time.time() - old.stat().st_mtime > _DAY:
                (old / _ABOUT).unlink(missing_ok=True)  # what is left, should more not go, counts as nothing
                shutil.rmtree(old, ignore_errors=True)


def _named(path: Path, adapter: Adapter) -> str:
    return adapter.metadata.get("name") or path.stem


def _make(base: Path, adapter: Adapter | None, folder: Path) -> None:
    from mellm.inference import genai, ov

    merged = folder / "model.gguf"
    if adapter:
        merge(base, adapter, merged)
    else:
        shutil.copyfile(base, merged)
    raw = folder / "raw"
    raw.mkdir()
    moved = merged.rename(raw / merged.name)
    # GenAI reads GGUF only when it loads a pipeline; what we keep is the graph it saves beside the file.
    genai().LLMPipeline(str(moved), "CPU", enable_save_ov_model=True)
    model = ov.Core().read_model(raw / _MODEL)
    _only_last_logits(model)
    _takes_embeddings(model)
    ov.save_model(model, folder / _MODEL, compress_to_fp16=False)
    for file in raw.glob("openvino_*tokenizer.*"):
        file.rename(folder / file.name)
    shutil.rmtree(raw)


def _only_last_logits(model: object) -> None:
    """Compute logits of the last positions only: a prompt's other 49,152-wide rows are never looked at."""
    import numpy as np

    from mellm.inference import ov

    ops = ov.opset14
    result = next(o for o in model.outputs if "logits" in o.names).node  # type: ignore[attr-defined]
    head = result.input_value(0).get_node()
    while head.get_type_name() != "MatMul":
        head = head.input_value(0).get_node()
    hidden = head.input_value(0)
    ends = [ops.constant(np.array([v], np.int64)) for v in (-LAST, np.iinfo(np.int64).max, 1, 1)]
    head.input(0).replace_source_output(ops.slice(hidden, *ends).output(0))
    model.validate_nodes_and_infer_types()  # type: ignore[attr-defined]


def _takes_embeddings(model: object) -> None:
    """Let embeddings stand in place of ids: inputs `given` (B, N, E), `places` (B, N, 1) where they do."""
    from mellm.inference import ov

    ops = ov.opset14
    rows = next(op for op in model.get_ordered_ops() if _looks_up(op)).output(0)  # type: ignore[attr-defined]
    readers = list(rows.get_target_inputs())
    width = rows.get_partial_shape()[2].get_length()
    given = ops.parameter([-1, -1, width], ov.Type.f32, name="given")
    places = ops.parameter([-1, -1, 1], ov.Type.boolean, name="places")
    chosen = ops.select(places, given, rows).output(0)
    for reader in readers:
        reader.replace_source_output(chosen)
    for parameter in (given, places):
        parameter.output(0).set_names({parameter.get_friendly_name()})
    model.add_parameters([given, places])  # type: ignore[attr-defined]
    model.validate_nodes_and_infer_types()  # type: ignore[attr-defined]


def _looks_up(op: object) -> bool:
    """Whether a node takes rows out of the table of embeddings, the only matrix that is gathered from."""
    if op.get_type_name() != "Gather":  # type: ignore[attr-defined]
        return False
    shape = op.input_value(0).get_partial_shape()  # type: ignore[attr-defined]
    return len(shape) == 2 and op.output(0).get_element_type().is_real()  # type: ignore[attr-defined]
