"""Action-unit models that other packages add: what they raise or return wrongly is told in one sentence."""

from collections.abc import Callable, Sequence

from mellm import plug_ins
from mellm.facs.findings import AUEvidence, AUModel
from mellm.flow.region_motion import RegionMotion


class PlugInModel:
    """A plug-in's action-unit model, every call of which is checked."""

    def __init__(self, registered: str, factory: Callable[..., AUModel], *, known_scale: bool) -> None:
        """Make the model. Raises PlugInError where that fails or the model has no name."""
        self._registered = registered
        with plug_ins.calling("action_unit_models", registered):
            self._own = factory(known_scale=known_scale)
            self.name = str(self._own.name)

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return the plug-in's units. Raises PlugInError where it fails or returns anything else."""
        with plug_ins.calling("action_unit_models", self._registered):
            units = list(self._own.predict(motion))
            for unit in units:
                if not isinstance(unit, AUEvidence):
                    raise TypeError(f"it returned a {type(unit).__name__}, not a mellm.facs.AUEvidence")
        return units
