"""The vision route's question: an MMC-Map as MEU-Instruct has them, and the prompt that goes with it.

Knows the map and the words; knows nothing about backends or answers. Source: arXiv 2505.07007 v1.
"""

from pathlib import Path

from mellm.errors import InputError
from mellm.face.alignment import CROP_SIZE
from mellm.flow.colour import MMC_SCALE_PX, mmc_map
from mellm.flow.field import FlowField
from mellm.language.backends.protocol import Message
from mellm.language.prompt import vision_prompt
from mellm.media.frame import Image
from mellm.wording.languages import Language


def vision_messages(
    onset_crop: Image,
    expression: FlowField,
    *,
    taxonomy: str = "7",
    language: Language = "en",
    template: str | Path | None = None,
) -> list[Message]:
    """Return what a vision model is asked about one onset-apex pair: one user turn, the map before the text.

    Args:
        onset_crop: the aligned onset frame, uint8 (480, 400, 3) RGB
        expression: flow of the crop with head motion removed, float32 (480, 400, 2), px
        taxonomy: the label set to choose from
        language: of the prompt
        template: a prompt of the user's own (fields: `mellm.language.prompt`)

    Full colour is `MMC_SCALE_PX`, as in the training data; the only difference is that those maps have been
    through JPEG. Raises InputError where the crop has another size, which would be another scale of motion.
    """
    if onset_crop.shape[1::-1] != CROP_SIZE:
        raise InputError(
            f"The onset frame is {onset_crop.shape[1]}x{onset_crop.shape[0]} px; align it to "
            f"{CROP_SIZE[0]}x{CROP_SIZE[1]} first (mellm.face.Alignment)."
        )
    text = vision_prompt(taxonomy=taxonomy, language=language, template=template).strip()
    return [Message("user", text, (mmc_map(expression, onset_crop, scale_px=MMC_SCALE_PX),))]
