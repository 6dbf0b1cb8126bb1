"""Answers to questions about a report, by code: English and Chinese. Knows words only."""

ASK_MESSAGES: dict[str, tuple[str, str]] = {
    # what is spoken of
    "ask.micro": ("micro-expression", "微表情"),
    "ask.macro": ("macro-expression", "宏表情"),
    "ask.any": ("expression", "表情"),
    "ask.left": ("left", "左侧"),
    "ask.right": ("right", "右侧"),
    "ask.span": (
        "{onset:.2f} to {offset:.2f} s, apex in frame {frame}",
        "{onset:.2f} 至 {offset:.2f} 秒，顶点在第 {frame} 帧",
    ),
    "ask.span_of_event": (
        "{onset:.2f} to {offset:.2f} s (frames {first} to {last})",
        "{onset:.2f} 至 {offset:.2f} 秒（第 {first} 至 {last} 帧）",
    ),
    "ask.span_of_frames": (
        "onset in frame {first}, apex in frame {frame}",
        "起始在第 {first} 帧，顶点在第 {frame} 帧",
    ),
    "ask.blink": ("blink", "眨眼"),
    "ask.closure": ("time of shut eyes", "闭眼"),
    "ask.speech_run": ("run of speech", "说话"),
    "ask.head_movement": ("fast movement of the head", "快速头部运动"),
    "ask.event": ("expression or other event", "表情或其他事件"),
    "ask.many_micro": ("{count} {count:micro-expression|micro-expressions}", "{count} 个微表情"),
    "ask.many_macro": ("{count} {count:macro-expression|macro-expressions}", "{count} 个宏表情"),
    "ask.many_any": ("{count} {count:expression|expressions}", "{count} 个表情"),
    "ask.many_blink": ("{count} {count:blink|blinks}", "{count} 次眨眼"),
    "ask.many_closure": ("{count} {count:time|times} of shut eyes", "{count} 次闭眼"),
    "ask.many_speech": ("{count} {count:run|runs} of speech", "{count} 段说话"),
    "ask.many_head": (
        "{count} fast {count:movement|movements} of the head",
        "{count} 次快速头部运动",
    ),
    "ask.many_event": ("{count} {count:event|events}", "{count} 个事件"),
    # what narrows an answer
    "ask.looked_at": ("Looked at: {parts:, }.", "所看范围：{parts:，}。"),
    "ask.person": ("person {person}", "人物 {person}"),
    "ask.of_person": ("person {person}: {span}", "人物 {person}：{span}"),
    "ask.place_time": ("at {time:.2f} s", "{time:.2f} 秒处"),
    "ask.place_frame": ("frame {frame}", "第 {frame} 帧"),
    "ask.before": ("before {end:.2f} s", "{end:.2f} 秒之前"),
    "ask.after": ("after {start:.2f} s", "{start:.2f} 秒之后"),
    "ask.between": ("{start:.2f} to {end:.2f} s", "{start:.2f} 至 {end:.2f} 秒"),
    "ask.before_frame": ("before frame {end:.0f}", "第 {end:.0f} 帧之前"),
    "ask.after_frame": ("after frame {start:.0f}", "第 {start:.0f} 帧之后"),
    "ask.between_frames": ("frames {start:.0f} to {end:.0f}", "第 {start:.0f} 至 {end:.0f} 帧"),
    "ask.longer_than": ("longer than {seconds:.2f} s", "超过 {seconds:.2f} 秒"),
    "ask.shorter_than": ("shorter than {seconds:.2f} s", "不到 {seconds:.2f} 秒"),
    # what there is not, and what nobody looked for
    "ask.none_there": (
        "No {what} was found there; the whole video has {many}.",
        "该范围内未发现{what}；整段视频共有 {many}。",
    ),
    "ask.nth": ("{place}{suffix}", "第 {place} {suffix}"),
    "ask.nth_from_end": ("{place}{suffix} from the end", "倒数第 {place} {suffix}"),
    "ask.st": ("st", "个"),
    "ask.nd": ("nd", "个"),
    "ask.rd": ("rd", "个"),
    "ask.th": ("th", "个"),
    "ask.st_time": ("st", "次"),
    "ask.nd_time": ("nd", "次"),
    "ask.rd_time": ("rd", "次"),
    "ask.th_time": ("th", "次"),
    "ask.nth_last": ("last", "最后一个"),
    "ask.nth_is": ("The {nth} {what}: {span}.", "{nth}{what}：{span}。"),
    "ask.no_nth": ("There is no {nth} {what}, only {many}.", "没有{nth}{what}，只有 {many}。"),
    "ask.nth_begins": (
        "The {nth} {what} begins at {onset:.2f} s (frame {first}), its apex is at {apex:.2f} s "
        "(frame {frame}), and it ends at {offset:.2f} s.",
        "{nth}{what}始于 {onset:.2f} 秒（第 {first} 帧），顶点在 {apex:.2f} 秒（第 {frame} 帧），"
        "止于 {offset:.2f} 秒。",
    ),
    "ask.no_person": (
        "There is no person {person}: {count} {count:person was|people were} seen.",
        "没有人物 {person}：共看到 {count} 人。",
    ),
    "ask.no_number": (
        "There is no micro-expression {number}: the report has {many}.",
        "没有第 {number} 个微表情：报告中有 {many}。",
    ),
    "ask.no_times": (
        "Two pictures were compared: they have no times, so this was not measured.",
        "比较的是两张图片：没有时间，因此未测量。",
    ),
    "ask.no_frame": (
        "There is no frame {frame}: the last is frame {last}.",
        "没有第 {frame} 帧：最后一帧是第 {last} 帧。",
    ),
    "ask.not_looked_for": ("That was not measured: {why}.", "没有测量：{why}。"),
    "ask.no_face": ("no face was seen in any frame", "所有帧中都没有看到人脸"),
    "ask.only_given": (
        "only the frames that a person gave were compared",
        "只比较了人工给定的帧",
    ),
    "ask.given_alone": (
        "Only the frames that a person gave were compared; nothing else was looked for.",
        "只比较了人工给定的帧，没有检测其他内容。",
    ),
    # how many, and when
    "ask.count_any": (
        "{count} {count:expression was|expressions were} found: {micro} "
        "{micro:micro-expression|micro-expressions}, {macro} {macro:macro-expression|macro-expressions}.",
        "共发现 {count} 个表情：微表情 {micro} 个，宏表情 {macro} 个。",
    ),
    "ask.count_micro": (
        "{count} {count:micro-expression was|micro-expressions were} found.",
        "共发现 {count} 个微表情。",
    ),
    "ask.count_macro": (
        "{count} {count:macro-expression was|macro-expressions were} found.",
        "共发现 {count} 个宏表情。",
    ),
    "ask.listed": ("When: {parts:; }.", "时间：{parts:；}。"),
    "ask.unsure": (
        "{count} of them {count:is|are} too uncertain to be reported and only counted: {parts:; }.",
        "其中 {count} 个把握不足，未列入报告，仅计入数目：{parts:；}。",
    ),
    "ask.none_of": ("No {what} was found in this video.", "该视频中未发现{what}。"),
    "ask.why_none": ("The report says: {why}", "报告说明：{why}"),
    "ask.first": (
        "The first {what} begins at {onset:.2f} s (frame {first}), its apex is at {apex:.2f} s "
        "(frame {frame}), and it ends at {offset:.2f} s.",
        "第一个{what}始于 {onset:.2f} 秒（第 {first} 帧），顶点在 {apex:.2f} 秒（第 {frame} 帧），"
        "止于 {offset:.2f} 秒。",
    ),
    "ask.last": (
        "The last {what} begins at {onset:.2f} s (frame {first}), its apex is at {apex:.2f} s "
        "(frame {frame}), and it ends at {offset:.2f} s.",
        "最后一个{what}始于 {onset:.2f} 秒（第 {first} 帧），顶点在 {apex:.2f} 秒（第 {frame} 帧），"
        "止于 {offset:.2f} 秒。",
    ),
    "ask.lasting": ("Lasting: {parts:; }.", "持续：{parts:；}。"),
    "ask.seconds": ("{seconds:.2f} s", "{seconds:.2f} 秒"),
    "ask.longest": (
        "The longest {what} lasts {seconds:.2f} s: {span}.",
        "最长的{what}持续 {seconds:.2f} 秒：{span}。",
    ),
    "ask.shortest": (
        "The shortest {what} lasts {seconds:.2f} s: {span}.",
        "最短的{what}持续 {seconds:.2f} 秒：{span}。",
    ),
    "ask.strongest": (
        "The strongest movement is in micro-expression {number} ({span}): the {region:region} moved "
        "{px:.2f} px.",
        "运动最强的是第 {number} 个微表情（{span}）：{region:region}移动 {px:.2f} 像素。",
    ),
    "ask.order": ("In order of time: {parts:; }.", "按时间顺序：{parts:；}。"),
    "ask.order_unsure": ("{onset:.2f} s a micro-expression (uncertain)", "{onset:.2f} 秒微表情（把握不足）"),
    "ask.unsure_emotion": (
        "It is too uncertain to be reported, so its action units and emotion were not read.",
        "其把握不足，未列入报告，因此未解读其动作单元与情绪。",
    ),
    "ask.order_micro": (
        "{onset:.2f} s a micro-expression ({label:emotion})",
        "{onset:.2f} 秒微表情（{label:emotion}）",
    ),
    "ask.order_event": ("{onset:.2f} s a {what}", "{onset:.2f} 秒{what}"),
    "ask.order_macro": ("{onset:.2f} s a macro-expression", "{onset:.2f} 秒宏表情"),
    "ask.at": (
        "At {time:.2f} s (frame {at}) there is a {what}: {span}.",
        "{time:.2f} 秒（第 {at} 帧）处有{what}：{span}。",
    ),
    "ask.nothing_at": (
        "At {time:.2f} s (frame {at}) no {sought} was found; the nearest is a {what}: {span}.",
        "{time:.2f} 秒（第 {at} 帧）处未发现{sought}；最近的是{what}：{span}。",
    ),
    "ask.in_frame": ("In frame {at} there is a {what}: {span}.", "第 {at} 帧处有{what}：{span}。"),
    "ask.there_is": ("There is a {what}: {span}.", "有{what}：{span}。"),
    "ask.after_end": (
        "The video ends at {seconds:.2f} s; it has no {time:.2f} s.",
        "视频在 {seconds:.2f} 秒结束；没有 {time:.2f} 秒处的画面。",
    ),
    # what
    "ask.suggests": (
        "Micro-expression {number} (apex in frame {frame}) suggests {label:emotion}, probability {p:.2f}.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）提示{label:emotion}，概率 {p:.2f}。",
    ),
    "ask.no_emotion": (
        "Micro-expression {number} (apex in frame {frame}) shows no action unit that is likely enough to "
        "suggest an emotion.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）没有足够可能的动作单元来提示情绪。",
    ),
    "ask.macro_emotion": (
        "The emotion of a macro-expression is not measured.",
        "宏表情的情绪没有测量。",
    ),
    "ask.units": (
        "Micro-expression {number} (frames {first} to {frame}) shows {parts:, }.",
        "第 {number} 个微表情（第 {first} 至 {frame} 帧）出现{parts:、}。",
    ),
    "ask.unit": ("AU {code} {au:unit} ({p:.2f})", "AU {code} {au:unit}（{p:.2f}）"),
    "ask.no_units": (
        "In micro-expression {number} (frames {first} to {frame}) no action unit is likely.",
        "第 {number} 个微表情（第 {first} 至 {frame} 帧）没有可能出现的动作单元。",
    ),
    "ask.units_over": (
        "Over the whole video, its micro-expressions show {parts:, }.",
        "整段视频的微表情共出现{parts:、}。",
    ),
    "ask.unit_times": ("AU {code} {au:unit} (frames {frames})", "AU {code} {au:unit}（第 {frames} 帧）"),
    "ask.macro_units": (
        "The action units of {count} {count:macro-expression|macro-expressions} are not measured.",
        "{count} 个宏表情的动作单元没有测量。",
    ),
    "ask.shown": (
        "Yes: AU {code} {au:unit} is likely ({p:.2f}) in micro-expression {number}, "
        "frames {first} to {frame}.",
        "是：第 {number} 个微表情（第 {first} 至 {frame} 帧）可能出现 AU {code} {au:unit}（{p:.2f}）。",
    ),
    "ask.not_shown": (
        "No: AU {au} {au:unit} is not likely; it reaches {p:.2f} at most, in micro-expression {number} "
        "(apex in frame {frame}).",
        "否：AU {au} {au:unit} 不太可能出现；最高为 {p:.2f}，在第 {number} 个微表情（顶点在第 {frame} 帧）。",
    ),
    "ask.unit_unknown": (
        "AU {au} {au:unit} is not measured by this program.",
        "本程序不测量 AU {au} {au:unit}。",
    ),
    "ask.unit_strength": ("AU {code} {au:unit}, probability {p:.2f}", "AU {code} {au:unit}，概率 {p:.2f}"),
    "ask.stronger": (
        "In micro-expression {number} (apex in frame {frame}) AU {au} {au:unit} is the strongest by FACS "
        "intensity: {parts:; }.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中，按 FACS 强度最强的是 AU {au} {au:unit}：{parts:；}。",
    ),
    "ask.likelier": (
        "In micro-expression {number} (apex in frame {frame}) AU {au} {au:unit} is the likeliest: "
        "{parts:; }.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中，最可能的是 AU {au} {au:unit}：{parts:；}。",
    ),
    "ask.equally_strong": (
        "In micro-expression {number} (apex in frame {frame}) it cannot be told which is stronger: "
        "{parts:; }.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中，无法判断哪个更强：{parts:；}。",
    ),
    "ask.neither_likely": (
        "In micro-expression {number} (apex in frame {frame}) none of them is likely: {parts:; }.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中，它们都不太可能出现：{parts:；}。",
    ),
    "ask.not_compared": (
        "In micro-expression {number} (apex in frame {frame}) they cannot be compared: not all were "
        "measured.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中无法比较：并非全部经过测量。",
    ),
    "ask.disagrees": (
        "On micro-expression {number} the language model and the action units disagree: the model ends in "
        "{label:emotion}, the action units suggest {suggested:emotion}.",
        "对第 {number} 个微表情，语言模型与动作单元不一致：模型的结论为{label:emotion}，"
        "动作单元提示{suggested:emotion}。",
    ),
    "ask.unit_unread": (
        "AU {au} {au:unit} was not measured in these micro-expressions.",
        "这些微表情中没有测量 AU {au} {au:unit}。",
    ),
    "ask.side": (
        "AU {au} {au:unit} is on the subject's {side} in micro-expression {number} (apex in frame {frame}, "
        "probability {p:.2f}).",
        "第 {number} 个微表情（顶点在第 {frame} 帧，概率 {p:.2f}）中 AU {au} {au:unit} 位于被试{side}。",
    ),
    "ask.side_of_both": (
        "AU {au} {au:unit} is seen on both sides in micro-expression {number} (apex in frame {frame}); the "
        "subject's {side} moves more ({left:.2f} px left, {right:.2f} px right).",
        "第 {number} 个微表情（顶点在第 {frame} 帧）中 AU {au} {au:unit} 见于双侧；被试{side}运动更大"
        "（左 {left:.2f} 像素，右 {right:.2f} 像素）。",
    ),
    "ask.region": (
        "In micro-expression {number} (apex in frame {frame}): {parts:; }.",
        "第 {number} 个微表情（顶点在第 {frame} 帧）：{parts:；}。",
    ),
    "ask.region_moved": (
        "the {name:region} moves {px:.2f} px, {way:octant} in the picture",
        "{name:region}移动 {px:.2f} 像素，画面方向：{way:octant}",
    ),
    "ask.region_still": (
        "None of these regions moves above the noise in any micro-expression of this video.",
        "在该视频的任何微表情中，这些区域的运动都未超出噪声。",
    ),
    # the rest of the report
    "ask.blinks": ("{count} {count:blink was|blinks were} found.", "共发现 {count} 次眨眼。"),
    "ask.events": ("{count} {count:event was|events were} found.", "共发现 {count} 个事件。"),
    "ask.speech": ("Speech was found {count} {count:time|times}.", "共发现 {count} 段说话。"),
    "ask.head": (
        "{count} fast {count:movement|movements} of the head {count:was|were} found.",
        "共发现 {count} 次快速头部运动。",
    ),
    "ask.closures": (
        "The eyes stay shut {count} {count:time|times}.",
        "长时间闭眼 {count} 次。",
    ),
    "ask.people": (
        "{count} {count:face was|faces were} followed.",
        "共跟踪 {count} 张脸。",
    ),
    "ask.length": (
        "The video lasts {seconds:.1f} s: {frames} frames at {fps:.2f} a second.",
        "视频长 {seconds:.1f} 秒：{frames} 帧，每秒 {fps:.2f} 帧。",
    ),
    "ask.confidence": (
        "Micro-expression {number} ({span}) was spotted with confidence {p:.2f}.",
        "第 {number} 个微表情（{span}）的检出置信度为 {p:.2f}。",
    ),
    "ask.confidence_given": (
        "A person set the frames of micro-expression {number} ({span}), so it was not spotted and has no "
        "confidence of its own.",
        "第 {number} 个微表情（{span}）的帧由人工给定，未经检出，因此没有检出置信度。",
    ),
    "ask.head_moved": (
        "From onset to apex of micro-expression {number} the head moves {px:.2f} px on average; that was "
        "removed from the measurement.",
        "第 {number} 个微表情从起始到顶点头部平均移动 {px:.2f} 像素；测量中已去除。",
    ),
    "ask.suggests_only": (
        "A movement of the face suggests a state of mind at most; it proves none.",
        "面部运动至多提示一种心理状态，不能证明任何状态。",
    ),
    "ask.not_measured": (
        "The report does not hold that: it was not measured.",
        "报告中没有这一内容：没有测量。",
    ),
    "ask.holds": (
        "It holds micro-expressions with their times, action units with sides, regions that moved, suggested "
        "emotions, macro-expressions, blinks, shut eyes, speech, head movements, faces and the length of the "
        "video.",
        "报告包含：微表情及其时间、动作单元及侧别、运动的区域、提示的情绪、宏表情、眨眼、闭眼、说话、"
        "头部运动、人脸和视频长度。",
    ),
}
