"""What decides whether a movement counts, in pixels of the aligned crop, seconds and multiples of noise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpotSettings:
    """Thresholds of the spotting stage; docs/spotting.md says where each comes from.

    Lengths given as `*_iod` are fractions of the distance between the outer eye corners (0.001 is 0.2 px on
    the aligned crop). None of them depends on how strong other movements of the clip are.
    """

    max_micro_duration: float = 0.5
    """Seconds from onset to offset; what lasts longer is a macro-expression."""
    tolerance: float = 0.04
    """Seconds by which the duration may be measured too long (smoothing, frame grid)."""
    min_peak_iod: float = 0.0012
    """Smallest peak displacement of the strongest region."""
    max_peak_iod: float = 0.04
    """Largest: a brief movement beyond it is no subtle one, or something passing before the face."""
    min_snr: float = 4.5
    """Smallest peak of the activation: displacement over noise, RMS of the three best regions."""
    min_macro_iod: float = 0.008
    """Smallest peak displacement of a macro-expression."""
    return_share: float = 0.5
    """Largest difference of the levels before and after, as a share of the peak: a movement must return."""
    edge_share: float = 0.06
    """Onset and offset are where the movement leaves and reaches this share of its peak."""
    min_calm: float = 0.55
    """One less the unrest (upper quartile of the motion along the same pattern, over the peak) around it."""
    clear_calm: float = 0.75
    """With this much calm around it a micro-expression counts even within a longer movement."""
    best: int = 3
    """Regions of the activation: the fewest that a movement of one side of one area spreads over."""
    macro_rise: float = 0.7
    """Seconds in which a macro-expression must come or go by half; slower changes are drift."""
    smoothing: float = 0.15
    """Seconds of the Savitzky-Golay window (order 2)."""
    baseline: float = 1.6
    """Seconds of the running median that micro-expressions are measured against."""
    macro_baseline: float = 8.0
    """Seconds of the running median that macro-expressions are measured against."""
    noise_floor: float = 0.03
    """Pixels; a region is never taken to be quieter than this."""
    head_leak: float = 0.08
    """Pixels of error per degree that the head turned away from its running median."""
    max_head_speed: float = 40.0
    """Degrees per second; above it no expression is read."""
    blink_depth: float = 0.3
    """Share by which the eyes close in a blink."""
    blink_lid_px: float = 1.5
    """Downward motion of the upper lids, crop px, that makes a shallower closing a blink."""
    max_gap: float = 0.25
    """Seconds without the face that are bridged."""
    min_clip: float = 0.2
    """Seconds of face that are needed at all."""
