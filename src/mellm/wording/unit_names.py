"""What action units are called: FACS names (English), Chinese names, and other spellings.

Numbers and names after the FACS manual (Ekman, Friesen & Hager 2002); the other spellings are met in
annotation and question files.
"""

from mellm.wording.languages import text_of

_NAMES: dict[int, tuple[str, str, tuple[str, ...]]] = {
    1: ("inner brow raiser", "内眉上扬", ()),
    2: ("outer brow raiser", "外眉上扬", ()),
    4: ("brow lowerer", "降眉", ("皱眉", "皱眉（眉毛下压）")),
    5: ("upper lid raiser", "上眼睑提升", ("上眼睑上扬",)),
    6: ("cheek raiser", "脸颊上提", ("cheek raiser and lid compressor",)),
    7: ("lid tightener", "眼睑收紧", ()),
    8: ("lips toward each other", "嘴唇相互靠近", ()),
    9: ("nose wrinkler", "皱鼻", ()),
    10: ("upper lip raiser", "上唇上提", ()),
    11: ("nasolabial deepener", "鼻唇沟加深", ("nasolabial furrow deepener",)),
    12: ("lip corner puller", "嘴角上扬", ("lip corners puller",)),
    13: ("sharp lip puller", "嘴角急剧上扬", ("cheek puffer",)),
    14: ("dimpler", "嘴角收紧", ("嘴角收紧（酒窝）",)),
    15: ("lip corner depressor", "嘴角下拉", ("嘴角下压",)),
    16: ("lower lip depressor", "下唇下压", ()),
    17: ("chin raiser", "下巴上提", ()),
    18: ("lip pucker", "撅嘴", ("lip puckerer", "嘴唇撅起")),
    19: ("tongue show", "伸舌", ()),
    20: ("lip stretcher", "嘴角横向拉伸", ()),
    21: ("neck tightener", "颈部收紧", ()),
    22: ("lip funneler", "嘴唇呈漏斗状", ("嘴唇外翻呈漏斗状",)),
    23: ("lip tightener", "嘴唇收紧", ()),
    24: ("lip pressor", "双唇紧压", ("lip presser", "嘴唇紧压")),
    25: ("lips part", "双唇分开", ()),
    26: ("jaw drop", "下颌下垂", ("下颌下落",)),
    27: ("mouth stretch", "嘴巴张大", ()),
    28: ("lip suck", "吸唇", ("抿唇内吸",)),
    29: ("jaw thrust", "下颌前伸", ()),
    30: ("jaw sideways", "下颌侧移", ()),
    31: ("jaw clencher", "咬紧下颌", ()),
    32: ("lip bite", "咬唇", ()),
    33: ("cheek blow", "鼓腮吹气", ()),
    34: ("cheek puff", "鼓腮", ()),
    35: ("cheek suck", "吸腮", ()),
    36: ("tongue bulge", "舌顶腮", ()),
    37: ("lip wipe", "舔唇", ()),
    38: ("nostril dilator", "鼻孔扩张", ("nostril dilater", "nostril dilate")),
    39: ("nostril compressor", "鼻孔收缩", ("nostril compress",)),
    41: ("lid droop", "眼睑下垂", ()),
    42: ("slit", "眯眼成缝", ()),
    43: ("eye closure", "闭眼", ("eyes closed",)),
    44: ("squint", "斜眯眼", ()),
    45: ("blink", "眨眼", ()),
    46: ("wink", "单眼眨", ()),
    51: ("head turn left", "头左转", ("turn left",)),
    52: ("head turn right", "头右转", ("turn right",)),
    53: ("head up", "抬头", ()),
    54: ("head down", "低头", ()),
    55: ("head tilt left", "头左倾", ("tilt left",)),
    56: ("head tilt right", "头右倾", ("tilt right",)),
    57: ("head forward", "头前伸", ()),
    58: ("head back", "头后仰", ()),
    61: ("eyes turn left", "眼睛左转", ("eyes left",)),
    62: ("eyes turn right", "眼睛右转", ("eyes right",)),
    63: ("eyes up", "眼睛上看", ()),
    64: ("eyes down", "眼睛下看", ()),
    65: ("walleye", "外斜视", ()),
    66: ("crosseye", "内斜视", ("cross-eye",)),
}

AU_NAMES: dict[int, str] = {au: english for au, (english, _, _) in _NAMES.items()}
"""AU number -> FACS name, lower case."""

AU_NAMES_ZH: dict[int, str] = {au: chinese for au, (_, chinese, _) in _NAMES.items()}
"""AU number -> Chinese name."""

AU_SPELLINGS: dict[int, tuple[str, ...]] = {au: (en, zh, *more) for au, (en, zh, more) in _NAMES.items()}
"""AU number -> every name it is known by."""

_SIDE_WORDS = {
    "en": {"both": "", "left": "left ", "right": "right ", "top": "upper ", "bottom": "lower ",
           "unilateral": "one-sided "},
    "zh": {"both": "", "left": "左侧", "right": "右侧", "top": "上部", "bottom": "下部",
           "unilateral": "单侧"},
}  # fmt: skip


def au_name(au: int, language: str = "en", side: str = "both") -> str:
    """Return the FACS name of a unit, with the subject's side before it: `left lip corner puller`.

    A number FACS does not define is called `action unit N`.
    """
    if language == "zh":
        return _SIDE_WORDS["zh"].get(side, "") + AU_NAMES_ZH.get(au, f"动作单元 {au}")
    if name := text_of(language, "units", au if au in AU_NAMES else 0):
        framed = text_of(language, "unit_sides", side) if side != "both" else None
        return (framed or "{}").format(name.format(au))
    return _SIDE_WORDS["en"].get(side, "") + AU_NAMES.get(au, f"action unit {au}")
