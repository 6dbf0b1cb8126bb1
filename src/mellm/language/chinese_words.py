"""Evidence in Chinese sentences. Knows nothing about where the evidence comes from.

Sides: 画面左侧 is the picture's left; the subject's side (被摄者) is always said beside it.
"""

import re

from mellm.language.reading_evidence import Finding, PartMotion
from mellm.language.reading_writer import Words, Writer
from mellm.wording.names import AREA_NAMES_ZH, INTENSITY_ZH, OCTANTS_ZH, part_zh, patch_zh, region_patch

SIDE = {"left": "左侧", "right": "右侧"}
"""Sides, of picture and subject."""
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


WORDS = Words(
    gap="",
    names=("、", "、"),
    alternatives=("或", "或"),
    areas=("、", "、"),
    units=("；以及 ", "；以及 "),
    notes=("；", "；"),
    area_names=AREA_NAMES_ZH,
    heading="{}：",
    strengths=((0.004, "幅度极微弱"), (0.008, "幅度微弱"), (0.02, "幅度较明显")),
    strongest="幅度明显",
    unit="AU{au}（{name}）{side}，概率 {p:.2f}{grade}",
    grade="，强度 {}（{}）",
    grades=INTENSITY_ZH,
    sides={
        "both": "",
        "pair": "，双侧",
        "left": "，被摄者左侧",
        "right": "，被摄者右侧",
        "top": "，上唇",
        "bottom": "，下唇",
        "one": "，单侧",
    },
    named_unit="AU{au}（{name}）",
    weak_unit="AU{au}（{name}，{p:.2f}）",
    lead=("这提示{}。", "与之相符的是{}。", "这种运动符合{}。"),
    shared="这与{}一致（见相应区域）。",
    none=("仅凭此不足以判定动作单元。", "此处不记动作单元。"),
    quiet="从起始帧到顶点帧，29 个区域的运动都没有超过噪声水平。",
    frame="方位说明：{}。以下为起始帧到顶点帧的运动，已去除头部运动。",
    plain="画面左侧即被摄者右侧",
    mirrored="画面为镜像，画面左侧即被摄者左侧",
    homeless="从整体运动模式看：{}。",
    still="{}没有超过噪声水平的运动。",
    blink="眼睑的变化像是眨眼；单纯的闭眼不作为表情证据。",
    weak="证据不足、未计入的动作单元：{}。",
    other="{aus}并不属于{label}的常见组合",
    missing="通常应出现的{}未被观察到",
    one_sided="{}只出现在一侧，这也常被描述为轻蔑的特征",
    faint="运动十分微弱，接近方法的分辨极限",
    overlap="同时伴有眨眼，眼部信息参考价值有限",
    nothing="没有运动，也就没有动作单元，因此无从推断表情。",
    uncoded="虽有区域发生运动，但没有动作单元达到判定标准，因此无从推断表情。",
    eyes_only="唯一观察到的动作是闭眼，它本身不能说明任何情绪。",
    no_emotion="观察到了动作单元，但没有据此计算情绪。",
    reasons=("{aus}是{label}的常见动作单元。", "支持{label}的证据是{aus}。", "{aus}通常与{label}相关。"),
    alone="这是唯一观察到的动作单元，推断的依据有限。",
    untypical="这些动作单元都不是{label}的典型标志；该结果来自模型所学数据中此类组合的标注情况。",
    but=("与此不符的是：{}。", "另一方面：{}。", "需要注意的反面证据：{}。"),
    rival=("也不能排除{}。", "仍有可能的还有{}。"),
    rival_item="{}（{:.2f}）",
    clear="测量结果中没有直接的反面证据，但如此微小的运动本身不足以下定论。",
    seen="AU {}。",
    no_evidence="没有发现微表情的证据。",
    classes="{} 类情绪中",
    verdict="AU {codes}。{classes}提示{label}（概率 {p:.2f}）。",
    weak_verdict="AU {codes}。{classes}略微倾向于{label}（概率 {p:.2f}），没有哪一类明显占优。",
    single={},
    several={},
)


def _patches(moved: PartMotion) -> str:
    if len(moved.regions) == moved.patches:
        return ""
    return "、".join(patch_zh(region_patch(name)) for name in moved.regions)


class Chinese(Writer):
    """Writes one reading in Chinese."""

    words = WORDS

    def typeset(self, text: str) -> str:
        """Put a thin gap between Chinese and a code, as Chinese typesetting has it."""
        return re.sub(r"(?<=[一-鿿])(?=AU\d)", " ", text)

    def _part(self, moved: PartMotion) -> str:
        patches = _patches(moved)
        if not moved.side:
            return part_zh(moved.part) + (f"（{patches}）" if patches else "")
        return self._side(moved).replace("（", f"的{part_zh(moved.part)}（", 1)

    def _side(self, moved: PartMotion) -> str:
        note = "，".join(filter(None, (f"被摄者{SIDE[self.subject[moved.side]]}", _patches(moved))))
        return f"画面{SIDE[moved.side]}（{note}）"

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
            sizes = "，".join(f"画面{SIDE[m.side]} {self.size(m)}" for m in found.motions)
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
            sentence += still.format(SIDE[other], part_zh(found.part))
        return sentence + "。"
