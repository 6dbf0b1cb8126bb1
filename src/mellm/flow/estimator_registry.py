"""The estimators by name: `create("dis")`, and how others add theirs.

Knows names and factories only; a factory is imported when its estimator is first created, so asking for
the list costs nothing and a missing optional dependency raises only for the estimator that needs it.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from mellm import plug_ins
from mellm.errors import InputError
from mellm.flow.field import FlowEstimator
from mellm.flow.plug_in_estimator import checked_estimator

Factory = Callable[..., FlowEstimator]

_FACTORIES: dict[str, Factory | str] = {
    "meflownet": "mellm.flow.meflownet.runtime:create",
    "meflownet-fast": "mellm.flow.meflownet.runtime:create_fast",
    "dis": "mellm.flow.classical:create_dis",
    "tvl1": "mellm.flow.classical:create_tvl1",
    "farneback": "mellm.flow.classical:create_farneback",
    "deepflow": "mellm.flow.classical:create_deepflow",
    "rlof": "mellm.flow.classical:create_rlof",
}


def estimators() -> tuple[str, ...]:
    """Return the names `create` knows: the package's, those registered, those of plug-ins."""
    return (*_FACTORIES, *plug_ins.names("flow_estimators", _FACTORIES))


def register(name: str, factory: Factory | str) -> None:
    """Make `create(name, **options)` return `factory(**options)`.

    `factory` is a callable or `"package.module:callable"`, imported at first use. A name that is taken is
    refused with an InputError: silently replacing an estimator would change reports unseen.
    """
    if name in _FACTORIES:
        raise InputError(f"A flow estimator named {name!r} is registered already; choose another name.")
    _FACTORIES[name] = factory


def create(name: str, **options: Any) -> FlowEstimator:
    """Return the estimator registered as `name`, made with `options`.

    Raises InputError for an unknown name or an option the estimator does not have, PlugInError where a
    plug-in fails.

    >>> create("dis", preset="fast").name
    'dis'
    """
    factory = _FACTORIES.get(name)
    if factory is None:
        return _of_plug_in(name, options)
    if isinstance(factory, str):
        module, _, attribute = factory.partition(":")
        factory = getattr(import_module(module), attribute)
    return _made(name, factory, options)


def _of_plug_in(name: str, options: Mapping[str, object]) -> FlowEstimator:
    factory = cast(Factory | None, plug_ins.load("flow_estimators", name))
    if factory is None:
        raise InputError(
            f"There is no flow estimator named {name!r}; choose one of {', '.join(estimators())}."
        )
    with plug_ins.calling("flow_estimators", name):
        own = _made(name, factory, options)
    return checked_estimator(name, own)


def _made(name: str, factory: Factory, options: Mapping[str, object]) -> FlowEstimator:
    try:
        return factory(**options)
    except TypeError as error:
        if not options:
            raise
        raise InputError(
            f"The flow estimator {name!r} was given an option it does not have: {error}."
        ) from error
