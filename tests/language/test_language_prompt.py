import json

import pytest

from mellm.errors import InputError
from mellm.face.region_id import RegionId
from mellm.face.regions import REGION_NAMES
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language import flow_prompt, vision_prompt
from mellm.language.compact_prompt import (
    MER_QUESTION,
    MEU_QUESTION,
    CompactQuestion,
    Findings,
    compact_prompt,
    part_lines,
    size_text,
)
from mellm.language.prompt import region_lines

MOTION = [
    RegionMotion(RegionId.CHIN, 0.1234, -0.5, 0.51, 0.77777, 0.003, 76.1, "up", 0.9, True),
    RegionMotion(RegionId.LEFT_CHEEK, 0.01, 0.0, 0.012, 0.02, 0.0001, 3.0, None, 0.1, False),
    RegionMotion(RegionId.RIGHT_CHEEK, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, False),
]


def test_region_lines_are_json_with_three_decimals():
    lines = [json.loads(line) for line in region_lines(MOTION).splitlines()]
    assert lines[0] == {
        "region": "chin", "mean_px": 0.51, "max_px": 0.778, "angle_deg": 76.1, "direction": "up"
    }  # fmt: skip
    assert lines[1]["direction"] == "no clear direction"
    assert lines[2]["direction"] == "no motion"
    assert lines[1]["angle_deg"] is None


def test_flow_prompt_names_every_region_and_the_labels():
    motion = [RegionMotion(n, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, False) for n in REGION_NAMES]
    prompt = flow_prompt(motion, taxonomy="3")
    assert all(f'"{name}"' in prompt for name in REGION_NAMES)
    assert "negative, positive, surprise" in prompt
    assert "29 regions" in prompt
    chinese = flow_prompt(motion, taxonomy="3", language="zh")
    assert "消极、积极、惊讶" in chinese
    assert "下巴" in chinese


def test_vision_prompt_says_what_the_colours_mean():
    assert "red: right" in vision_prompt()
    assert "红色：向右" in vision_prompt(language="zh")
    assert "contempt" in vision_prompt(taxonomy="7")


def test_a_users_template_replaces_ours(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("Say one of $labels for:\n$regions\nCosts $$0.", encoding="utf-8")
    prompt = flow_prompt(MOTION, taxonomy="5", template=own)
    assert prompt.startswith("Say one of happiness, sadness")
    assert prompt.endswith("Costs $0.")


def test_a_template_with_an_unknown_field_is_refused(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("$landmarks", encoding="utf-8")
    with pytest.raises(InputError, match="landmarks"):
        flow_prompt(MOTION, template=own)
    with pytest.raises(InputError, match="cannot be read"):
        vision_prompt(template=tmp_path / "absent.txt")


def region(name, u, v, moving=True):
    size = (u**2 + v**2) ** 0.5
    return RegionMotion(RegionId(name), u, v, size, size, size / 90, 0.0, "up", 1.0, moving)


SMILE = [
    region("left mouth corner", -1.2, -1.2),
    region("right mouth corner", 1.3, -0.2),
    region("upper lip left", -0.1, -0.3),
    region("upper lip right", 0.1, -0.3),
    region("chin", 0.0, 0.3),
    region("left cheek", 0.0, -0.5, moving=False),
]
SEEN = [
    AUEvidence(12, "both", 0.912, "B", ("left mouth corner",)),
    AUEvidence(14, "right", 0.2, None, ()),
    AUEvidence(4, "both", 0.149, None, ()),
    AUEvidence(6, "both", 1.0, "A", ()),
]
EMOTION = {"negative": 0.2, "positive": 0.75, "surprise": 0.05}


def test_a_compact_prompt_tells_moving_parts_strongest_first_with_sides_joined():
    assert part_lines(SMILE) == [
        "mouth corners: left up-left 1.7, right rightward 1.3",
        "upper lip: up 0.32",
        "chin: down 0.30",
    ]
    assert part_lines([region("chin", 0, 0, moving=False)]) == ["nothing moves"]
    apart = [region("upper lip left", -0.5, 0.0), region("upper lip right", 0.5, 0.0)]
    assert part_lines(apart) == ["upper lip: mixed ways 0.50"]
    assert [size_text(size) for size in (0.044, 0.994, 0.996, 9.96)] == ["0.04", "0.99", "1.0", "10"]


def test_a_compact_prompt_tells_unit_stage_and_question():
    prompt = compact_prompt(Findings(SMILE, "px", SEEN, EMOTION), CompactQuestion(MEU_QUESTION), taxonomy="3")
    assert "in px." in prompt and "picture" in prompt
    assert "\nUnits: 6 .99, 12 .91, R14 .20\nEmotion: positive .75, negative .20, surprise .05\n" in prompt
    assert prompt.endswith("Analysis, Reasoning, Conclusion.")
    assert "negative, positive, surprise" in prompt.splitlines()[-1]
    assert "$" not in prompt
    relative = compact_prompt(Findings(SMILE, "relative", []), CompactQuestion(MER_QUESTION), taxonomy="5")
    assert "multiples of the face's mean motion" in relative and " px" not in relative
    assert "Units: none\nWhich label fits: happiness, sadness" in relative


def test_a_compact_prompt_without_the_stage_has_no_line_of_it():
    prompt = compact_prompt(Findings(SMILE, emotion=EMOTION), CompactQuestion("Is it $5?"))
    assert "Units" not in prompt and "Emotion" not in prompt
    assert prompt.endswith("chin: down 0.30\nIs it $5?")


def test_a_compact_template_of_the_users_own(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("$question ($unit)\n\n$parts\n[$evidence]\n$labels", encoding="utf-8")
    prompt = compact_prompt(Findings(SMILE[4:], aus=SEEN[:1]), CompactQuestion("What?"), template=own)
    assert prompt == "What? (px)\n\nchin: down 0.30\n[Units: 12 .91]\nnegative, positive, surprise"
    assert flow_prompt(MOTION, template="full") == flow_prompt(MOTION)
