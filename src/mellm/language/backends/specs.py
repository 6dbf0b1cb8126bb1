"""Backends by their spec: `embedded`, `transformers:PATH,adapter=PATH`, `openai:URL,model=NAME,timeout=60`.

One string names a model completely, so it fits a command line, a settings file and a report alike. Knows
names and places only; what a backend needs is imported when it is first made.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, cast

from mellm import plug_ins
from mellm.errors import InputError
from mellm.language.backends.plug_in_backend import PlugInBackend
from mellm.language.backends.protocol import LanguageBackend

_OPTION = re.compile(r",(?=[a-z_]+=)")


def _yes(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError("write yes or no")
    return value == "yes"


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 < seconds < math.inf:
        raise ValueError("write a number of seconds above 0")
    return seconds


def _count(value: str) -> int:
    if not value.isdecimal():
        raise ValueError("write a whole number from 0")
    return int(value)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of backend: where its class is, what follows the colon, which options may come after."""

    factory: str
    target: str = ""
    options: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    needs: str = ""

    def usage(self, name: str) -> str:
        options = "".join(f"[,{option}=...]" for option in self.options)
        return f"{name}:{self.target}{options}" if self.target else name


_KINDS = {
    "embedded": _Kind("mellm.language.backends.embedded:EmbeddedBackend"),
    "embedded-untouched": _Kind("mellm.language.backends.embedded:untouched_backend"),
    "transformers": _Kind(
        "mellm.language.backends.transformers:TransformersBackend",
        "PATH",
        {"adapter": str, "system": str, "device": str, "dtype": str, "thinking": _yes},
        "pip install 'mellm[train]'",
    ),
    "openai": _Kind(
        "mellm.language.backends.openai:OpenAIBackend",
        "URL",
        {
            "model": str,
            "system": str,
            "pictures": _yes,
            "timeout": _seconds,
            "retries": _count,
            "thinking": _yes,
        },  # fmt: skip,
    ),
}


_FORMER_NAMES = {"silence": "timeout"}
"""Options as they were called before."""


def backend_specs() -> tuple[str, ...]:
    """Return how each kind of backend is written.

    >>> backend_specs()[0]
    'embedded'
    """
    return (
        *(kind.usage(name) for name, kind in _KINDS.items()),
        *plug_ins.names("language_backends", _KINDS),
    )


def create_backend(spec: str, **options: Any) -> LanguageBackend:
    """Return the backend a spec stands for; `options` go to its class beside those in the spec.

    A plug-in's factory is called with the text after the colon, where there is one, and `options`.
    Raises InputError for a spec that is none, an option the backend does not have, or a package that is not
    installed. There is no backend `none`: whoever wants no language model makes no backend.
    """
    name, _, rest = spec.partition(":")
    if name not in _KINDS:
        own = cast(Callable[..., LanguageBackend] | None, plug_ins.load("language_backends", name))
        if own is not None:
            return PlugInBackend(name, partial(own, *([rest] if rest else []), **options))
        extra = " (`none` means that no language model is asked)" if name == "none" else ""
        raise InputError(
            f"There is no language model '{name}'{extra}; write one of: {'; '.join(backend_specs())}."
        )
    kind = _KINDS[name]
    target, *pairs = _OPTION.split(rest)
    if bool(target) != bool(kind.target):
        raise InputError(f"'{spec}' does not name a language model; write it as {kind.usage(name)}.")
    named = [(_FORMER_NAMES.get(key, key), value) for key, _, value in (p.partition("=") for p in pairs)]
    given = {key: _value(spec, name, kind, key, value) for key, value in named}
    module, _, attribute = kind.factory.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if not kind.needs or (error.name or "").startswith("mellm"):
            raise
        raise InputError(f"The {name} backend needs the package {error.name}: {kind.needs}.") from error
    backend: LanguageBackend = factory(*([target] if target else []), **given, **options)
    return backend


def _value(spec: str, name: str, kind: _Kind, key: str, value: str) -> Any:
    if key not in kind.options:
        raise InputError(f"'{key}' in '{spec}' is no option of {name}; write it as {kind.usage(name)}.")
    try:
        return kind.options[key](value)
    except ValueError as error:
        raise InputError(f"'{key}={value}' in '{spec}' has no such value: {error}.") from error
