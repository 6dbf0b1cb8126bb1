import csv
from pathlib import Path

import pytest

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
from mellm.facs.codes import half_labels, parse_code, side_letter, sides_by_unit

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


@pytest.mark.parametrize("text", ["happy", "4+x", "123", "12F4"])
def test_nonsense_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(InputError, match="not a list of action units"):
        parse_codes(text)


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


def test_one_code_is_read_and_more_or_less_is_refused() -> None:
    assert (parse_code("L12").au, parse_code("L12").one_sided, parse_code("T10").one_sided) == (
        12,
        True,
        False,
    )
    for text in ("", "4+7", "?"):
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
