"""Options of `mellm evaluate` that say which language model is evaluated, and how it is asked."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from mellm.analysis.settings import CommandLine
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.language_models import Asked

_PANEL = CommandLine(panel="With --model language, encoder or combined")


class LanguageOptions(BaseModel):
    """Which language model is evaluated, and how it is asked."""

    llm: Annotated[str, _PANEL] = Field(
        default="embedded",
        description="embedded, embedded-untouched (without its adapter), openai:URL,model=NAME, "
        "transformers:PATH.",
    )
    prompt: Annotated[str | None, _PANEL] = Field(
        default=None, description="compact or full  [default: compact for the built-in model]"
    )
    route: Annotated[str, _PANEL] = Field(default="flow", description="flow, or vision (motion maps).")
    told: Annotated[bool, _PANEL] = Field(
        default=False, description="Tell the built-in model what the FACS stage found, not what it sees."
    )
    limit: Annotated[int | None, CommandLine(panel=_PANEL.panel, minimum=1)] = Field(
        default=None, description="Only so many, evenly spread."
    )

    def asked(self) -> "Asked":
        """Open the model. Raises InputError for a prompt or route that does not exist or fit."""
        from mellm.evaluate.language_models import Asked
        from mellm.language.backends import create_backend

        own = self.llm.startswith("embedded")
        form = self.prompt or ("compact" if own else "full")
        if form not in ("compact", "full") or self.route not in ("flow", "vision"):
            raise InputError("Choose --prompt compact or full, and --route flow or vision.")
        if own and self.route == "vision" and self.told:
            raise InputError(
                "Told what the FACS stage found, the built-in model sees no map: choose --route flow."
            )
        seeing = own and form == "compact" and not self.told
        return Asked(
            create_backend(self.llm), form, "vision" if self.route == "vision" else "flow", own_eyes=seeing
        )

    def reader(self, model: str) -> str:
        """Return the whole name of a model that has one for each route, any other name as it is."""
        return f"{model}-{self.route}" if model in ("encoder", "combined") else model
