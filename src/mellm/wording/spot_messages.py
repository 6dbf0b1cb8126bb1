"""Sentences about what moved in a clip and why nothing was found: code -> English and Chinese."""

SPOT_MESSAGES: dict[str, tuple[str, str]] = {
    "spot.mouth_alone": (
        "the mouth alone: speech, chewing or an expression",
        "仅嘴部运动：说话、咀嚼或表情",
    ),
    "spot.eyes_shut": (
        "the eyes stay shut or low for {seconds:.1f} s",
        "眼睛闭合或下垂持续 {seconds:.1f} 秒",
    ),
    "spot.none": ("No micro-expression found: {why}.", "未发现微表情：{why}。"),
    "spot.no_face": ("no face was seen", "没有看到人脸"),
    "spot.seen_too_short": (
        "the face is seen for {seen:.2f} s, and at least {least:g} s are needed",
        "人脸只出现了 {seen:.2f} 秒，至少需要 {least:g} 秒",
    ),
    "spot.rate_too_low": (
        "the frame rate is too low: {fps:.3g} a second, and at least {least:g} are needed to spot anything "
        "(30 or more are better)",
        "帧率过低：每秒 {fps:.3g} 帧，至少需要每秒 {least:g} 帧才能检测（最好 30 帧以上）",
    ),
    "spot.too_few_frames": (
        "the face is seen in {count} {count:frame|frames}, and at least {least} are needed",
        "只在 {count} 帧中看到人脸，至少需要 {least} 帧",
    ),
    "spot.gaps": (
        "the face could be followed in {percent:.0f} % of the frames only",
        "只有 {percent:.0f}% 的帧能跟踪到人脸",
    ),
    "spot.fast_head": ("the head moves too fast", "头部运动过快"),
    "spot.too_long": (
        "the movement of the face lasts longer than {most:g} s ({longest:.1f} s)",
        "面部运动持续超过 {most:g} 秒（{longest:.1f} 秒）",
    ),
    "spot.blinks_only": (
        "nothing but {count} {count:blink|blinks} stands out of the noise",
        "除 {count} 次眨眼外，没有超出噪声的运动",
    ),
    "spot.speech": (
        "somebody talks: the lower face cannot be read here, brows and lids can",
        "正在说话：此处下半脸不可判读，眉部和眼睑可以",
    ),
    "spot.talks": (
        "the face talks for {percent:.0f} % of the time, when only brows and lids can be read",
        "{percent:.0f}% 的时间在说话，此时只能判读眉部和眼睑",
    ),
    "spot.still": ("nothing stands out of the noise", "没有超出噪声的运动"),
    "spot.still_fast_head": (
        "nothing stands out of the noise, and the head moves too fast at times",
        "没有超出噪声的运动，且头部有时运动过快",
    ),
}
