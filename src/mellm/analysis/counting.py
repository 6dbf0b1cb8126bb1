"""Movements that count and are too unsure to be reported.

A report names what is sure enough to be read, so it misses more than it makes up; how *many* expressions a
clip has is answered better with a lower bar. Its two settings were chosen on generated videos; on real clips
of people left out the second one changed next to nothing (docs/evaluation.md). Knows traces and events.
"""

from collections.abc import Sequence
from dataclasses import replace

from mellm.spot import Event, RegionalMotion, SpotSettings, spot

BRIEF = 5 / 3
"""Times the dial's false alarms a minute with which micro-expressions are counted."""
LONGER = 0.1
"""Probability of the network from which a longer movement counts, if the face is far enough from its rest."""
_MOST = 10.0


def uncertain_events(
    motion: RegionalMotion, fps: float, reported: Sequence[Event], settings: SpotSettings | None = None
) -> list[Event]:
    """Return micro- and macro-expressions that count beside the reported ones, in order of their onsets.

    What meets a reported expression is none; pieces of one longer movement are joined, and what is brief and
    meets it is a part of it.
    """
    chosen = settings or SpotSettings()
    open_settings = replace(
        chosen,
        false_alarms_per_minute=min(_MOST, BRIEF * chosen.false_alarms_per_minute),
        macro_score=min(LONGER, chosen.macro_score),
    )
    found = spot(motion, fps=fps, settings=open_settings)
    known = [event for event in reported if event.kind in ("micro", "macro")]
    kept: list[Event] = []
    for event in (*_of(found, "macro"), *_of(found, "micro")):
        if any(_meet(event, other) for other in known):
            continue
        met = next((k for k, other in enumerate(kept) if _meet(event, other)), None)
        if met is None:
            kept.append(event)
        elif event.kind == "macro":
            kept[met] = _joined(kept[met], event)
    return sorted(kept, key=lambda event: event.onset)


def _of(events: Sequence[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


def _meet(a: Event, b: Event) -> bool:
    return a.onset <= b.offset and b.onset <= a.offset


def _joined(a: Event, b: Event) -> Event:
    """One event from the first onset to the last offset, with the apex of the surer one."""
    surer = max(a, b, key=lambda event: event.confidence)
    first, last = min(a, b, key=lambda e: e.onset), max(a, b, key=lambda e: e.offset)
    return replace(
        surer,
        onset=first.onset,
        onset_time=first.onset_time,
        offset=last.offset,
        offset_time=last.offset_time,
    )
