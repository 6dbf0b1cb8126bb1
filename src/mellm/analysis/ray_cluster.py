"""The batch on a Ray cluster: one analyzer per actor, rows come back as they are done.

Needs the `ray` extra; the clips and the output folder must be reachable under the same paths on all nodes.
"""

import os
from collections.abc import Iterator
from typing import Any

from mellm.analysis.batch import Job, Row, Worker
from mellm.analysis.settings import Settings
from mellm.errors import InputError, MellmError


class RayRunner:
    """Runs jobs on the cluster at `address` (None: a cluster on this machine)."""

    def __init__(self, address: str | None = None) -> None:
        """Remember the address; the cluster is joined when work starts."""
        self._address = address

    def __call__(self, jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
        """Do the jobs with `workers` actors of one processor each."""
        if not jobs:
            return
        try:
            import ray
            from ray.util import ActorPool
        except ImportError as error:
            raise InputError(
                "Ray is not installed: pip install mellm[ray], or leave --engine out."
            ) from error
        started = not ray.is_initialized()
        if started:
            # Ray reports how it is used, unless this stands in the environment before it starts.
            os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
            try:
                ray.init(address=self._address, log_to_driver=False, include_dashboard=False)
            except Exception as error:  # Ray raises whatever its processes end with, bare Exception too
                where = f"at {self._address}" if self._address else "on this machine"
                why = (str(error).splitlines() or [repr(error)])[0]
                raise MellmError(
                    f"Ray did not start {where} ({why}). "
                    "Try again with less running beside it, or leave --engine out."
                ) from error
        try:
            actor: Any = ray.remote(num_cpus=1, max_restarts=2, max_task_retries=1)(Worker)
            pool: Any = ActorPool([actor.remote(settings) for _ in range(min(workers, len(jobs)))])
            for job in jobs:
                pool.submit(lambda worker, job: worker.do.remote(job), job)
            while pool.has_next():
                yield pool.get_next_unordered()
        finally:
            if started:
                ray.shutdown()
