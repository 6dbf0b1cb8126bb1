"""The entry points by which other installed packages add to mellm; found by name, nothing is imported."""

from functools import cache
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed
from typing import Literal

Kind = Literal["flow_estimators", "action_unit_models", "data_sets", "languages", "language_backends"]
"""What can be added; the group of entry points is `mellm.` and the kind."""

KINDS: tuple[Kind, ...] = (
    "flow_estimators",
    "action_unit_models",
    "data_sets",
    "languages",
    "language_backends",
)


@cache
def entry_points(kind: Kind) -> dict[str, EntryPoint]:
    """Return name -> entry point of a kind.

    Of two packages with one name the first by package name counts, on every machine alike.
    """
    found = sorted(installed(group=f"mellm.{kind}"), key=lambda p: (p.dist.name if p.dist else "", p.value))
    return {point.name: point for point in reversed(found)}
