"""mellm: from a face video to a report a FACS coder can check.

>>> import mellm
>>> from importlib.resources import files
>>> still = files("mellm.data") / "portrait.jpg"
>>> report = mellm.analyze(onset=still, apex=still)  # a clip: mellm.analyze("clip.mp4")
>>> report.source.kind, report.micro_expressions[0].emotion.label
('pair', None)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mellm import former_names, report_writer
from mellm.version import __version__

former_names.install()

__all__ = ["Analyzer", "Report", "Settings", "__version__", "analyze"]

if TYPE_CHECKING:
    from mellm.analysis.analyzer import Analyzer, analyze
    from mellm.analysis.settings import Settings
    from mellm.report import Report

_HOMES = {
    "Analyzer": "mellm.analysis.analyzer",
    "Settings": "mellm.analysis.settings",
    "analyze": "mellm.analysis.analyzer",
    "Report": "mellm.report",
}


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `import mellm` stays instant (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mellm' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def _write_report(report: "Report", folder: str | Path, pictures: Mapping[str, bytes]) -> Path:
    from mellm.render import save_report

    return save_report(report, folder, pictures)


def _frame(report: "Report") -> object:
    from mellm.render.frame import to_frame

    return to_frame(report)


report_writer.write = _write_report
report_writer.frame = _frame
