"""Which action units a blink may feign: those of the skin that closing lids draw along.

A lid goes many times as far in a blink as anything else on a calm face, and its fold takes the skin between
brow and cheek with it. Knows measured motion; decides nothing about what is present.
"""

from collections.abc import Sequence

from mellm.facs.unit_rules import closing_lids, relative_vectors
from mellm.flow.measure import strongest_motion
from mellm.flow.region_motion import RegionMotion

FEIGNED = frozenset({1, 2, 4, 5, 6, 7, 9})
"""Units of the skin about the eyes, which a closing lid draws along."""

CLOSING = 0.0025
"""Inter-ocular distances an upper lid comes down at least where eyes close: half a pixel of a face of 200."""

OUTDOES = 2.0
"""How many times as far as the rest of the face the lids go where they feign units."""


def feigned_units(motion: Sequence[RegionMotion]) -> frozenset[int]:
    """Return the units that closing lids may feign, none where no eye closes or the face moves besides.

    motion: the 29 regions, of known scale
    The lids close when an upper lid comes down by more than `CLOSING` and by more than `OUTDOES` times the
    face's strongest motion (`mellm.flow.measure.strongest_motion`, eyelids left out).
    """
    vectors = relative_vectors(motion)
    closing = max(closing_lids(vectors).values())
    outdone = closing > max(CLOSING, OUTDOES * strongest_motion(vectors))
    return FEIGNED if outdone else frozenset()
