"""What failures leave behind: the server's log with what child processes say; how missing memory is told."""

import errno
import logging
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import pytest
from web_client import WAIT

from mellm.web.memory_limit import out_of_memory
from mellm.web.parent_process import ChildGoneError, ChildProcess
from mellm.web.server_log import FILE, server_log


def wait_for(file: Path, words: str) -> str:
    for _ in range(int(20 * WAIT)):
        if words in (text := file.read_text(encoding="utf-8")):
            return text
        threading.Event().wait(0.05)
    raise AssertionError(f"{words!r} is not in {text!r}")


def test_the_log_keeps_what_a_child_process_prints_and_how_it_fails(tmp_path: Path) -> None:
    with server_log(tmp_path):
        child = ChildProcess("mellm.web.worker", "no number", "0")
        with pytest.raises(ChildGoneError):
            child.receive(WAIT)
        text = wait_for(tmp_path / FILE, "ValueError: invalid literal")
        assert not child.killed
        child.end()
    assert f"mellm.web.worker: [{child.pid}] Traceback (most recent call last):" in text
    logging.getLogger("mellm.web").warning("later")
    assert "later" not in (tmp_path / FILE).read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_process_that_the_system_killed_is_told_apart() -> None:
    child = ChildProcess("mellm.web.worker", str(8 << 30), "0")
    subprocess.run(["kill", "-9", str(child.pid)], check=True)
    with pytest.raises(ChildGoneError):
        child.receive(WAIT)
    assert child.killed
    child.end()


def test_the_log_leaves_the_screen_as_quiet_as_it_was(tmp_path: Path) -> None:
    logger, screen = logging.getLogger("mellm"), logging.NullHandler()
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(screen)
    try:
        with server_log(tmp_path):
            logging.getLogger("mellm.web").info("for the file alone")
        assert "for the file alone" in (tmp_path / FILE).read_text(encoding="utf-8")
        assert screen.level == logging.WARNING
    finally:
        logger.removeHandler(screen)
        logger.setLevel(level)


def test_missing_memory_is_told_by_type_and_code() -> None:
    hidden = RuntimeError("decoding failed")
    hidden.__cause__ = MemoryError()
    for error in (MemoryError(), hidden, OSError(errno.ENOMEM, "mmap"), RuntimeError("std::bad_alloc")):
        assert out_of_memory(error)
    for error in (ValueError("memory"), OSError(errno.ENOENT, "alloc"), cv2.error("no alloc")):
        assert not out_of_memory(error)
