import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mellm.errors import InputError
from mellm.facs import (
    AU_NAMES,
    AU_NAMES_ZH,
    au_name,
    au_number,
    code_of,
    format_codes,
    parse_codes,
    subject_side,
)
from mellm.facs.codes import (
    ActionUnitCode,
    half_labels,
    is_date,
    parse_code,
    parse_units,
    side_letter,
    sides_by_unit,
)

SHARED = Path(__file__).parents[2] / "../shared/data"

WRITTEN = [
    "4", "4+7", "1+L2", "R12A", "L14", "R2+R1", "26+25", "T28+14", "B23", "4 or 7", "l12b+r4",
    "4(k)+7", "(k)4,12", "4?", "?", "", "AU4, AU12C", "L12A or 14", " 4 + 7 ", "23+AD31", "1+2+5+AD38+M58",
    "none", "12a", "U14", "4/7", "AU 4; R10b and 17", "1、2",
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_every_cell_prints_back_unchanged(text: str) -> None:
    assert format_codes(parse_codes(text)) == text
    assert str(parse_codes(text)) == text


def test_sides_and_intensities_are_read() -> None:
    units = parse_codes("1+L2+r12a+T28+B23").units
    assert [(u.au, u.side, u.intensity) for u in units] == [
        (1, "both", None), (2, "left", None), (12, "right", "A"), (28, "top", None), (23, "bottom", None),
    ]  # fmt: skip
    assert [u.code for u in units] == ["1", "L2", "R12A", "T28", "B23"]
    assert [u.sided for u in units] == ["1", "L2", "R12", "T28", "B23"]


def test_or_groups_alternatives_only_where_it_is_written() -> None:
    groups = parse_codes("4+L12A or 14+17").alternatives
    assert [[u.sided for u in group] for group in groups] == [["4"], ["L12", "14"], ["17"]]


def test_excluded_units_are_kept_but_not_present() -> None:
    codes = parse_codes("4(k)+7")
    assert [u.au for u in codes.units] == [4, 7]
    assert [u.au for u in codes.present] == [7]
    assert [u.excluded for u in parse_codes("(k)4,12").units] == [True, False]


def test_descriptors_and_movements_are_not_action_units() -> None:
    assert [(u.family, u.au) for u in parse_codes("17+AD38+M58").units] == [("AU", 17), ("AD", 38), ("M", 58)]


def test_a_side_is_not_read_out_of_the_word_or() -> None:
    assert [u.side for u in parse_codes("4 or 7").units] == ["both", "both"]


@pytest.mark.parametrize(("text", "rest"), [("happy", "happy"), ("4+x", "x"), ("123",) * 2, ("12F4",) * 2])
def test_nonsense_is_a_remark_and_refused_where_only_codes_may_stand(text: str, rest: str) -> None:
    assert parse_codes(text).remarks == (rest,)
    assert str(parse_codes(text)) == text
    with pytest.raises(InputError, match="not a list of action units"):
        parse_units(text)


def written(unit: ActionUnitCode) -> str:
    return unit.code + "*" * unit.reference


NOTATIONS = [  # as annotation sheets write them -> units (* reference only), remarks, units per term
    ("A12B", "A12B", (), (1,)),
    ("A(4B/C)", "A4B/C", (), (1,)),
    ("L/A4B + A/R12", "L/A4B R/A12", (), (1, 1)),
    ("al12a", "L/A12A", (), (1,)),
    ("12L, 4R, 12LB, 9BR", "L12 R4 L12B R9B", (), (1, 1, 1, 1)),
    ("10A/B", "10A/B", (), (1,)),
    ("12(B/C)+4(b)", "12B/C 4B", (), (1, 1)),
    ("1D-E", "1D/E", (), (1,)),
    ("(23/24)", "23 24", (), (2,)),
    ("14or23", "14 23", (), (2,)),
    ("4B/A12", "4B A12", (), (2,)),
    ("(1+2) or 4", "1 2 4", (), (3,)),
    ("L(4+12B)", "L4 L12B", (), (1, 1)),
    ("ref(10)+4", "10* 4", (), (1, 1)),
    ("ref (L12 or L10)", "L12* L10*", (), (2,)),
    ("ref(6)+", "6*", (), (1,)),
    ("6 (ref)+(Ref. 7)", "6* 7*", (), (1, 1)),
    ("((12B)+4", "12B 4", (), (1, 1)),
    ("12B)", "12B", (), (1,)),
    ("12.0", "12", (), (1,)),
    ("soft focus", "", ("soft focus",), ()),
    ("4 glare, 7", "4 7", ("glare",), (1, 1)),
    ("all of the above", "", ("all of the above",), ()),
    ("80 (big swallow)", "80", ("big swallow",), (1,)),
    ("(1B+2A)or(loses AU4)", "1B 2A", ("loses AU4",), (2,)),
    ("4 blurred from 30 to 45", "4", ("blurred from 30 to 45",), (1,)),
    ("2014-04-07 00:00:00", "", ("2014-04-07 00:00:00",), ()),
    ("NaN", "", (), ()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "units", "remarks", "terms"), NOTATIONS)
def test_notations_of_real_sheets(
    text: str, units: str, remarks: tuple[str, ...], terms: tuple[int, ...]
) -> None:
    codes = parse_codes(text)
    assert " ".join(map(written, codes.units)) == units
    assert codes.remarks == remarks
    assert tuple(map(len, codes.alternatives)) == terms
    assert str(codes) == text


def test_references_are_not_scored_and_alternatives_are() -> None:
    codes = parse_codes("ref(10)+12 or 14+A4+glare")
    assert [unit.sided for unit in codes.present] == ["12", "14", "4"]
    asymmetric = parse_codes("A/L12").units[0]
    assert asymmetric.halves == (True, True) and asymmetric.stronger == "left" and not asymmetric.one_sided


@given(st.text() | st.text("AUDMGSLRTBCE()/+,orefkn?[] 0123456789", max_size=30))
def test_any_cell_prints_back_and_reads_the_same(text: str) -> None:
    codes = parse_codes(text)
    assert format_codes(codes) == text
    assert parse_codes(format_codes(codes)) == codes
    assert len(codes.gaps) == len(codes.units) + 1 == len(codes.groups) + 1


@st.composite
def made_units(draw: st.DrawFn) -> ActionUnitCode:
    grade = draw(st.sampled_from((None, *"ABCDE")))
    asymmetric = draw(st.booleans())
    sides = ("both", "left", "right", "top", "bottom", "unilateral")
    return ActionUnitCode(
        draw(st.integers(1, 99)),
        "both" if asymmetric else draw(st.sampled_from(sides)),
        grade,
        draw(st.sampled_from(("AU", "AD", "M", "GS"))),
        intensity_to=draw(st.sampled_from((None, *"ABCDE"))) if grade else None,
        asymmetric=asymmetric,
        stronger=draw(st.sampled_from((None, "left", "right"))) if asymmetric else None,
    )


@given(
    st.lists(made_units(), max_size=6),
    st.sampled_from(("+", ", ", "; ", " or ", "、", " + ")),
    st.sampled_from(("{}", "({})", "ref({})", "glare+[{}]")),
)
def test_printed_units_read_back_as_they_were(made: list[ActionUnitCode], mark: str, around: str) -> None:
    codes = parse_codes(around.format(mark.join(unit.code for unit in made)))
    reference = around.startswith("ref")
    assert [replace(unit, spelling="") for unit in codes.units] == [
        replace(unit, reference=reference) for unit in made
    ]
    if made and mark == " or ":
        assert len(codes.alternatives) == 1


def test_made_codes_are_canonical() -> None:
    assert code_of(12, "left", "B") == "L12B"
    assert code_of(4) == "4"


def test_picture_sides_become_the_subjects_once() -> None:
    assert subject_side("left") == "right"
    assert subject_side("right") == "left"
    assert subject_side("left", mirrored=True) == "left"


def test_names_go_both_ways_in_both_languages() -> None:
    assert au_name(12) == "lip corner puller"
    assert au_name(12, side="left") == "left lip corner puller"
    assert au_name(4, "zh", "right").startswith("右侧")
    for au in AU_NAMES:
        assert au_number(AU_NAMES[au]) == au
        assert au_number(AU_NAMES_ZH[au]) == au
    assert au_number("Lip Corner Puller") == au_number("AU12") == au_number("12") == 12
    with pytest.raises(InputError):
        au_number("eyebrow wiggler")


def test_names_of_question_files_are_known() -> None:
    spellings = {
        "nostril dilater": 38,
        "nostril compress": 39,
        "tilt right": 56,
        "eyes left": 61,
        "eye closure": 43,
    }
    assert {name: au_number(name) for name in spellings} == spellings


SHEETS = [
    ("au_annotations/casme2.csv", "Action Units", 255),
    ("au_annotations/casme3_part_a.csv", "AU", 860),
    ("au_annotations/dfme_train.csv", "AU", 1856),
    ("megc2019_flow/samples.csv", "action_units", 309),
]


@pytest.mark.shared
@pytest.mark.parametrize(("sheet", "column", "rows"), SHEETS)
def test_every_cell_of_the_real_sheets_prints_back(sheet: str, column: str, rows: int) -> None:
    path = SHARED / sheet
    if not path.is_file():
        pytest.skip(f"the research data is not beside the checkout ({sheet})")
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [row[column] for row in csv.DictReader(file)]
    assert len(cells) == rows
    for cell in cells:
        codes = parse_codes(cell)
        assert format_codes(codes) == cell
        assert len(codes.units) == len([part for part in cell.split("+") if any(c.isdigit() for c in part)])


DATES = (
    "7-Apr", "Apr-24", "7. April 2024", "April 7, 2024", "7/4/2024", "07.04.2024", "07/04/24", "2024-04-07",
    "2024-04-07 00:00:00", "4/7/2024 12:00 AM", "45389", "45389.0", "4月7日",
)  # fmt: skip


@pytest.mark.parametrize("cell", DATES)
def test_a_date_that_a_spreadsheet_made_scores_nothing(cell: str) -> None:
    codes = parse_codes(cell)
    assert is_date(cell)
    assert (codes.units, codes.remarks, str(codes)) == ((), (cell,), cell)
    with pytest.raises(InputError):
        parse_units(cell)


@pytest.mark.parametrize("cell", ["4/7", "12/14/24", "12-14", "1D-E", "4.0", "12", "99999", "4+7", "L12", ""])
def test_codes_are_no_dates(cell: str) -> None:
    assert not is_date(cell)


def test_one_code_is_read_and_more_or_less_is_refused() -> None:
    assert (parse_code("L12").au, parse_code("L12").one_sided, parse_code("T10").one_sided) == (
        12,
        True,
        False,
    )
    for text in ("", "4+7", "?", "A12", "12B/C", "ref(12)"):
        with pytest.raises(InputError, match="not one action unit"):
            parse_code(text)


@pytest.mark.parametrize(
    ("code", "halves"),
    [
        ("4", (True, True)),
        ("L4", (True, False)),
        ("R4", (False, True)),
        ("T4", (True, True)),
        ("U4", (True, True)),
    ],
)
def test_halves_of_the_face_a_code_stands_for(code: str, halves: tuple[bool, bool]) -> None:
    assert parse_code(code).halves == halves
    assert half_labels([[parse_code(code)]], (7, 4))[0, :, 1].tolist() == list(halves)


def test_half_labels_count_action_units_alone() -> None:
    labels = half_labels([parse_codes("L2+R2+AD38").units, parse_codes("38").units], (2, 38))
    assert labels.tolist() == [[[True, False], [True, False]], [[False, True], [False, True]]]


def test_sides_of_units_said_twice() -> None:
    assert sides_by_unit(["L2", "R2", "L12", "12", "R4", "R4"]) == {2: "both", 12: "both", 4: "right"}
    assert [side_letter(side) for side in ("both", "left", "right", "top")] == ["", "L", "R", "T"]
