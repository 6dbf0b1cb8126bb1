"""Verdicts, warnings and errors of the stages in Chinese, found by the sentence's template.

The stages write plain English sentences; here stands what they mean in Chinese. A sentence nobody has
translated stays as it is. Knows words only, no stage and no report.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from string import Formatter

from mellm.analysis.report_entries import VERDICTS
from mellm.facs import EMOTIONS_ZH
from mellm.spot.reason import REASONS
from mellm.wording.names import Language

SENTENCES: dict[str, str] = {
    # media
    "{} is damaged: parts of the picture may be wrong": "{} 已损坏：部分画面可能有误",
    "the file holds no time stamps: {} frames per second are assumed; give fps if that is wrong": (
        "文件没有时间戳：按每秒 {} 帧计算；如不正确请给出帧率"
    ),
    "some time stamps are missing or out of order: these frames are spaced evenly": (
        "部分时间戳缺失或乱序：这些帧按等间隔处理"
    ),
    "the last part of the file is damaged: {}{} frames could be read": "文件末尾已损坏：只读出 {}{} 帧",
    "parts of the file are damaged: some frames may be missing or show faults": (
        "文件部分损坏：可能缺少某些帧，或画面有误"
    ),
    "the picture size changes within the file: all frames are scaled to the first one's size": (
        "文件中画面尺寸有变化：所有帧已缩放为第一帧的尺寸"
    ),
    "frame {} is left out: {} has another size than the first picture.": (
        "跳过第 {} 帧：{} 的尺寸与第一张图片不同。"
    ),
    "frame {} is left out: {}": "跳过第 {} 帧：{}",
    "{} is left out: it is not a picture, or damaged.": "跳过 {}：不是图片，或已损坏。",
    "the numbers in the file names do not rise: pictures are taken in order of name, evenly.": (
        "文件名中的编号不递增：图片按名称顺序等间隔读取。"
    ),
    "{} numbers are missing between {} and {}: times follow the numbers.": (
        "{1} 与 {2} 之间缺少 {0} 个编号：时间按编号计算。"
    ),
    # flow
    "The head turned by {} degrees between onset and apex; what was not removed may look like expression.": (
        "从起始到顶点头部转动了 {} 度；未去除的部分可能看似表情。"
    ),
    "Landmarks of scheme {} carry no depth; head motion was removed with a generic face's depth.": (
        "{} 方案的特征点没有深度；已按通用人脸的深度去除头部运动。"
    ),
    "No face landmarks ({}) Head motion was removed with a 2D fit.": (
        "没有人脸特征点（{}），已用二维拟合去除头部运动。"
    ),
    "No face found in the onset picture; head motion was removed with a 2D fit.": (
        "起始图片中没有找到人脸；已用二维拟合去除头部运动。"
    ),
    "MEFlowNet needs the 468-point face mesh; this flow is DIS.": (
        "MEFlowNet 需要 468 点人脸网格；此光流由 DIS 计算。"
    ),
    # the moment, the pipeline
    "The head moved far between onset and apex; small expressions may be lost in it.": (
        "从起始到顶点头部移动较大；细小的表情可能被掩盖。"
    ),
    "The language model gave no reading: {}": "语言模型没有给出解读：{}",
    "Person {}'s face could not be found in frame {}; this moment was not read.": (
        "在第 {1} 帧中找不到人物 {0} 的脸；此时刻未解读。"
    ),
    # spotting
    "the mouth alone: speech, chewing or an expression": "仅嘴部运动：说话、咀嚼或表情",
    "the eyes stay shut or low for {} s": "眼睛闭合或下垂持续 {} 秒",
    # what makes an upload unusable
    "{} is not a picture or video that can be read, or it is damaged: "
    "try to play it, and convert it to MP4 if it plays.": (
        "{} 不是可读取的图片或视频，或已损坏：请先试着播放，若能播放请转换为 MP4。"
    ),
    "No frame of {} can be decoded: the file is damaged; copy it again.": (
        "{} 中没有可解码的帧：文件已损坏，请重新复制。"
    ),
    "{} cannot be decoded: the picture is damaged; copy or save it again.": (
        "{} 无法解码：图片已损坏，请重新复制或保存。"
    ),
    "{} is cut short or damaged, part of the picture is missing: copy or save it again.": (
        "{} 不完整或已损坏，缺少部分画面：请重新复制或保存。"
    ),
    "{} holds no video, only sound or data: give a video or pictures.": (
        "{} 中没有画面，只有声音或数据：请提供视频或图片。"
    ),
    "{} is {}x{} pixels, more than the limit of {} million pixels and {} a side: scale it down first.": (
        "{} 为 {}x{} 像素，超过上限（{} 百万像素、边长 {}）：请先缩小。"
    ),
    "{} is a folder of pictures, which has no frame rate of its own: "
    "give it (fps, for instance 200).": "{} 是图片文件夹，本身没有帧率：请给出帧率（fps，例如 200）。",
    "{} is one picture and shows no motion: send an onset and an apex.": (
        "{} 是单张图片，没有运动：请提供起始与顶点两张图片。"
    ),
    "The onset picture is {} and the apex picture {}; both must be frames of one recording, of one size.": (
        "起始图片为 {}，顶点图片为 {}；两者必须是同一录像中同样尺寸的帧。"
    ),
    "The clip needs more memory than this server allows: cut it shorter or scale it down.": (
        "该视频所需内存超过服务器上限：请剪短或缩小。"
    ),
    "The analysis took longer than {} s: cut the clip shorter.": "分析超过 {} 秒：请剪短视频。",
    # what a person changed
    "Micro-expression {} ({}) was rejected by {}{}.": "微表情 {}（{}）被否定：{}{}。",
    "This micro-expression was added by {}{}.": "此微表情由人添加：{}{}。",
    "The interval was set by {}: {} (program: {}).": "区间由{}设定：{}（程序：{}）。",
    "The emotion was set by {}: {} (program: {}).": "情绪由{}设定：{}（程序：{}）。",
    "The reading was rewritten by {}; the program's text is in `raw`.": (
        "解读由{}改写；程序原文保存在 `raw` 中。"
    ),
    "AU {} was rejected by {}{}.": "AU {} 被否定：{}{}。",
    "AU {} was added by {}{}.": "AU {} 由人添加：{}{}。",
    "AU {} was changed to {} by {}{}.": "AU {} 改为 {}：{}{}。",
    "Note by {}: {}": "{}的备注：{}",
    "No micro-expression left after the corrections of {}.": "经{}修改后没有剩下微表情。",
    "{} micro-expression{} after review by {} ({}).": "经{2}审阅后有 {0} 个微表情（{3}）。",
}
"""English template -> Chinese template. `{}` stands for what differs; `{1}` for the second one."""

_INSIDE: dict[str, str] = {
    "a person": "使用者",
    "a person: {}": "使用者：{}",
    "none": "无",
    "no emotion": "无情绪",
    "frames {}": "第 {} 帧",
    "{} of {}": "{}/{}",
    "{}; {}": "{}；{}",
    **EMOTIONS_ZH,
}
"""Pieces that stand inside sentences; whole sentences are never taken for one of them."""

_PEOPLE = {" ".join(["Person {}: {}"] * count): " ".join(["人物 {}：{}"] * count) for count in (4, 3, 2)}
"""Why nothing was found in each of several people."""


def in_language(sentence: str, language: Language) -> str:
    """Return a stage's English sentence in a language; as it is where nobody has translated it.

    >>> in_language("The head turned by 7 degrees between onset and apex; "
    ...     "what was not removed may look like expression.", "zh")
    '从起始到顶点头部转动了 7 度；未去除的部分可能看似表情。'
    """
    return _chinese(sentence, inside=False) if language == "zh" else sentence


def _chinese(text: str, *, inside: bool) -> str:
    for pattern, fields, target in _patterns(inside):
        found = pattern.fullmatch(text)
        if found:
            values = dict(zip(fields, found.groups(), strict=True))
            return _fill(target, {key: _chinese(value, inside=True) for key, value in values.items()})
    return text


def _fill(template: str, values: Mapping[str, str]) -> str:
    parts = []
    for literal, field in _fields(template):
        parts += [literal, "" if field is None else values[field]]
    return "".join(parts)


def _fields(template: str) -> Iterator[tuple[str, str | None]]:
    """Literal text and the field after it; fields without a name are numbered."""
    number = 0
    for literal, field, _, _ in Formatter().parse(template):
        if field == "":
            field, number = str(number), number + 1
        yield literal, field


@cache
def _patterns(inside: bool) -> list[tuple[re.Pattern[str], list[str], str]]:
    """How English sentences look, the longest literal text first, their fields, and the Chinese template."""
    pairs = [*_PEOPLE.items(), *SENTENCES.items(), *VERDICTS.values(), *REASONS.values()]
    found = []
    for english, chinese in [*pairs, *(_INSIDE.items() if inside else ())]:
        parts = list(_fields(english))
        look = "".join(re.escape(text) + ("" if field is None else "(.*?)") for text, field in parts)
        fields = [field for _, field in parts if field is not None]
        found.append((sum(len(text) for text, _ in parts), re.compile(look, re.DOTALL), fields, chinese))
    return [(look, fields, target) for _, look, fields, target in sorted(found, key=lambda one: -one[0])]
