"""What other installed packages add to mellm, found by their entry points (docs/plugins.md).

Knows names and packages; a plug-in is imported when it is first asked for by name, so a broken one stops
nobody who does not use it. The package's own names come first: no plug-in can take their place.
What a plug-in raises becomes one sentence that names it: whoever calls one does so inside `calling`.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mellm.entry_points import KINDS, Kind, entry_points
from mellm.errors import InputError, MellmError, said_by
from mellm.wording import languages
from mellm.wording.message import Message

__all__ = ["KINDS", "Kind", "PlugIn", "PlugInError", "calling", "forget", "load", "names", "plug_ins"]

_log = logging.getLogger(__name__)


class PlugInError(MellmError):
    """A plug-in raised an error, or returned what it should not; the message names it and its package."""


@dataclass(frozen=True, slots=True)
class PlugIn:
    """One entry point of a package: what kind, its name, where it is, who brings it."""

    kind: Kind
    name: str
    target: str
    package: str
    version: str


def plug_ins(kind: Kind) -> tuple[PlugIn, ...]:
    """Return the plug-ins of a kind, by name; nothing is imported."""
    return tuple(
        PlugIn(
            kind,
            name,
            point.value,
            point.dist.name if point.dist else "?",
            point.dist.version if point.dist else "?",
        )
        for name, point in sorted(entry_points(kind).items())
    )


def names(kind: Kind, own: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names that plug-ins of a kind add to those of the package's `own`."""
    return tuple(name for name in sorted(entry_points(kind)) if name not in own)


def load(kind: Kind, name: str) -> object | None:
    """Import and return what a plug-in names; None where there is none of that name.

    Raises InputError where it cannot be imported, naming its package.
    """
    point = entry_points(kind).get(name)
    if point is None:
        return None
    try:
        found: object = point.load()
    except Exception as error:
        raise InputError(Message("plug_in.not_imported", _about(kind, name, error))) from error
    return found


@contextmanager
def calling(kind: Kind, name: str) -> Iterator[None]:
    """Call a plug-in inside the block: what it raises becomes a PlugInError with the plug-in's name.

    A MellmError stays as it is: a plug-in may say what is wrong with an input in its own sentence. The log
    has the traceback at the level debug.
    """
    try:
        yield
    except MellmError:
        raise
    except Exception as error:
        raise PlugInError(Message("plug_in.failed", _about(kind, name, error))) from error


def _about(kind: Kind, name: str, error: Exception) -> dict[str, str]:
    """Log the traceback of a plug-in's error, and return the fields of the sentence about it."""
    _log.debug("what %s raised", name, exc_info=error)
    point = entry_points(kind).get(name)
    package = point.dist.name if point and point.dist else "a package"
    return {"name": name, "package": package, "error": said_by(error)}


def forget() -> None:
    """Look for plug-ins anew at the next call: for a program that installs one while it runs."""
    entry_points.cache_clear()
    languages.forget()
