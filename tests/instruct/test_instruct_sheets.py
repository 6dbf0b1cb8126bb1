import pytest

from mellm.errors import InputError
from mellm.instruct import Wanted
from mellm.instruct import sheet_cases as module
from mellm.instruct.compact_records import compact_records
from mellm.instruct.record_checks import check_record
from mellm.instruct.sheet_cases import SheetsSource
from mellm.simulate import generated_flow

SHEET = """Subject,AU,Emotion
1,6+12,happiness
1,R12,Happy
2,4,disgust
2,4+7,anger
3,1+2,surprise
3,5,others
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(generated_flow, "_FACES", 1)
    monkeypatch.setattr(module, "BLOCK", 3)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    return SheetsSource((sheet,), pairs=36)


def test_cases_carry_what_the_coder_said(source):
    annotated = {"6+12": "happiness", "R12": "happiness", "4": "disgust", "4+7": "anger", "1+2": "surprise"}
    for index in range(6):
        case = source.measure(index).case
        emotion = annotated["+".join(case.truth.action_units)]
        assert (case.truth.emotion, case.truth.labels["7"], case.truth.origin) == (emotion, emotion, "sheets")
        assert case.scale == "relative"
        for record in compact_records(case, Wanted(form="compact")):
            assert check_record(record, case) == []


def test_measuring_again_gives_the_same_whatever_came_before(source):
    first = source.measure(4).case
    source.measure(10)
    assert source.measure(4).case == first


def test_faces_of_validation_are_nowhere_else_and_one_block_is_quiet(source):
    cases = {index: source.measure(index).case for index in (0, 15, 17, 33, 35)}
    assert [case.split for case in cases.values()] == ["train", "train", "train", "val", "val"]
    assert cases[33].subject == cases[35].subject != cases[17].subject
    assert [case.truth.expression for case in cases.values()] == [True, False, False, True, True]
    assert cases[15].truth.action_units == ()


def test_sheets_that_cannot_serve_are_told(tmp_path):
    with pytest.raises(InputError, match="no annotation sheet"):
        SheetsSource((tmp_path / "absent.csv",), 5).measure(0)
    empty = tmp_path / "empty.csv"
    empty.write_text("AU,Emotion\n4,others\n", encoding="utf-8")
    with pytest.raises(InputError, match="hold no annotation"):
        SheetsSource((empty,), 5).measure(0)
