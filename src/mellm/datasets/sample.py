"""One annotated micro-expression, whatever set it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the uniform table.

    key: unique within the set, such as `sub01_EP02_01f`
    subject: as the set's folders write it
    onset, apex, offset: the numbers in the frames' *file names*, as the sheet gives them; None where the
        sheet gives none (SMIC has no apex)
    fps: frames per second of the recording
    emotion: the sheet's word in the package's spelling (`happy` -> `happiness`); `others` is kept
    action_units: the coder's text, unchanged
    path: folder of frames or video, relative to the set's root, with `/`
    note: what a correction changed, or what else a user should know
    """

    dataset: str
    key: str
    subject: str
    onset: int | None
    apex: int | None
    offset: int | None
    fps: float | None
    emotion: str
    action_units: str
    path: str
    note: str = ""
