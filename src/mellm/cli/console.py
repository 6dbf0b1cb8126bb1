"""Where the command line prints: what people named is never markup, and no encoding ends a command."""

import codecs
import io
import json
import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_HANDLER: Final = "mellm-escape"
_WIDTH_OF_FILES: Final = 1000
_NARROWEST_NAMES: Final = 9
_PLAIN: Final = {
    "→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"',
    "…": "...", "×": "x", "°": " deg", "·": ".", "•": "*", "█": "#",
}  # fmt: skip


def console(*, stderr: bool = False) -> "Console":
    """Return a console of rich that prints square brackets and colons as they stand."""
    from rich.console import Console

    screen = Console(stderr=stderr, markup=False, emoji=False)
    if not (stderr or screen.is_terminal):
        # A file or another program has no width that a table could be cut at.
        screen.width = _WIDTH_OF_FILES
    return screen


def figures_table(*columns: str, title: str | None = None) -> "Table":
    """Return a table whose first column names what the others hold figures of; `print_figures` prints it."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, no_wrap=number > 0, overflow="fold")
    return table


def print_figures(table: "Table") -> None:
    """Print a table with every figure whole.

    On a narrow terminal the names of the first column wrap; where that is not enough, whole lines do.
    """
    from rich.measure import Measurement

    screen = console()
    wide = screen.options.update_width(_WIDTH_OF_FILES)
    needed = Measurement.get(screen, wide, table).maximum
    names = max(map(len, (str(table.columns[0].header), *map(str, table.columns[0].cells))))
    screen.width = max(screen.width, needed - max(names - _NARROWEST_NAMES, 0))
    screen.print(table, crop=False)


def accept_every_character() -> None:
    """Make standard output and standard error write what their encoding cannot hold in another way.

    Typographic signs become plain ones, other characters \\uNNNN, bytes of a file's name \\xNN.
    """
    codecs.register_error(_HANDLER, _in_another_way)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def print_json(text: str) -> None:
    """Print JSON text; where standard output cannot hold a character, as JSON's own escapes."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    typer.echo(text)


def _in_another_way(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_other, error.object[error.start : error.end])), error.end


def _other(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
