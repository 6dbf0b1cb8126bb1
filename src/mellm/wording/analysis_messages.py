"""Verdicts and warnings of an analysis: code -> English and Chinese."""

ANALYSIS_MESSAGES: dict[str, tuple[str, str]] = {
    "verdict.nobody": (
        "No micro-expression found: no face was seen in any frame.",
        "未发现微表情：所有帧中都没有看到人脸。",
    ),
    "verdict.found": (
        "{count} {count:micro-expression|micro-expressions} found ({people:; }).",
        "发现 {count} 个微表情（{people:；}）。",
    ),
    "verdict.found_longer": (
        "No micro-expression: {count} {count:movement lasts|movements last} longer than one ({people:; }).",
        "没有微表情：{count} 个运动的持续时间超过微表情（{people:；}）。",
    ),
    "verdict.suggests": ("person {person}: suggests {label:emotion}", "人物 {person}：提示{label:emotion}"),
    "verdict.suggests_none": ("person {person}: suggests no emotion", "人物 {person}：提示无情绪"),
    "verdict.no_evidence": (
        "No evidence of a micro-expression: no region moved as an action unit would move it.",
        "没有微表情的证据：没有区域出现动作单元应有的运动。",
    ),
    "verdict.reasons": ("{people: }", "{people: }"),
    "verdict.reason": ("Person {person}: {why}", "人物 {person}：{why}"),
    "verdict.unread": (
        "No micro-expression found: no face could be read at the frames given.",
        "未发现微表情：在给定的帧中无法读取人脸。",
    ),
    "analysis.head_moved_far": (
        "The head moved far between onset and apex; small expressions may be lost in it.",
        "从起始到顶点头部移动较大；细小的表情可能被掩盖。",
    ),
    "analysis.small_face": (
        "Person {person}'s face is small: {eyes:.0f} px between the outer corners of the eyes, and under "
        "{least:.0f} px units and label are not to be relied on.",
        "人物 {person} 的脸过小：两外眼角间距 {eyes:.0f} 像素；低于 {least:.0f} 像素时，"
        "动作单元与情绪不可靠。",
    ),
    "analysis.flat_face": (
        "Person {person}'s face is too dark or too pale: its grey values vary by {contrast:.1f} of 255, and "
        "under {least:.0f} units and label are not to be relied on.",
        "人物 {person} 的脸过暗或过淡：灰度标准差为 {contrast:.1f}（满值 255）；低于 {least:.0f} 时，"
        "动作单元与情绪不可靠。",
    ),
    "analysis.too_long": (
        "This movement lasts {seconds:.2f} s, and a micro-expression at most {most:g} s: what is read is "
        "a longer expression.",
        "此运动持续 {seconds:.2f} 秒，而微表情最多持续 {most:g} 秒：此处解读的是较长的表情。",
    ),
    "analysis.no_model_reading": (
        "The language model gave no reading: {why}",
        "语言模型没有给出解读：{why}",
    ),
    "analysis.face_lost": (
        "Person {person}'s face could not be found in frame {frame}; this moment was not read.",
        "在第 {frame} 帧中找不到人物 {person} 的脸；此时刻未解读。",
    ),
    "verdict.doubted": (
        "No conclusion is drawn: what was given does not belong together; see the warnings.",
        "不对微表情作出判断：所给的内容不相配（见警告）。",
    ),
    "analysis.landmarks_elsewhere": (
        "The landmarks of frame {frame} do not lie on the face in the picture; no emotion is told: "
        "give those of this clip, in pixels of the upright picture.",
        "第 {frame} 帧的特征点不在画面中的人脸上；不判断情绪：请提供此视频正立画面的特征点。",
    ),
    "analysis.landmarks_of_other_frames": (
        "The landmark file has frames {first} to {last}, none of this clip's {frames}: is it another clip's?",
        "特征点文件含第 {first} 至 {last} 帧，不含此视频的 {frames} 帧：是否属于另一视频？",
    ),
    "analysis.landmarks_go_on": (
        "The landmark file goes on to frame {last}, and this clip has {frames} frames: is it another clip's?",
        "特征点文件到第 {last} 帧，而此视频只有 {frames} 帧：是否属于另一视频？",
    ),
    "analysis.pair_of_two_faces": (
        "Onset and apex do not look like one face in one clip; no emotion is told: give two of its frames.",
        "起始与顶点不像同一视频中的同一张脸；不判断情绪：请提供同一视频的两帧。",
    ),
    "analysis.pair_cut_differently": (
        "From onset to apex the face grows {scale:.2f} times and moves by {shift:.1f} eye distances; "
        "no emotion is told: give two frames of one recording, cut alike.",
        "顶点处人脸为起始处的 {scale:.2f} 倍，移动 {shift:.1f} 个眼距；不判断情绪：请提供裁剪一致的两帧。",
    ),
    "analysis.same_pictures": (
        "Onset and apex are the same picture, in which nothing can have moved: give two frames.",
        "起始与顶点是同一张图片，其中不可能有运动：请提供两帧。",
    ),
    "analysis.sizes_differ": (
        "The onset picture is {onset} and the apex picture {apex}; "
        "both must be frames of one recording, of one size.",
        "起始图片为 {onset}，顶点图片为 {apex}；两者必须是同一录像中同样尺寸的帧。",
    ),
}
