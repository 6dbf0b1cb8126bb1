"""A finished report in, files and pictures people look at out (PNG, HTML, terminal, CSV)."""
