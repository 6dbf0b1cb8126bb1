"""Flow estimators that other packages add: what they raise or return wrongly is told in one sentence."""

from collections.abc import Sequence

from mellm import plug_ins
from mellm.face.people import Landmarks
from mellm.flow.field import ClipFlowEstimator, Flow, FlowEstimator
from mellm.media.frame import Image


class PlugInEstimator:
    """A plug-in's estimator, every call of which is checked.

    sha256: of the plug-in's weights, where it names them
    """

    def __init__(self, registered: str, own: FlowEstimator) -> None:
        """Take the estimator that a plug-in made under a name. Raises PlugInError where it has no name."""
        self._registered, self._own = registered, own
        with plug_ins.calling("flow_estimators", registered):
            self.name = str(own.name)
            weights = getattr(own, "sha256", None)
            self.sha256 = weights if isinstance(weights, str) else None

    def estimate(self, onset: Image, apex: Image, landmarks: Landmarks | None = None) -> Flow:
        """Return the plug-in's flow. Raises PlugInError where it fails or is no flow of the pictures."""
        with plug_ins.calling("flow_estimators", self._registered):
            return _checked(self._own.estimate(onset, apex, landmarks), onset)


class PlugInClipEstimator(PlugInEstimator):
    """A plug-in's estimator that also uses the frames around onset and apex."""

    def __init__(self, registered: str, own: FlowEstimator) -> None:
        """Take the estimator. Raises PlugInError where it has no name."""
        super().__init__(registered, own)
        assert isinstance(own, ClipFlowEstimator)
        self._clips = own

    def estimate_clip(
        self,
        frames: Sequence[Image],
        onset: int,
        apex: int,
        landmarks: Landmarks | None = None,
        reach: int | None = None,
    ) -> Flow:
        """Return the plug-in's flow. Raises PlugInError where it fails or is no flow of the frames."""
        with plug_ins.calling("flow_estimators", self._registered):
            flow = self._clips.estimate_clip(frames, onset, apex, landmarks, reach)
            return _checked(flow, frames[onset])


def checked_estimator(registered: str, own: FlowEstimator) -> FlowEstimator:
    """Return a plug-in's estimator with its calls checked. Raises PlugInError where it has no name."""
    kind = PlugInClipEstimator if isinstance(own, ClipFlowEstimator) else PlugInEstimator
    return kind(registered, own)


def _checked(flow: object, picture: Image) -> Flow:
    if not isinstance(flow, Flow):
        raise TypeError(f"it returned a {type(flow).__name__}, not a mellm.flow.Flow")
    wanted = (*picture.shape[:2], 2)
    for part in (flow.facial, flow.head):
        if getattr(part, "shape", None) != wanted:
            raise ValueError(f"its flow has the shape {getattr(part, 'shape', None)}, not {wanted}")
    return flow
