"""Ray where it does not start, with a module in its place."""

import sys
from types import ModuleType

import pytest

from mellm.analysis.batch import Job
from mellm.analysis.ray_cluster import RayRunner
from mellm.analysis.settings import Settings
from mellm.errors import MellmError


def test_a_cluster_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise Exception("The current node timed out during startup. This could happen\nbecause")

    ray, util = ModuleType("ray"), ModuleType("ray.util")
    vars(ray).update(is_initialized=lambda: False, init=init)
    vars(util).update(ActorPool=object)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.util", util)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    job = Job.__new__(Job)
    with pytest.raises(
        MellmError, match=r"Ray did not start on this machine \(The current node timed out"
    ) as told:
        list(RayRunner()([job], Settings(llm="none"), 1))
    assert "\n" not in str(told.value)
