"""Options of `mellm evaluate` that name a model: its route, and its clean form."""

import pytest

from mellm.cli.language_options import LanguageOptions
from mellm.errors import InputError
from mellm.evaluate.learner import LEARNERS


def test_route_and_clean_form_are_part_of_the_name() -> None:
    usual, clean = LanguageOptions(route="vision"), LanguageOptions(clean=True)
    assert [usual.reader(m) for m in ("facs", "encoder", "baseline-lr")] == [
        "facs",
        "encoder-vision",
        "baseline-lr",
    ]
    named = [clean.reader(m) for m in ("facs", "encoder", "combined")]
    assert named == ["facs-clean", "encoder-flow-clean", "combined-flow-clean"]
    assert set(named) <= set(LEARNERS)


@pytest.mark.parametrize("model", ["baseline-lr", "learned", "evidence"])
def test_a_model_without_a_clean_form_is_refused(model: str) -> None:
    with pytest.raises(InputError, match="no clean form"):
        LanguageOptions(clean=True).reader(model)


def test_no_language_model_is_clean() -> None:
    with pytest.raises(InputError, match="leave --clean out"):
        LanguageOptions(clean=True).asked()


@pytest.mark.parametrize("options", [{"told": True}, {"prompt": "full"}, {"llm": "embedded-untouched"}])
@pytest.mark.parametrize("way", ["read_motion", "brief"])
def test_only_the_built_in_model_is_shown_motion(options: dict[str, object], way: str) -> None:
    with pytest.raises(InputError, match="reads motion itself"):
        LanguageOptions(**options, **{way: True}).asked()


def test_brief_answers_are_of_motion_shown() -> None:
    asked = LanguageOptions(route="vision", brief=True).asked()
    assert asked.read_motion and asked.settings["told"] == "motion" and asked.settings["brief"] is True
