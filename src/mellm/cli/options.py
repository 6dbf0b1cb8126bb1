"""Options of a command from the fields of pydantic models.

A command takes such a model as one parameter, and the command line shows one option per field: its
description is the help, its default and bounds are checked by the command line, its `CommandLine` says the
rest.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mellm import targets
from mellm.analysis.settings import CommandLine

Command = Callable[..., None]


def to_folder(value: Path | None) -> Path | None:
    """Look, before the work, whether a folder that an option names can be written to."""
    return value if value is None else targets.check_folder(value)


def to_file(value: Path | None) -> Path | None:
    """Look, before the work, whether a file that an option names can be written; its folder exists."""
    return value if value is None else targets.check_file(value)


def to_new_file(value: Path | None) -> Path | None:
    """The same for a file whose folders are made where they are absent."""
    return value if value is None else targets.check_file(value, parents=True)


@dataclass(frozen=True)
class First:
    """Shows these fields of a model before the others: `Annotated[Settings, First("fps")]`."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


def with_options(command: Command) -> Command:
    """Return `command` as typer takes it: every parameter that is a pydantic model becomes its options.

    >>> from mellm.analysis.settings import Settings
    >>> def analyze(source: str, settings: Settings) -> None: ...
    >>> "estimator" in inspect.signature(with_options(analyze)).parameters  # mellm analyze SOURCE --estimator
    True
    """
    given = inspect.signature(command, eval_str=True).parameters.values()
    models = {p.name: model for p in given if (model := _model(p.annotation))}
    shown: list[inspect.Parameter] = []
    for parameter in given:
        if parameter.name in models:
            shown += [_parameter(name, field) for name, field in _fields(parameter.annotation).items()]
        else:
            shown.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**values: Any) -> None:
        built = {name: _build(model, values) for name, model in models.items()}
        command(**values, **built)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return run


def _model(annotation: Any) -> type[BaseModel] | None:
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _build(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """Take a model's options out of `values`, and make it."""
    own = {}
    for name, field in model.model_fields.items():
        if not _line(field).shown:
            continue
        value = values.pop(name)
        if value is None and field.default_factory:
            continue
        own[name] = value if _line(field).unit == 1 else value * _line(field).unit
    return model(**own)


def _fields(annotation: Any) -> dict[str, FieldInfo]:
    """The fields of a model that become options, in the order in which `--help` shows them."""
    model = _model(annotation)
    assert model is not None
    first = [name for mark in get_args(annotation) if isinstance(mark, First) for name in mark.names]
    names = [*first, *(name for name in model.model_fields if name not in first)]
    fields = {name: model.model_fields[name] for name in names}
    return {name: field for name, field in fields.items() if _line(field).shown}


def _line(field: FieldInfo) -> CommandLine:
    return next((mark for mark in field.metadata if isinstance(mark, CommandLine)), CommandLine())


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    line = _line(field)
    kind: Any = str if get_origin(field.annotation) is Literal else field.annotation
    default = field.default
    if default is PydanticUndefined:
        kind, default = kind | None, None
    elif line.unit != 1:
        default //= line.unit
    least: Any = line.minimum
    most: Any = line.maximum
    for mark in field.metadata:
        least = mark.ge if isinstance(mark, annotated_types.Ge) else least
        most = mark.le if isinstance(mark, annotated_types.Le) else most
    option = typer.Option(
        *([line.flag] if line.flag else []),
        help=line.help or field.description,
        min=least,
        max=most,
        rich_help_panel=line.panel,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )
