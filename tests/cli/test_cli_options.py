"""Options of a command made from a model's fields."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from mellm.analysis.settings import CommandLine, OptionModel
from mellm.cli.options import First, with_options


class Oven(OptionModel):
    heat: float = Field(180.0, ge=50, le=250, description="Heat, degrees.")
    mode: Literal["air", "grill"] = Field("air", description="air or grill.")
    light: Annotated[bool, CommandLine(flag="--lit", panel="Extras")] = Field(False, description="Lamp on.")
    power: Annotated[int, CommandLine(unit=1000, minimum=1, help="Power, kW.")] = Field(
        2000, description="Power, watts."
    )
    tray: Path = Field(default_factory=lambda: Path("tray"), description="Where it lies.")
    serial: Annotated[str, CommandLine(shown=False)] = Field("x", description="Number.")


def run(*words: str) -> tuple[int, str]:
    app = typer.Typer()

    @app.command()
    @with_options
    def bake(*, dish: str, oven: Annotated[Oven, First("power")], quiet: bool = False) -> None:
        """Bake a dish."""
        typer.echo(f"{dish} {quiet} {oven!r}")

    result = CliRunner().invoke(app, [*words], env={"COLUMNS": "100", "TERM": "dumb"})
    return result.exit_code, result.output


def test_without_options_the_models_defaults_hold() -> None:
    assert run("pie") == (0, f"pie False {Oven()!r}\n")


def test_options_become_one_model() -> None:
    words = ("pie", "--heat", "200", "--mode", "grill", "--lit", "--power", "3", "--tray", "top", "--quiet")
    expected = Oven(heat=200, mode="grill", light=True, power=3000, tray=Path("top"))
    assert run(*words) == (0, f"pie True {expected!r}\n")


@pytest.mark.parametrize("words", [("--heat", "300"), ("--power", "0"), ("--no-lit",), ("--serial", "y")])
def test_the_command_line_refuses_what_is_out_of_bounds_or_not_an_option(words: tuple[str, ...]) -> None:
    assert run("pie", *words)[0] == 2


def test_help_says_what_the_fields_say() -> None:
    _, text = run("--help")
    assert "Bake a dish." in text and "Heat, degrees." in text and "[default: 180.0]" in text
    assert "Power, kW." in text and "[default: 2]" in text and "watts" not in text
    assert "Extras" in text and "--serial" not in text
    assert text.index("--power") < text.index("--heat") < text.index("--mode") < text.index("--quiet")
