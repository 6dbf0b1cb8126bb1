"""What decides whether a movement counts, in pixels of the aligned crop, seconds and multiples of noise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpotSettings:
    """Thresholds of the spotting stage; docs/spotting.md says where each comes from.

    Lengths given as `*_iod` are fractions of the distance between the outer eye corners (0.001 is 0.2 px on
    the aligned crop). None of them depends on how strong other movements of the clip are.
    """

    false_alarms_per_minute: float = 0.3
    """Movements a minute that are none and may yet be called micro-expressions (0.1 to 10); see `Dial`."""
    macro_score: float = 0.5
    """Probability from which a longer movement is called a macro-expression."""
    max_micro_duration: float = 0.5
    """Seconds from onset to offset; what lasts longer is a macro-expression."""
    tolerance: float = 0.04
    """Seconds by which the duration may be measured too long (smoothing, frame grid)."""
    min_peak_iod: float = 0.0012
    """Smallest peak displacement of the strongest region."""
    max_peak_iod: float = 0.04
    """Largest: a brief movement beyond it is no subtle one, or something passing before the face."""
    min_strength: float = 4.5
    """Smallest peak of the strongest region over frame-to-frame noise: below it noise may have made it."""
    min_macro_iod: float = 0.005
    """Smallest peak displacement of a macro-expression."""
    smoothing: float = 0.15
    """Seconds of the Savitzky-Golay window (order 2)."""
    macro_baseline: float = 8.0
    """Seconds of the running median that macro-expressions are measured against."""
    noise_floor: float = 0.03
    """Pixels; a region is never taken to be quieter than this."""
    max_head_speed: float = 40.0
    """Degrees per second; above it no expression is read."""
    blink_depth: float = 0.3
    """Share by which the eyes close in a blink."""
    blink_lid_px: float = 1.5
    """Downward motion of the upper lids, crop px, that makes a shallower closing a blink."""
    closure_lid_px: float = 3.5
    """How far the upper lids are down while the eyes stay shut for longer than a blink, crop px."""
    max_blink_duration: float = 0.9
    """Seconds from which closed eyes are a closure of their own and no blink."""
    max_gap: float = 0.25
    """Seconds without the face that are bridged."""
    min_clip: float = 0.2
    """Seconds of face that are needed at all."""
