"""What Windows and macOS do otherwise, as far as it can be played here: nothing of POSIX, a cp1252 screen."""

import subprocess
import sys
from pathlib import Path

import pytest

POSIX_MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty")
POSIX_NAMES = ("fork", "forkpty", "getuid", "geteuid", "getpgid", "killpg", "setsid", "nice", "mkfifo",
               "sched_getaffinity", "sysconf")  # fmt: skip
POSIX_SIGNALS = ("SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGPIPE",
                 "alarm", "setitimer")  # fmt: skip
HEAVY = ("torch", "transformers", "peft", "ray", "sklearn", "scipy", "accelerate", "onnx", "nltk", "pandas")

PLAYED = f"""
import asyncio, concurrent.futures, importlib, multiprocessing.pool, os, pkgutil, signal, subprocess, sys
# The standard library and these packages look at the system before they ask for something of POSIX.
import av, cv2, fastapi, httpx, jinja2, platformdirs, pydantic, rich.console
import starlette.testclient, typer, uvicorn
from mellm import inference
for name in {POSIX_MODULES + HEAVY}:
    sys.modules[name] = None
for name in {POSIX_NAMES}:
    vars(os).pop(name, None)
for name in {POSIX_SIGNALS}:
    vars(signal).pop(name, None)
"""

IMPORT_ALL = """
import mellm
read, broken = 0, []
for module in pkgutil.walk_packages(mellm.__path__, "mellm.", onerror=lambda name: None):
    if module.name.endswith("__main__") or module.name.startswith("mellm.train"):
        continue
    try:
        importlib.import_module(module.name)
        read += 1
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in POSIX_MODULES:
            broken.append(f"{module.name}: {error}")
    except Exception as error:
        broken.append(f"{module.name}: {type(error).__name__}: {error}")
assert read > 250, read
assert not broken, broken
"""

LIMITED = """
from mellm.web import memory_limit
from mellm.evaluate.made_where import machine
assert " cores" in machine()
memory_limit.limit_memory(1 << 40)
memory_limit.step_back(5)
assert not memory_limit.out_of_memory(ValueError("full"))
"""

CODE_PAGE = """
import io
screen = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
sys.stdout = screen
from mellm.cli import main
sys.argv = ["mellm", "models", "list"]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
screen.flush()
printed = screen.buffer.getvalue().decode("cp1252")
assert "face-mesh" in printed and "MB" in printed, printed
"""


def test_nothing_asks_for_what_only_posix_has(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    code = f"{PLAYED}\nPOSIX_MODULES = {POSIX_MODULES}\n{IMPORT_ALL}{LIMITED}{CODE_PAGE}"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
