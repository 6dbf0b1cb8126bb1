"""Reliability diagrams as one SVG picture: what was said against what came true, before and after a fit."""

from collections.abc import Sequence
from html import escape

from mellm.evaluate.calibration import Reliability

_SIDE, _GAP, _TOP, _LEFT = 150, 34, 34, 30
_BEFORE, _AFTER = "#0072B2", "#D55E00"

Diagram = tuple[str, str, Reliability, Reliability | None]
"""Title, a second line below it, before, and after a fit."""


def reliability_svg(diagrams: Sequence[Diagram], columns: int = 4) -> str:
    """Return small diagrams in rows: circles before a fit, diamonds after it, large where the bin is full."""
    rows = -(-len(diagrams) // columns)
    width, height = _LEFT + columns * (_SIDE + _GAP), rows * (_SIDE + _TOP + _GAP) + 20
    parts = [
        _diagram(one, _LEFT + (k % columns) * (_SIDE + _GAP), (k // columns) * (_SIDE + _TOP + _GAP) + _TOP)
        for k, one in enumerate(diagrams)
    ]
    note = (
        "Across: what was said; up: how often it came true. Circles: as said; diamonds: after a fit on the "
        "origins trained on. ECE: before, after."
    )
    paper = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Reliability of {len(diagrams)} sources" '
        'xmlns="http://www.w3.org/2000/svg" font-family="system-ui,sans-serif" font-size="11" '
        f'color="#1b2230" fill="currentColor">{paper}{"".join(parts)}'
        f'<text x="4" y="{height - 6}" opacity=".75">{escape(note)}</text></svg>\n'
    )


def _diagram(one: Diagram, x: float, y: float) -> str:
    title, below, before, after = one
    bottom = y + _SIDE
    ece = f"ECE {before.ece:.3f}" + (f", {after.ece:.3f}" if after else "")
    out = [
        f'<text x="{x}" y="{y - 18}" font-weight="600">{escape(title)}</text>',
        f'<text x="{x}" y="{y - 5}" opacity=".75">{escape(f"{below}: {ece}")}</text>',
        f'<path d="M{x} {y}V{bottom}H{x + _SIDE}" fill="none" stroke="currentColor" stroke-opacity=".5"/>',
        f'<path d="M{x} {bottom}L{x + _SIDE} {y}" stroke="currentColor" stroke-opacity=".25"/>',
    ]
    for share in (0, 50, 100):
        at = x + _SIDE * share / 100
        out.append(f'<text x="{at}" y="{bottom + 13}" text-anchor="middle" font-size="9">{share}%</text>')
    out += [_points(before, x, bottom, _BEFORE, False)]
    if after:
        out.append(_points(after, x, bottom, _AFTER, True))
    return "".join(out)


def _points(found: Reliability, x: float, bottom: float, colour: str, diamond: bool) -> str:
    marks = []
    for one in found.bins:
        size = 2.0 + 5.0 * (one.count / found.count) ** 0.5
        at, up = x + _SIDE * one.said, bottom - _SIDE * one.true
        place = f'transform="translate({at:.1f} {up:.1f})"'
        if diamond:
            shape = f"M0 {-size:.1f}L{size:.1f} 0L0 {size:.1f}L{-size:.1f} 0Z"
            marks.append(f'<path d="{shape}" {place} fill="none" stroke="{colour}" stroke-width="1.5"/>')
        else:
            marks.append(f'<circle r="{size:.1f}" {place} fill="{colour}" fill-opacity=".75"/>')
    return "".join(marks)
