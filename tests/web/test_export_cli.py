"""`mellm export`: results on disk as other programs read them, without a server."""

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from long_report import long_report
from mellm.cli.export import export
from mellm.errors import InputError
from mellm.web.annotation import Annotation
from mellm.web.elan import elan_document

app = typer.Typer()
app.command()(export)


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with two results, as `mellm analyze FOLDER` writes them."""
    for k, name in enumerate(("一.mp4", "two.mp4")):
        folder = tmp_path / "results" / f"{k}.mellm"
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(
            long_report(300, 3, name=name, seed=k).to_json(), encoding="utf-8"
        )
    return tmp_path / "results"


def test_many_results_are_one_table_or_a_file_each(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(results, "--to", "mes", "-o", out)
    rows = list(csv.DictReader((out / "mellm.mes.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["clip"] for row in rows] == ["一.mp4"] * 3 + ["two.mp4"] * 3
    run(results, "--to", "vtt", "-o", out)
    run(results / "0.mellm", results / "1.mellm", "--to", "eaf", "-o", out)
    names = {path.name for path in out.iterdir()}
    assert {"一.program.vtt", "two.program.vtt", "一.program.eaf", "two.program.eaf"} <= names
    run(results, "--to", "boris", "-o", out)
    assert list(json.loads((out / "mellm.boris").read_text(encoding="utf-8"))["observations"]) == [
        "一.mp4",
        "two.mp4",
    ]


def test_clips_of_one_name_do_not_overwrite_each_other(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(results / "0.mellm", results / "0.mellm", "--to", "fex", "-o", out)
    assert {path.name for path in out.iterdir()} == {"一.program.fex.csv", "一-2.program.fex.csv"}


def test_a_coders_tiers_are_laid_over(results: Path, tmp_path: Path) -> None:
    report = long_report(300, 3, name="一.mp4")
    moments = [{"number": 2, "id": 2, "verdict": "rejected"}]
    said = Annotation.model_validate({"job": "", "version": 1, "coder": "Ada", "moments": moments})
    file = tmp_path / "ada.eaf"
    file.write_bytes(elan_document(report, [said], report.source.times(), {}, date="2026-01-01T00:00:00Z"))
    run(results / "0.mellm", "--to", "mes", "--elan", file, "--coder", "Ada", "-o", tmp_path)
    rows = csv.DictReader((tmp_path / "一.Ada.mes.csv").read_text(encoding="utf-8").splitlines())
    assert [row["number"] for row in rows] == ["1", "3"]
    with pytest.raises(InputError, match="belongs to one result"):
        run(results, "--to", "mes", "--elan", file, "-o", tmp_path)


def test_what_is_no_result_is_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result"):
        run(tmp_path / "nowhere", "--to", "mes")
    with pytest.raises(InputError, match="no export format 'xls'"):
        run(results, "--to", "xls", "-o", tmp_path)
