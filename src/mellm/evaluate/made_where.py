"""When, from which commit and on what machine a figure was made."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def today() -> str:
    """The day, UTC, `2026-11-28`."""
    return datetime.now(UTC).date().isoformat()


def commit_of(file: Path) -> str:
    """The commit of the checkout that tracks a file, with `+` where tracked files were changed since.

    Empty where the file belongs to no checkout, as in an installed package, or there is no git.
    """

    def git(*arguments: str) -> str:
        told = subprocess.run(
            ["git", "-C", str(file.parent), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return told.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", file.name)
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def machine() -> str:
    """System, processor and the number of cores this process may use, without the machine's name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0
    return f"{platform.system()} {platform.machine()}, {_processor()}, {cores} cores"


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "processor not told")
