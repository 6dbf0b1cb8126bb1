"""Options that would change nothing are refused, and so are values that cannot be right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from mellm import Settings
from mellm.analysis.analyzer import Analyzer
from mellm.analysis.plausibility import same_pictures
from mellm.cli import app
from mellm.errors import InputError

PAIR = ("--onset", "a.png", "--apex", "b.png")
FRAMES = ("clip.mp4", "--onset-frame", "1", "--apex-frame", "2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*PAIR, "--workers", "9"), "for a folder of clips"),
        (("clip.mp4", "--engine", "ray"), "for a folder of clips"),
        ((*PAIR, "--engine", "spark"), "no engine 'spark'"),
        (("clip.mp4", "--address", "ray://x"), "--address goes with --engine ray"),
        ((*PAIR, "--fps", "500"), "two pictures have no frame rate"),
        ((*PAIR, "--false-alarms-per-minute", "1"), "nothing is spotted"),
        ((*FRAMES, "--false-alarms-per-minute", "1"), "nothing is spotted"),
        (("clip.mp4", "--by-file-number"), "--by-file-number says how"),
        ((*PAIR, "--by-file-number"), "--by-file-number says how"),
    ],
)
def test_an_option_for_another_kind_of_source_is_refused(words: tuple[str, ...], said: str) -> None:
    error = CliRunner().invoke(app, ["analyze", *words]).exception
    assert isinstance(error, InputError) and error.exit_code == 2
    assert said in str(error)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"llm": "none", "told": True}, "Only the built-in model is told"),
        ({"llm": "none", "always_ask": True}, "--always-ask is for a language model"),
        ({"language": "zh", "always_ask": True}, "--always-ask is for a language model"),
        ({"llm": "none", "prompt": Path(__file__)}, "--prompt is for a language model"),
        ({"llm": "none", "prompt": Path("absent.txt")}, "'absent.txt' cannot be read"),
        ({"prompt": Path("absent.txt")}, "'absent.txt' cannot be read"),
    ],
)
def test_what_is_for_a_language_model_is_refused_where_none_is_asked(
    chosen: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Analyzer(Settings(estimator="dis", **chosen))


def test_two_pictures_that_are_the_same_are_said_to_be() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert "the same picture" in str(same_pictures(picture, picture.copy())[0])
    assert same_pictures(picture, picture + 1) == []
