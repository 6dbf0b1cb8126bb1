"""What Windows and macOS do otherwise, as far as it can be played here: nothing of POSIX, a cp1252 screen."""

import ast
import re
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


NO_FILES = ("av", "Image", "Service", "archive", "webbrowser")
"""What has an `open` that reads no text."""


def without_encoding(source: str) -> list[int]:
    """Lines that read or write text in whatever encoding the system has."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        modes = [str(word.value) for word in node.args if isinstance(word, ast.Constant)]
        binary = any(re.fullmatch("[rwxa+]*b[+]?", mode) for mode in modes)
        text_file = name == "open" and not binary and owner not in NO_FILES
        named = any(keyword.arg == "encoding" for keyword in node.keywords)
        named = named or (name == "read_text" and bool(node.args))
        if not named and (name in ("read_text", "write_text") or text_file):
            found.append(node.lineno)
    return found


def test_text_is_read_and_written_with_its_encoding_named() -> None:
    root = Path(__file__).parents[1]
    files = [
        path for part in ("src", "release", "examples", "benchmarks") for path in (root / part).rglob("*.py")
    ]
    assert len(files) > 300
    wrong = {
        f"{path.relative_to(root)}:{line}"
        for path in files
        for line in without_encoding(path.read_text(encoding="utf-8"))
    }
    assert wrong == set()
    assert without_encoding("p.read_text()\nopen(p)\nopen(p, 'rb')\np.open('w', encoding='utf-8')") == [1, 2]
