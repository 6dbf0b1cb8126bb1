"""Every sentence that a stage hands on, by code: English and Chinese. Knows words only.

Fields stand in braces and have the same names in both languages. `word` understands, besides Python's own
format: `{label:emotion}` (an emotion's name), `{count:blink|blinks}` (one, or any other number) and
`{parts:; }` (several messages and what stands between them), `{au:unit}` (a unit's name), `{name:region}`
and `{way:octant}` (names of regions and directions).
"""

from mellm.wording.analysis_messages import ANALYSIS_MESSAGES
from mellm.wording.ask_messages import ASK_MESSAGES
from mellm.wording.coding_messages import CODING_MESSAGES
from mellm.wording.sheet_messages import SHEET_MESSAGES
from mellm.wording.spot_messages import SPOT_MESSAGES

MESSAGES: dict[str, tuple[str, str]] = {
    "text": ("{text}", "{text}"),
    # what other packages add
    "plug_in.not_imported": (
        "'{name}' of {package} cannot be imported ({error}); repair or uninstall {package}.",
        "{package} 的 '{name}' 无法导入（{error}）；请修复或卸载 {package}。",
    ),
    "plug_in.failed": (
        "'{name}' of {package} failed ({error}); choose another, or tell the makers of {package}.",
        "{package} 的 '{name}' 出错（{error}）；请改选其他，或告知 {package} 的作者。",
    ),
    "language.failed": ("{name} failed ({error}).", "{name} 出错（{error}）。"),
    # work in processes, and what breaks it off
    "processes.not_begun": (
        "The worker processes ended before they could begin: call this from a file, below "
        'the line `if __name__ == "__main__":`.',
        '工作进程在开始之前就结束了：请在脚本文件中把调用放在 `if __name__ == "__main__":` 之下。',
    ),
    "batch.stopped": (
        "stopped; the reports of {done} of {count} clips and the table are kept in {out}; "
        "run the same command again to go on",
        "已中止；{count} 个片段中 {done} 个的报告及表格保存在 {out}；再次运行同一命令即可继续",
    ),
    # what the command line fetches at first use
    "fetch.face": (
        "first use: fetching the face models ({size:.0f} MB, once; kept in {folder})",
        "首次使用：正在下载人脸模型（{size:.0f} MB，只需一次；保存在 {folder}）",
    ),
    "adapter.written": (
        "the adapter, as PEFT reads it, is in {folder}",
        "适配器（PEFT 格式）已写入 {folder}",
    ),
    "adapter.exists": (
        "{folder} holds an adapter already; name another folder.",
        "{folder} 中已有适配器；请指定另一个文件夹。",
    ),
    "adapter.none": (
        "{file} is no adapter with rank and alpha; give an adapter.safetensors of `mellm train language`.",
        "{file} 不是带有 rank 和 alpha 的适配器；请提供 `mellm train language` 生成的 adapter.safetensors。",
    ),
    "fetch.language": (
        "first use: fetching the built-in language model ({size:.0f} MB, once; kept in {folder})",
        "首次使用：正在下载内置语言模型（{size:.0f} MB，只需一次；保存在 {folder}）",
    ),
    "stopped.nothing": ("stopped; nothing was written", "已中止；没有写入任何文件"),
    "stopped.resumable": (
        "stopped; what was finished is kept; run the same command again to go on",
        "已中止；已完成的部分已保存；再次运行同一命令即可继续",
    ),
    "stopped.finished": ("stopped; what was finished is kept", "已中止；已完成的部分已保存"),
    # media: warnings
    "media.picture_faulty": (
        "{file} is damaged: parts of the picture may be wrong",
        "{file} 已损坏：部分画面可能有误",
    ),
    "media.rate_assumed": (
        "the file holds no time stamps: {fps:g} frames per second are assumed; give fps if that is wrong",
        "文件没有时间戳：按每秒 {fps:g} 帧计算；如不正确请给出帧率",
    ),
    "media.times_out_of_order": (
        "some time stamps are missing or out of order: those frames are put between their neighbours",
        "部分时间戳缺失或乱序：这些帧置于前后两帧之间",
    ),
    "media.end_damaged": (
        "the last part of the file is damaged: {count} frames could be read",
        "文件末尾已损坏：只读出 {count} 帧",
    ),
    "media.end_damaged_of": (
        "the last part of the file is damaged: {count} of {expected} frames could be read",
        "文件末尾已损坏：只读出 {count}/{expected} 帧",
    ),
    "media.parts_damaged": (
        "parts of the file are damaged: some frames may be missing or show faults",
        "文件部分损坏：可能缺少某些帧，或画面有误",
    ),
    "media.size_changes": (
        "the picture size changes within the file: all frames are scaled to the first one's size",
        "文件中画面尺寸有变化：所有帧已缩放为第一帧的尺寸",
    ),
    "media.frame_of_other_size": (
        "frame {frame} is left out: {file} has another size than the first picture.",
        "跳过第 {frame} 帧：{file} 的尺寸与第一张图片不同。",
    ),
    "media.frame_left_out": ("frame {frame} is left out: {why}", "跳过第 {frame} 帧：{why}"),
    "media.file_left_out": (
        "{file} is left out: it is not a picture, or damaged.",
        "跳过 {file}：不是图片，或已损坏。",
    ),
    "media.numbers_do_not_rise": (
        "the numbers in the file names do not rise: pictures are taken in order of name, evenly.",
        "文件名中的编号不递增：图片按名称顺序等间隔读取。",
    ),
    "media.numbers_missing": (
        "{count} numbers are missing between {first} and {last}: times follow the numbers.",
        "{first} 与 {last} 之间缺少 {count} 个编号：时间按编号计算。",
    ),
    "media.names_are_times": (
        "the numbers in the file names are read as times ({unit}), not as counts: from {first} to {last}",
        "文件名中的数字按时间（{unit}）而非计数读取：从 {first} 到 {last}",
    ),
    "media.names_step_by": (
        "the numbers in the file names rise by {step} from {first} to {last}: that is taken as one frame",
        "从 {first} 到 {last}，文件名中的数字每次增加 {step}：按一帧计算",
    ),
    "media.names_are_dates": (
        "the file names hold dates or times of day that do not fit {fps:g} frames per second: "
        "pictures are spaced evenly at that rate",
        "文件名中的日期或时刻与每秒 {fps:g} 帧不符：图片按该帧率等间隔排列",
    ),
    # media: what makes a file unusable
    "media.not_one_picture": (
        "{file} is an animation or a video where one picture is expected: save the frame that you mean as a "
        "picture, or give the whole clip (mellm analyze CLIP --onset-frame N --apex-frame M).",
        "{file} 是动画或视频，而此处应为一张图片：请把所需的帧另存为图片，或给出整段视频"
        "（mellm analyze CLIP --onset-frame N --apex-frame M）。",
    ),
    "media.two_of_one": (
        "{file} holds two pictures of one frame, {first} and {second}: keep one of them in the folder.",
        "{file} 中同一帧有两张图片：{first} 和 {second}，请只保留其中一张。",
    ),
    "media.heic_needs_library": (
        "{file} is a HEIC photograph: install what reads it (pip install mellm[heic]), "
        "or save it as JPEG or PNG.",
        "{file} 是 HEIC 照片：请安装读取组件（pip install mellm[heic]），或另存为 JPEG 或 PNG。",
    ),
    "media.unreadable": (
        "{file} is not a picture or video that can be read, or it is damaged: "
        "try to play it, and convert it to MP4 if it plays.",
        "{file} 不是可读取的图片或视频，或已损坏：请先试着播放，若能播放请转换为 MP4。",
    ),
    "media.no_frame": (
        "No frame of {file} can be decoded: the file is damaged; copy it again.",
        "{file} 中没有可解码的帧：文件已损坏，请重新复制。",
    ),
    "media.picture_damaged": (
        "{file} cannot be decoded: the picture is damaged; copy or save it again.",
        "{file} 无法解码：图片已损坏，请重新复制或保存。",
    ),
    "media.picture_cut_short": (
        "{file} is cut short or damaged, part of the picture is missing: copy or save it again.",
        "{file} 不完整或已损坏，缺少部分画面：请重新复制或保存。",
    ),
    "media.no_video": (
        "{file} holds no video, only sound or data: give a video or pictures.",
        "{file} 中没有画面，只有声音或数据：请提供视频或图片。",
    ),
    "media.too_dense": (
        "{file} promises {millions:.0f} million pixels in {kilobytes:.0f} kB, as no recording does: save it "
        "again as MP4 if it plays.",
        "{file} 声称在 {kilobytes:.0f} kB 中含有 {millions:.0f} 百万像素，"
        "任何录像都不会如此：若能播放，请另存为 MP4。",
    ),
    "media.too_many_pixels": (
        "{file} is {width}x{height} pixels, more than the limit of {millions:g} million pixels and {side} a "
        "side: scale it down first.",
        "{file} 为 {width}x{height} 像素，超过上限（{millions:g} 百万像素、边长 {side}）：请先缩小。",
    ),
    "media.no_pictures": (
        "{folder} holds no pictures ({held:, }): give a video, or the folder that holds the numbered frames.",
        "{folder} 中没有图片（{held:、}）：请给出视频，或存放编号图片的文件夹。",
    ),
    "media.of_clips": ("{count} {count:clip|clips}", "{count} 个视频"),
    "media.of_reports": ("{count} {count:report|reports}", "{count} 份报告"),
    "media.of_folders": ("{count} {count:folder|folders}", "{count} 个文件夹"),
    "media.of_files": ("{count} other {count:file|files}", "{count} 个其他文件"),
    "media.of_nothing": ("nothing at all", "空文件夹"),
    "media.folder_needs_rate": (
        "{file} is a folder of pictures, which has no frame rate of its own: "
        "give it (fps, for instance 200).",
        "{file} 是图片文件夹，本身没有帧率：请给出帧率（fps，例如 200）。",
    ),
    # folders of clips
    "media.previews": (
        "{folder} holds {count} {count:clip|clips} ({first} ...) and {pictures} {pictures:picture|pictures} "
        "that look like previews: name one of the clips, or put the pictures into a folder of their own.",
        "{folder} 中有 {count} 个视频（{first} 等），还有 {pictures} 张像是预览图的图片："
        "请指定其中一个视频，或把图片放入单独的文件夹。",
    ),
    "media.clips_passed_over": (
        "{folder} also holds {count} {count:clip|clips} ({first} ...): only its numbered pictures are read.",
        "{folder} 中还有 {count} 个视频（{first} 等）：只读取其中编号的图片。",
    ),
    "batch.pictures_beside_clips": (
        "{folder} holds clips and {count} numbered pictures: the pictures are taken as one more recording.",
        "{folder} 中既有视频，又有 {count} 张编号的图片：图片也作为一段录像处理。",
    ),
    "batch.left_out": ("{count} left out: {parts:; }.", "跳过 {count} 项：{parts:；}。"),
    "batch.left_out_system": (
        "{count} hidden or of the system ({names})",
        "隐藏或系统文件 {count} 项（{names}）",
    ),
    "batch.left_out_report": (
        "{count} {count:folder|folders} of reports ({names})",
        "报告文件夹 {count} 个（{names}）",
    ),
    "batch.left_out_preview": (
        "{count} {count:picture or preview|pictures or previews} that are no recording ({names})",
        "不构成录像的图片或预览 {count} 个（{names}）",
    ),
    "batch.left_out_other": (
        "{count} {count:file|files} of other kinds ({names})",
        "其他类型的文件 {count} 个（{names}）",
    ),
    "batch.left_out_linked": (
        "{count} {count:link|links} to folders that are looked through already ({names})",
        "指向已处理文件夹的链接 {count} 个（{names}）",
    ),
    "batch.left_out_unreadable": (
        "{count} that cannot be read ({names})",
        "无法读取 {count} 项（{names}）",
    ),
    # flow
    "flow.face_outside": (
        "Too little of the face lies inside the picture; head motion is unknown and was not removed.",
        "画面内的人脸部分过少；头部运动未知，未予去除。",
    ),
    "flow.head_turned": (
        "The head turned by {degrees:.0f} degrees between onset and apex; "
        "what was not removed may look like expression.",
        "从起始到顶点头部转动了 {degrees:.0f} 度；未去除的部分可能看似表情。",
    ),
    "flow.no_depth": (
        "Landmarks of scheme {scheme} carry no depth; head motion was removed with a generic face's depth.",
        "{scheme} 方案的特征点没有深度；已按通用人脸的深度去除头部运动。",
    ),
    "flow.no_landmarks": (
        "No face landmarks ({why}) Head motion was removed with a 2D fit.",
        "没有人脸特征点（{why}），已用二维拟合去除头部运动。",
    ),
    "flow.no_face": (
        "No face found in the onset picture; head motion was removed with a 2D fit.",
        "起始图片中没有找到人脸；已用二维拟合去除头部运动。",
    ),
    "flow.dis_instead": (
        "MEFlowNet needs the 468-point face mesh; this flow is DIS.",
        "MEFlowNet 需要 468 点人脸网格；此光流由 DIS 计算。",
    ),
    **ANALYSIS_MESSAGES,
    **ASK_MESSAGES,
    **SHEET_MESSAGES,
    **SPOT_MESSAGES,
    **CODING_MESSAGES,
    # the server's jobs
    "job.one_picture": (
        "{file} is one picture and shows no motion: send an onset and an apex.",
        "{file} 是单张图片，没有运动：请提供起始与顶点两张图片。",
    ),
    "job.no_memory": (
        "The clip needs more memory than this server allows: cut it shorter or scale it down.",
        "该视频所需内存超过服务器上限：请剪短或缩小。",
    ),
    "job.too_slow": (
        "The analysis took longer than {seconds:g} s: cut the clip shorter.",
        "分析超过 {seconds:g} 秒：请剪短视频。",
    ),
    # what a person changed
    "person.unnamed": ("a person", "使用者"),
    "person.note": ("{who}: {note}", "{who}: {note}"),
    "person.unnamed_note": ("a person: {note}", "使用者：{note}"),
    "person.frames": ("frames {frames}", "第 {frames} 帧"),
    "person.rejected": (
        "Micro-expression {number} ({frames}) was rejected by {who}.",
        "微表情 {number}（{frames}）被否定：{who}。",
    ),
    "person.added": ("This micro-expression was added by {who}.", "此微表情由人添加：{who}。"),
    "person.interval": (
        "The interval was set by {who}: {frames} (program: {before}).",
        "区间由{who}设定：{frames}（程序：{before}）。",
    ),
    "person.emotion": (
        "The emotion was set by {who}: {label:emotion} (program: {before:emotion}).",
        "情绪由{who}设定：{label:emotion}（程序：{before:emotion}）。",
    ),
    "person.reading": (
        "The reading was rewritten by {who}; the program's text is in `raw`.",
        "解读由{who}改写；程序原文保存在 `raw` 中。",
    ),
    "person.unit_rejected": ("AU {unit} was rejected by {who}.", "AU {unit} 被否定：{who}。"),
    "person.unit_added": ("AU {unit} was added by {who}.", "AU {unit} 由人添加：{who}。"),
    "person.unit_changed": (
        "AU {before} was changed to {unit} by {who}.",
        "AU {before} 改为 {unit}：{who}。",
    ),
    "person.remark": ("Note by {who}: {note}", "{who}的备注：{note}"),
    "person.none_left": (
        "No micro-expression left after the corrections of {who}.",
        "经{who}修改后没有剩下微表情。",
    ),
    "person.reviewed": (
        "{count} {count:micro-expression|micro-expressions} after review by {who} ({people:; }).",
        "经{who}审阅后有 {count} 个微表情（{people:；}）。",
    ),
}
"""Code -> the sentence in English and in Chinese."""
