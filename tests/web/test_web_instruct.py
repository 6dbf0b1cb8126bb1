"""What people coded, as instruction data: only their word is truth, and the result passes every check."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from web_client import Client

from mellm.errors import InputError
from mellm.instruct import check_folder, open_store
from mellm.instruct.sources import Measured, Skipped
from mellm.report import Report
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.annotation import Annotation, CodedMoment
from mellm.web.coded_cases import CodedSource, crop_motion, truth_of, write_instruct
from mellm.web.result_exports import Result
from review_samples import coded_result


@pytest.fixture(scope="module")
def result(smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory) -> Result:
    return coded_result(smile_clip[0], tmp_path_factory.mktemp("coded"), verdict="agreed")


def said(result: Result, **moment: object) -> Result:
    annotation = Annotation.model_validate(
        {"job": result.job, "version": 1, "moments": [{"number": 1, **moment}]}
    )
    return Result(result.job, result.folder, result.times, annotation, {})


def measured(result: Result) -> Measured | Skipped:
    return CodedSource([result]).measure(0)


def units(report: Report) -> list[str]:
    return [au.code for au in report.micro_expressions[0].action_units if au.present]


def test_agreeing_makes_the_programs_word_true(result: Result) -> None:
    found = measured(result)
    assert isinstance(found, Measured)
    truth = found.case.truth
    assert sorted(truth.action_units or ()) == sorted(units(result.program))
    assert truth.labels["7"] == "happiness" and truth.labels["3"] == "positive" and truth.origin == "coded"
    assert found.picture.shape == (480, 400, 3)


def test_motion_and_map_are_those_of_the_aligned_crop(result: Result) -> None:
    (me,) = result.program.micro_expressions
    motion = crop_motion(me)
    eyes = {round(m.mean / m.relative, 3) for m in motion if m.relative > 1e-4}
    assert len({round(e) for e in eyes}) == 1, "one face has one distance between the eyes"
    found = measured(result)
    assert isinstance(found, Measured)
    strongest = max(motion, key=lambda m: m.mean)
    picture = found.picture.astype(float)
    spread = picture.max(axis=2) - picture.min(axis=2)
    box = next(r.picture_box for r in me.regions if r.name == strongest.name)
    assert box is not None
    x, y = (box[0] + box[2] / 2) * 400, (box[1] + box[3] / 2) * 480
    assert spread[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4].mean() > np.median(spread) + 20


def test_only_what_a_person_spoke_about_is_known(result: Result) -> None:
    present = units(result.program)
    one = said(
        result, verdict="changed", units=[{"code": present[0], "verdict": "agreed", "was": present[0]}]
    )
    assert isinstance(measured(one), Skipped) or len(present) == 1
    every = [{"code": code, "verdict": "agreed", "was": code} for code in present]
    every[0] = {"code": "L12C", "verdict": "changed", "was": present[0]}
    found = measured(said(result, verdict="changed", units=every))
    assert isinstance(found, Measured)
    assert "L12C" in (found.case.truth.action_units or ()) and found.case.truth.labels == {}
    emotion = measured(said(result, verdict="changed", emotion={"taxonomy": "7", "label": "contempt"}))
    assert isinstance(emotion, Measured)
    assert emotion.case.truth.action_units is None and emotion.case.truth.labels["7"] == "contempt"
    coarse = measured(said(result, verdict="changed", emotion={"taxonomy": "3", "label": "negative"}))
    assert isinstance(coarse, Measured) and coarse.case.truth.labels == {"3": "negative"}
    assert isinstance(measured(said(result, note="only a note")), Skipped)
    assert len(CodedSource([said(result, verdict="rejected")])) == 0
    moved = said(result, verdict="agreed", frames={"onset": 30, "apex": 36, "offset": 40})
    assert isinstance(measured(moved), Skipped), "an interval that was never measured has no motion"


def test_units_that_were_all_rejected_are_known_to_be_none(result: Result) -> None:
    (me,) = result.program.model_copy(deep=True).micro_expressions
    for unit in me.action_units:
        unit.present = False
    moment = CodedMoment.model_validate(
        {
            "number": 1,
            "verdict": "changed",
            "units": [{"code": "12", "verdict": "rejected", "was": "12A"}],
            "emotion": {"taxonomy": "7", "label": "disgust"},
        }
    )
    truth = truth_of(me, moment)
    assert truth is not None and truth.action_units == () and truth.labels["7"] == "disgust"


def test_the_archive_is_a_dataset_that_passes_every_check(result: Result, tmp_path: Path) -> None:
    write_instruct([result], tmp_path / "out.zip", "smile.meu")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path)
    store = open_store(tmp_path / "smile.meu")
    checked = check_folder(store)
    assert checked.records > 15 and checked.failures == 0
    tasks = {(record.task, record.route, record.language) for record in store.records()}
    assert {("meu", "flow", "en"), ("meu", "vision", "zh"), ("mer", "flow", "en")} <= tasks
    assert [path.name for path in tmp_path.iterdir()].count("data") == 0
    with pytest.raises(InputError, match="coded by a person"):
        write_instruct([said(result, note="x")], tmp_path / "none.zip", "none")


def test_the_api_gives_one_analysis_or_all(client: Client, job: str) -> None:
    answer = client.get(f"jobs/{job}/instruct")
    if client.get(f"jobs/{job}/annotation").json()["version"] == 0:
        assert answer.status_code == 409 and "coded by a person" in answer.json()["error"]
    base = client.get(f"jobs/{job}/annotation").json()["version"]
    body = {"base_version": base, "coder": "Ada", "moments": [{"number": 1, "verdict": "agreed"}]}
    assert client.put(f"jobs/{job}/annotation", json=body).status_code == 200
    assert client.get(f"jobs/{job}/instruct", params={"coder": "Bo"}).status_code == 404, "Ada's are not Bo's"
    for path in (f"jobs/{job}/instruct", "instruct"):
        answer = client.get(path)
        assert answer.headers["content-type"] == "application/zip"
        assert ".meu.zip" in answer.headers["content-disposition"]
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert any(name.endswith(".meu/records/00000.jsonl") for name in names)
