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

from mellm.face.regions import REGION_NAMES
from mellm.facs.names import AU_NAMES, AU_NAMES_ZH
from mellm.flow.motion import RegionMotion
from mellm.language.names import REGION_NAMES_ZH, Language, part_zh, region_part, region_side

Unit = tuple[str, ...]
"""The regions one name stands for on one side."""

_SIMPLE, _DIAGONAL = 67.5, 45.5
_R = math.sqrt(0.5)
_VECTORS = {
    "right": (1.0, 0.0), "up-right": (_R, -_R), "up": (0.0, -1.0), "up-left": (-_R, -_R),
    "left": (-1.0, 0.0), "down-left": (-_R, _R), "down": (0.0, 1.0), "down-right": (_R, _R),
}  # fmt: skip


def _units() -> dict[str, list[Unit]]:
    """English names -> units: every region, every part on a side, every part on both sides."""
    units: dict[str, list[Unit]] = {name: [(name,)] for name in REGION_NAMES}
    for name in REGION_NAMES:
        part, side = region_part(name), region_side(name)
        key = f"{side} {part}".strip()
        whole = tuple(n for n in REGION_NAMES if region_part(n) == part and region_side(n) == side)
        units[key] = [whole]
        if side:
            sides = [
                tuple(n for n in REGION_NAMES if region_part(n) == part and region_side(n) == s)
                for s in ("left", "right")
            ]
            units[part] = units[f"{part}s"] = sides
    brows = {s: (f"{s} inner brow", f"{s} outer brow") for s in ("left", "right")}
    units |= {f"{s} brow": [(name,) for name in brows[s]] for s in brows}
    units["brows"] = [(name,) for s in brows for name in brows[s]]
    units["eyebrows"], units["lip corners"] = units["brows"], units["mouth corners"]
    units |= {f"{s} lip corner": units[f"{s} mouth corner"] for s in ("left", "right")}
    return units


_EN = _units()
_ZH: dict[str, list[Unit]] = {}
for _name, _chinese in REGION_NAMES_ZH.items():
    _ZH[_chinese] = [(_name,)]
    _part, _side = region_part(_name), region_side(_name)
    _sided = {"left": "左侧", "right": "右侧", "": ""}[_side] + part_zh(_part)
    _ZH[_sided] = _EN[f"{_side} {_part}".strip()]
    for _key in (part_zh(_part), f"两侧{part_zh(_part)}", f"双侧{part_zh(_part)}"):
        _ZH[_key] = _EN[_part]
_ZH |= {"眉毛": _EN["brows"], "左侧眉毛": _EN["left brow"], "右侧眉毛": _EN["right brow"]}
_ZH |= {"两侧眉毛": _EN["brows"], "左眉": _EN["left brow"], "右眉": _EN["right brow"]}
for _part_en, _short in (
    ("mouth corner", "嘴角"),
    ("cheek", "脸颊"),
    ("cheek", "面颊"),
    ("nostril wing", "鼻翼"),
):
    _ZH |= {"左" + _short: _EN[f"left {_part_en}"], "右" + _short: _EN[f"right {_part_en}"]}
    _ZH.setdefault(_short, _EN[_part_en])
for _end, _spellings in (
    ("inner", ("内侧眉毛", "内眉", "眉毛内侧")),
    ("outer", ("外侧眉毛", "外眉", "眉毛外侧")),
):
    for _key in _spellings:
        _ZH[_key] = _EN[f"{_end} brow"]
        for _side, _prefixes in (("left", ("左", "左侧")), ("right", ("右", "右侧"))):
            _ZH |= {prefix + _key: _EN[f"{_side} {_end} brow"] for prefix in _prefixes}
for _side, _chinese in (("left", "左"), ("right", "右")):
    _ZH |= {f"{_chinese}眉头": _EN[f"{_side} inner brow"], f"{_chinese}眉梢": _EN[f"{_side} outer brow"]}


def _pattern(names: Sequence[str], bounded: bool) -> str:
    body = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return rf"\b(?:{body})\b" if bounded else f"(?:{body})"


_DIRECTIONS_EN = {
    r"up[- ]?(?:and )?(?:to the )?left(?:ward)?s?|upper[- ]left(?:ward)": "up-left",
    r"up[- ]?(?:and )?(?:to the )?right(?:ward)?s?|upper[- ]right(?:ward)": "up-right",
    r"down[- ]?(?:and )?(?:to the )?left(?:ward)?s?": "down-left",
    r"down[- ]?(?:and )?(?:to the )?right(?:ward)?s?": "down-right",
    r"upwards?|up|ris(?:e|es|ing)|rose|rais(?:e|es|ed|ing)|lift(?:s|ed|ing)?|elevat(?:e|es|ed|ing)": "up",
    r"downwards?|down|lower(?:s|ed|ing)?|sink(?:s|ing)?|drop(?:s|ped|ping)?|fall(?:s|ing)?|descend(?:s|ing)?":
        "down",
    r"leftwards?|to(?:wards?)? (?:the )?(?:(?:image(?:'s)?|picture(?:'s)?)[- ])?left": "left",
    r"rightwards?|to(?:wards?)? (?:the )?(?:(?:image(?:'s)?|picture(?:'s)?)[- ])?right": "right",
    r"outwards?|apart|sideways": "outward",
    r"inwards?|(?:draw(?:s|n|ing)?|mov(?:e|es|ing)|closer) together|towards? each other": "inward",
}  # fmt: skip
_DIRECTIONS_ZH = {
    r"(?:向|朝|往)?左上(?:方|移)?": "up-left", r"(?:向|朝|往)?右上(?:方|移)?": "up-right",
    r"(?:向|朝|往)?左下(?:方|移)?": "down-left", r"(?:向|朝|往)?右下(?:方|移)?": "down-right",
    r"(?:向|朝|往)上方?|上抬|上提|上移|上扬|抬高|抬起|提起|升高": "up",
    r"(?:向|朝|往)下方?|下移|下压|下拉|下沉|降低|下降": "down",
    r"(?:向|朝|往)左(?:方|侧)?|左移": "left",
    r"(?:向|朝|往)右(?:方|侧)?|右移": "right",
    r"(?:向|朝|往)外侧?|外移": "outward",
    r"(?:向|朝|往)(?:内侧?|中间)|内移|内收|聚拢|靠拢": "inward",
}  # fmt: skip
_STILL_EN = (
    r"(?:does|do|did) not move|no (?:measurable |visible )?motion|(?:stays?|remains?|keeps?) still|unmoved"
    r"|motionless|not moving|nothing above the noise floor"
)
_STILL_ZH = (
    r"(?:没有|未)(?:见|出现|检测到)?(?:明显|超过噪声水平的?)?(?:的)?(?:运动|移动|变化)|保持不动|静止|不动"
)
_NOT_EN = (
    r"\b(?:no|not|never|without|neither|nor|would|could|should|might|if"
    r"|typically|usually|often|expected|expect)\b"
)
_NOT_ZH = r"没有|并未|未|不|若|如果|通常|往往|应当|应该|可能会|无"


@dataclass(frozen=True)
class _Grammar:
    token: re.Pattern[str]
    units: dict[str, list[Unit]]
    directions: tuple[tuple[re.Pattern[str], str], ...]
    negation: re.Pattern[str]
    reach: int
    joins: re.Pattern[str]
    stop: re.Pattern[str]
    strip: re.Pattern[str]


def _grammar(
    units: dict[str, list[Unit]],
    directions: dict[str, str],
    still: str,
    side: str,
    negation: str,
    joins: str,
    stop: str,
    strip: str,
    bounded: bool,
) -> _Grammar:
    edge = r"\b" if bounded else ""
    token = "|".join(
        (
            f"(?P<region>{_pattern(list(units), bounded)})",
            f"(?P<still>{edge}(?:{still}){edge})",
            f"(?P<side>{side})",
            f"(?P<direction>{edge}(?:{'|'.join(directions)}){edge})",
            r"(?P<px>\d+(?:\.\d+)?)\s*(?:px|pixels?|像素)",
        )
    )
    return _Grammar(
        re.compile(token, re.IGNORECASE),
        units,
        tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in directions.items()),
        re.compile(negation, re.IGNORECASE),
        28 if bounded else 8,
        re.compile(joins, re.IGNORECASE),
        re.compile(stop),
        re.compile(strip, re.IGNORECASE),
    )


_AU_EN, _AU_ZH = (_pattern(list(names.values()), False) for names in (AU_NAMES, AU_NAMES_ZH))
_GRAMMARS: dict[Language, _Grammar] = {
    "en": _grammar(
        _EN,
        _DIRECTIONS_EN,
        _STILL_EN,
        r"(?:image|picture)(?:'s)?[- ](?:left|right)|(?:left|right)[- ](?:one|side)",
        _NOT_EN,
        r"^[\s,]*(?:and|as well as|,|/|&)?\s*(?:the|both)?\s*$",
        r"(?<=[.;!?])\s+|\n",
        rf"\(?\b(?:the )?subject'?s (?:left|right)\)?|\bAU\s?\d+\w?\s*\([^)]*\)|{_AU_EN}",
        True,
    ),
    "zh": _grammar(
        _ZH,
        _DIRECTIONS_ZH,
        _STILL_ZH,
        r"(?:画面|图像)?[左右](?:侧|边)",
        _NOT_ZH,
        r"^\s*(?:、|和|与|及|以及|，)?\s*$",
        r"[。！？\n]",
        rf"（?被摄者的?[左右][侧边]?）?|AU\s?\d+\w?\s*（[^（）]*(?:（[^（）]*）)?[^（）]*）|AU\s?\d+\w?{_AU_ZH}",
        False,
    ),
}


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


def _claims(sentence: str, grammar: _Grammar) -> Iterator[tuple[str, str, list[Unit]]]:
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
            elif kind == "px":
                value = token.group("px")
            side = _trailing_side(sentence[token.end() :], state.units) or state.focus
            units = [u for u in state.units if not side or region_side(u[0]) in ("", side)]
            state.claimed = True
            if units:
                yield kind, value, units
            elif not state.units and kind == "still":
                state.waiting.append((kind, value))


def _trailing_side(rest: str, named: Sequence[Unit]) -> str:
    """`the mouth corner at image left`: the side said right after a paired name."""
    if len({region_side(u[0]) for u in named}) < 2:
        return ""
    found = re.match(
        r"\s*(?:at|on|in) (?:the )?(?:image(?:'s)?|picture(?:'s)?)[- ](left|right)", rest, re.IGNORECASE
    )
    return found.group(1).lower() if found else ""


def unsupported_claims(text: str, motion: Sequence[RegionMotion], language: Language) -> list[str]:
    """Return the sentences of `text` with a claim that the measured regions do not bear out.

    Each entry is `sentence -> what is not measured`; an empty list means every claim found is supported.
    """
    measured = {region.name: region for region in motion}
    grammar = _GRAMMARS[language]
    found: list[str] = []
    for sentence in grammar.stop.split(text):
        plain = grammar.strip.sub(" ", sentence)
        failed = [
            f"{value if kind != 'px' else value + ' px'}: {', '.join(n for u in units for n in u)}"
            for kind, value, units in _claims(plain, grammar)
            if not _holds(kind, value, units, measured)
        ]
        if failed:
            found.append(f"{sentence.strip()} -> {'; '.join(failed)}")
    return found
