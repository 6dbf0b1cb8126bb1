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
    spotted: int | None = None
    _drawn: dict[int, dict[str, bytes]] = field(default_factory=dict)

    def add(
        self, reading: MicroExpression, draw: Callable[[], dict[str, Image]], warnings: list[Message]
    ) -> None:
        """Keep one more moment."""
        self.readings.append(reading)
        self.draw.append(draw)
        self.moment_warnings += warnings

    def drawn(self) -> dict[str, bytes]:
        """Draw every reading's pictures: file name -> PNG."""
        return {name: data for k in range(len(self.readings)) for name, data in self.drawn_of(k).items()}

    def drawn_of(self, k: int) -> dict[str, bytes]:
        """Draw one reading's pictures, the first time; `k` counts from 0."""
        if k not in self._drawn:
            names = self.readings[k].pictures
            self._drawn[k] = {names[kind]: encode_png(picture) for kind, picture in self.draw[k]().items()}
        return self._drawn[k]
