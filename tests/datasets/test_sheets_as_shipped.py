"""Sheets as their makers ship them, and as spreadsheets save them: made-up rows under the real columns."""

from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from mellm.cli import app
from mellm.datasets import index, read_set
from mellm.datasets.sheet_text import number, read_text
from mellm.datasets.sheet_warnings import kind_of_expression
from mellm.errors import InputError

HEAD = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"]
SAMM = [
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Duration",
    "Micro",
]
LONG = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type"]


def workbook(path: Path, lines: list[list[object]], merged: tuple[str, ...] = ()) -> Path:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(path)
    return path


def rows(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("preamble", "head", "tail"), [(13, SAMM, ["Anger", 1, ""]), (9, LONG, [""])])
def test_samm_says_micro_in_its_own_words(
    preamble: int, head: list[str], tail: list[object], tmp_path: Path
) -> None:
    columns = [
        *head,
        "Action Units",
        *(["Estimated Emotion", "Objective Classes"] if head is SAMM else []),
        "Notes",
    ]
    words = ["Micro - 1/2", "Micro", "1/2", "Macro", "Macro - 1/2", "head turn"]
    lines: list[list[object]] = [["about"] for _ in range(preamble)]
    lines.append(list(columns))
    for n, word in enumerate(words):
        lines.append(["007", f"007_2_{n}", 2, 10, 20, 30, 21, word, "A4B+soft focus", *tail])
    found = read_set("samm", workbook(tmp_path / "SAMM.xlsx", lines))
    assert [s.key for s in found.samples] == ["007_2_0", "007_2_1", "007_2_2"]
    said = "\n".join(map(str, found.warnings))
    start = preamble + 2
    assert f"2 macro-expressions left out (rows {start + 3}, {start + 4})" in said
    assert f"1 row left out whose type is neither micro nor macro ({start + 5})" in said
    assert (
        "column Action Units: 6 cells hold what is no action unit" in said and f"{start} 'soft focus'" in said
    )


def test_kinds_of_expression() -> None:
    words = (
        "Micro - 1/2",
        "micro-expression",
        "",
        "1/2",
        "微表情",
        "Macro",
        "macro-expression",
        "宏表情",
        "blink",
    )
    assert [kind_of_expression(word) for word in words] == ["micro"] * 5 + ["macro"] * 3 + ["unknown"]


def test_merged_cells_hold_for_each_of_their_rows(tmp_path: Path) -> None:
    lines: list[list[object]] = [list(HEAD)]
    lines += [
        [who, f"EP0{n}", n, n + 3, n + 9, "12", "happiness"] for n, who in enumerate((5, 5, 5, 6, 7), 1)
    ]
    book = workbook(tmp_path / "CASME2-coding.xlsx", lines, ("A2:A4", "F2:F3"))
    found = read_set("casme2", book)
    assert [s.subject for s in found.samples] == ["sub05"] * 3 + ["sub06", "sub07"]
    assert [s.action_units for s in found.samples] == ["12"] * 5 and found.warnings == ()
    assert [s.onset for s in found.samples] == [1, 2, 3, 4, 5]


def test_rows_of_nobody_are_named(tmp_path: Path) -> None:
    text = ",".join(HEAD) + "\n1,a,1,2,3,4,disgust\n,b,1,2,3,4,disgust\n\n,c,1,2,3,4,disgust\n"
    found = read_set("casme2", rows(tmp_path / "casme2.csv", text))
    assert [s.key for s in found.samples] == ["sub01_a"]
    assert "2 rows without subject or file name left out (3, 5)" in str(found.warnings[0])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
def test_chinese_sheets_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    text = ",".join(HEAD) + "\n1,张三,46,59,86,12,高兴\n"
    (sample,) = index("casme2", rows(tmp_path / "casme2.csv", text, encoding))
    assert sample.key == "sub01_张三" and sample.emotion == "happiness"


def test_western_letters_are_not_taken_for_chinese(tmp_path: Path) -> None:
    text = ",".join(HEAD) + "\n1,Zoë naïve,46,59,86,12,Überraschung\n"
    (sample,) = index("casme2", rows(tmp_path / "casme2.csv", text, "cp1252"))
    assert (sample.key, sample.emotion) == ("sub01_Zoë naïve", "überraschung")


def test_semicolons_decimal_commas_and_nan(tmp_path: Path) -> None:
    head = "Subject;Filename;OnsetFrame;ApexFrame;OffsetFrame;Emotion;Fps;AU"
    text = f"{head}\n1,0;x;46,0;59,0;NaN;anger;29,97;4,7,12\n2;y;1.0;nan;9.0;anger;?;NaN\n"
    first, second = index("dfme", rows(tmp_path / "dfme.csv", text))
    assert (first.subject, first.onset, first.apex, first.offset, first.fps) == ("1", 46, 59, None, 29.97)
    assert first.action_units == "4,7,12" and first.note == ""
    assert (second.apex, second.offset, second.fps, second.action_units) == (None, 9, None, "")
    assert second.note == "fps is written '?'"


def test_a_line_break_within_a_cell_is_part_of_it(tmp_path: Path) -> None:
    text = ",".join([*HEAD, "remarks"]) + '\n1,a,1,2,3,4,disgust,"two\nlines"\n2,b,1,2,3,4,disgust,\n'
    assert [s.key for s in index("mmew", rows(tmp_path / "mmew.csv", text))] == ["a", "b"]


def test_a_workbook_called_xls_and_one_whose_table_is_not_in_front(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["read me first"])
    sheet = book.create_sheet("coding")
    sheet.append(HEAD)
    sheet.append([1, "a", 1, 2, 3, 4, "disgust"])
    book.save(tmp_path / "coding.xlsx")
    (tmp_path / "coding.xlsx").rename(tmp_path / "coding.xls")
    assert [s.key for s in index("casme2", tmp_path)] == ["sub01_a"]


def test_the_workbook_of_casme2_spotting_names_its_folders(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append([1, "anger1_2", 10, 14, 20, "4+7", "negative", "micro-expression", "anger"])
    book.active.append([1, "anger1_1", 30, 40, 80, "4", "negative", "macro-expression", "anger"])
    book.create_sheet("naming rule1").append([15, "s15", 1])
    book.create_sheet("naming rule2").append(["0401", "anger1"])
    book.save(tmp_path / "CAS(ME)^2code_final.xlsx")
    (tmp_path / "rawpic/s15/15_0401girlcrashing").mkdir(parents=True)
    (sample,) = index("casme2-spotting", tmp_path)
    assert (sample.subject, sample.path) == ("s15", "rawpic/s15/15_0401girlcrashing")


def test_lists_of_macro_and_micro_expressions_with_a_header(tmp_path: Path) -> None:
    text = "Subject,Filename,Onset,Apex,Offset,AU,Expression type,Objective class\n"
    text += "spNO.9,k,5,9,20,4,Micro-expression,I\nspNO.9,k,50,90,200,R12,Macro-expression,I\n"
    assert [s.key for s in index("casme3a", rows(tmp_path / "list.csv", text))] == ["spNO.9_k_5"]
    text = "participant,clip,onset,apex,offset,au_updated,emotion,type\n"
    text += (
        "2,happy1_1,5,9,20,4,positive,micro-expression\n2,happy1_2,50,90,200,12,positive,macro-expression\n"
    )
    (sample,) = index("casme2-spotting", rows(tmp_path / "events.csv", text))
    assert (sample.onset, sample.action_units, sample.emotion) == (5, "4", "positive")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\0\0\0\0", b"PK\x03\x04 no workbook", b""])
def test_what_is_no_sheet_is_refused_in_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "casme2.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"casme2\.csv"):
        index("casme2", path)


def test_numbers_as_people_write_them() -> None:
    assert [number(text) for text in ("46", "46,0", "29.97", "1e3", "", "9l", "nan", "inf")] == [
        46, 46, 29.97, 1000, None, None, None, None,
    ]  # fmt: skip


def test_text_of_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_text(tmp_path / "gone.csv")


def test_the_command_says_what_was_left_out(tmp_path: Path) -> None:
    text = ",".join(HEAD) + "\n1,a,1,2,3,4+glare,disgust\n,b,1,2,3,4,disgust\n"
    rows(tmp_path / "casme2.csv", text)
    run = CliRunner().invoke(app, ["data", "check", "casme2", str(tmp_path / "casme2.csv")])
    assert "left out (3)" in run.output and "row 2 'glare'" in run.output
    run = CliRunner().invoke(
        app, ["data", "index", "casme2", str(tmp_path), "--out", str(tmp_path / "t.csv")]
    )
    assert run.exit_code == 0 and "left out (3)" in run.output
