"""Regional motion in, events with exact onset, apex and offset out."""

from mellm.spot.reason import explain_none
from mellm.spot.settings import SpotSettings
from mellm.spot.spotting import spot
from mellm.spot.types import Event, RegionalMotion

__all__ = ["Event", "RegionalMotion", "SpotSettings", "explain_none", "spot"]
