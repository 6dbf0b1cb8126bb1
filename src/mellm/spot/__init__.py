"""Regional motion in, events with exact onset, apex and offset out."""

from mellm.spot.events import Event, RegionalMotion
from mellm.spot.reason import explain_none
from mellm.spot.spotting import spot
from mellm.spot.streaming import StreamingSpotter
from mellm.spot.thresholds import SpotSettings

__all__ = ["Event", "RegionalMotion", "SpotSettings", "StreamingSpotter", "explain_none", "spot"]
