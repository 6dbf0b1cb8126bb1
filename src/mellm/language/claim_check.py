"""Claims about motion in a text, held against the measured regions.

Reads a text (English or Chinese) from left to right: a region name sets what is being spoken of; each
direction, stillness or size in px that follows is a claim about it. A claim is supported when

- direction: the region moves, and its mean vector lies within 67.5 degrees of a simple direction (up,
  left, outward ...) or 45 degrees of a diagonal one (up-left);
- stillness: the region is below the noise floor;
- size: it equals the mean or maximum magnitude to 0.06 px or 10%.

A name of several patches (upper lip, left upper eyelid) stands for its moving patches' mean; a name of
two sides (both mouth corners, the brows) must hold on each side. Names of action units (lip corner
puller, 嘴角上扬), negated, hypothetical and expected motion make no claim. Knows nothing about emotions.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mellm.facs.codes import subject_side
from mellm.flow.region_motion import RegionMotion
from mellm.language.claim_words import GRAMMARS, Grammar, Unit
from mellm.wording.names import Language, region_side

_SIMPLE, _DIAGONAL = 67.5, 45.5
_R = math.sqrt(0.5)
_AHEAD = re.compile(r"\s+(?:motion|movement|displacement|pull) (?:of|in|at|on)\b", re.IGNORECASE)
"""`upward motion in the left cheek`: the direction is said of what is named next."""
_VECTORS = {
    "right": (1.0, 0.0), "up-right": (_R, -_R), "up": (0.0, -1.0), "up-left": (-_R, -_R),
    "left": (-1.0, 0.0), "down-left": (-_R, _R), "down": (0.0, 1.0), "down-right": (_R, _R),
}  # fmt: skip


@dataclass
class _State:
    """What is being spoken of: the units named last, narrowed to one side; claims still without a subject."""

    units: list[Unit] = field(default_factory=list)
    focus: str = ""
    claimed: bool = True
    waiting: list[tuple[str, str]] = field(default_factory=list)


def _mean(unit: Unit, motion: dict[str, RegionMotion]) -> tuple[float, float] | None:
    moving = [motion[name] for name in unit if name in motion and motion[name].moving]
    if not moving:
        return None
    return sum(m.u for m in moving) / len(moving), sum(m.v for m in moving) / len(moving)


def _moves(unit: Unit, direction: str, motion: dict[str, RegionMotion]) -> bool:
    vector = _mean(unit, motion)
    if vector is None:
        return False
    if direction in ("outward", "inward"):
        side = region_side(unit[0])
        if not side:
            return True
        direction = "left" if (direction == "outward") == (side == "left") else "right"
    x, y = _VECTORS[direction]
    norm = math.hypot(*vector)
    limit = _DIAGONAL if "-" in direction else _SIMPLE
    return norm > 0 and (vector[0] * x + vector[1] * y) / norm >= math.cos(math.radians(limit))


def _sized(units: Sequence[Unit], size: float, motion: dict[str, RegionMotion]) -> bool:
    for unit in units:
        moving = [motion[name] for name in unit if name in motion and motion[name].moving]
        sizes = [s for m in moving for s in (m.mean, m.max)]
        if moving:
            sizes.append(sum(m.mean for m in moving) / len(moving))
        if any(abs(size - s) <= max(0.06, 0.1 * s) for s in sizes):
            return True
    return False


def _holds(kind: str, value: str, units: Sequence[Unit], motion: dict[str, RegionMotion]) -> bool:
    if kind == "still":
        return all(_mean(unit, motion) is None for unit in units)
    if kind == "px":
        return _sized(units, float(value), motion)
    return all(_moves(unit, value, motion) for unit in units)


def _claims(sentence: str, grammar: Grammar) -> Iterator[tuple[str, str, list[Unit]]]:
    """Yield (kind, value, units) for each claim of one sentence."""
    state, last_end = _State(), 0
    for token in grammar.token.finditer(sentence):
        kind, value = token.lastgroup or "", token.group()
        between, before = sentence[last_end : token.start()], sentence[: token.start()]
        last_end = token.end()
        if kind == "region":
            named = grammar.units[value.lower()]
            joined = not state.claimed and state.units and grammar.joins.match(between)
            side = state.focus if state.focus and re.fullmatch(r"[\s,，的]*(?:the )?", between) else ""
            side = side or _trailing_side(sentence[token.end() :], named)
            named = [u for u in named if not side or region_side(u[0]) in ("", side)]
            state.units = [*state.units, *named] if joined else list(named)
            state.focus, state.claimed = "", False
            for waiting in state.waiting:
                yield (*waiting, state.units)
            state.waiting = []
        elif kind == "side":
            state.focus = "left" if re.search("left|左", value, re.IGNORECASE) else "right"
        else:
            if kind == "direction":
                if grammar.negation.search(before[-grammar.reach :]):
                    continue
                value = next(name for pattern, name in grammar.directions if pattern.fullmatch(value))
                if _AHEAD.match(sentence, token.end()):
                    state.waiting.append((kind, value))
                    continue
            elif kind == "px":
                value = token.group("px")
            side = _trailing_side(sentence[token.end() :], state.units) or state.focus
            units = [u for u in state.units if not side or region_side(u[0]) in ("", side)]
            state.claimed = True
            if units:
                yield kind, value, units
            elif not state.units and kind == "still":
                state.waiting.append((kind, value))


def _picture_side(found: re.Match[str], mirrored: bool) -> str:
    """`subject's left ` -> `right `: from here on sides are the picture's."""
    other = subject_side("left" if found["side"].lower() in ("left", "左") else "right", mirrored)
    return f"{other} " if found["side"].isascii() else {"left": "左侧", "right": "右侧"}[other]


def _trailing_side(rest: str, named: Sequence[Unit]) -> str:
    """`the mouth corner at image left`: the side said right after a paired name."""
    if len({region_side(u[0]) for u in named}) < 2:
        return ""
    found = re.match(
        r"\s*(?:at|on|in) (?:the )?(?:image(?:'s)?|picture(?:'s)?)[- ](left|right)", rest, re.IGNORECASE
    )
    return found.group(1).lower() if found else ""


def unsupported_claims(
    text: str, motion: Sequence[RegionMotion], language: Language, *, mirrored: bool = False
) -> list[str]:
    """Return the sentences of `text` with a claim that the measured regions do not bear out.

    Each entry is `sentence -> what is not measured`; an empty list means every claim found is supported.
    `mirrored` says that the picture is, so that the subject's left is the picture's left.
    """
    measured: dict[str, RegionMotion] = {region.name: region for region in motion}
    grammar = GRAMMARS[language]
    found: list[str] = []
    for sentence in grammar.stop.split(text):
        plain = grammar.strip.sub(" ", grammar.subject.sub(lambda m: _picture_side(m, mirrored), sentence))
        failed = [
            f"{value if kind != 'px' else value + ' px'}: {', '.join(n for u in units for n in u)}"
            for kind, value, units in _claims(plain, grammar)
            if not _holds(kind, value, units, measured)
        ]
        if failed:
            found.append(f"{sentence.strip()} -> {'; '.join(failed)}")
    return found


def claim_count(text: str, language: Language) -> int:
    """Return how many claims about motion a text makes, borne out or not."""
    grammar = GRAMMARS[language]
    return sum(
        1 for sentence in grammar.stop.split(text) for _ in _claims(grammar.strip.sub(" ", sentence), grammar)
    )
