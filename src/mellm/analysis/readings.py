"""The moments of one input, collected while they are read. Knows readings and their pictures only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mellm.media.frame import Image
from mellm.render.pictures import encode_png
from mellm.report import MicroExpression
from mellm.wording.message import Message


@dataclass(slots=True)
class Readings:
    """The moments read so far, what draws the pictures of each, and the warnings of the clip."""

    readings: list[MicroExpression] = field(default_factory=list)
    draw: list[Callable[[], dict[str, Image]]] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    moment_warnings: list[Message] = field(default_factory=list)
    doubted: int = 0

    def drawn(self) -> dict[str, bytes]:
        """Draw every reading's pictures: file name -> PNG."""
        return {
            reading.pictures[kind]: encode_png(picture)
            for reading, draw in zip(self.readings, self.draw, strict=True)
            for kind, picture in draw().items()
        }
