"""Trainers and their configurations; needs the `train` extra."""
