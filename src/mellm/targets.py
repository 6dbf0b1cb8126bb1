"""Where results will be written, looked at before the work instead of after it.

Looks by writing: a name that cannot be made, a file where a folder is meant, a folder without permission, a
disk that is read-only or full. Nothing is left behind, and nothing that exists is changed.
"""

import tempfile
from pathlib import Path

from mellm.errors import InputError


def check_folder(path: str | Path) -> Path:
    """Return the path of a folder that results will be written to, made then if need be.

    Raises InputError where that will fail.
    """
    path = Path(path)
    try:
        place = _first_there(path)
        if not place.is_dir():
            why = "is a file" if place == path else f"cannot be made, because {place} is a file"
            raise InputError(f"{path} {why}; choose another folder.")
        _try_to_write(place)
    except (OSError, ValueError) as error:
        raise InputError(
            f"Nothing can be written to the folder {path} ({reason(error)}); choose another."
        ) from error
    return path


def check_file(path: str | Path, *, parents: bool = False) -> Path:
    """Return the path of a file that will be written; an existing one is replaced then.

    With `parents` the folders above it are made then. Raises InputError where writing will fail.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file to write.")
        if path.exists():
            with path.open("ab"):
                return path
        if parents:
            check_folder(path.parent)
        elif not path.parent.is_dir():
            raise InputError(f"{path} cannot be written: there is no folder {path.parent}; make it first.")
        else:
            _try_to_write(path.parent)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be written ({reason(error)}); choose another place.") from error
    return path


def reason(error: Exception) -> str:
    """Why something could not be written, in the system's words."""
    return str(getattr(error, "strerror", None) or error)


def _first_there(path: Path) -> Path:
    """The nearest part of a path that exists."""
    for part in (path, *path.absolute().parents):
        try:
            part.stat()
        except FileNotFoundError:
            if part.is_symlink():
                raise
        except NotADirectoryError:
            continue
        else:
            return part
    return path


def _try_to_write(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"mellm")
        file.flush()
