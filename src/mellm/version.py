"""The version of this package; a report's provenance records it."""

__version__ = "0.1.0"
