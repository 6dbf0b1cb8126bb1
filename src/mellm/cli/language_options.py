"""Options of `mellm evaluate` that say which language model is evaluated, and how it is asked."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from mellm.analysis.settings import CommandLine
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.language_models import Asked
    from mellm.instruct.records import Route

_PANEL = CommandLine(panel="With --model language, encoder or combined")


class LanguageOptions(BaseModel):
    """Which language model is evaluated, and how it is asked."""

    llm: Annotated[str, _PANEL] = Field(
        default="embedded",
        description="embedded (built in), embedded-untouched (without its adapter), openai:URL,model=NAME, "
        "transformers:PATH.",
    )
    prompt: Annotated[str | None, _PANEL] = Field(
        default=None, description="compact or full  [default: compact for the built-in model]"
    )
    route: Annotated[str, _PANEL] = Field(default="flow", description="flow, or vision (motion maps).")
    told: Annotated[bool, _PANEL] = Field(
        default=False, description="Tell the built-in model what the FACS stage found, not what it sees."
    )
    read_motion: Annotated[bool, _PANEL] = Field(
        default=False, description="Show the built-in model the motion itself, not words on what it sees."
    )
    brief: Annotated[bool, _PANEL] = Field(
        default=False,
        description="Show it the motion, and ask for units and label alone, without a text.",
    )
    limit: Annotated[int | None, CommandLine(panel=_PANEL.panel, minimum=1)] = Field(
        default=None, description="Only so many samples (me-vqa: questions), evenly spread."
    )

    clean: Annotated[bool, CommandLine(flag="--clean", panel="With --model facs, encoder or combined")] = (
        Field(
            default=False,
            description="Use the weights that rest on no annotation sheet and on nobody's footage.",
        )
    )

    def asked(self) -> "Asked":
        """Open the model. Raises InputError for a prompt or route that does not exist or fit."""
        from mellm.evaluate.language_models import Asked
        from mellm.language.backends import create_backend
        from mellm.language.shown_motion import need_reader_of_motion

        if self.clean:
            raise InputError("No language model has a clean form; leave --clean out.")
        own = self.llm.startswith("embedded")
        form = self.prompt or ("compact" if own else "full")
        if form not in ("compact", "full") or self.route not in ("flow", "vision"):
            raise InputError("Choose --prompt compact or full, and --route flow or vision.")
        if own and self.route == "vision" and self.told:
            raise InputError(
                "Told what the FACS stage found, the built-in model sees no map: choose --route flow."
            )
        seeing = own and form == "compact" and not self.told
        backend = create_backend(self.llm)
        shown = self.read_motion or self.brief
        if shown:
            need_reader_of_motion(backend, seeing)
        route: Route = "vision" if self.route == "vision" else "flow"
        return Asked(backend, form, route, seeing, shown, self.brief)

    def reader(self, model: str) -> str:
        """Return the whole name of a model that has one for each route, any other name as it is."""
        own = f"{model}-{self.route}" if model in ("encoder", "combined") else model
        if self.clean and model not in ("facs", "grid", "encoder", "combined"):
            raise InputError(f"The model '{model}' has no clean form; choose facs, encoder or combined.")
        return f"{own}-clean" if self.clean else own
