"""The one list of options: what it refuses, what it records, what an API takes from it."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mellm import Settings
from mellm.errors import InputError
from mellm.media import Limits
from mellm.web.contract import JobSettings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"language": "fr"}, "There is no reading in 'fr'; choose en or zh."),
        ({"route": "sound"}, "There is no route 'sound'; choose flow"),
        ({"taxonomy": "9"}, "There is no taxonomy '9'; choose 3, 5, 6 or 7."),
        ({"max_people": 0}, "max_people cannot be 0: it should be greater than or equal to 1."),
        ({"fps": "fast"}, "fps cannot be 'fast'"),
        ({"colour": "red"}, "There is no option 'colour'; choose from estimator,"),
    ],
)
def test_a_wrong_value_is_one_sentence(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings(**values)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_everything_but_limits_is_recorded_in_order() -> None:
    settings = Settings(landmarks="a.csv", taxonomy=7, fps=200, limits=Limits(max_side=100))
    recorded = settings.recorded()
    assert list(recorded) == [name for name in Settings.model_fields if name not in {"limits", "fps_of"}]
    assert Settings(fps_of="untimed").recorded()["fps_of"] == "untimed"
    assert (recorded["landmarks"], recorded["taxonomy"], recorded["fps"]) == ("a.csv", "7", 200)
    assert settings.landmarks == Path("a.csv") and settings.limits.max_side == 100
    assert Settings().limits == Limits()


def test_settings_travel_to_other_processes_and_do_not_change() -> None:
    settings = Settings(llm="none", limits=Limits(max_side=100))
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.llm = "embedded"  # type: ignore[misc]


def test_an_api_takes_every_setting_but_those_of_its_own_machine() -> None:
    assert set(Settings.model_fields) - set(JobSettings.model_fields) == {
        "prompt",
        "landmarks",
        "limits",
        "fps_of",
    }
    schema = JobSettings.model_json_schema()["properties"]
    assert schema["taxonomy"]["enum"] == ["3", "5", "6", "7"] and schema["language"]["enum"] == ["en", "zh"]
    assert schema["estimator"]["description"] == Settings.model_fields["estimator"].description
