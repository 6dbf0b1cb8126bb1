"""A report as a table of pandas; what is said where pandas is not installed."""

import sys
from types import SimpleNamespace

import pytest

from made_up_report import made_up_report
from mellm.errors import InputError
from mellm.render.csv import ME_COLUMNS


def test_without_pandas_the_sentence_names_the_tables_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match=r"pip install pandas.*mes\.csv.*OpenFace and Fex"):
        made_up_report(with_pictures=False)[0].to_frame()


def test_pandas_is_given_a_row_per_micro_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    read = SimpleNamespace(read_csv=lambda file: file.read().splitlines())
    monkeypatch.setitem(sys.modules, "pandas", read)
    report = made_up_report(with_pictures=False)[0]
    header, *rows = report.to_frame()
    assert header.split(",") == list(ME_COLUMNS)
    assert len(rows) == len(report.micro_expressions) > 0


def test_the_frame_has_the_columns_of_the_table() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    report = made_up_report(with_pictures=False)[0]
    frame = report.to_frame()
    assert tuple(frame.columns) == ME_COLUMNS
    assert list(frame["apex_frame"]) == [me.interval.apex_frame for me in report.micro_expressions]
