"""What is said about annotation sheets, in English and Chinese; a part of `messages`."""

SHEET_MESSAGES: dict[str, tuple[str, str]] = {
    "sheet.nobody": (
        "{file}: {count} {count:row|rows} without subject or file name left out ({rows}); "
        "fill these in if cells were merged before the sheet became CSV.",
        "{file}：{count} 行没有受试者或文件名，已跳过（第 {rows} 行）；如有合并过的单元格，请补全。",
    ),
    "sheet.macro": (
        "{file}: {count} {count:macro-expression|macro-expressions} left out ({count:row|rows} {rows}).",
        "{file}：已跳过 {count} 个宏表情（第 {rows} 行）。",
    ),
    "sheet.unknown": (
        "{file}: {count} {count:row|rows} left out whose type is neither micro nor macro ({rows}).",
        "{file}：{count} 行的类型既不是微表情也不是宏表情，已跳过（第 {rows} 行）。",
    ),
    "sheet.no_label": (
        "{file}, column {column}: {count} {count:row|rows} left out, none of {labels} (row {rows}).",
        "{file}，列 {column}：{count} 行的情绪不在 {labels} 之中，已跳过（第 {rows} 行）。",
    ),
    "sheet.remarks": (
        "{file}, column {column}: {count} {count:cell holds|cells hold} what is no action unit, "
        "kept as a remark and not scored (row {rows}).",
        "{file}，列 {column}：{count} 个单元格含有非动作单元的内容，保留为备注，不评分（第 {rows} 行）。",
    ),
    "sheet.dates": (
        "{file}, column {column}: {count} {count:cell holds a date|cells hold dates}, which a spreadsheet "
        "made of codes; nothing is scored. Format the column as text and type the codes again (row {rows}).",
        "{file}，列 {column}：{count} 个单元格中的编码被电子表格改成了日期，均不评分；"
        "请将该列设为文本格式并重新输入编码（第 {rows} 行）。",
    ),
    "sheet.repeated": (
        "{file}: {count} {count:row repeats another and is|rows repeat others and are} counted once "
        "(row {rows}).",
        "{file}：{count} 行与其他行重复，只计一次（第 {rows} 行）。",
    ),
}
"""Code -> the sentence in English and in Chinese."""
