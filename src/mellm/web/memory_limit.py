"""The memory and the share of the processor that a child process has; whether it has run out of memory."""

import errno
import os
from pathlib import Path

import cv2

_NO_MEMORY = -4
"""OpenCV's code StsNoMem."""
_FULL = 0.8


def limit_memory(size: int) -> None:
    """Let this process have at most `size` bytes of address space, where the system can do that."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the wall-clock limit holds there too.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def step_back(steps: int) -> None:
    """Leave the processor to others: `steps` of POSIX niceness, where the system knows it."""
    if hasattr(os, "nice"):
        os.nice(steps)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that caused it, means that no memory is left.

    Types and error codes tell it. Any other error is taken for it where this process has used four fifths of
    the address space it may have.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or getattr(cause, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(cause, cv2.error) and getattr(cause, "code", None) == _NO_MEMORY:
            return True
        # OpenVINO passes on C++'s exception as a RuntimeError with its name.
        if isinstance(cause, RuntimeError) and "bad_alloc" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return _used() >= _FULL


def _used() -> float:
    """The share of the allowed address space that this process has; 0 where the system sets or tells none."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        return 0.0
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return 0.0 if limit == resource.RLIM_INFINITY else pages * os.sysconf("SC_PAGE_SIZE") / limit
