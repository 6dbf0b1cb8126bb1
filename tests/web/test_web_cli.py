"""`mellm serve` from the command line: what it prints, what it refuses, how it stops."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner
from web_client import WAIT

from mellm.cli.serve import serve
from mellm.errors import InputError

app = typer.Typer()
app.command()(serve)


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0 and "mellm serve --open" in result.output


def test_a_token_of_other_letters_is_refused() -> None:
    result = CliRunner().invoke(app, ["--token", "a b"])
    assert isinstance(result.exception, InputError) and "letters, digits" in str(result.exception)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_beyond_this_machine_a_token_is_made_and_the_server_stops_gracefully(tmp_path: Path) -> None:
    program = "import typer; from mellm.cli.serve import serve; typer.run(serve)"
    arguments = ["--host", "0.0.0.0", "--port", "0", "--store", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://0\.0\.0\.0:(\d+)/\?token=([\w-]{20,})", line)
    assert found, line
    port, token = found.groups()
    try:
        here = f"http://127.0.0.1:{port}/api/v1/jobs"
        assert httpx.get(here).status_code == 401
        assert httpx.get(here, headers={"authorization": f"Bearer {token}"}).json()["jobs"] == []
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 0 and "Traceback" not in errors
