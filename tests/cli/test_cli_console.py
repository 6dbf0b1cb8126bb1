"""What is printed: brackets and colons as they stand, and something for every character of any encoding."""

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from rich.table import Table

import mellm
from mellm.cli.console import accept_every_character, console, figures_table, print_figures, print_json
from mellm.wording.shown import shown


def test_brackets_and_colons_of_names_are_printed_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    screen = console()
    table = Table("[bold]set", title="take[/1]", box=None)
    table.add_row("[s01] :smile: [/]")
    screen.print("[s01] rest/take[/1]/:warning:")
    screen.print(table)
    printed = capsys.readouterr().out
    for text in ("[s01] rest/take[/1]/:warning:", "[bold]set", "take[/1]", "[s01] :smile: [/]"):
        assert text in printed


def test_no_other_module_makes_a_console() -> None:
    source = Path(mellm.__file__).parent
    makers = {p.name for p in source.rglob("*.py") if re.search(r"\bConsole\(", p.read_text("utf-8"))}
    assert makers == {"console.py"}


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("utf-8", "→ é 中 😀 █"),
        ("cp1252", r"-> é \u4e2d \U0001f600 #"),
        ("ascii", r"-> \u00e9 \u4e2d \U0001f600 #"),
        ("gbk", r"→ é 中 \U0001f600 █"),
    ],
)
def test_every_encoding_gets_the_whole_output(
    encoding: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    accept_every_character()
    print("→ é 中 😀 █", os.fsdecode(b"\xff.mp4"), flush=True)
    assert raw.getvalue().decode(encoding).strip() == printed + r" \xff.mp4"
    raw.truncate(raw.seek(0))
    print_json(json.dumps({"text": "→ 中 😀"}, ensure_ascii=False))
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == {"text": "→ 中 😀"}


def test_names_are_shown_with_their_bytes() -> None:
    assert shown("中 é.mp4") == "中 é.mp4"
    assert shown(Path(os.fsdecode(b"caf\xe9.mp4"))) == r"caf\xe9.mp4"
    assert shown("half \ud83d") == r"half \ud83d"


def figures() -> Table:
    table = figures_table("set", "samples", "people", "accuracy", "UF1", "95%", "UAR", "95%", title="loso")
    for name in ("all", "measurement 1 alone", "a_long_name_without_any_break"):
        row = (name, "1234", "123", "0.812", "0.811", "0.741-0.887", "0.830", "0.770-0.893")
        table.add_row(*row)
    return table


@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_interval_is_cut_on_a_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    print_figures(figures())
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert printed.count("0.741-0.887") == printed.count("0.770-0.893") == 3
    assert "…" not in printed
    assert width < 80 or max(map(len, printed.splitlines())) <= width


def test_no_table_is_cut_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    print_figures(figures())
    other = Table("name", "value")
    other.add_row("n" * 60, "v" * 60)
    console().print(other)
    printed = capsys.readouterr().out
    for whole in ("a_long_name_without_any_break", "measurement 1 alone", "0.770-0.893", "n" * 60, "v" * 60):
        assert whole in printed
