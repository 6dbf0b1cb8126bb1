"""mellm: from a face video to a report a FACS coder can check."""

__version__ = "0.1.0"
