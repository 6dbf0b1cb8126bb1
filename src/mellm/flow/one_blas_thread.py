"""One thread for NumPy's linear algebra while a pair is estimated.

A fit solves many systems of some hundred unknowns. Several threads of BLAS lose more time on them by waiting
for each other than they win, and they sum in another order, so results would depend on their number. Knows
nothing of flow.
"""

from functools import cache
from threading import Lock
from types import TracebackType
from typing import Any

from threadpoolctl import ThreadpoolController


class OneBlasThread:
    """A context in which BLAS libraries use one thread; the number that was set before comes back.

    The number belongs to the whole process. Contexts may overlap in several threads of Python: the first
    sets it, the last restores it.

    Example:
        with ONE_BLAS_THREAD:
            np.linalg.solve(matrix, right)
    """

    def __init__(self) -> None:
        """Set nothing yet."""
        self._lock = Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        """Set one thread, if nobody did."""
        with self._lock:
            if self._inside == 0:
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the number, if nobody else is inside."""
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


ONE_BLAS_THREAD = OneBlasThread()
"""The process's own: there is one number of threads to set."""


@cache
def _controller() -> ThreadpoolController:
    """The libraries of this process, looked up once: it takes milliseconds."""
    return ThreadpoolController()
