"""Which frames around onset and apex are averaged when a clip is at hand. Knows frame numbers only."""

MOST_AROUND = 5
"""Most frames on each side of onset and apex that `estimate_clip` averages by itself."""


def window(centre: int, onset: int, apex: int, count: int, reach: int | None = None) -> range:
    """Return the frames around `centre` (the onset or the apex) that are averaged: as many on both sides.

    They stay within the clip and on their side of the middle between onset and apex.
    """
    apart = abs(apex - onset)
    wanted = min(MOST_AROUND, apart // 6) if reach is None else reach
    side = max(0, min(wanted, centre, count - 1 - centre, (apart - 1) // 2))
    return range(centre - side, centre + side + 1)


def windows(onset: int, apex: int, count: int) -> tuple[range, range]:
    """Return the frames around the onset, and those around the apex, of a clip of `count` frames."""
    return window(onset, onset, apex, count), window(apex, onset, apex, count)
