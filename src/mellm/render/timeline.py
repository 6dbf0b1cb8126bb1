"""The timeline as inline SVG: one lane per face area, micro-expressions and other events marked.

Colours are Okabe-Ito's on `currentColor` text, so it reads in light and in dark and with every common
colour vision; kinds of events also differ in pattern and name. Knows traces and events, not pages.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mellm.report import MicroExpression, OtherEvent, Trace
from mellm.wording.languages import Language
from mellm.wording.page_words import page_word

AREA_COLOURS = {
    "brows": "#0072B2",
    "eyes": "#56B4E9",
    "nose": "#009E73",
    "cheeks": "#CC79A7",
    "mouth": "#D55E00",
    "chin": "#E69F00",
}
"""Okabe & Ito's set."""

ME_COLOUR = "#E69F00"
_DOTTED = 160
"""Up to this many frames, each one is a dot."""
_LANE, _TOP, _BOTTOM, _LEFT, _RIGHT = 34, 26, 40, 64, 14
_LOWEST_FULL_PX = 0.5
"""A lane never shows less than this at full height, so that noise does not look like motion."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """Time -> picture x."""

    start: float
    end: float
    width: int

    def x(self, time: float) -> float:
        return _LEFT + (time - self.start) / (self.end - self.start) * (self.width - _LEFT - _RIGHT)


def timeline_svg(
    trace: Trace,
    micro: Sequence[tuple[int, MicroExpression]],
    others: Sequence[OtherEvent] = (),
    *,
    language: Language = "en",
    window: tuple[float, float] | None = None,
    width: int = 1100,
    key: str = "t",
) -> str:
    """Draw a trace with its events.

    Args:
        trace: motion per area over time, one person's
        micro: (number, micro-expression) pairs of that person
        others: blinks, longer expressions, head motion of that person
        language: of the labels
        window: first and last second to show; None: all
        width: px, only the shape of the drawing; it scales with the page
        key: makes ids unique where a page has several timelines

    Returns an `<svg>` element. Frames where the face was not seen are gaps in the curves.
    """
    if len(trace.times) < 2:
        return ""
    start, end = window or (trace.times[0], trace.times[-1])
    start, end = max(start, trace.times[0]), min(end, trace.times[-1])
    if end <= start:
        return ""
    axis = _Axis(start, end, width)
    inside = [k for k, time in enumerate(trace.times) if start <= time <= end]
    values = [curve[k] for curve in trace.areas.values() for k in inside]
    peak = max((value for value in values if value is not None), default=0.0)
    full = _round_up(max(peak, _LOWEST_FULL_PX))
    height = _TOP + _LANE * len(trace.areas) + _BOTTOM
    label = page_word("timeline", language)
    out = [
        f'<svg class="timeline" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}" '
        'xmlns="http://www.w3.org/2000/svg" font-size="11" fill="currentColor">',
        f'<defs><pattern id="{key}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path d="M0 0V6" stroke="currentColor" stroke-width="1.2" '
        'stroke-opacity=".35"/></pattern></defs>',
    ]
    bottom = _TOP + _LANE * len(trace.areas)
    out += [_other(event, axis, bottom, language, key) for event in others]
    out += [_micro(number, me, axis, bottom, language) for number, me in micro]
    for lane, (area, curve) in enumerate(trace.areas.items()):
        out.append(_lane(area, curve, trace, inside, axis, lane, full, language))
    out.append(f'<text x="{_LEFT - 6}" y="{_TOP - 6}" text-anchor="end" opacity=".7">{full:g} px</text>')
    out.append(_ticks(trace, inside, axis, bottom, language))
    out.append("</svg>")
    return "".join(out)


def _round_up(value: float) -> float:
    """The next round number at or above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 7.5, 10) if step * power >= value * 0.999)


def _lane(
    area: str,
    curve: Sequence[float | None],
    trace: Trace,
    inside: Sequence[int],
    axis: _Axis,
    lane: int,
    full: float,
    language: Language,
) -> str:
    base = _TOP + _LANE * (lane + 1)
    colour = AREA_COLOURS.get(area, "#777777")
    name = escape(page_word(area, language) if area in AREA_COLOURS else area)
    usual = _frame_time(trace)
    pieces: list[list[tuple[float, float]]] = [[]]
    last: float | None = None
    for k in inside:
        value, time = curve[k], trace.times[k]
        gap = last is not None and time - last > 2.5 * usual
        if (value is None or gap) and pieces[-1]:
            pieces.append([])
        if value is not None:
            pieces[-1].append((axis.x(time), base - 2 - min(value / full, 1.0) * (_LANE - 6)))
            last = time
    paths = []
    for piece in pieces:
        thinned = _thin(piece)
        if len(thinned) == 1:
            paths.append(
                f'<circle cx="{thinned[0][0]:.1f}" cy="{thinned[0][1]:.1f}" r="1.6" fill="{colour}"/>'
            )
        elif thinned:
            if len(inside) <= _DOTTED:
                paths += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{colour}"/>' for x, y in thinned]
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in thinned)
            area_path = f"M{thinned[0][0]:.1f} {base - 2}L{line}L{thinned[-1][0]:.1f} {base - 2}Z"
            paths.append(f'<path d="{area_path}" fill="{colour}" fill-opacity=".18"/>')
            paths.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return (
        f'<g class="lane" data-area="{escape(area)}">'
        f'<text x="{_LEFT - 6}" y="{base - 9}" text-anchor="end">{name}</text>'
        f'<path d="M{_LEFT} {base - 2}H{axis.width - _RIGHT}" stroke="currentColor" stroke-opacity=".2"/>'
        f'<g class="curve">{"".join(paths)}</g></g>'
    )


def _thin(piece: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most the highest and lowest point of each half px: peaks survive, long clips stay small."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for point in piece:
        columns.setdefault(int(point[0] * 2), []).append(point)
    if len(columns) == len(piece):
        return list(piece)
    kept: list[tuple[float, float]] = []
    for points in columns.values():
        kept += sorted({min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])})
    return kept


def _frame_time(trace: Trace) -> float:
    """The usual time between two frames, seconds (median)."""
    steps = sorted(b - a for a, b in zip(trace.times, trace.times[1:], strict=False))
    return steps[len(steps) // 2]


def _band(axis: _Axis, first: float, last: float) -> tuple[float, float] | None:
    """Left edge and width of an event, at least 2 px wide; None outside the window."""
    if last < axis.start or first > axis.end:
        return None
    left, right = axis.x(max(first, axis.start)), axis.x(min(last, axis.end))
    return left, max(right - left, 2.0)


def _micro(number: int, me: MicroExpression, axis: _Axis, bottom: int, language: Language) -> str:
    when = me.interval
    if when.onset_time is None or when.apex_time is None:
        return ""
    band = _band(axis, when.onset_time, when.offset_time if when.offset_time is not None else when.apex_time)
    if band is None:
        return ""
    left, wide = band
    peak = axis.x(when.apex_time)
    title = (
        f"{page_word('micro', language)} {number}: {when.onset_frame}, {when.apex_frame}, "
        f"{when.offset_frame if when.offset_frame is not None else '-'}"
    )
    middle = min(max(left + wide / 2, _LEFT + 16), axis.width - _RIGHT - 16)
    return (
        f'<g class="me-band"><title>{escape(title)}</title>'
        f'<rect x="{left:.1f}" y="{_TOP - 4}" width="{wide:.1f}" height="{bottom - _TOP + 4}" '
        f'fill="{ME_COLOUR}" fill-opacity=".2"/>'
        f'<path d="M{left:.1f} {_TOP - 4}V{bottom}M{left + wide:.1f} {_TOP - 4}V{bottom}" '
        f'stroke="{ME_COLOUR}" stroke-width="1.2"/>'
        f'<path d="M{peak:.1f} {_TOP - 4}V{bottom}" stroke="currentColor" stroke-width="1.2" '
        'stroke-dasharray="4 2"/>'
        f'<text x="{middle:.1f}" y="{_TOP - 9}" text-anchor="middle" font-weight="700">ME {number}</text></g>'
    )


def _other(event: OtherEvent, axis: _Axis, bottom: int, language: Language, key: str) -> str:
    band = _band(axis, event.onset_time, event.offset_time)
    if band is None:
        return ""
    left, wide = band
    fill, opacity = {
        "blink": ("#888888", ".28"),
        "closure": ("#888888", ".28"),
        "speech": ("#888888", ".08"),
        "macro": (f"url(#{key}-hatch)", "1"),
        "head": ("#888888", ".12"),
    }[event.kind]
    edge = ' stroke="#888888" stroke-dasharray="2 3"' if event.kind == "head" else ""
    name = page_word(event.kind, language)
    text = (
        f'<text x="{left + wide / 2:.1f}" y="{bottom + 36}" text-anchor="middle" opacity=".75" '
        f'font-size="10">{escape(name)}</text>'
    )
    title = f"{name} {event.onset_frame}-{event.offset_frame} {event.note}".strip()
    return (
        f'<g class="other {event.kind}"><title>{escape(title)}</title>'
        f'<rect x="{left:.1f}" y="{_TOP - 4}" width="{wide:.1f}" height="{bottom - _TOP + 4}" fill="{fill}" '
        f'fill-opacity="{opacity}"{edge}/>{text}</g>'
    )


def _ticks(trace: Trace, inside: Sequence[int], axis: _Axis, bottom: int, language: Language) -> str:
    """Seconds below the lanes, the frame shown at that moment below them."""
    usual = _frame_time(trace)
    step = _step((axis.end - axis.start) / 9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    out = [f'<path d="M{_LEFT} {bottom}H{axis.width - _RIGHT}" stroke="currentColor" stroke-opacity=".5"/>']
    time = math.ceil(axis.start / step - 1e-9) * step
    while time <= axis.end + 1e-9:
        x = axis.x(time)
        nearest = bisect.bisect_left(trace.times, time - 0.5 * usual, inside[0], inside[-1])
        frame = trace.frames[nearest]
        out.append(
            f'<path d="M{x:.1f} {bottom}v4" stroke="currentColor" stroke-opacity=".5"/>'
            f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{time:.{digits}f}</text>'
            f'<text x="{x:.1f}" y="{bottom + 25}" text-anchor="middle" opacity=".6" '
            f'font-size="9">{frame}</text>'
        )
        time += step
    out.append(
        f'<text x="{_LEFT - 16}" y="{bottom + 14}" text-anchor="end" opacity=".7">'
        f"{page_word('seconds', language)}</text>"
        f'<text x="{_LEFT - 16}" y="{bottom + 25}" text-anchor="end" opacity=".6" font-size="9">'
        f"{page_word('frame', language)}</text>"
    )
    return "".join(out)


def _step(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten at or above a value: the distance between two ticks."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)
