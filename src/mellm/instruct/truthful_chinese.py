"""Truthful answers in Chinese: their words. Knows no order of sentences (`writer`)."""

from mellm.face.regions import REGION_NAMES
from mellm.instruct.truthful_writer import TrueWords, TrueWriter
from mellm.language.chinese_reading import SIDE, Chinese
from mellm.wording.names import part_zh, region_part

WORDS = TrueWords(
    times="平均幅度的 {:.2f} 倍",
    colour="呈{}{}",
    no_colour="颜色混杂",
    colours={
        "red": "红色",
        "orange": "橙色",
        "yellow-green": "黄绿色",
        "green": "绿色",
        "cyan": "青色",
        "blue": "蓝色",
        "violet": "紫色",
        "magenta": "品红色",
    },
    brightness=("暗淡的", "中等亮度的", "明亮的"),
    strengths=("幅度微弱", "幅度较明显", "幅度明显"),
    parts={part: part_zh(part) for part in map(region_part, REGION_NAMES)},
    image_sides=SIDE,
    both="两侧{part}",
    one="画面{side}的{part}",
    middle="{part}",
    unit="{side}AU{au}（{name}）",
    unit_sides={"left": "被摄者左侧的", "right": "被摄者右侧的", "top": "上唇的", "bottom": "下唇的"},
    borne="{}，{}",
    doubt="，不过只有画面{}能看到",
    layout=("\n", "\n", "\n\n", ""),
    sides=(
        "方位说明：画面左侧即被摄者右侧。以下为起始帧到顶点帧的运动，已去除头部运动。",
        "画面左侧即被摄者右侧；以下运动从起始帧算到顶点帧，不含头部运动。",
        "从起始帧到顶点帧、去除头部运动之后（画面左侧即被摄者右侧）：",
        "起始帧到顶点帧，头部运动已去除；注意画面左侧即被摄者右侧。",
        "去除头部自身的运动后，从起始帧到顶点帧的变化如下（画面左侧即被摄者右侧）。",
        "画面左侧即被摄者右侧。以下不包括头部自身的运动。",
    ),
    support=("由{}支持", "依据是{}", "见于{}", "体现在{}", "可见于{}"),
    hidden=(
        "测量结果无法证实{unit}：没有区域按它的方式运动。",
        "29 个区域都没有支持{unit}，它的依据不足。",
        "光流没有显示出{unit}；若存在，也低于测量所及。",
        "编码中有{unit}，但光流没有显示出来。",
    ),
    outside=(
        "{unit}不在 29 个区域所能显示的范围内，无法由此运动判断。",
        "这些区域无法显示{unit}，只能照录，没有自身的证据。",
    ),
    still=(
        "{}没有超过噪声水平的运动。",
        "{}没有明显的运动。",
        "{}静止。",
    ),
    quiet=(
        "从起始帧到顶点帧，29 个区域的运动都没有超过噪声水平。",
        "起始帧到顶点帧之间，所有区域都在噪声水平之内。",
        "29 个区域全部处于噪声水平以下。",
    ),
    blink=(
        "眼睑的变化像是眨眼；单纯的闭眼不作为表情证据。",
        "眼睑的运动是眨眼的样子，不算作情绪的标志。",
        "这是眨眼时眼睑的闭合，本身不是表情的证据。",
    ),
    strongest=("运动最强的是{}。", "就整张脸而言，运动最强的是{}。", "全脸之中，运动最强的是{}。"),
    reasons=(
        "{aus}通常与{label}相关。",
        "支持{label}的有：{aus}。",
        "{aus}是判断{label}时首先要找的迹象。",
        "{aus}常见于{label}。",
        "推断为{label}的依据是{aus}。",
    ),
    alone=(
        "这是唯一观察到的动作单元，推断的依据有限。",
        "只有一个动作单元，推断较为单薄。",
        "仅凭一个单元，仍有不少余地。",
    ),
    blind=(
        "测量到的运动没有支持任何已编码的动作单元。{label}来自编码本身，不是由运动推断的。",
        "没有测量结果指向{label}：该标签仅依据编码。",
    ),
    untypical=(
        "这些动作单元都不是{label}的典型标志；推断依据的是此类组合通常的标注，分量较轻。",
        "其中没有{label}的典型单元，只能从组合来推断，把握不大。",
        "{label}另有典型的单元，这里是因为此类组合常被如此标注。",
    ),
    unseen="{}在运动中没有看到",
    but=(
        "与此不符的是：{}。",
        "另一方面：{}。",
        "需要注意的反面证据：{}。",
        "保留意见有：{}。",
        "与之相抵的是：{}。",
    ),
    rival=("也不能排除{rival}。", "单看这些单元，{rival}同样说得通。", "仍有可能的还有{rival}。"),
    clear=(
        "测量结果中没有直接的反面证据，但如此微小的运动本身不足以下定论。",
        "没有与之矛盾的迹象；不过这样小的运动并不能说明一切。",
        "没有直接的反证，但这并不等于证明。",
    ),
    balance=(
        "权衡之下，{label}最为合适。",
        "综合来看，更倾向于{label}。",
        "总体而言，这一模式指向{label}。",
        "正反两面相权，{label}仍是最佳解读。",
    ),
    nothing=(
        "没有运动就没有动作单元，因此无从推断表情。",
        "没有观察到动作单元，也就无法推断表情。",
        "没有可供推断表情的迹象。",
    ),
    uncoded=(
        "有些区域在动，但不是动作单元的运动方式，因此无从推断。",
        "这些运动构不成任何动作单元，由此得不出表情。",
        "该运动不属于任何 FACS 单元，不能说明表情。",
    ),
    eyes=(
        "唯一的动作单元是闭眼，它本身不能说明情绪。",
        "只有闭眼这一发现，单独来看不是情绪的标志。",
    ),
    verdict=(
        "AU {codes}。提示{label}。",
        "AU {codes}。这一组合提示{label}。",
        "AU {codes}，综合起来提示{label}。",
        "AU {codes}。最合适的类别：{label}。",
        "AU {codes}。面部运动提示{label}。",
    ),
    single_verdict=(
        "AU {codes}。提示{label}。",
        "AU {codes}。这一组合提示{label}。",
        "AU {codes}。最合适的类别：{label}。",
        "AU {codes}。面部运动提示{label}。",
        "AU {codes}，仅此一项，提示{label}。",
    ),
    phrases={"negative": "消极情绪", "positive": "积极情绪"},
    more={
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
        "none": (
            "这一运动没有对应的编码，只作记录。",
            "已编码的动作单元都不能解释它，故不记动作单元。",
            "虽有运动，但不构成任何已编码动作单元的证据。",
        ),
    },
)


class TrueChinese(TrueWriter, Chinese):
    """Writes one answer in Chinese."""

    true = WORDS
