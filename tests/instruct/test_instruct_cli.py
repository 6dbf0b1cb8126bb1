import json

import pytest
from typer.testing import CliRunner

from mellm.cli.instruct import app
from mellm.errors import InputError
from mellm.instruct.record_counts import distinct, skeleton

runner = CliRunner()


def run(*words):
    result = runner.invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_build_check_stats_export(flow_folder, tmp_path):
    out = tmp_path / "meu"
    built = run("build", out, "--from", flow_folder, "--workers", 1, "--json")
    counts = json.loads(built.stdout)
    assert counts["cases"] == 36 and counts["queue"] == 0
    checked = run("check", out)
    assert checked.exit_code == 0
    assert f"{counts['records']} records checked, 0 fail" in checked.stdout
    found = json.loads(run("stats", out, "--json").stdout)
    assert found["records"] == counts["records"] == sum(found["task"].values())
    assert found["action_units"]["12"] > found["action_units"]["6"]
    assert 0 < found["wording"]["en"]["distinct_2"] < 1
    assert "records" in run("stats", out).stdout
    wrote = json.loads(run("export", out, "--out", tmp_path / "x", "--format", "llava", "--routes", "flow",
                           "--json").stdout)  # fmt: skip
    assert all(name.startswith("flow.") for name in wrote)
    shown = run("show", out, "--count", 3).stdout
    assert shown.count("### ") == 3 and "Truth: AU" in shown
    assert "No two people" in run("review", out, "--agreement").stdout
    assert (out / "DATASHEET.md").read_text(encoding="utf-8").startswith("# Datasheet")


def test_check_exits_with_one_where_records_are_false(flow_folder, tmp_path):
    out = tmp_path / "meu"
    run("build", out, "--from", flow_folder, "--tasks", "mer", "--languages", "en", "--workers", 1)
    path = out / "records/00000.jsonl"
    path.write_text(
        path.read_text("utf-8").replace('"content": "positive"', '"content": "negative"'), "utf-8"
    )
    result = run("check", out)
    assert result.exit_code == 1
    assert "emotion: the answer is 'negative'" in result.stdout


@pytest.mark.parametrize("verb", ["build", "check", "stats", "show", "review", "export"])
def test_help_shows_an_example(verb):
    assert f"Example: mellm data instruct {verb}" in run(verb, "--help").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tasks", "poems"), "no task 'poems'"),
        (("--languages", "fr"), "no language 'fr'"),
        (("--annotator", "me"), "no annotator 'me'"),
        (("--annotator", "openai"), "which model"),
    ],
)
def test_wrong_options_are_told(flow_folder, tmp_path, words, said):
    with pytest.raises(InputError, match=said):
        run("build", tmp_path / "m", "--from", flow_folder, *words)


def test_a_folder_without_data_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no MEU-Instruct data"):
        run("check", tmp_path)


def test_wording_diversity():
    assert distinct(["a b c", "a b d"], 2, "en") == 3 / 4
    assert distinct(["1.0 px", "2.5 px"], 1, "en") == 2 / 4
    assert distinct([], 2, "en") == 0.0
    assert distinct(["嘴角上扬", "嘴角下压"], 2, "zh") == 5 / 6
    assert skeleton("image left 0.52 px") == skeleton("image right 1.70 px")
