"""Truthful answers in Chinese: the grammar of readings, with labels in place of probabilities.

Says which regions bear a labelled unit out, and admits where none does. Knows nothing of prompts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mellm.data.instruct.wording import Ink, Place, RichVoice, colour_of, one_image_side, strongest_area
from mellm.facs.support import knows_motion
from mellm.facs.types import AUEvidence
from mellm.language.chinese import Chinese
from mellm.language.evidence import Evidence, PartMotion
from mellm.language.names import AREA_NAMES_ZH, part_zh

NO_EVIDENCE = "没有发现微表情的证据。"

_SIDE = {"left": "左侧", "right": "右侧"}
_COLOURS = {
    "red": "红色", "orange": "橙色", "yellow-green": "黄绿色", "green": "绿色", "cyan": "青色",
    "blue": "蓝色", "violet": "紫色", "magenta": "品红色",
}  # fmt: skip

MORE: dict[str, Sequence[object]] = {
    "up": ("{both}双双上移", "{both}同步上抬"),
    "down": ("{both}双双下移", "{both}同步下沉"),
    "outward": ("{both}各自向外侧移动",),
    "inward": ("{both}各自向内侧移动",),
    "up-outward": ("{both}一同上移并向外侧移动",),
    "up-inward": ("{both}一同上移并向内侧移动",),
    "down-outward": ("{both}一同下移并向外侧移动",),
    "down-inward": ("{both}一同下移并向内侧移动",),
    "move": ("{}位移", "{}滑动", "{}挪动"),
    "still": ("；画面{}的{}静止", "；画面{}的{}没有明显的运动"),
    "apart": ("左右{}的运动并不相同", "两边的{}方向各异"),
    "au": ("可以解读为{}。", "对应的编码是{}。", "由此看到的是{}。", "该运动属于{}。"),
    "none": ("这一运动没有对应的编码，只作记录。", "已编码的动作单元都不能解释它，故不记动作单元。",
             "虽有运动，但不构成任何已编码动作单元的证据。"),
}  # fmt: skip

_SIDES = (
    "方位说明：画面左侧即被摄者右侧。以下为起始帧到顶点帧的运动，已去除头部运动。",
    "画面左侧即被摄者右侧；以下运动从起始帧算到顶点帧，不含头部运动。",
    "从起始帧到顶点帧、去除头部运动之后（画面左侧即被摄者右侧）：",
    "起始帧到顶点帧，头部运动已去除；注意画面左侧即被摄者右侧。",
    "去除头部自身的运动后，从起始帧到顶点帧的变化如下（画面左侧即被摄者右侧）。",
    "画面左侧即被摄者右侧。以下不包括头部自身的运动。",
)
_SUPPORT = ("由{}支持", "依据是{}", "见于{}", "体现在{}", "可见于{}")
_HIDDEN = (
    "测量结果无法证实{unit}：没有区域按它的方式运动。",
    "29 个区域都没有支持{unit}，它的依据不足。",
    "光流没有显示出{unit}；若存在，也低于测量所及。",
    "编码中有{unit}，但光流没有显示出来。",
)
_OUTSIDE = (
    "{unit}不在 29 个区域所能显示的范围内，无法由此运动判断。",
    "这些区域无法显示{unit}，只能照录，没有自身的证据。",
)
_STILL = (
    "{}没有超过噪声水平的运动。",
    "{}没有明显的运动。",
    "{}静止。",
)
_QUIET = (
    "从起始帧到顶点帧，29 个区域的运动都没有超过噪声水平。",
    "起始帧到顶点帧之间，所有区域都在噪声水平之内。",
    "29 个区域全部处于噪声水平以下。",
)
_BLINK = (
    "眼睑的变化像是眨眼；单纯的闭眼不作为表情证据。",
    "眼睑的运动是眨眼的样子，不算作情绪的标志。",
    "这是眨眼时眼睑的闭合，本身不是表情的证据。",
)
_STRONGEST = ("运动最强的是{}。", "就整张脸而言，运动最强的是{}。", "全脸之中，运动最强的是{}。")
_FOR = (
    "{aus}通常与{label}相关。",
    "支持{label}的有：{aus}。",
    "{aus}是判断{label}时首先要找的迹象。",
    "{aus}常见于{label}。",
    "推断为{label}的依据是{aus}。",
)
_ALONE = (
    "这是唯一观察到的动作单元，推断的依据有限。",
    "只有一个动作单元，推断较为单薄。",
    "仅凭一个单元，仍有不少余地。",
)
_BLIND = (
    "测量到的运动没有支持任何已编码的动作单元。{label}来自编码本身，不是由运动推断的。",
    "没有测量结果指向{label}：该标签仅依据编码。",
)
_UNTYPICAL = (
    "这些动作单元都不是{label}的典型标志；推断依据的是此类组合通常的标注，分量较轻。",
    "其中没有{label}的典型单元，只能从组合来推断，把握不大。",
    "{label}另有典型的单元，这里是因为此类组合常被如此标注。",
)
_BUT = (
    "与此不符的是：{}。",
    "另一方面：{}。",
    "需要注意的反面证据：{}。",
    "保留意见有：{}。",
    "与之相抵的是：{}。",
)
_RIVAL = ("也不能排除{rival}。", "单看这些单元，{rival}同样说得通。", "仍有可能的还有{rival}。")
_CLEAR = (
    "测量结果中没有直接的反面证据，但如此微小的运动本身不足以下定论。",
    "没有与之矛盾的迹象；不过这样小的运动并不能说明一切。",
    "没有直接的反证，但这并不等于证明。",
)
_BALANCE = (
    "权衡之下，{label}最为合适。",
    "综合来看，更倾向于{label}。",
    "总体而言，这一模式指向{label}。",
    "正反两面相权，{label}仍是最佳解读。",
)
_NOTHING = (
    "没有运动就没有动作单元，因此无从推断表情。",
    "没有观察到动作单元，也就无法推断表情。",
    "没有可供推断表情的迹象。",
)
_UNCODED = (
    "有些区域在动，但不是动作单元的运动方式，因此无从推断。",
    "这些运动构不成任何动作单元，由此得不出表情。",
    "该运动不属于任何 FACS 单元，不能说明表情。",
)
_EYES = (
    "唯一的动作单元是闭眼，它本身不能说明情绪。",
    "只有闭眼这一发现，单独来看不是情绪的标志。",
)
_VERDICT = (
    "AU {codes}。提示{label}。",
    "AU {codes}。这一组合提示{label}。",
    "AU {codes}，综合起来提示{label}。",
    "AU {codes}。最合适的类别：{label}。",
    "AU {codes}。面部运动提示{label}。",
)
_ONE_VERDICT = "AU {codes}，仅此一项，提示{label}。"
PHRASES = {"negative": "消极情绪", "positive": "积极情绪"}


@dataclass(slots=True)
class TrueChinese(Chinese):
    """Writes one answer.

    `emotions` holds phrases for sentences, `label` the label itself for the conclusion; `rival` is the
    phrase of the label that the prototypes would rather give, empty if they agree.
    """

    voice: RichVoice
    ink: Ink = field(default_factory=lambda: Ink("px", 1.0))
    label: str = ""
    rival: str = ""

    def size(self, moved: PartMotion) -> str:
        """Say how far: in px, in multiples of the average, or as the map's colour."""
        if self.ink.unit == "px":
            return f"{moved.mean:.2f} px"
        if self.ink.unit == "relative":
            return f"平均幅度的 {moved.mean:.2f} 倍"
        colour = colour_of(moved)
        return f"呈{self._brightness(moved)}{_COLOURS[colour]}" if colour else "颜色混杂"

    def strength(self, moved: PartMotion) -> str:
        """Say how strongly; against the map's full brightness where there is no length scale."""
        if self.ink.unit == "px":
            return Chinese.strength(self, moved)
        share = self.ink.share(moved)
        return "幅度明显" if share >= 0.6 else "幅度较明显" if share >= 0.25 else "幅度微弱"

    def _brightness(self, moved: PartMotion) -> str:
        share = self.ink.share(moved)
        return "明亮的" if share >= 0.6 else "中等亮度的" if share >= 0.25 else "暗淡的"

    def _places(self, names: Sequence[str]) -> str:
        return "、".join(
            f"两侧{part_zh(p.part)}"
            if p.side == "both"
            else (f"画面{_SIDE[p.side]}的" if p.side else "") + part_zh(p.part)
            for p in Place.group(names)
        )

    def _plain(self, au: AUEvidence) -> str:
        side = {"left": "被摄者左侧", "right": "被摄者右侧", "top": "上唇", "bottom": "下唇"}.get(au.side, "")
        return (f"{side}的" if side else "") + f"AU{au.au}（{self.names[au.au]}）"

    def unit(self, au: AUEvidence) -> str:
        """`AU12（嘴角上扬），由两侧嘴角支持`."""
        text = self._plain(au)
        support = self.voice.pick("support", _SUPPORT).format(self._places(au.evidence))
        only = one_image_side(au.evidence) if au.side == "both" else ""
        doubt = f"，不过只有画面{_SIDE[only]}能看到" if only else ""
        return f"{text}，{support}{doubt}"

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved, and which units that bears out."""
        areas = [area for area in evidence.areas if area.findings]
        lines: list[str] = []
        if areas:
            lines.append(self.voice.pick("sides", _SIDES))
            if self.voice.chance(0.4):
                areas.sort(key=lambda a: -max(m.mean for f in a.findings for m in f.motions))
            lines += [self.area(area) for area in areas]
        else:
            lines.append(self.voice.pick("quiet", _QUIET))
        lines += [self._hidden(au) for au in evidence.present if not au.evidence]
        if areas and evidence.still:
            where = "、".join(AREA_NAMES_ZH[name] for name in evidence.still)
            lines.append(self.voice.pick("rest", _STILL).format(where))
        if evidence.eye_closure and areas:
            lines.append(self.voice.pick("blink", _BLINK))
        if areas and self.voice.chance(0.5):
            lines.append(
                self.voice.pick("strongest", _STRONGEST).format(AREA_NAMES_ZH[strongest_area(evidence)])
            )
        return _spaced(self.voice.pick("layout", ("\n", "\n", "\n\n", "")).join(lines))

    def _hidden(self, au: AUEvidence) -> str:
        slot, variants = ("hidden", _HIDDEN) if knows_motion(au.au) else ("outside", _OUTSIDE)
        return self.voice.pick(slot, variants).format(unit=self._plain(au))

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing = evidence.weighing
        if weighing is None:
            return self._no_reasoning(evidence)
        label = self.emotions[weighing.label]
        if not any(au.evidence for au in evidence.present):
            return self.voice.pick("blind", _BLIND).format(label=label)
        out: list[str] = []
        if weighing.for_aus:
            out.append(self.voice.pick("for", _FOR).format(aus=self._aus(weighing.for_aus), label=label))
            if len(evidence.present) == 1:
                out.append(self.voice.pick("alone", _ALONE))
        else:
            out.append(self.voice.pick("untypical", _UNTYPICAL).format(label=label))
        against = self._against(weighing, evidence)
        hidden = [au for au in evidence.present if not au.evidence]
        if hidden:
            against.append(f"{self._aus(hidden)}在运动中没有看到")
        if against:
            out.append(self.voice.pick("but", _BUT).format("；".join(against)))
        if self.rival:
            out.append(self.voice.pick("rival", _RIVAL).format(rival=self.rival))
        if not against and not self.rival:
            out.append(self.voice.pick("clear", _CLEAR))
        if self.voice.chance(0.6):
            out.append(self.voice.pick("balance", _BALANCE).format(label=label))
        return _spaced("".join(out))

    def _no_reasoning(self, evidence: Evidence) -> str:
        if evidence.present:
            return self.voice.pick("eyes", _EYES)
        moved = any(area.findings for area in evidence.areas)
        return self.voice.pick("nothing", _UNCODED if moved else _NOTHING)

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes and one label."""
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if evidence.weighing is None:
            return f"AU {codes}。{NO_EVIDENCE}" if codes else NO_EVIDENCE
        variants = (*_VERDICT[:2], *_VERDICT[3:], _ONE_VERDICT) if len(evidence.present) == 1 else _VERDICT
        return self.voice.pick("verdict", variants).format(codes=codes, label=self.label)


def _spaced(text: str) -> str:
    """A thin gap between Chinese and a code, as Chinese typesetting has it."""
    return re.sub(r"(?<=[一-鿿])(?=AU\d)", " ", text)
