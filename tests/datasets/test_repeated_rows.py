"""Rows that stand in a sheet twice: counted once and said, refused where they contradict each other."""

import logging
from pathlib import Path

import pytest

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.repeated_rows import counted_once
from mellm.datasets.set_index import read_set, read_table, write_table
from mellm.errors import InputError

HEADER = "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,AU,Emotion"
ROWS = ("1,a,3,5,9,12,happiness", "1,a,13,15,19,12,happiness", "2,b,3,5,9,4,anger")
LOG = logging.getLogger("mellm.repeated")


def sheet(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_sheet_appended_to_itself_counts_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = sheet(tmp_path / "s.csv", HEADER, *ROWS, *ROWS)
    rows = counted_once(LOG, path, read_sheet(path, [("Subject",)]))
    assert [row.number for row in rows] == [2, 3, 4]
    assert caplog.messages == [
        "s.csv: 3 rows repeat others and are counted once (row 5 like 2, 6 like 3, 7 like 4)."
    ]


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    for other in ("1,a,3,5,9,12,sadness", "1,a,3,5,9,1+2,happiness"):
        path = sheet(tmp_path / "s.csv", HEADER, *ROWS, other)
        with pytest.raises(InputError, match=r"say different things .row 5 like 2.: keep the right one"):
            counted_once(LOG, path, read_sheet(path, [("Subject",)]))


def test_rows_without_a_clip_are_nobodys_repetition(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = sheet(tmp_path / "s.csv", "Subject,AU,Emotion", "1,12,happiness", "1,12,happiness")
    assert len(counted_once(LOG, path, read_sheet(path, [("Subject",)]))) == 2
    assert not caplog.messages


def test_a_published_sheet_is_read_once_and_kept_where_it_contradicts_itself(tmp_path: Path) -> None:
    path = sheet(tmp_path / "dfme.csv", HEADER, *ROWS, ROWS[0], "2,b,3,5,9,4,fear")
    reading = read_set("dfme", tmp_path, path)
    assert [s.emotion for s in reading.samples] == ["happiness", "happiness", "anger", "fear"]
    said = "\n".join(map(str, reading.warnings))
    assert "1 row repeats another and is counted once (row 5 like 2)" in said
    assert "say different things (row 6 like 4)" in said
    table = tmp_path / "table.csv"
    write_table(table, [*reading.samples, reading.samples[0]])
    assert read_table(table) == list(reading.samples)
