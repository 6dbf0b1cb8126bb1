"""Modules under the names they had before: scripts that import them go on working, with a warning."""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

FORMER = {
    "mellm.batch": "mellm.analysis.batch",
    "mellm.pipeline": "mellm.analysis.analyzer",
    "mellm.watch": "mellm.analysis.clip",
    "mellm.data.generated_flow": "mellm.simulate.generated_flow",
    "mellm.data.instruct": "mellm.instruct",
    "mellm.data.instruct.types": "mellm.instruct.records",
    "mellm.data.megc2019": "mellm.datasets.megc2019",
    "mellm.data.meflow": "mellm.simulate",
    "mellm.data.meflow.action_units": "mellm.simulate.unit_fields",
    "mellm.data.meflow.build": "mellm.simulate.pair_build",
    "mellm.data.meflow.check": "mellm.simulate.pair_check",
    "mellm.data.meflow.clip": "mellm.simulate.generated_clip",
    "mellm.data.meflow.full3d": "mellm.simulate.full_3d",
    "mellm.data.meflow.gallery": "mellm.simulate.gallery",
    "mellm.data.meflow.photo": "mellm.simulate.photo_pairs",
    "mellm.data.meflow.scene": "mellm.simulate.scene",
    "mellm.data.meflow.sensor": "mellm.simulate.sensor",
    "mellm.data.meflow.stream": "mellm.simulate.pair_stream",
    "mellm.data.meflow.types": "mellm.simulate.pair",
    "mellm.data.readers": "mellm.datasets",
    "mellm.face.types": "mellm.face.people",
    "mellm.flow.motion": "mellm.flow.region_motion",
    "mellm.flow.registry": "mellm.flow.estimator_registry",
    "mellm.flow.trace": "mellm.spot.trace",
    "mellm.flow.types": "mellm.flow.field",
    "mellm.media.types": "mellm.media.frame",
    "mellm.web.options": "mellm.web.server_options",
    "mellm.weights.store": "mellm.weights.model_store",
}
"""Former module name -> the module's name now."""


class _FormerNames(MetaPathFinder, Loader):
    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in FORMER:
            return None
        return ModuleSpec(fullname, self, is_package=fullname in ("mellm.data.instruct", "mellm.data.meflow"))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        now = FORMER[spec.name]
        warnings.warn(f"{spec.name} is now {now}", DeprecationWarning, stacklevel=2)
        module = import_module(now)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back; the import system has put the former name's there."""
        former = module.__spec__
        assert former is not None
        module.__spec__ = self._specs[former.name]


def install() -> None:
    """Let the former names be imported."""
    if not any(isinstance(finder, _FormerNames) for finder in sys.meta_path):
        sys.meta_path.insert(0, _FormerNames())
