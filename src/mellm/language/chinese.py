"""Evidence in Chinese sentences. Knows nothing about where the evidence comes from.

Sides: 画面左侧 is the picture's left; the subject's side (被摄者) is always said beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mellm.facs.types import AUEvidence
from mellm.language.evidence import AreaFinding, Evidence, Finding, PartMotion, Weighing
from mellm.language.names import AREA_NAMES_ZH, INTENSITY_ZH, OCTANTS_ZH, part_zh, patch_zh, region_patch
from mellm.language.voice import Voice

_SIDE = {"left": "左侧", "right": "右侧"}
_JOINT = {
    "up": ("{both}同时上抬", "{both}均向上移动", "{both}一起上提"),
    "down": ("{both}同时下移", "{both}均向下移动"),
    "outward": ("{both}同时向外移动", "{both}向外侧分开"),
    "inward": ("{both}同时向内收拢", "{both}向中间靠拢"),
    "up-outward": ("{both}上提并向外移动", "{both}同时向上、向外移动"),
    "up-inward": ("{both}上提并向内收拢", "{both}同时向上、向内移动"),
    "down-outward": ("{both}下移并向外移动", "{both}同时向下、向外移动"),
    "down-inward": ("{both}下移并向内收拢", "{both}同时向下、向内移动"),
}


def _spaced(text: str) -> str:
    """A thin gap between Chinese and a code, as Chinese typesetting has it."""
    return re.sub(r"(?<=[一-鿿])(?=AU\d)", " ", text)


def _strength(relative: float) -> str:
    for limit, word in ((0.004, "幅度极微弱"), (0.008, "幅度微弱"), (0.02, "幅度较明显")):
        if relative < limit:
            return word
    return "幅度明显"


def _patches(moved: PartMotion) -> str:
    if len(moved.regions) == moved.patches:
        return ""
    return "、".join(patch_zh(region_patch(name)) for name in moved.regions)


@dataclass(slots=True)
class Chinese:
    """Writes one reading; `names` are AU names, `subject` maps an image side to the subject's."""

    voice: Voice
    names: dict[int, str]
    emotions: dict[str, str]
    codes: dict[int, str]
    subject: dict[str, str]
    taxonomy: str

    def size(self, moved: PartMotion) -> str:
        """How far a part moved; other writers may say it in another unit."""
        return f"{moved.mean:.2f} px"

    def strength(self, moved: PartMotion) -> str:
        """How strongly a part moved, in words."""
        return _strength(moved.relative)

    def _part(self, moved: PartMotion) -> str:
        patches = _patches(moved)
        if not moved.side:
            return part_zh(moved.part) + (f"（{patches}）" if patches else "")
        return self._side(moved).replace("（", f"的{part_zh(moved.part)}（", 1)

    def _side(self, moved: PartMotion) -> str:
        note = "，".join(filter(None, (f"被摄者{_SIDE[self.subject[moved.side]]}", _patches(moved))))
        return f"画面{_SIDE[moved.side]}（{note}）"

    def _go(self, moved: PartMotion) -> str:
        if moved.octant is None:
            return "有变化，但没有统一的方向"
        return self.voice.pick("move", ("{}移动", "{}偏移")).format(OCTANTS_ZH[moved.octant])

    def finding(self, found: Finding) -> str:
        """One sentence on how one part moved."""
        first = found.motions[0]
        both = f"两侧{part_zh(found.part)}"
        if found.joint and found.joint != "shift":
            opening = self.voice.pick(found.joint, _JOINT[found.joint]).format(both=both)
            sizes = "；".join(
                f"{self._side(m)}{OCTANTS_ZH[m.octant or 'up']} {self.size(m)}" for m in found.motions
            )
            return f"{opening}：{sizes}。"
        if found.joint == "shift" and first.octant:
            sizes = "，".join(f"画面{_SIDE[m.side]} {self.size(m)}" for m in found.motions)
            return f"{both}一同{OCTANTS_ZH[first.octant]}平移（{sizes}），更像头部或整片皮肤的移动。"
        if len(found.motions) == 2:
            left, right = found.motions
            opening = self.voice.pick(
                "apart", ("两边的{}并不一致", "左右两边的{}走向不同", "两边的{}各不相同")
            ).format(part_zh(found.part))
            return (
                f"{opening}：{self._part(left)}{self._go(left)}（{self.size(left)}），"
                f"而{self._part(right)}{self._go(right)}（{self.size(right)}）。"
            )
        sentence = f"{self._part(first)}{self._go(first)}，{self.strength(first)}（{self.size(first)}）"
        if first.side:
            other = "right" if first.side == "left" else "left"
            still = self.voice.pick("still", ("；画面{}的{}没有超过噪声水平的运动", "；画面{}的{}保持不动"))
            sentence += still.format(_SIDE[other], part_zh(found.part))
        return sentence + "。"

    def unit(self, au: AUEvidence) -> str:
        """`AU12（嘴角上扬），双侧，概率 0.94，强度 B（轻微）`."""
        side = {
            "both": "",
            "left": "，被摄者左侧",
            "right": "，被摄者右侧",
            "top": "，上唇",
            "bottom": "，下唇",
        }.get(au.side, "，单侧")
        if au.side == "both" and sum(name.startswith(("left ", "right ")) for name in au.evidence) > 1:
            side = "，双侧"
        grade = f"，强度 {au.intensity}（{INTENSITY_ZH[au.intensity]}）" if au.intensity else ""
        return f"AU{au.au}（{self.names[au.au]}）{side}，概率 {au.probability:.2f}{grade}"

    def area(self, area: AreaFinding) -> str:
        """All sentences on one area."""
        sentences = [self.finding(found) for found in area.findings]
        if area.aus:
            lead = self.voice.pick("au", ("这提示{}。", "与之相符的是{}。", "这种运动符合{}。"))
            sentences.append(lead.format("；以及 ".join(self.unit(au) for au in area.aus)))
        elif area.shared:
            sentences.append(f"这与{self._aus(area.shared)}一致（见相应区域）。")
        elif area.findings:
            sentences.append(self.voice.pick("none", ("仅凭此不足以判定动作单元。", "此处不记动作单元。")))
        return f"{AREA_NAMES_ZH[area.area]}：" + "".join(sentences)

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved and which units that is."""
        moving = [area for area in evidence.areas if area.findings]
        if not moving:
            return "从起始帧到顶点帧，29 个区域的运动都没有超过噪声水平。"
        frame = "画面为镜像，画面左侧即被摄者左侧" if mirrored else "画面左侧即被摄者右侧"
        lines = [f"方位说明：{frame}。以下为起始帧到顶点帧的运动，已去除头部运动。"]
        lines += [self.area(area) for area in moving]
        homeless = [au for au in evidence.present if not au.evidence]
        if homeless:
            lines.append(f"从整体运动模式看：{'；以及 '.join(self.unit(au) for au in homeless)}。")
        if evidence.still:
            lines.append(
                f"{'、'.join(AREA_NAMES_ZH[name] for name in evidence.still)}没有超过噪声水平的运动。"
            )
        if evidence.eye_closure:
            lines.append("眼睑的变化像是眨眼；单纯的闭眼不作为表情证据。")
        if evidence.possible:
            weak = "、".join(
                f"AU{au.au}（{self.names[au.au]}，{au.probability:.2f}）" for au in evidence.possible
            )
            lines.append(f"证据不足、未计入的动作单元：{weak}。")
        return _spaced("\n".join(lines))

    def _aus(self, aus: Sequence[AUEvidence]) -> str:
        return "、".join(f"AU{au.au}（{self.names[au.au]}）" for au in aus)

    def _against(self, weighing: Weighing, evidence: Evidence) -> list[str]:
        label = self.emotions[weighing.label]
        against: list[str] = []
        if weighing.other_aus:
            against.append(f"{self._aus(weighing.other_aus)}并不属于{label}的常见组合")
        for group in weighing.missing:
            names = "或".join(f"AU{au}（{self.names[au]}）" for au in group)
            against.append(f"通常应出现的{names}未被观察到")
        if weighing.one_sided and weighing.label != "contempt":
            against.append(f"{self._aus(weighing.one_sided)}只出现在一侧，这也常被描述为轻蔑的特征")
        if weighing.faint:
            against.append("运动十分微弱，接近方法的分辨极限")
        if evidence.eye_closure:
            against.append("同时伴有眨眼，眼部信息参考价值有限")
        return against

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing = evidence.weighing
        if weighing is None:
            if not evidence.present:
                moved = any(area.findings for area in evidence.areas)
                why = (
                    "虽有区域发生运动，但没有动作单元达到判定标准" if moved else "没有运动，也就没有动作单元"
                )
                return f"{why}，因此无从推断表情。"
            if not {au.au for au in evidence.present} - {43, 45, 46}:
                return "唯一观察到的动作是闭眼，它本身不能说明任何情绪。"
            return "观察到了动作单元，但没有据此计算情绪。"
        label = self.emotions[weighing.label]
        out: list[str] = []
        if weighing.for_aus:
            aus = self._aus(weighing.for_aus)
            out.append(
                self.voice.pick(
                    "for",
                    (
                        f"{aus}是{label}的常见动作单元。",
                        f"支持{label}的证据是{aus}。",
                        f"{aus}通常与{label}相关。",
                    ),
                )
            )
            if len(evidence.present) == 1:
                out.append("这是唯一观察到的动作单元，推断的依据有限。")
        else:
            out.append(f"这些动作单元都不是{label}的典型标志；该结果来自模型所学数据中此类组合的标注情况。")
        against = self._against(weighing, evidence)
        if against:
            out.append(self.voice.pick("but", ("与此不符的是：", "另一方面：", "需要注意的反面证据：")))
            out[-1] += "；".join(against) + "。"
        if weighing.rivals:
            rivals = "、".join(f"{self.emotions[name]}（{p:.2f}）" for name, p in weighing.rivals)
            out.append(self.voice.pick("rival", (f"也不能排除{rivals}。", f"仍有可能的还有{rivals}。")))
        if not against and not weighing.rivals:
            out.append("测量结果中没有直接的反面证据，但如此微小的运动本身不足以下定论。")
        return _spaced("".join(out))

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes, one emotion, probability."""
        weighing = evidence.weighing
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if weighing is None:
            return (f"AU {codes}。" if codes else "") + "没有发现微表情的证据。"
        classes = f"{self.taxonomy} 类情绪中" if self.taxonomy.isdigit() else ""
        label, probability = self.emotions[weighing.label], f"概率 {weighing.probability:.2f}"
        if weighing.probability < 0.4:
            return f"AU {codes}。{classes}略微倾向于{label}（{probability}），没有哪一类明显占优。"
        return f"AU {codes}。{classes}提示{label}（{probability}）。"
