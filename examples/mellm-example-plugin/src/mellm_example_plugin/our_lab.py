"""The layout of a data set of one's own."""

from mellm.datasets import DatasetSpec

OUR_LAB = DatasetSpec(
    "our-lab",
    "Our laboratory (example)",
    sheets=("coding.csv",),
    columns={
        "subject": ("Person",),
        "clip": ("Clip",),
        "onset": ("On",),
        "apex": ("Top",),
        "emotion": ("Label",),
    },
    paths=("frames/{subject}/{clip}",),
    fps=200,
)
