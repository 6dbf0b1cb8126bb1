"""The command line: one thin module per verb (parse, call, print)."""

import errno
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from mellm import logs
from mellm.cli import analyze, ask, data, demo, evaluate, export, first_use, flow, models, serve, spot, train
from mellm.cli.console import accept_every_character
from mellm.errors import MellmError
from mellm.processes import Stopped, stop_on_signals
from mellm.targets import reason
from mellm.version import __version__
from mellm.wording.message import Message

logger = logging.getLogger(__name__)

_NOTHING, _RESUMABLE = Message("stopped.nothing"), Message("stopped.resumable")
_KEPT = {"analyze": _NOTHING, "spot": _NOTHING, "ask": _NOTHING, "flow": _NOTHING} | dict.fromkeys(
    ("train", "data", "models"), _RESUMABLE
)
"""What is kept of a verb's work that was broken off, where the work itself does not say it."""


class _EndedError(Exception):
    """What typer would answer itself, carried past it: work broken off, and a reader who went away."""


class _Verbs(typer.core.TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Every verb may need a model file, so `--offline` may stand after the verb too.
        own = args[: args.index("--")] if "--" in args else args
        if "--offline" in own:
            args = ["--offline", *(word for word in own if word != "--offline"), *args[len(own) :]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            if getattr(error, "message", None):
                raise _EndedError from error
            kept = _KEPT.get(ctx.invoked_subcommand or "", Message("stopped.finished"))
            raise _EndedError from Stopped.of(error, kept)
        except OSError as error:
            raise _EndedError from error
        finally:
            # What a verb may fetch, the program that called it may not.
            first_use.fetch_at_first_use(offline=True)


app = typer.Typer(
    name="mellm",
    cls=_Verbs,
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
    offline: Annotated[
        bool, typer.Option("--offline", help="Never fetch a missing model file; may follow the verb too.")
    ] = False,
) -> None:
    """Micro-expression understanding on your own machine."""
    logs.configure(log_level, log_file)
    first_use.fetch_at_first_use(offline=offline)


app.command("analyze")(analyze.analyze)
app.command("demo")(demo.demo)
app.command("spot")(spot.spot)
app.command("ask")(ask.ask)
app.command("export")(export.export)
app.command("serve")(serve.serve)
app.add_typer(flow.app, name="flow")
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def main() -> None:
    """Run the command line; a person's mistake is one sentence on standard error, never a traceback."""
    stop_on_signals()
    accept_every_character()
    try:
        try:
            app()
        except _EndedError as error:
            assert error.__cause__ is not None
            raise error.__cause__ from None
        finally:
            # Here, and not when Python ends: a reader who went away is then still an error to be answered.
            sys.stdout.flush()
    except MellmError as error:
        logger.info("exit code %d: %s", error.exit_code, error)
        _say(str(error))
        raise SystemExit(error.exit_code) from None
    except SystemExit as error:
        if not _reader_left(error):
            raise
        _forget_output()
        raise SystemExit(0) from None
    except KeyboardInterrupt as error:
        _say(str(getattr(error, "message", None) or Message("stopped.finished")))
        raise SystemExit(128 + getattr(error, "number", signal.SIGINT)) from None
    except OSError as error:
        _forget_output()
        if error.errno == errno.EPIPE:
            # The reader of our output (a pager, `head`) went away; nothing of ours is lost.
            raise SystemExit(0) from None
        logger.debug("no sentence of its own", exc_info=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some space or choose another place" if full else "check that place"
        where = f" ({error.filename})" if error.filename else ""
        _say(f"{reason(error)}{where}: {advice}, then run it again.")
        raise SystemExit(2) from None


def _say(sentence: str) -> None:
    typer.secho(f"mellm: {sentence}", err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)


def _reader_left(error: BaseException) -> bool:
    """Whether the program ends because nobody reads its output: rich and typer make exit code 1 of that."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, BrokenPipeError):
        cause = cause.__context__
    return cause is not None


def _forget_output() -> None:
    """Let Python end without trying again to write what nobody takes."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
