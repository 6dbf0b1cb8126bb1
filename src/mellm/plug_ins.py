"""What other installed packages add to mellm, found by their entry points (docs/plugins.md).

Knows names and packages; a plug-in is imported when it is first asked for by name, so a broken one stops
nobody who does not use it. The package's own names come first: no plug-in can take their place.
"""

from collections.abc import Collection
from dataclasses import dataclass

from mellm.entry_points import KINDS, Kind, entry_points
from mellm.errors import InputError
from mellm.wording import languages

__all__ = ["KINDS", "Kind", "PlugIn", "forget", "load", "names", "plug_ins"]


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
    except (ImportError, AttributeError) as error:
        package = point.dist.name if point.dist else "a package"
        raise InputError(
            f"{name!r} of {package} cannot be imported ({error}); repair or uninstall {package}."
        ) from error
    return found


def forget() -> None:
    """Look for plug-ins anew at the next call: for a program that installs one while it runs."""
    entry_points.cache_clear()
    languages.forget()
