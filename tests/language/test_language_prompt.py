import json

import pytest

from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.flow.motion import RegionMotion
from mellm.language import flow_prompt, vision_prompt
from mellm.language.prompt import region_lines

MOTION = [
    RegionMotion("chin", 0.1234, -0.5, 0.51, 0.77777, 0.003, 76.1, "up", 0.9, True),
    RegionMotion("left cheek", 0.01, 0.0, 0.012, 0.02, 0.0001, 3.0, None, 0.1, False),
    RegionMotion("right cheek", 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, False),
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
