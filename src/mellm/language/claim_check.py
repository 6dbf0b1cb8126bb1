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
from itertools import groupby
from typing import Literal

from mellm.face.region_id import ImageSide, RegionId
from mellm.facs.codes import subject_side
from mellm.flow.region_motion import RegionMotion
from mellm.language.claim_words import GRAMMARS, Grammar, Regions
from mellm.language.places import Place
from mellm.wording.languages import Language

_SIMPLE, _DIAGONAL = 67.5, 45.5
_R = math.sqrt(0.5)
_AHEAD = re.compile(
    r"\s+(?:[a-z]+\s+){0,2}?(?:motion|movement|displacement|pull|shift|flow|arrow|vector|patch|patche|area|spot"
    r"|blob|band|colou?r|tint|hue|glow)s?\s+(?:[a-z]+\s+){0,2}?(?:of|in|at|on|over|around|along|across|near|above"
    r"|beneath|below|under|covers?|covering)\b",
    re.IGNORECASE,
)
"""`upward motion in the left cheek`, `a green patch over the chin`: said of what is named next."""
_VECTORS = {
    "right": (1.0, 0.0), "up-right": (_R, -_R), "up": (0.0, -1.0), "up-left": (-_R, -_R),
    "left": (-1.0, 0.0), "down-left": (-_R, _R), "down": (0.0, 1.0), "down-right": (_R, _R),
}  # fmt: skip

Kind = Literal["direction", "still", "px"]
Measured = dict[RegionId, RegionMotion]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a text says of the motion.

    sentence: as it is written; number: of the sentence in the text, from 0; kind: what is claimed
    said: the direction (`up`, `up-left`, `outward`), the words for stillness, or the size in px
    places: what it is said of, the regions of each side together
    """

    sentence: str
    number: int
    kind: Kind
    said: str
    places: tuple[Regions, ...]

    def holds(self, measured: Measured) -> bool:
        """Return whether the measured regions bear the claim out."""
        if self.kind == "still":
            return all(_mean(regions, measured) is None for regions in self.places)
        if self.kind == "px":
            return any(_has_size(regions, float(self.said), measured) for regions in self.places)
        return all(_moves(regions, self.said, measured) for regions in self.places)

    def __str__(self) -> str:
        """Return what is claimed: `up: left cheek`."""
        said = f"{self.said} px" if self.kind == "px" else self.said
        return f"{said}: {', '.join(region for regions in self.places for region in regions)}"


def _mean(regions: Regions, measured: Measured) -> tuple[float, float] | None:
    moving = [measured[name] for name in regions if name in measured and measured[name].moving]
    if not moving:
        return None
    return sum(m.u for m in moving) / len(moving), sum(m.v for m in moving) / len(moving)


def _moves(regions: Regions, direction: str, measured: Measured) -> bool:
    vector = _mean(regions, measured)
    if vector is None:
        return False
    if direction in ("outward", "inward"):
        side = _side(regions)
        if side is None:
            return True
        direction = side if direction == "outward" else side.other
    x, y = _VECTORS[direction]
    norm = math.hypot(*vector)
    limit = _DIAGONAL if "-" in direction else _SIMPLE
    return norm > 0 and (vector[0] * x + vector[1] * y) / norm >= math.cos(math.radians(limit))


def _has_size(regions: Regions, size: float, measured: Measured) -> bool:
    moving = [measured[name] for name in regions if name in measured and measured[name].moving]
    sizes = [s for m in moving for s in (m.mean, m.max)]
    if moving:
        sizes.append(sum(m.mean for m in moving) / len(moving))
    return any(abs(size - s) <= max(0.06, 0.1 * s) for s in sizes)


def _side(regions: Regions) -> ImageSide | None:
    return Place.of(regions[0]).side


def on_side(places: Sequence[Regions], side: ImageSide | None) -> list[Regions]:
    """Return the places on one image side, and those on the midline; all of them without a side."""
    return [regions for regions in places if side is None or _side(regions) in (None, side)]


@dataclass
class _State:
    """What is being spoken of: the places named last, one side of them; claims still without a subject."""

    places: list[Regions] = field(default_factory=list)
    focus: ImageSide | None = None
    claimed: bool = True
    waiting: list[tuple[Kind, str]] = field(default_factory=list)


def _claims(sentence: str, grammar: Grammar) -> Iterator[tuple[Kind, str, list[Regions]]]:
    """Yield what is claimed in one sentence: its kind, what is said, and of which places."""
    state, last_end = _State(), 0
    for token in grammar.token.finditer(sentence):
        name, said = token.lastgroup, token.group()
        between, before, rest = sentence[last_end : token.start()], sentence[: token.start()], token.end()
        last_end = token.end()
        if name == "region":
            named = grammar.names[said.lower()]
            joined = not state.claimed and state.places and grammar.joins.match(between)
            side = state.focus if re.fullmatch(r"[\s,，的]*(?:the )?", between) else None
            named = on_side(named, side or _trailing_side(sentence[rest:], named))
            state.places = [*state.places, *named] if joined else named
            state.focus, state.claimed = None, False
            for waiting in state.waiting:
                yield (*waiting, state.places)
            state.waiting = []
            continue
        if name == "side":
            left = re.search("left|左", said, re.IGNORECASE)
            state.focus = ImageSide.LEFT if left else ImageSide.RIGHT
            continue
        kind: Kind = "still" if name == "still" else "px" if name == "px" else "direction"
        if kind == "direction":
            if grammar.negation.search(before[-grammar.reach :]):
                continue
            said = next(name for pattern, name in grammar.directions if pattern.fullmatch(said))
            if _AHEAD.match(sentence, rest):
                state.waiting.append((kind, said))
                continue
        elif kind == "px":
            said = token.group("px")
        places = on_side(state.places, _trailing_side(sentence[rest:], state.places) or state.focus)
        state.claimed = True
        if places:
            yield kind, said, places
        elif not state.places and kind == "still":
            state.waiting.append((kind, said))


def _picture_side(found: re.Match[str], mirrored: bool) -> str:
    """`subject's left ` -> `right `: from here on sides are the picture's."""
    other = subject_side("left" if found["side"].lower() in ("left", "左") else "right", mirrored)
    return f"{other} " if found["side"].isascii() else {"left": "左侧", "right": "右侧"}[other]


def _trailing_side(rest: str, named: Sequence[Regions]) -> ImageSide | None:
    """`the mouth corner at image left`: the side said right after a paired name."""
    if len({_side(regions) for regions in named}) < 2:
        return None
    found = re.match(
        r"\s*(?:at|on|in) (?:the )?(?:image(?:'s)?|picture(?:'s)?)[- ](left|right)", rest, re.IGNORECASE
    )
    return ImageSide(found.group(1).lower()) if found else None


def claims_in(text: str, language: Language, *, mirrored: bool = False) -> Iterator[Claim]:
    """Yield every claim about motion that a text makes, borne out or not.

    `mirrored` says that the picture is, so that the subject's left is the picture's left.
    """
    grammar = GRAMMARS[language]
    for number, sentence in enumerate(grammar.stop.split(text)):
        plain = grammar.strip.sub(" ", grammar.subject.sub(lambda m: _picture_side(m, mirrored), sentence))
        for kind, said, places in _claims(plain, grammar):
            yield Claim(sentence.strip(), number, kind, said, tuple(places))


def false_claims(
    text: str, motion: Sequence[RegionMotion], language: Language, *, mirrored: bool = False
) -> list[Claim]:
    """Return the claims of a text that the measured regions do not bear out."""
    measured = {region.name: region for region in motion}
    return [claim for claim in claims_in(text, language, mirrored=mirrored) if not claim.holds(measured)]


def unsupported_claims(
    text: str, motion: Sequence[RegionMotion], language: Language, *, mirrored: bool = False
) -> list[str]:
    """Return the sentences of a text with a claim that is not borne out, as reports list them.

    Each entry is `sentence -> what is not measured`; an empty list means every claim found is supported.
    """
    claims = false_claims(text, motion, language, mirrored=mirrored)
    by_sentence = groupby(claims, key=lambda claim: (claim.number, claim.sentence))
    return [f"{sentence} -> {'; '.join(map(str, found))}" for (_, sentence), found in by_sentence]
