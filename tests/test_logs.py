"""Logging: quiet by default, everything from the chosen level in the file, child processes too."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mellm import logs
from mellm.errors import InputError


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("MELLM_LOG_LEVEL", "MELLM_LOG_FILE"):
        monkeypatch.setenv(name, "")
    logger = logging.getLogger("mellm")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_standard_error_gets_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("mellm.media").info("opened")
    logging.getLogger("mellm.media").warning("a frame is missing")
    assert capsys.readouterr().err == "mellm: WARNING a frame is missing\n"


def test_the_file_gets_everything_from_the_level_and_child_processes_add_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mellm.log"
    logs.configure("debug", file)
    logging.getLogger("mellm.flow").debug("two iterations")
    child = "import logging; from mellm.logs import configure_child as c; c(); "
    child += "logging.getLogger('mellm.child').info('here')"
    done = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    lines = file.read_text("utf-8").splitlines()
    assert lines[0].endswith("mellm.flow: two iterations") and lines[1].endswith("mellm.child: here")
    assert capsys.readouterr().err == done.stderr == ""


def test_a_child_of_a_program_without_a_log_file_prints_nothing() -> None:
    child = "import logging; from mellm.logs import configure_child as c; c(); "
    child += "logging.getLogger('mellm.child').error('here')"
    done = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_wrong_choices_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no log level 'LOUD'; choose one of DEBUG"):
        logs.configure("loud")
    with pytest.raises(InputError, match="choose another --log-file"):
        logs.configure("INFO", tmp_path / "none" / "mellm.log")
