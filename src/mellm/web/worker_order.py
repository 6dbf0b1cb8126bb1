"""What the dispatcher asks of an analysis process, and what both say where memory runs out."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from mellm.wording.message import Message

NO_MEMORY: Final = Message("job.no_memory")


class Order(TypedDict):
    """What the dispatcher asks for.

    files: what to analyse, one clip or an onset and an apex; names: what people call each of them
    folder: where the result goes; settings: options of `Settings`; limits: fields of `Limits`
    frames: onset, apex and offset where a person named a moment; None: everything is spotted
    """

    files: list[str]
    names: list[str]
    folder: str
    settings: Mapping[str, Any]
    frames: Mapping[str, int | None] | None
    limits: Mapping[str, Any]
