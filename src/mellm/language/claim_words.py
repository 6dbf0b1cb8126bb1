"""The words of claims about motion, English and Chinese: names of regions, directions, stillness, negation.

Tables and regular expressions only; `check` reads texts with them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mellm.face.regions import REGION_NAMES
from mellm.flow.colour import DIRECTION_COLOURS
from mellm.wording.names import REGION_NAMES_ZH, Language, part_zh, region_part, region_side
from mellm.wording.unit_names import AU_NAMES, AU_NAMES_ZH

Unit = tuple[str, ...]
"""The regions one name stands for on one side."""


def _units() -> dict[str, list[Unit]]:
    """English names -> units: every region, every part on a side, every part on both sides."""
    units: dict[str, list[Unit]] = {str(name): [(name,)] for name in REGION_NAMES}
    for name in REGION_NAMES:
        part, side = region_part(name), region_side(name)
        key = f"{side} {part}".strip()
        whole = tuple(n for n in REGION_NAMES if region_part(n) == part and region_side(n) == side)
        units[key] = [whole]
        if side:
            sides: list[Unit] = [
                tuple(n for n in REGION_NAMES if region_part(n) == part and region_side(n) == s)
                for s in ("left", "right")
            ]
            units[part] = units[f"{part}s"] = sides
    brows = {s: (f"{s} inner brow", f"{s} outer brow") for s in ("left", "right")}
    units |= {f"{s} brow": [(name,) for name in brows[s]] for s in brows}
    units["brows"] = [(name,) for s in brows for name in brows[s]]
    units["corners of the mouth"] = units["mouth corners"]
    units["eyebrows"], units["lip corners"] = units["brows"], units["mouth corners"]
    units |= {f"{s} lip corner": units[f"{s} mouth corner"] for s in ("left", "right")}
    return units


def _units_zh(english: dict[str, list[Unit]]) -> dict[str, list[Unit]]:
    """Chinese names -> the same units, with the spellings people use beside the report's own."""
    units: dict[str, list[Unit]] = {}
    for name, chinese in REGION_NAMES_ZH.items():
        part, side = region_part(name), region_side(name)
        units[chinese] = english[name]
        units[_SIDES_ZH[side][0] + part_zh(part)] = english[f"{side} {part}".strip()]
        for spelling in _SPELLINGS_ZH.get(part, (part_zh(part),)):
            for both in ("", "两侧", "双侧"):
                units[both + spelling] = english[part]
            for prefix in _SIDES_ZH[side]:
                units[prefix + spelling] = english[f"{side} {part}".strip()]
    for spelling in ("眉毛", "双眉", "两侧眉毛"):
        units[spelling] = english["brows"]
    for side in ("left", "right"):
        for prefix in _SIDES_ZH[side]:
            units[f"{prefix}眉毛"] = units[f"{prefix}眉"] = english[f"{side} brow"]
    return units


_SIDES_ZH = {"left": ("左侧", "左"), "right": ("右侧", "右"), "": ("",)}
_SPELLINGS_ZH = {
    "inner brow": ("眉头", "内侧眉毛", "内眉", "眉毛内侧"),
    "outer brow": ("眉梢", "外侧眉毛", "外眉", "眉毛外侧"),
    "cheek": ("脸颊", "面颊"),
}
_EN = _units()
_ZH = _units_zh(_EN)


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
    r"inwards?|(?:draw(?:s|n|ing)?|mov(?:e|es|ing)|knit(?:ted)?|closer) together|towards? each other":
        "inward",
}  # fmt: skip
_DIRECTIONS_ZH = {
    r"(?:向|朝|往)?左上(?:方|移)?": "up-left", r"(?:向|朝|往)?右上(?:方|移)?": "up-right",
    r"(?:向|朝|往)?左下(?:方|移)?": "down-left", r"(?:向|朝|往)?右下(?:方|移)?": "down-right",
    r"(?:向|朝|往)上方?|上抬|上提|上移|上扬|抬高|抬起|提起|升高": "up",
    r"(?:向|朝|往)下方?|下移|下压|下拉|下沉|降低|下降|下垂": "down",
    r"(?:向|朝|往)左(?:方|侧)?|左移": "left",
    r"(?:向|朝|往)右(?:方|侧)?|右移": "right",
    r"(?:向|朝|往)外侧?|外移": "outward",
    r"(?:向|朝|往)(?:内侧?|中间)|内移|内收|聚拢|靠拢": "inward",
}  # fmt: skip
_COLOURS_ZH = {
    "red": "(?<!品)红", "orange": "橙", "yellow-green": "黄绿", "green": "(?<!黄)绿",
    "cyan": "青", "blue": "蓝", "violet": "(?<!蓝)紫", "magenta": "品红",
}  # fmt: skip
# In an MMC-Map a colour is a direction (2505.07007v1): whoever names the one claims the other.
_DIRECTIONS_EN |= {rf"(?<!-){colour}(?!-)": direction for direction, colour in DIRECTION_COLOURS.items()}
_DIRECTIONS_ZH |= {f"{_COLOURS_ZH[colour]}色": direction for direction, colour in DIRECTION_COLOURS.items()}
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
class Grammar:
    """How claims are read in one language.

    token: one regular expression for names, sides, directions, stillness, sizes
    units: name -> the units it stands for; directions: pattern -> direction
    negation: no claim if found within `reach` characters before a direction
    joins: what may stand between two names spoken of together; stop: between sentences
    subject: a region named by the subject's side; strip: what makes no claim (unit names, asides on sides)
    """

    token: re.Pattern[str]
    units: dict[str, list[Unit]]
    directions: tuple[tuple[re.Pattern[str], str], ...]
    negation: re.Pattern[str]
    reach: int
    joins: re.Pattern[str]
    stop: re.Pattern[str]
    subject: re.Pattern[str]
    strip: re.Pattern[str]


def _grammar(
    units: dict[str, list[Unit]],
    directions: dict[str, str],
    still: str,
    side: str,
    negation: str,
    joins: str,
    stop: str,
    subject: str,
    strip: str,
    bounded: bool,
) -> Grammar:
    edge = r"\b" if bounded else ""
    token = "|".join(
        (
            f"(?P<region>{_pattern(list(units), bounded)})",
            f"(?P<still>{edge}(?:{still}){edge})",
            f"(?P<side>{side})",
            f"(?P<direction>{edge}(?:{'|'.join(directions)}){edge})",
            r"(?P<px>\d+(?:\.\d+)?)\s*(?:px|pixels?|像素|times the average|倍)",
        )
    )
    return Grammar(
        re.compile(token, re.IGNORECASE),
        units,
        tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in directions.items()),
        re.compile(negation, re.IGNORECASE),
        28 if bounded else 8,
        re.compile(joins, re.IGNORECASE),
        re.compile(stop),
        re.compile(subject, re.IGNORECASE),
        re.compile(strip, re.IGNORECASE),
    )


_AU_EN, _AU_ZH = (_pattern(list(names.values()), False) for names in (AU_NAMES, AU_NAMES_ZH))
GRAMMARS: dict[Language, Grammar] = {
    "en": _grammar(
        _EN,
        _DIRECTIONS_EN,
        _STILL_EN,
        r"(?:image|picture)(?:'s)?[- ](?:left|right)|(?:left|right)[- ](?:one|side)",
        _NOT_EN,
        r"^[\s,]*(?:and|as well as|,|/|&)?\s*(?:the|both)?\s*$",
        r"(?<=[.;!?])\s+|\n",
        r"\bsubject'?s (?P<side>left|right) (?=(?:inner|outer|upper|lower|mouth|lip|cheek|nostril|eye|brow))",
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
        r"被摄者的?(?P<side>[左右])侧?的?(?=[眉内外上下鼻嘴脸面])",
        rf"（?被摄者的?[左右][侧边]?）?|AU\s?\d+\w?\s*（[^（）]*(?:（[^（）]*）)?[^（）]*）|AU\s?\d+\w?{_AU_ZH}",
        False,
    ),
}
