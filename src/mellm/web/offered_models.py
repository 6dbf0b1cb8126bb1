"""Which models a server offers: the built-in ones, and those the person who started it named.

Clients choose by name. `server` stands for what was named at the start, so that no client can make the server
open a file or call an address. Knows no request and no job.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mellm.errors import InputError
from mellm.facs import create_au_model
from mellm.facs.recognisers import WEIGHTS
from mellm.language.backends import create_backend
from mellm.web.contract import JobSettings, Reader, Route, UnitModel
from mellm.web.server_options import ServerOptions


class NotOfferedError(InputError):
    """This server does not have the model a request asks for."""


_BUILT_IN: Final[tuple[UnitModel, ...]] = ("evidence", "learned")


@dataclass(frozen=True, slots=True)
class Offers:
    """The models of one server; whatever comes first is preferred.

    own: setting -> the model `server` stands for there, as `mellm analyze` takes it
    identity: the same with what is in a file of weights, not where it lies
    """

    au_models: tuple[UnitModel, ...]
    readers: tuple[Reader, ...]
    routes: tuple[Route, ...]
    own: dict[str, str]
    identity: dict[str, str]

    @classmethod
    def of(cls, options: ServerOptions) -> "Offers":
        """Look at what the options name. Raises InputError for what is no such model."""
        own: dict[str, str] = {}
        identity: dict[str, str] = {}
        au_models: tuple[UnitModel, ...] = _BUILT_IN
        model = create_au_model(options.au_model)
        if options.au_model.endswith(WEIGHTS):
            own["au_model"], identity["au_model"] = str(Path(options.au_model).resolve()), model.name
            au_models = ("server", *_BUILT_IN)
        elif options.au_model not in _BUILT_IN:
            # A plug-in's.
            own["au_model"] = identity["au_model"] = options.au_model
            au_models = ("server", *_BUILT_IN)
        elif options.au_model != au_models[0]:
            au_models = tuple(reversed(_BUILT_IN))
        default = JobSettings().llm
        readers: tuple[Reader, ...] = (default, "embedded" if default == "none" else "none")
        routes: tuple[Route, ...] = ("flow",)
        if options.llm is not None:
            if not options.llm.startswith("openai:"):
                raise InputError("--llm takes a server of your own: openai:URL,model=NAME.")
            own["llm"] = identity["llm"] = options.llm
            readers = ("server", *readers)
            routes = ("flow", "vision") if create_backend(options.llm).sees else routes
        return cls(au_models, readers, routes, own, identity)

    def check(self, settings: JobSettings) -> None:
        """Raise NotOfferedError for settings that name what this server does not have."""
        for what, chosen, offered in (
            ("model of action units", settings.au_model, self.au_models),
            ("language model", settings.llm, self.readers),
        ):
            if chosen not in offered:
                names = " or ".join(f"`{name}`" for name in offered)
                raise NotOfferedError(f"This server has no {what} of its own: choose {names}.")
        if settings.llm == "server" and settings.route not in self.routes:
            raise NotOfferedError(
                "The language model of this server sees no pictures: choose the route `flow`."
            )

    def identity_of(self, settings: JobSettings) -> dict[str, str]:
        """What `server` stands for in these settings: part of what the work is."""
        return {f"own {name}": self.identity[name] for name in self._asked(settings)}

    def resolved(self, settings: JobSettings) -> dict[str, object]:
        """Settings as the analysis takes them. Raises NotOfferedError where the server has that no more."""
        self.check(settings)
        return settings.model_dump() | {name: self.own[name] for name in self._asked(settings)}

    def _asked(self, settings: JobSettings) -> list[str]:
        return [name for name in self.own if getattr(settings, name) == "server"]
