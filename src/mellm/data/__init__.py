"""Data that ships with the package: the portrait that demonstrations set into motion (public domain)."""
