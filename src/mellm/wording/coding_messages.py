"""Sentences about what a person coded and why it cannot be saved: code -> English and Chinese."""

CODING_MESSAGES: dict[str, tuple[str, str]] = {
    "coding.no_moment": (
        "There is no micro-expression {number}; the program found {count}.",
        "没有第 {number} 个微表情；程序找到 {count} 个。",
    ),
    "coding.not_measured": (
        "Micro-expression {number} is being measured: agree once its action units are there.",
        "微表情 {number} 正在测量：请待其动作单元出现后再表示同意。",
    ),
    "coding.twice": (
        "Micro-expression {number} is coded twice in one annotation: keep one of them.",
        "同一标注中微表情 {number} 出现两次：请保留一个。",
    ),
    "coding.no_person": (
        "There is no person {person} in this clip; people count from 1 to {count}.",
        "视频中没有第 {person} 个人；人物编号为 1 至 {count}。",
    ),
    "coding.other_person": (
        "Micro-expression {number} is person {person}'s, not person {given}'s.",
        "微表情 {number} 属于第 {person} 个人，而非第 {given} 个人。",
    ),
    "coding.outside": (
        "Frame {frame} is outside the clip: its frames count from 0 to {last}.",
        "第 {frame} 帧超出视频：帧号为 0 至 {last}。",
    ),
    "coding.no_frames": (
        "A micro-expression that was added needs its onset and its apex.",
        "添加的微表情需要起始帧和顶点帧。",
    ),
    "coding.no_unit": (
        "FACS has no action unit {au}: check the number in {code}.",
        "FACS 中没有动作单元 {au}：请检查 {code} 中的编号。",
    ),
    "coding.unit_twice": (
        "AU {au} is there already on that side: change it, do not add it again.",
        "该侧已有 AU {au}：请修改它，不要重复添加。",
    ),
    "coding.no_emotion": (
        "The {taxonomy}-class set has no emotion {label}; choose one of {known}.",
        "{taxonomy} 类情绪集中没有 {label}；请从 {known} 中选择。",
    ),
    "coding.no_taxonomy": (
        "There is no set of {taxonomy} classes; choose one of {known}.",
        "没有 {taxonomy} 类情绪集；请从 {known} 中选择。",
    ),
    "coding.no_reread": (
        "The re-read {job} is not one of this clip: read the moment again.",
        "重新解读 {job} 不属于此视频：请重新解读该时刻。",
    ),
    "coding.newer": (
        "Version {version} was saved meanwhile, and both changed the same moments: choose for each.",
        "期间已保存版本 {version}，且双方修改了相同的时刻：请逐一选择。",
    ),
    "coding.blind": (
        "This clip is coded blind: hand in your own coding first, then you see {who}.",
        "此视频为盲法标注：请先提交自己的标注，然后才能查看{who}。",
    ),
    "coding.others": ("the others' marks", "他人的标注"),
    "coding.program": ("the program's marks", "程序的标注"),
    "coding.nobody": (
        "Nobody called {coder} has coded this clip; those who have: {known}.",
        "没有名为 {coder} 的人标注过此视频；已标注者：{known}。",
    ),
    "coding.eaf": (
        "The file is no ELAN document that can be read ({why}): export it from ELAN as .eaf.",
        "无法读取此 ELAN 文件（{why}）：请从 ELAN 导出 .eaf。",
    ),
    "coding.eaf_empty": (
        "The ELAN file has no tier of this coder: name tiers such as 'P1 ME {coder}'.",
        "ELAN 文件中没有该标注者的层：层名应如“P1 ME {coder}”。",
    ),
}
