"""Corrections laid over a report, ELAN files, and every export format."""

import csv
import io
import itertools
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

import mellm
from mellm.render.html import render_html
from mellm.report import Report
from mellm.web.annotation import Annotation, AnnotationBody, CodedUnit
from mellm.web.contract import Frames
from mellm.web.corrected import BY_A_PERSON, corrected
from mellm.web.elan import elan_document
from mellm.web.result_exports import FORMATS

TIMES = [k / 200 for k in range(300)]


@pytest.fixture(scope="module")
def report(pair: tuple[Path, Path]) -> Report:
    """A real reading, placed in a clip of 200 frames per second."""
    report = mellm.Analyzer(mellm.Settings(llm="none")).analyze(onset=pair[0], apex=pair[1])
    (me,) = report.micro_expressions
    me.interval.onset_frame, me.interval.apex_frame, me.interval.offset_frame = 20, 40, 60
    me.interval.onset_time, me.interval.apex_time, me.interval.offset_time = 0.1, 0.2, 0.3
    report.source.fps, report.source.frames, report.source.path = 200.0, 300, "a & b.mp4"
    return report


def annotation(**moment: object) -> AnnotationBody:
    return AnnotationBody.model_validate({"coder": "Ada", "moments": [{"number": 1, **moment}]})


def saved(**moment: object) -> Annotation:
    said = {"coder": "Ada", "job": "a" * 20, "version": 1, "moments": [{"number": 1, "id": 1, **moment}]}
    return Annotation.model_validate(said)


def spans(eaf: bytes) -> dict[str, list[tuple[int, int, str]]]:
    root = ElementTree.fromstring(eaf)
    slots = {s.get("TIME_SLOT_ID"): int(s.get("TIME_VALUE", "-1")) for s in root.iter("TIME_SLOT")}
    return {
        tier.get("TIER_ID", ""): [
            (
                slots[a.get("TIME_SLOT_REF1")],
                slots[a.get("TIME_SLOT_REF2")],
                a.findtext("ANNOTATION_VALUE") or "",
            )
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }


def test_the_report_itself_is_not_touched(report: Report) -> None:
    before = report.to_json()
    said = annotation(
        verdict="changed",
        frames={"onset": 22, "apex": 44, "offset": 66},
        units=[{"code": "12", "verdict": "rejected", "was": "12A"}],
        emotion={"taxonomy": "7", "label": None},
        text={"analysis": "a", "reasoning": "b", "conclusion": "c"},
        note="unsure",
    )
    corrected(report, said, TIMES, {})
    assert report.to_json() == before


def test_every_correction_is_applied_and_written_out(report: Report) -> None:
    twelve = next(au for au in report.micro_expressions[0].action_units if au.au == 12)
    said = annotation(
        verdict="changed",
        frames={"onset": 22, "apex": 44, "offset": 66},
        units=[
            {"code": "L12B", "verdict": "changed", "was": twelve.code, "note": "one corner"},
            {"code": "14A", "verdict": "added"},
        ],
        emotion={"taxonomy": "3", "label": "negative"},
        text={"analysis": "a", "reasoning": "b", "conclusion": "mine"},
        note="unsure",
    )
    (me,) = corrected(report, said, TIMES, {}).micro_expressions
    assert (me.interval.onset_frame, me.interval.apex_frame, me.interval.offset_frame) == (22, 44, 66)
    assert me.interval.apex_time == pytest.approx(0.22) and me.interval.origin == "given"
    assert me.interval.duration == pytest.approx(0.22)
    units = {au.code: au for au in me.action_units}
    assert (
        units["L12B"].present and units["L12B"].side == "left" and units["L12B"].evidence == twelve.evidence
    )
    assert units["14A"].present and units["14A"].intensity_scale == BY_A_PERSON
    assert twelve.code not in units
    assert me.emotion.label == "negative" and me.emotion.taxonomy == "3"
    assert me.reading.conclusion == "mine" and "Ada" in me.reading.model
    assert me.reading.raw and report.micro_expressions[0].reading.conclusion in me.reading.raw
    told = " ".join(me.warnings)
    for words in (
        "frames 22 -> 44 -> 66 (program: frames 20 -> 40 -> 60)",
        "to L12B by Ada: one corner",
        "14A was added",
        "negative (program: happiness)",
        "rewritten",
        "unsure",
    ):
        assert words in told


def test_the_page_says_who_overruled_the_program(report: Report) -> None:
    """The person's emotion stands first, without the program's number; the program's stays beside it."""
    said = annotation(
        verdict="changed",
        frames={"onset": 22, "apex": 44, "offset": 66},
        emotion={"taxonomy": "7", "label": "contempt"},
    )
    result = corrected(report, said, TIMES, {})
    page = render_html(result, {})
    head = page[page.index('class="headline person"') :]
    assert "contempt" in head[:200] and "set by Ada" in head[:200]
    emotion = report.micro_expressions[0].emotion
    wanted = f"program: suggests {emotion.label} {emotion.probabilities[emotion.label or '']:.2f}"
    assert wanted in " ".join(re.sub("<[^>]+>", " ", head[:900]).split())
    assert "set by Ada" in page[page.index('class="interval"') :][:600]
    result.micro_expressions[0].reading.language = "zh"
    chinese = render_html(result, {})
    assert "由 Ada 设定" in chinese and "情绪由Ada设定：轻蔑（程序：高兴）。" in chinese
    assert "经Ada审阅后有 1 个微表情" in chinese and "set by Ada" not in render_html(report, {})


def test_a_rejected_moment_leaves_a_sentence(report: Report) -> None:
    result = corrected(report, annotation(verdict="rejected", note="just a sniff"), TIMES, {})
    assert result.micro_expressions == []
    assert "rejected by Ada: just a sniff." in result.warnings[-1]
    assert "Ada" in result.verdict


def test_an_added_moment_comes_from_its_rereading(report: Report) -> None:
    said = AnnotationBody.model_validate(
        {
            "moments": [
                {
                    "number": None,
                    "frames": {"onset": 100, "apex": 110},
                    "verdict": "added",
                    "reread": "a" * 20,
                }
            ]
        }
    )
    anew = report.model_copy(deep=True)
    result = corrected(report, said, TIMES, {"a" * 20: anew})
    assert [me.interval.onset_frame for me in result.micro_expressions] == [20, 100]
    assert "added by a person" in result.micro_expressions[1].warnings[0]
    # Not measured yet: it cannot be part of a report, and is left out.
    assert len(corrected(report, said, TIMES, {}).micro_expressions) == 1


def test_a_rereading_belongs_to_the_nearest_face(report: Report) -> None:
    """People may be numbered otherwise when a moment is read anew; places decide."""
    two = report.model_copy(deep=True)
    other = two.micro_expressions[0].model_copy(deep=True)
    other.number = other.person = 2
    for region in other.regions:
        region.box = (region.box[0] + 600, *region.box[1:])
    two.micro_expressions.append(other)
    anew = two.model_copy(deep=True)
    anew.micro_expressions.reverse()
    anew.micro_expressions[0].head_motion_px = 77.0
    said = AnnotationBody.model_validate(
        {"moments": [{"number": 2, "person": 2, "frames": {"onset": 21, "apex": 41}, "reread": "a" * 20}]}
    )
    first, second = corrected(two, said, TIMES, {"a" * 20: anew}).micro_expressions
    assert second.person == 2 and second.head_motion_px == 77.0 and second.interval.apex_frame == 41
    assert first.head_motion_px == report.micro_expressions[0].head_motion_px


def test_codes_and_frames_are_checked() -> None:
    assert CodedUnit(code="au l12b", verdict="added").code == "L12B"
    for wrong in ("", "99999", "12+14", "<b>"):
        with pytest.raises(ValidationError):
            CodedUnit(code=wrong, verdict="added")
    with pytest.raises(ValidationError):
        Frames(onset=5, apex=5)
    with pytest.raises(ValidationError):
        Frames(onset=5, apex=9, offset=8)


def test_elan_times_are_the_frames(report: Report) -> None:
    tiers = spans(elan_document(report, [], TIMES, {}, date="2026-01-01T00:00:00+00:00"))
    # Frame 60 lasts until 305 ms at 200 frames per second.
    assert tiers["P1 ME"] == [(100, 305, "ME 1, apex frame 40")]
    assert [(a, b) for a, b, _ in tiers["P1 phase"]] == [(100, 200), (200, 305)]
    assert "12" in tiers["P1 AU"][0][2] and tiers["P1 emotion"][0][2].startswith("happiness")
    assert {tier.split(" ", 1)[1] for tier in tiers} == {"ME", "phase", "AU", "emotion", "conclusion"}


def test_elan_keeps_program_and_person_apart(report: Report) -> None:
    twelve = next(au.code for au in report.micro_expressions[0].action_units if au.au == 12)
    said = saved(
        verdict="changed",
        frames={"onset": 22, "apex": 44, "offset": 66},
        units=[{"code": "R14C", "verdict": "changed", "was": twelve, "note": "one corner"}],
        emotion={"taxonomy": "7", "label": "contempt"},
        note="see \x00 <frame 44>",
    )
    tiers = spans(elan_document(report, [said], TIMES, {}, date="2026-01-01T00:00:00+00:00"))
    assert tiers["P1 ME"][0][:2] == (100, 305)
    assert tiers["P1 ME Ada"] == [(110, 335, "ME 1 changed")]
    assert tiers["P1 phase Ada"] == [(110, 220, "onset to apex"), (220, 335, "apex to offset")]
    assert tiers["P1 AU reason Ada"] == [(110, 335, f"R14C changed (was {twelve}): one corner")]
    assert "R14C" in tiers["P1 AU Ada"][0][2] and twelve not in tiers["P1 AU Ada"][0][2]
    assert tiers["P1 emotion Ada"][0][2] == "contempt (7 classes)"
    assert tiers["P1 note Ada"][0][2] == "see  <frame 44>"


def test_elan_tiers_never_overlap(report: Report) -> None:
    twice = report.model_copy(deep=True)
    twice.micro_expressions.append(twice.micro_expressions[0].model_copy(deep=True))
    twice.micro_expressions[1].interval.onset_frame = 50
    twice.micro_expressions[1].interval.offset_frame = 80
    for tier in spans(elan_document(twice, [], TIMES, {}, date="")).values():
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(tier))


def test_every_format_comes_with_the_corrections(client, job: str) -> None:
    version = client.get(f"jobs/{job}/annotation").json()["version"]
    code = next(
        au["code"]
        for au in client.get(f"jobs/{job}/report").json()["micro_expressions"][0]["action_units"]
        if au["au"] == 6
    )
    moment = {
        "number": 1,
        "verdict": "changed",
        "units": [{"code": code, "verdict": "rejected", "was": code}],
    }
    saved = client.put(
        f"jobs/{job}/annotation", json={"base_version": version, "coder": "Eve", "moments": [moment]}
    )
    assert saved.status_code == 200
    files = {kind: client.get(f"jobs/{job}/export/{kind}") for kind in FORMATS}
    for kind, answer in files.items():
        assert answer.status_code == 200, kind
        assert "attachment" in answer.headers["content-disposition"]
    assert files["eaf"].headers["content-disposition"].endswith("smile.Eve.eaf")
    assert "was rejected by Eve" in files["html"].text
    whole = json.loads(files["json"].content)
    assert whole["annotation"]["coder"] == "Eve"
    assert (
        Report.model_validate(whole["report"]).to_json()
        != Report.model_validate(whole["corrected"]).to_json()
    )
    (mine,) = csv.DictReader(io.StringIO(files["mes"].text))
    program = client.get(f"jobs/{job}/export/mes", params={"version": "program"}).text
    (theirs,) = csv.DictReader(io.StringIO(program))
    assert code in theirs["action_units"] and code not in mine["action_units"]
    rows = list(csv.DictReader(io.StringIO(files["csv"].text)))
    assert len(rows) == 72 and rows[0]["frame"] == "1" and {row["AU06_c"] for row in rows} == {"0.00"}
    assert "P1 AU Eve" in spans(files["eaf"].content)
    with zipfile.ZipFile(io.BytesIO(files["zip"].content)) as archive:
        assert {"mes.csv", "report.csv", "report.html", "report.eaf", "result.json"} <= set(
            archive.namelist()
        )
        assert archive.testzip() is None
