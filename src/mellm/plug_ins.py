"""What other installed packages add to mellm, found by their entry points (docs/plugins.md).

Knows names and packages; a plug-in is imported when it is first asked for by name, so a broken one stops
nobody who does not use it. The package's own names come first: no plug-in can take their place.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from mellm.errors import InputError

Kind = Literal["flow_estimators", "action_unit_models", "data_sets", "language_backends"]
"""What can be added; the group of entry points is `mellm.` and the kind."""

KINDS: tuple[Kind, ...] = ("flow_estimators", "action_unit_models", "data_sets", "language_backends")


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
        for name, point in sorted(_points(kind).items())
    )


def names(kind: Kind, own: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names that plug-ins of a kind add to those of the package's `own`."""
    return tuple(name for name in sorted(_points(kind)) if name not in own)


def load(kind: Kind, name: str) -> object | None:
    """Import and return what a plug-in names; None where there is none of that name.

    Raises InputError where it cannot be imported, naming its package.
    """
    point = _points(kind).get(name)
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


@cache
def _points(kind: Kind) -> dict[str, EntryPoint]:
    # Of two packages with one name the first by package name counts, on every machine alike.
    found = sorted(
        entry_points(group=f"mellm.{kind}"), key=lambda p: (p.dist.name if p.dist else "", p.value)
    )
    return {point.name: point for point in reversed(found)}


def forget() -> None:
    """Look for plug-ins anew at the next call: for a program that installs one while it runs."""
    _points.cache_clear()
