"""Where the command line prints: what people named is never markup, and no encoding ends a command."""

import codecs
import io
import json
import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

_HANDLER: Final = "mellm-escape"
_PLAIN: Final = {
    "→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"',
    "…": "...", "×": "x", "°": " deg", "·": ".", "•": "*", "█": "#",
}  # fmt: skip


def console(*, stderr: bool = False) -> "Console":
    """Return a console of rich that prints square brackets and colons as they stand."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False)


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
