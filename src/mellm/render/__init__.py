"""A finished report in, files and pictures people look at out (PNG, HTML, terminal, CSV)."""

from mellm.render.report_folder import save_report

__all__ = ["save_report"]
