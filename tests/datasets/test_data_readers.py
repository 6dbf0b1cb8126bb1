"""Readers on small made-up trees with the real sheets' columns and quirks, and on the real sheets."""

import csv
from pathlib import Path

import pytest

from mellm.datasets import Sample, check, index, read_table, write_table
from mellm.datasets.set_index import corrections
from mellm.errors import InputError


def sheet(path: Path, lines: list[list[str]], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(lines)


def frames(folder: Path, numbers: range, pattern: str = "img{}.jpg") -> None:
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / pattern.format(number)).write_bytes(b"x")


CASME2 = [
    "Subject",
    "Filename",
    "",
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    "",
    "Action Units",
    "Estimated Emotion",
]


def test_casme2_pads_subjects_and_takes_a_slash_for_no_apex(tmp_path: Path) -> None:
    rows = [
        CASME2,
        ["1", "EP02_01f", "", "46", "/", "86", "", "12", "happiness"],
        ["17", "EP01_02", "", "1", "5", "9", "", "4+L10", "disgust"],
    ]
    sheet(tmp_path / "CASME2-coding.csv", rows, encoding="utf-8-sig")
    frames(tmp_path / "Cropped/sub01/EP02_01f", range(46, 87), "reg_img{}.jpg")
    first, second = index("casme2", tmp_path)
    assert first == Sample(
        "casme2",
        "sub01_EP02_01f",
        "sub01",
        46,
        None,
        86,
        200,
        "happiness",
        "12",
        "Cropped/sub01/EP02_01f",
        "apex is written '/'",
    )
    assert second.subject == "sub17" and second.action_units == "4+L10"
    sentences = {f.sentence: f.keys for f in check([first, second], tmp_path)}
    assert sentences["have no frames on this machine"] == ("sub17_EP01_02",)
    assert sentences["have no apex frame; spotting can find one"] == ("sub01_EP02_01f",)


def test_casme2_correction_is_applied_and_noted(tmp_path: Path) -> None:
    sheet(tmp_path / "casme2.csv", [CASME2, ["7", "EP06_02_01", "", "11", "66", "9l", "", "4", "disgust"]])
    (sample,) = index("casme2", tmp_path)
    assert sample.offset == 91 and "offset" in sample.note and "91" in sample.note
    sheet(tmp_path / "casme2.csv", [CASME2, ["7", "EP06_02_01", "", "11", "66", "92", "", "4", "disgust"]])
    assert index("casme2", tmp_path)[0].offset == 92


def test_samm_preamble_padding_and_macros(tmp_path: Path) -> None:
    columns = [
        "Subject",
        "Filename",
        "Inducement Code",
        "Onset Frame",
        "Apex Frame",
        "Offset Frame",
        "Duration",
        "Micro",
        "Action Units",
        "Estimated Emotion",
        "Objective Classes",
        "Notes",
    ]
    lines = [[f"preamble {i}"] for i in range(13)] + [columns]
    lines += [["6", "006_1_2", "1", "5562", "5575", "5588", "27", "1/2", "4 or 7", "Anger", "3", ""]]
    lines += [["6", "006_1_9", "1", "10", "60", "400", "391", "Macro", "12", "Happiness", "1", ""]]
    sheet(tmp_path / "SAMM.csv", lines)
    frames(tmp_path / "006/006_1_2", range(5562, 5589), "006_{:05d}.jpg")
    (sample,) = index("samm", tmp_path)
    assert (sample.subject, sample.path, sample.emotion) == ("006", "006/006_1_2", "anger")
    assert sample.action_units == "4 or 7"
    assert [f for f in check([sample], tmp_path) if f.serious] == []


def test_smic_has_neither_apex_nor_units_and_that_is_no_fault(tmp_path: Path) -> None:
    columns = ["Subject", "Filename", "OnsetF", "OffsetF", "FirstF", "Emotion"]
    sheet(tmp_path / "SMIC-HS-E.csv", [columns, ["s1", "s1_ne_01", "559740", "559775", "559700", "negative"]])
    (sample,) = index("smic-hs-e", tmp_path)
    assert (sample.onset, sample.apex, sample.offset) == (559740, None, 559775)
    assert check([sample]) == []


def test_casme2_spotting_has_no_header_and_two_naming_sheets(tmp_path: Path) -> None:
    rows = [
        ["1", "anger1_1", "557", "572", "608", "4+7", "negative", "macro-expression", "anger"],
        ["1", "anger1_2", "2854", "2862", "2868", "4", "negative", "micro-expression", "anger"],
    ]
    sheet(tmp_path / "CAS(ME)2.csv", rows)
    sheet(tmp_path / "naming_rule1.csv", [["1", "s15"]])
    sheet(tmp_path / "naming_rule2.csv", [["anger1", "15_0401girlcrashing"]])
    (sample,) = index("casme2-spotting", tmp_path)
    assert (sample.subject, sample.onset, sample.emotion) == ("s15", 2854, "negative")
    assert sample.path.endswith("s15/15_0401girlcrashing")


def test_repeated_names_get_keys_of_their_own(tmp_path: Path) -> None:
    columns = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
    rows = [
        ["spNO.1", "e", "62", "68", "96", "R12", "I", "happy"],
        ["spNO.1", "e", "162", "168", "196", "4", "I", "Others"],
        ["spNO.1", "e", "162", "170", "196", "4", "I", "sad"],
    ]
    sheet(tmp_path / "cas(me)3_part_A_ME.csv", [columns, *rows])
    samples = index("casme3a", tmp_path)
    assert [s.key for s in samples] == ["spNO.1_e_62", "spNO.1_e_162", "spNO.1_e_162.2"]
    assert [s.emotion for s in samples] == ["happiness", "others", "sadness"]


def test_dfme_rate_per_row_and_mmew_path_by_emotion(tmp_path: Path) -> None:
    columns = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId"]
    columns += ["Fps", "AU"]
    row = ["sub0003", "sub0003_01", "109", "199", "228", "anger", "0", "500", "23"]
    sheet(tmp_path / "d/dfme_train.csv", [columns, row])
    assert index("dfme", tmp_path / "d")[0].fps == 500
    row = ["1", "S01-1-1", "", "1", "9", "20", "", "4", "disgust", ""]
    sheet(tmp_path / "m/mmew.csv", [[*CASME2, "remarks"], row])
    assert index("mmew", tmp_path / "m")[0].path == "disgust/S01-1-1"


def test_4dme_keeps_the_excluded_mark(tmp_path: Path) -> None:
    columns = ["sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion"]
    sheet(tmp_path / "4DME.csv", [columns, ["3", "3_positive_1", "5", "12", "30", "12+4(k)", "positive"]])
    (sample,) = index("4dme", tmp_path)
    assert sample.action_units == "12+4(k)"
    assert not any("cannot be read" in f.sentence for f in check([sample]))


def test_check_tells_missing_apex_picture_and_disorder(tmp_path: Path) -> None:
    sheet(
        tmp_path / "casme2.csv",
        [
            CASME2,
            ["1", "A", "", "5", "3", "9", "", "4", "disgust"],
            ["1", "B", "", "1", "7", "9", "", "?", "disgust"],
        ],
    )
    frames(tmp_path / "sub01/B", range(1, 6))
    samples = index("casme2", tmp_path)
    sentences = {f.sentence: f for f in check(samples, tmp_path)}
    assert sentences["have frames out of order (onset, apex, offset)"].keys == ("sub01_A",)
    assert sentences["lack the picture of their apex frame"].serious
    assert sentences["have no action units"].keys == ("sub01_B",)


def test_wrong_sheets_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No annotation sheet"):
        index("casme2", tmp_path)
    sheet(tmp_path / "other.csv", [["a", "b"], ["1", "2"]])
    with pytest.raises(InputError, match="no line with the columns"):
        index("casme2", tmp_path)
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(InputError, match="save it as"):
        index("casme2", tmp_path, tmp_path / "old.xls")
    with pytest.raises(InputError, match="no set named"):
        index("casme9", tmp_path)


def test_an_excel_sheet_reads_like_the_csv(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(CASME2)
    book.active.append([1, "EP02_01f", None, 46.0, 59, 86, None, "12", "happiness"])
    book.save(tmp_path / "CASME2-coding-20140508.xlsx")
    (sample,) = index("casme2", tmp_path)
    assert (sample.key, sample.onset, sample.apex) == ("sub01_EP02_01f", 46, 59)


def test_the_table_survives_a_round_trip(tmp_path: Path) -> None:
    samples = [
        Sample("samm", "a", "006", 1, None, 9, 200.0, "anger", "4 or 7", "006/a", "a, note"),
        Sample("dfme", "b", "s", None, 3, None, None, "", "", "b"),
    ]
    write_table(tmp_path / "table.csv", samples)
    assert read_table(tmp_path / "table.csv") == samples


def test_every_correction_names_a_field_of_a_sample() -> None:
    rows = list(corrections())
    assert rows
    for row in rows:
        assert row["field"] in Sample.__dataclass_fields__ and row["reason"]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "file", "count", "subjects"),
    [
        ("casme2", "casme2.csv", 255, 26),
        ("casme3a", "casme3_part_a.csv", 860, None),
        ("dfme", "dfme_train.csv", 1856, None),
    ],
)
def test_real_sheets(name: str, file: str, count: int, subjects: int | None, shared_data: Path) -> None:
    samples = index(name, shared_data / "au_annotations" / file)
    assert len(samples) == count == len({s.key for s in samples})
    assert subjects is None or len({s.subject for s in samples}) == subjects
    assert all(s.onset is not None for s in samples)
    assert not [f for f in check(samples) if "cannot be read" in f.sentence]
    if name == "casme3a":
        noted = [s for s in samples if s.note]
        assert {s.key for s in noted} == {"spNO.40_e_1812", "spNO.40_e_2327"}
        assert all(s.offset is None for s in noted)
