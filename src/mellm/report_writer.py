"""What `Report.save` calls. The package's root sets it, so that the report need not know how it is drawn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

write: Callable[[Any, str | Path, Mapping[str, bytes]], Path]
"""Writes a report and its pictures (file name -> PNG bytes) to a folder; returns the page's path."""
