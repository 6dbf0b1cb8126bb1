import json
import random
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from mellm.cli.instruct import app
from mellm.datasets.megc2019 import read_flow_set
from mellm.errors import InputError
from mellm.instruct import BuildConfig, FlowOnlySource, Wanted, build, check_folder, open_store
from mellm.instruct.compact_answers import write_compact
from mellm.instruct.compact_records import compact_records, reading_prompt, stage_of, vqa_emotion, vqa_prompt
from mellm.instruct.facs_findings import stage_of_stored_flow
from mellm.instruct.record_checks import check_record
from mellm.instruct.records import Case, Record
from mellm.instruct.truth import reasoned_label, shown_truth
from mellm.instruct.vqa_dialogues import QuestionForm
from mellm.language.answer import Answer, concluded_codes
from mellm.language.compact_answer import CompactAnswer
from mellm.language.compact_prompt import MEU_QUESTION

COMPACT = Wanted(form="compact")


@pytest.fixture(scope="module")
def small(flow_folder, tmp_path_factory):
    """Compact records from made-up flow."""
    folder = tmp_path_factory.mktemp("small") / "data"
    build(BuildConfig(FlowOnlySource(flow_folder), COMPACT, shard=10), folder)
    return open_store(folder)


@pytest.fixture(scope="module")
def cases(small):
    return {case.truth.action_units: case for _, case in small.checked()}


def test_every_compact_record_passes(small):
    result = check_folder(small)
    assert (result.failures, result.queued) == (0, 0)
    records = list(small.records())
    assert {record.task for record in records} == {"meu", "mer", "vqa"}
    assert {(record.form, record.route, record.language) for record in records} == {("compact", "flow", "en")}
    assert all(len(record.prompt) < 1100 for record in records)


def test_cases_and_records_read_back(small):
    record, case = next(small.checked())
    assert Case.from_json(case.to_json()) == case
    assert case.stage.units and sum(case.stage.fine.values()) == pytest.approx(1, abs=1e-3)
    assert Record.from_json(record.to_json()) == record


def test_an_answer_in_three_lines_with_a_fixed_conclusion(cases):
    case = cases["6", "12"]
    text = write_compact(case, stage_of(case), "3", 0).render()
    parts = Answer.parse(text, "en")
    assert parts.canonical
    assert [line.split(":")[0] for line in text.splitlines()] == ["Analysis", "Reasoning", "Conclusion"]
    assert parts.conclusion == "AU 6 + 12. Label: positive."
    assert concluded_codes(parts.conclusion) == ("6", "12")
    assert "times the average): AU 12 (lip corner puller)." in parts.analysis
    assert "positive" in parts.reasoning


def test_written_answers_are_read_back(small):
    for record, case in small.checked():
        if record.task == "meu":
            answer = CompactAnswer.parse(record.answer)
            assert answer == write_compact(case, stage_of(case), record.target["taxonomy"], 0)


def test_numbers_of_the_answer_stand_in_the_prompt(small):
    for record in small.records():
        if record.task == "meu":
            sizes = [word.strip("(") for word in record.answer.split() if word.startswith("(")]
            told = [size for size in sizes if size[0].isdigit()]
            assert all(f" {size}" in record.prompt for size in told)


def test_a_unit_that_nothing_shows_is_nowhere(cases):
    case = cases["4", "R12", "5"]
    still = replace(
        case,
        motion=tuple(replace(m, moving=m.moving and "eyelid" not in m.name) for m in case.motion),
        stage=replace(case.stage, units=()),
    )
    for record in compact_records(still, COMPACT):
        assert check_record(record, still) == []
        if record.task == "meu":
            assert "AU 5" not in record.answer
            assert "5" not in record.target["action_units"]


def test_a_unit_of_the_stage_alone_is_said_to_be(cases):
    case = cases["15", "17"]
    still = replace(
        case, motion=tuple(replace(m, moving="corner" in m.name and m.moving) for m in case.motion)
    )
    stage = replace(case.stage, units=((17, "both", 0.9),))
    told = write_compact(still, stage, "3", 0).as_answer()
    assert told.conclusion.startswith("AU 15 + 17.")
    assert "AU 17 (chin raiser)" in told.analysis.split(". ")[-1]
    assert write_compact(still, None, "3", 0).as_answer().conclusion.startswith("AU 15.")


def test_no_expression_is_concluded(cases):
    case = cases["12",]
    quiet = replace(case, truth=replace(case.truth, action_units=(), labels={}, emotion=None,
                                        expression=False, origin="none"))  # fmt: skip
    records = [r for r in compact_records(quiet, COMPACT) if r.task == "meu"]
    assert [r.answer.splitlines()[-1] for r in records] == ["Conclusion: no micro-expression."]
    assert check_record(records[0], quiet) == []
    assert "no unit" in records[0].answer


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda r: replace(r, answer=r.answer.replace("AU 6 + 12.", "AU 6.")), "units"),
        (lambda r: replace(r, answer=r.answer.replace("Label: positive", "Label: negative")), "emotion"),
        (lambda r: replace(r, answer=r.answer.replace("outward", "inward")), "claims"),
        (lambda r: replace(r, answer=r.answer.replace("AU 12 (lip corner puller)", "AU L12")), "sides"),
        (lambda r: replace(r, answer=r.answer.replace("(cheek raiser)", "(dimpler)")), "names"),
        (lambda r: replace(r, answer=r.answer.replace("Reasoning: ", "")), "format"),
        (lambda r: replace(r, prompt=r.prompt.replace("mouth corners", "nostril wings")), "prompt"),
        (lambda r: replace(r, prompt=r.prompt.replace("Units: ", "Units: 9 .99, ")), "prompt"),
        (lambda r: replace(r, prompt=r.prompt + " (AU 6+12)"), "leak"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(cases, change, kind):
    case = cases["6", "12"]
    records = {(r.task, r.target.get("taxonomy")): r for r in compact_records(case, COMPACT)}
    changed = change(records["meu", "3"])
    assert changed != records["meu", "3"]
    assert kind in {problem.kind for problem in check_record(changed, case)}


def test_without_the_stage_prompts_tell_motion_alone(cases):
    for case in cases.values():
        for record in compact_records(case, replace(COMPACT, evidence=False)):
            assert "Units:" not in record.prompt
            assert check_record(record, case) == []


def test_prompts_of_records_are_those_of_use(small, flow_folder):
    flows = {s.key: f for s, f in zip(*(vars_of(read_flow_set(flow_folder))), strict=True)}
    for record, case in small.checked():
        stage = stage_of_stored_flow(flows[case.name])
        if record.task == "vqa":
            question = record.prompt.splitlines()[-1]
            kind = QuestionForm.parse(record.question).kind
            asked = vqa_prompt(case.motion, stage, question, kind, scale="relative")
        elif record.task == "meu":
            asked = reading_prompt(
                case.motion, stage, MEU_QUESTION, record.target["taxonomy"], scale="relative"
            )
        else:
            continue
        assert asked == record.prompt


def vars_of(data):
    return data.samples, data.flows


def test_me_vqa_knows_two_negative_words(cases):
    case = cases["15", "17"]
    drawn = {vqa_emotion(replace(case, key=f"k{i}"), None) for i in range(40)}
    assert drawn == {"disgust", "repression"}
    assert vqa_emotion(cases["1", "2"], None) == "surprise"
    assert vqa_emotion(cases["12",], None) == "happiness"


def test_measurements_without_a_stage_are_refused_where_it_cannot_be_had(cases):
    case = replace(cases["12",], stage=None)
    with pytest.raises(InputError, match="lack the FACS stage"):
        stage_of(case)
    assert stage_of(replace(case, scale="px")).units


def test_labels_that_were_drawn_are_for_short_answers_only(cases):
    case = cases["12",]
    odd = replace(case, truth=replace(case.truth, emotion="anger", labels={"3": "negative", "7": "anger"},
                                      origin="sheets"))  # fmt: skip
    records = {(r.task, r.target.get("taxonomy")): r for r in compact_records(odd, COMPACT)}
    assert records["mer", "3"].answer == "negative"
    assert records["meu", "3"].answer.endswith("Label: positive.")
    assert reasoned_label(shown_truth(odd.truth, odd.motion, stage_of(odd)), "7") == "happiness"
    assert all(check_record(record, odd) == [] for record in records.values())


def test_the_command_builds_and_exports_balanced(flow_folder, tmp_path):
    runner, out = CliRunner(), tmp_path / "small"
    words = ["build", out, "--from", flow_folder, "--prompts", "compact", "--workers", 1]
    assert runner.invoke(app, [str(word) for word in words]).exit_code == 0
    words = ["export", out, "--format", "canonical", "--balance", "--out", tmp_path / "x", "--json"]
    result = runner.invoke(app, [str(word) for word in words])
    assert result.exit_code == 0
    counts = json.loads(result.stdout)
    assert 0 < sum(counts.values()) <= sum(1 for _ in open_store(out).records())
    lines = [json.loads(line) for line in (tmp_path / "x/flow.train.jsonl").read_text().splitlines()]
    assert all(line["form"] == "compact" for line in random.Random(0).sample(lines, 5))
