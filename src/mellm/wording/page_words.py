"""The page's and the terminal's own words in English and Chinese. Readings come in the report itself."""

from mellm.wording.languages import Language, own_index, text_of

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Micro-expression report", "微表情分析报告"),
    "person": ("person", "人物"),
    "person_counted": ("person", "人"),
    "people": ("people", "人"),
    "frames": ("frames", "帧"),
    "frame": ("frame", "帧"),
    "seconds": ("s", "秒"),
    "time_axis": ("time, s", "时间（秒）"),
    "frame_axis": ("frame, counted from 0", "帧号（从 0 开始）"),
    "onset": ("onset", "起始"),
    "apex": ("apex", "顶点"),
    "offset": ("offset", "结束"),
    "duration": ("duration", "持续"),
    "confidence": ("confidence", "置信度"),
    "spotted": ("found by the program", "由程序检出"),
    "given": ("set by a person", "由人指定"),
    "timeline": ("Motion over time", "运动时间线"),
    "timeline_note": (
        "Mean motion per area in px of the aligned 400x480 face, head motion removed; one scale for all.",
        "各区域的平均运动量（对齐后 400x480 人脸图的像素），已去除头部运动；各行同一刻度。",
    ),
    "brows": ("brows", "眉部"),
    "eyes": ("eyes", "眼部"),
    "nose": ("nose", "鼻部"),
    "cheeks": ("cheeks", "脸颊"),
    "mouth": ("mouth", "嘴部"),
    "chin": ("chin", "下巴"),
    "micro": ("micro-expression", "微表情"),
    "macro": ("longer expression", "宏表情"),
    "blink": ("blink", "眨眼"),
    "closure": ("eyes shut", "闭眼"),
    "speech": ("speech", "说话"),
    "head": ("head motion", "头部运动"),
    "also_seen": ("also seen", "另见"),
    "pictures": ("Pictures", "图像"),
    "pic_onset": ("onset", "起始帧"),
    "pic_apex": ("apex", "顶点帧"),
    "pic_regions": ("regions", "区域与箭头"),
    "pic_mmc": ("MMC-Map, own scale", "MMC 图（本图刻度）"),
    "pic_mmc_fixed": ("MMC-Map, fixed scale", "MMC 图（固定刻度）"),
    "pic_middlebury": ("flow wheel", "光流色轮图"),
    "pic_magnified": ("magnified", "放大运动"),
    "strip_colour": ("full colour = {px:.2f} px", "满色 = {px:.2f} px"),
    "strip_own_colour": ("full colour = {px:.2f} px (this picture only)", "满色 = {px:.2f} px（仅本图）"),
    "strip_regions": (
        "= {px:g} px of motion    orange: moving    blue: below the noise floor",
        "= {px:g} px 运动    橙色：有运动    蓝色：低于噪声水平",
    ),
    "strip_magnified": (
        "onset with its expression x{times:g} (made by warping, not recorded)",
        "起始帧，表情放大至 {times:g} 倍（由变形生成，并非录像）",
    ),
    "picture_note": (
        "Scales on the colour maps are px of these pictures' face (aligned, about 400x480); the fixed scale "
        "is the same in every report. Tables and arrows are px of the source.",
        "彩色图上的刻度以对齐后人脸图（约 400x480）的像素为单位；固定刻度在所有报告中相同。"
        "表格与箭头以源画面像素为单位。",
    ),
    "opacity": ("opacity over onset", "叠加不透明度"),
    "aus": ("Action units", "动作单元"),
    "au_code": ("code", "编码"),
    "au_name": ("name", "名称"),
    "side": ("subject's side", "被摄者的侧别"),
    "both": ("both", "双侧"),
    "left": ("left", "左"),
    "right": ("right", "右"),
    "top": ("upper lip", "上唇"),
    "bottom": ("lower lip", "下唇"),
    "unilateral": ("one side", "单侧"),
    "probability": ("probability", "概率"),
    "intensity": ("intensity", "强度"),
    "intensity_scale": (
        "displacement of the supporting regions as a share of the action's full range ({steps}, E)",
        "相关区域的位移占该动作最大幅度的比例（{steps}，E）",
    ),
    "evidence": ("evidence: regions (picture sides)", "依据的区域（画面方位）"),
    "no_aus": ("No action unit reaches the level at which it counts.", "没有动作单元达到判定标准。"),
    "weaker": ("Considered, not counted ({n})", "考虑过但未计入（{n}）"),
    "sides_note": (
        "Sides of action units are the subject's own (FACS). Region names are the picture's sides. "
        "In an unmirrored picture, the left of the picture is the subject's right.",
        "动作单元的左右是被摄者自身的左右（FACS 惯例）；区域名称用画面的左右。"
        "未镜像的画面中，画面左侧即被摄者右侧。",
    ),
    "emotion": ("What it suggests", "情绪提示"),
    "no_emotion": ("No evidence of a micro-expression", "没有微表情的证据"),
    "classes": ("{n} classes", "{n} 类"),
    "other_classes": ("In other class sets", "其他分类体系"),
    "suggests": ("suggests", "提示"),
    "reading": ("Reading", "解读"),
    "analysis": ("What moved", "观察到的运动"),
    "reasoning": ("Why", "推理"),
    "conclusion": ("Conclusion", "结论"),
    "written_by": ("written by", "撰写者"),
    "reading_sides": (
        "left and right are the picture's, L and R before a unit the subject's",
        "左右为画面方向，单元前的 L、R 为被摄者方向",
    ),
    "evidence_model": ("the built-in grammar, from the evidence alone", "内置语法，仅依据测量结果"),
    "model_label": (
        "The model's own label: {label}, {share} of its likelihood (not calibrated).",
        "模型自己的类别：{label}，占其似然的 {share}（未校准）。",
    ),
    "mended": (
        "Its text had no valid conclusion; it was chosen from the possible ones.",
        "其文字没有有效结论；结论由可能的选项中选出。",
    ),
    "set_by": ("set by {who}", "由 {who} 设定"),
    "program": ("program", "程序"),
    "none": ("none", "无"),
    "disagrees": (
        "This reading disagrees with the FACS stage; both are shown.",
        "此解读与 FACS 阶段的结论不一致，两者均予保留。",
    ),
    "unsupported": ("Claims in the reading that were not measured", "解读中没有测量依据的说法"),
    "regions": ("All 29 regions", "全部 29 个区域"),
    "region": ("region (picture side)", "区域（画面方位）"),
    "direction": ("direction in the picture", "画面中的方向"),
    "mean_px": ("mean, px", "平均，px"),
    "max_px": ("max, px", "最大，px"),
    "relative": ("mean / eye distance", "平均 / 眼距"),
    "concentration": ("concentration", "方向集中度"),
    "moving": ("moving", "运动"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "degrees": ("degrees", "度"),
    "head_motion": ("head motion removed", "已去除的头部运动"),
    "warnings": ("Warnings", "注意"),
    "meaning": ("What does a probability such as 0.62 mean?", "0.62 这样的概率是什么意思？"),
    "meaning_text": (
        "It is how strongly the measured motion supports the statement, according to the models listed under "
        "“How this was made”: 0 not at all, 1 as strongly as the model can say. It is not the share of cases "
        "in which the statement is right, unless the documentation of that model says that it is calibrated, "
        "and on which faces. Emotions of one class set sum to 1, so a label can lead because the others fit "
        "even less. Below 0.5 an action unit is not counted.",
        "它表示在“生成方式”所列模型看来，测得的运动在多大程度上支持该判断："
        "0 为毫无支持，1 为模型所能给出的最强支持。"
        "除非该模型的文档注明经过校准（以及在哪些人脸上校准），否则它并不是“判断正确的比例”。"
        "同一组情绪类别的数值之和为 1，"
        "因此某一类领先也可能只是因为其他类别更不符合。低于 0.5 的动作单元不计入。",
    ),
    "provenance": ("How this was made", "生成方式"),
    "source": ("Source and command", "来源与命令"),
    "models": ("Models and algorithms", "模型与算法"),
    "settings": ("Settings", "设置"),
    "stage_times": ("Time per stage", "各阶段用时"),
    "created": ("created", "生成时间"),
    "command": ("command", "命令"),
    "seed": ("seed", "随机种子"),
    "responsible": ("Responsible use", "负责任地使用"),
    "responsible_text": (
        "",
        "仅供研究使用，或由受过训练的人员在被拍摄者知情同意的前提下用于临床辅助。面部运动至多提示某种心理状态，"
        "不能证明任何事情。不得用于测谎、招聘、执法或任何针对个人的决定。所有计算均在本机完成。",
    ),
    "term_regions": ("region (picture side)", "区域（画面方位）"),
    "term_aus": ("AU, subject's side", "动作单元，被摄者侧别"),
    "term_both": ("both", "双侧"),
    "term_left": ("left", "左"),
    "term_right": ("right", "右"),
    "term_top": ("upper", "上唇"),
    "term_bottom": ("lower", "下唇"),
    "term_unilateral": ("one", "单侧"),
    "term_more": ("and {n} more, see the report", "另有 {n} 个区域，见报告"),
    "file": ("file", "文件"),
}  # fmt: skip


def page_word(key: str, language: Language, **values: object) -> str:
    """Return a label in the reader's language."""
    text = text_of(language, "page", key) or WORDS[key][own_index(language)]
    return text.format(**values) if values else text
