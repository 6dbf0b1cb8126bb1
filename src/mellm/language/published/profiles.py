"""What the published checkpoints are asked with: prompt, picture, system message, decoding, label set.

`--prompt published` takes the profile of the route. Knows the settings; knows no backend.
"""

from dataclasses import dataclass
from importlib import resources

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.flow.field import FlowField
from mellm.language.backends.protocol import Message
from mellm.language.prompt import Route
from mellm.language.published.colour_map import published_map
from mellm.language.published.flow_prompt import published_flow_prompt
from mellm.media.frame import Image
from mellm.wording.languages import Language

PUBLISHED = "published"
"""Name of the form of prompt, as `--prompt` takes it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one published checkpoint is asked.

    base: the model it is made from; taxonomies: label sets it was trained with
    max_tokens, temperature: of its demonstration; thinking: its chat template is left as it is, so that the
    model may think aloud first
    timeout: seconds one reading may take here
    """

    route: Route
    base: str
    language: Language
    taxonomies: tuple[str, ...]
    max_tokens: int
    temperature: float
    thinking: bool
    timeout: float

    def check(self, llm: str, language: Language, taxonomy: str) -> None:
        """Raise InputError where a model, language or label set is not the checkpoint's."""
        if llm.startswith("embedded") or llm == "none":
            raise InputError(
                "--prompt published is for the checkpoints that the papers' authors published; name one: "
                "--llm transformers:PATH or --llm openai:URL,model=NAME (mellm models published)."
            )
        if language != self.language or taxonomy not in self.taxonomies:
            raise InputError(
                f"The published checkpoint of the {self.route} route answers with "
                f"--language {self.language} --taxonomy {' or '.join(self.taxonomies)}; choose these."
            )


PROFILES: dict[Route, Profile] = {
    "flow": Profile("flow", "Qwen3", "en", ("3",), 16_384, 0.0, True, 3600.0),
    "vision": Profile("vision", "Qwen2.5-VL-7B", "zh", ("7",), 2_048, 0.7, True, 1800.0),
}
"""By route. The flow route's demonstration leaves decoding to the checkpoint's own settings file; here it is
greedy. The vision route's draws at temperature 0.7, so that its answers differ from time to time there; here
a seed fixes them where the backend takes one."""

_SYSTEM = "You are a helpful assistant."


def published_messages(
    route: Route, pair: tuple[Image, Image], landmarks: Landmarks, expression: FlowField
) -> list[Message]:
    """Return what the checkpoint of a route is asked about one pair.

    pair: onset and apex, cropped to the face (400x480 is what the sizes of regions are meant for)
    landmarks: of the onset, in px of the crop; expression: its flow without the head's, px
    """
    if route == "flow":
        return [Message("user", published_flow_prompt(expression, landmarks))]
    template = resources.files("mellm.language") / "templates" / "vision_published_zh.txt"
    picture = published_map(*pair, landmarks)
    return [Message("system", _SYSTEM), Message("user", template.read_text("utf-8"), (picture,))]
