"""Frames in, persons with landmarks, a fixed alignment and the 29 regions out."""
