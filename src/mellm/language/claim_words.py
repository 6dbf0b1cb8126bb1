"""The words of claims about motion, English and Chinese: names of regions, directions, stillness, negation.

Tables and regular expressions only; `claim_check` reads texts with them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mellm.face.region_id import ImageSide, Part, RegionId
from mellm.flow.colour import DIRECTION_COLOURS
from mellm.language.places import FacePart, Place
from mellm.wording.languages import Language
from mellm.wording.names import part_zh, region_name
from mellm.wording.unit_names import AU_NAMES, AU_NAMES_ZH

Regions = tuple[RegionId, ...]
"""The regions that one name stands for on one side."""


def _names() -> dict[str, list[Regions]]:
    """English names -> what they stand for: every region, every part on a side, every part on both sides."""
    names: dict[str, list[Regions]] = {str(region): [(region,)] for region in RegionId}
    for place in map(Place.of, RegionId):
        names[place.name] = [place.regions]
        if place.side:
            both = [Place(place.part, side).regions for side in ImageSide]
            names[place.part] = names[f"{place.part}s"] = both
    brows = {side: [r for r in RegionId if r.part is Part.BROW and r.side is side] for side in ImageSide}
    for side in ImageSide:
        # Both halves, the inner one first.
        names[f"{side} brow"] = [(region,) for region in reversed(brows[side])]
    names["brows"] = [regions for side in ImageSide for regions in names[f"{side} brow"]]
    names["brow"] = names["brows"]
    return _with_other_names(names)


_OTHER_NAMES = {
    "mouth corner": ("lip corner", "corner of the mouth", "corner of the lips", "oral commissure"),
    "upper eyelid": ("upper lid", "top lid", "top eyelid"),
    "lower eyelid": ("lower lid", "bottom lid", "bottom eyelid"),
    "nostril wing": ("nostril", "nose wing", "ala"),
    "inner brow": ("inner eyebrow", "inner corner of the brow", "inner end of the brow"),
    "outer brow": ("outer eyebrow", "outer corner of the brow", "outer end of the brow"),
    "brow": ("eyebrow",),
    "cheek": ("cheekbone",),
}
"""Parts as people also call them."""
_PLURALS = {"ala": "alae", "corner of": "corners of", "end of": "ends of"}


def _with_other_names(names: dict[str, list[Regions]]) -> dict[str, list[Regions]]:
    """Names with those that people use beside the report's own, in the singular and the plural."""
    found = dict(names)
    for name, others in _OTHER_NAMES.items():
        for other in others:
            for side in ImageSide:
                found[f"{side} {other}"] = names[f"{side} {name}"]
            found[other] = found[_plural(other)] = names[f"{name}s"]
            if other.endswith("the brow"):
                found[f"{_plural(other)}s"] = found[f"{other}s"] = names[f"{name}s"]
    lips = [part for lip in ("upper lip", "lower lip") for part in names[lip]]
    return found | {"lips": lips, "jaw": names["chin"]}


def _plural(name: str) -> str:
    for one, several in _PLURALS.items():
        if one in name:
            return name.replace(one, several)
    return f"{name}s"


def _names_zh(english: dict[str, list[Regions]]) -> dict[str, list[Regions]]:
    """Chinese names -> the same, with the spellings people use beside the report's own."""
    names: dict[str, list[Regions]] = {}
    for region in RegionId:
        place = Place.of(region)
        part = part_zh(place.part)
        names[region_name(region, "zh")] = english[region]
        names[_SIDES_ZH[place.side][0] + part] = english[place.name]
        for spelling in _SPELLINGS_ZH.get(place.part, (part,)):
            for both in ("", "两侧", "双侧"):
                names[both + spelling] = english[place.part]
            for prefix in _SIDES_ZH[place.side]:
                names[prefix + spelling] = english[place.name]
    for spelling in ("眉毛", "双眉", "两侧眉毛"):
        names[spelling] = english["brows"]
    for side in ImageSide:
        for prefix in _SIDES_ZH[side]:
            names[f"{prefix}眉毛"] = names[f"{prefix}眉"] = english[f"{side} brow"]
    return names


_SIDES_ZH: dict[ImageSide | None, tuple[str, ...]] = {
    ImageSide.LEFT: ("左侧", "左"),
    ImageSide.RIGHT: ("右侧", "右"),
    None: ("",),
}
_SPELLINGS_ZH = {
    FacePart.INNER_BROW: ("眉头", "内侧眉毛", "内眉", "眉毛内侧"),
    FacePart.OUTER_BROW: ("眉梢", "外侧眉毛", "外眉", "眉毛外侧"),
    FacePart.CHEEK: ("脸颊", "面颊"),
}
_EN = _names()
_ZH = _names_zh(_EN)


def _pattern(names: Sequence[str], bounded: bool) -> str:
    body = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return rf"\b(?:{body})\b" if bounded else f"(?:{body})"


_DIRECTIONS_EN = {
    r"up[- ]?(?:and )?(?:to the )?left(?:ward)?s?|upper[- ]left(?:ward)": "up-left",
    r"up[- ]?(?:and )?(?:to the )?right(?:ward)?s?|upper[- ]right(?:ward)": "up-right",
    r"down[- ]?(?:and )?(?:to the )?left(?:ward)?s?": "down-left",
    r"down[- ]?(?:and )?(?:to the )?right(?:ward)?s?": "down-right",
    r"upwards?|up|ris(?:e|es|ing)|rose|rais(?:e|es|ed|ing)|lift(?:s|ed|ing)?|elevat(?:e|es|ed|ing)"
    r"|hoist(?:s|ed|ing)?|climb(?:s|ed|ing)?|ascend(?:s|ed|ing)?|arch(?:es|ed|ing)?": "up",
    r"downwards?|down|lower(?:s|ed|ing)?|sinks?|sinking|sank|sunk|drop(?:s|ped|ping)?|fall(?:s|ing)?|fell"
    r"|descend(?:s|ed|ing)?|droop(?:s|ed|ing|y)?|sag(?:s|ged|ging)?|dip(?:s|ped|ping)?|depress(?:es|ed|ing)?"
    r"|slump(?:s|ed|ing)?": "down",
    r"leftwards?|to(?:wards?)? (?:the )?(?:(?:image(?:'s)?|picture(?:'s)?)[- ])?left": "left",
    r"rightwards?|to(?:wards?)? (?:the )?(?:(?:image(?:'s)?|picture(?:'s)?)[- ])?right": "right",
    r"outwards?|apart|sideways|spread(?:s|ing)?|widen(?:s|ed|ing)?": "outward",
    r"inwards?|(?:draw(?:s|n|ing)?|mov(?:e|es|ing)|knit(?:ted)?|closer) together|towards? each other"
    r"|converg(?:e|es|ed|ing)|furrow(?:s|ed|ing)?|knit(?:s|ted|ting)?":
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
_SHADES_EN = {
    "yellow": "down", "lime": "down", "purple": "up", "pink": "up-right", "teal": "left", "turquoise": "left",
}  # fmt: skip
"""Colours that nobody taught a model, and the direction of the nearest that is in the map."""
_DIRECTIONS_EN |= {rf"(?<!-){colour}(?!-)": direction for direction, colour in DIRECTION_COLOURS.items()}
_DIRECTIONS_EN |= {rf"(?<!-){shade}(?:ish)?(?!-)": direction for shade, direction in _SHADES_EN.items()}
_DIRECTIONS_ZH |= {"粉红?色": "up-right", "(?<![橙])黄色": "down"}
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
    names: name of a place -> the regions it stands for, a tuple for each side
    directions: pattern -> direction
    negation: no claim if found within `reach` characters before a direction
    joins: what may stand between two names spoken of together; stop: between sentences
    subject: a region named by the subject's side; strip: what makes no claim (unit names, asides on sides)
    """

    token: re.Pattern[str]
    names: dict[str, list[Regions]]
    directions: tuple[tuple[re.Pattern[str], str], ...]
    negation: re.Pattern[str]
    reach: int
    joins: re.Pattern[str]
    stop: re.Pattern[str]
    subject: re.Pattern[str]
    strip: re.Pattern[str]


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _token(names: str, directions: Iterable[str], still: str, side: str, edge: str) -> re.Pattern[str]:
    """One expression for everything a sentence on motion is made of; `edge` bounds words."""
    return _any_case(
        rf"(?P<region>{names})|(?P<still>{edge}(?:{still}){edge})|(?P<side>{side})"
        rf"|(?P<direction>{edge}(?:{'|'.join(directions)}){edge})"
        r"|(?P<px>\d+(?:\.\d+)?)\s*(?:px|pixels?|像素|times the average|倍)"
    )


def _compiled(directions: dict[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_any_case(pattern), name) for pattern, name in directions.items())


_SIDE_EN = r"(?:image|picture)(?:'s)?[- ](?:left|right)|(?:left|right)[- ](?:one|side)"
_SIDE_ZH = r"(?:画面|图像)?[左右](?:侧|边)"
_AU_EN, _AU_ZH = (_pattern(list(names.values()), False) for names in (AU_NAMES, AU_NAMES_ZH))
GRAMMARS: dict[Language, Grammar] = {
    "en": Grammar(
        token=_token(_pattern(list(_EN), True), _DIRECTIONS_EN, _STILL_EN, _SIDE_EN, r"\b"),
        names=_EN,
        directions=_compiled(_DIRECTIONS_EN),
        negation=_any_case(_NOT_EN),
        reach=28,
        joins=_any_case(r"^[\s,]*(?:and|as well as|,|/|&)?\s*(?:the|both)?\s*$"),
        stop=re.compile(r"(?<=[.;!?])\s+|\n"),
        subject=_any_case(
            r"\bsubject'?s (?P<side>left|right) "
            r"(?=(?:inner|outer|upper|lower|mouth|lip|cheek|nostril|eye|brow))"
        ),
        strip=_any_case(rf"\(?\b(?:the )?subject'?s (?:left|right)\)?|\bAU\s?\d+\w?\s*\([^)]*\)|{_AU_EN}"),
    ),
    "zh": Grammar(
        token=_token(_pattern(list(_ZH), False), _DIRECTIONS_ZH, _STILL_ZH, _SIDE_ZH, ""),
        names=_ZH,
        directions=_compiled(_DIRECTIONS_ZH),
        negation=_any_case(_NOT_ZH),
        reach=8,
        joins=_any_case(r"^\s*(?:、|和|与|及|以及|，)?\s*$"),
        stop=re.compile(r"[。！？\n]"),
        subject=_any_case(r"被摄者的?(?P<side>[左右])侧?的?(?=[眉内外上下鼻嘴脸面])"),
        strip=_any_case(
            r"（?被摄者的?[左右][侧边]?）?|AU\s?\d+\w?\s*（[^（）]*(?:（[^（）]*）)?[^（）]*）"
            rf"|AU\s?\d+\w?{_AU_ZH}"
        ),
    ),
}
