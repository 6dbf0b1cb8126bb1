"""The command line: one thin module per verb (parse, call, print)."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from mellm import logs
from mellm.cli import analyze, data, demo, evaluate, flow, models, serve, spot, train
from mellm.cli.console import accept_every_character
from mellm.errors import MellmError
from mellm.version import __version__

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="mellm",
    help="From a face video to a report a FACS coder can check: when it moved, how, which action units, "
    "what it suggests, and why, in words.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"mellm {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    log_level: Annotated[
        str, typer.Option(help=f"What is logged: {', '.join(logs.LEVELS)} and above.", metavar="LEVEL")
    ] = logs.DEFAULT,
    log_file: Annotated[
        Path | None,
        typer.Option(help="Append the log to this file, not to standard error.", metavar="FILE"),
    ] = None,
) -> None:
    """Micro-expression understanding on your own machine."""
    logs.configure(log_level, log_file)


app.command("analyze")(analyze.analyze)
app.command("demo")(demo.demo)
app.command("spot")(spot.spot)
app.command("serve")(serve.serve)
app.add_typer(flow.app, name="flow")
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def main() -> None:
    """Run the command line; a person's mistake is one sentence on standard error, never a traceback."""
    accept_every_character()
    try:
        app()
    except MellmError as error:
        logger.info("exit code %d: %s", error.exit_code, error)
        typer.secho(f"mellm: {error}", err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("mellm: stopped; what was finished is kept.", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of our output (a pager, `head`) went away; nothing of ours is lost.
        sys.stderr.close()
        raise SystemExit(0) from None
