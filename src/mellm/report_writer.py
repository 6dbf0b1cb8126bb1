"""What `Report.save` and `Report.to_frame` call; the package's root sets it: a report knows no drawing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

write: Callable[[Any, str | Path, Mapping[str, bytes]], Path]
"""Writes a report and its pictures (file name -> PNG bytes) to a folder; returns the page's path."""

frame: Callable[[Any], Any]
"""Returns a report's micro-expressions as a pandas DataFrame."""
