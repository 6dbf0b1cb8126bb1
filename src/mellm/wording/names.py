"""Names for people, by the package's own names: emotions, regions, areas, directions, grades of intensity.

Region names are image sides. Action units are in `unit_names`.
"""

from mellm.wording.languages import Language, text_of

EMOTIONS_ZH: dict[str, str] = {
    "negative": "消极", "positive": "积极", "surprise": "惊讶", "happiness": "高兴", "sadness": "悲伤",
    "fear": "恐惧", "disgust": "厌恶", "anger": "愤怒", "contempt": "轻蔑", "repression": "压抑",
    "others": "其他",
}  # fmt: skip
"""Emotion label -> Chinese."""

_PART_ZH = {
    "upper eyelid": "上眼睑",
    "lower eyelid": "下眼睑",
    "outer brow": "眉梢",
    "inner brow": "眉头",
    "nostril wing": "鼻翼",
    "mouth corner": "嘴角",
    "upper lip": "上唇",
    "lower lip": "下唇",
    "cheek": "脸颊",
    "chin": "下巴",
}
_PATCH_ZH = {"outer": "外段", "centre": "中段", "inner": "内段", "left": "左段", "right": "右段"}
_SIDE_ZH = {"left": "左侧", "right": "右侧"}


def part_zh(part: str) -> str:
    """Return the Chinese name of a part such as `mouth corner`."""
    return _PART_ZH[part]


def patch_zh(patch: str) -> str:
    """Return the Chinese name of a patch such as `outer`."""
    return _PATCH_ZH[patch]


_PAIRED_ZH = {
    "upper eyelid outer": "上眼睑外段", "upper eyelid centre": "上眼睑中段",
    "upper eyelid inner": "上眼睑内段", "lower eyelid outer": "下眼睑外段",
    "lower eyelid centre": "下眼睑中段", "lower eyelid inner": "下眼睑内段",
    "outer brow": "眉梢", "inner brow": "眉头", "nostril wing": "鼻翼",
    "mouth corner": "嘴角", "cheek": "脸颊",
}  # fmt: skip
REGION_NAMES_ZH: dict[str, str] = {
    **{f"{side} {name}": there + zh for side, there in _SIDE_ZH.items() for name, zh in _PAIRED_ZH.items()},
    "upper lip left": "上唇左段", "upper lip centre": "上唇中段", "upper lip right": "上唇右段",
    "lower lip left": "下唇左段", "lower lip centre": "下唇中段", "lower lip right": "下唇右段",
    "chin": "下巴",
}  # fmt: skip
"""Region name -> Chinese, image sides."""

AREA_NAMES_EN = {
    "brows": "brows",
    "eyes": "eyelids",
    "nose": "nose",
    "cheeks": "cheeks",
    "mouth": "mouth",
    "chin": "chin",
}

AREA_NAMES_ZH = {
    "brows": "眉部",
    "eyes": "眼部",
    "nose": "鼻部",
    "cheeks": "脸颊",
    "mouth": "嘴部",
    "chin": "下巴",
}
"""Areas as readings name them, at the start of the paragraph about each."""


OCTANTS_ZH = {
    "right": "向右",
    "up-right": "向右上",
    "up": "向上",
    "up-left": "向左上",
    "left": "向左",
    "down-left": "向左下",
    "down": "向下",
    "down-right": "向右下",
}
"""Directions in the picture."""

INTENSITY_EN = {"A": "trace", "B": "slight", "C": "marked", "D": "severe", "E": "maximum"}
INTENSITY_ZH = {"A": "微量", "B": "轻微", "C": "明显", "D": "强烈", "E": "最大"}


def emotion_word(label: str, language: Language) -> str:
    """Return a label of the package (`none`: that there is none) in the reader's language."""
    if language == "zh":
        return "无" if label == "none" else EMOTIONS_ZH.get(label, label)
    return text_of(language, "emotions", label) or label


def region_name(name: str, language: Language) -> str:
    """Return a region's name in the reader's language, image sides."""
    if language == "zh":
        return REGION_NAMES_ZH.get(name, name)
    return text_of(language, "regions", name) or name


def area_name(area: str, language: Language) -> str:
    """Return the name of an area of the face, as paragraphs of readings begin with it, in lower case."""
    if language == "zh":
        return AREA_NAMES_ZH[area]
    return text_of(language, "areas", area) or AREA_NAMES_EN[area]


def grade_name(letter: str, language: Language) -> str:
    """Return what a letter of intensity means."""
    if language == "zh":
        return INTENSITY_ZH[letter]
    return text_of(language, "grades", letter) or INTENSITY_EN[letter]


def octant_name(octant: str | None, language: Language) -> str:
    """Return a direction in the picture, or `no clear direction`."""
    if language == "zh":
        return "无明确方向" if octant is None else OCTANTS_ZH[octant]
    return text_of(language, "octants", octant or "none") or octant or "no clear direction"
