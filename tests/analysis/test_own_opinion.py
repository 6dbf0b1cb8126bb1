"""The built-in model sees a moment by itself, on either route, and may decide."""

from pathlib import Path

import pytest

from mellm import Analyzer, Settings
from mellm.analysis.moment import MomentReader
from mellm.errors import InputError
from mellm.facs.codes import parse_code
from mellm.language.motion.questions import UNITS


def moment(pair: tuple[Path, Path], **settings):
    """Read the pair without a language model's words, which take seconds."""
    analyzer = Analyzer(Settings(estimator="dis", llm="embedded", **settings))
    analyzer._reader.words = None
    [found] = analyzer.analyze(onset=pair[0], apex=pair[1]).micro_expressions
    return found


@pytest.mark.parametrize("route", ["flow", "vision"])
def test_the_opinion_stands_beside_the_facs_stage(pair, route):
    found = moment(pair, route=route)
    opinion = found.reading.opinion
    assert (opinion.route, found.emotion.set_by) == (route, None)
    assert sum(opinion.probabilities.values()) == pytest.approx(1)
    assert set(opinion.combined) == set(found.emotion.probabilities)
    smile = {code: p for code, p in opinion.action_units.items() if code.endswith("12")}
    assert smile and max(smile.values()) == max(opinion.action_units.values())


def test_the_model_decides_alone_where_it_is_told_to(pair):
    found = moment(pair, decide="model")
    assert found.emotion.set_by == "language_regions"
    assert {unit.au for unit in found.action_units} == set(UNITS)
    assert found.emotion.probabilities == found.reading.opinion.probabilities


def test_both_decide_together(pair):
    found = moment(pair, decide="both")
    assert found.emotion.set_by == "facs + model"
    assert found.emotion.probabilities == found.reading.opinion.combined


def test_without_the_built_in_model_nobody_else_decides(pair):
    with pytest.raises(InputError, match="Only the built-in model decides"):
        MomentReader(Settings(llm="none", decide="both"))
    with pytest.raises(InputError, match="that sees"):
        MomentReader(Settings(llm="none", route="vision"))
    with pytest.raises(InputError, match="choose facs, model or both"):
        Settings(decide="nobody")


def test_provenance_names_the_encoder(pair):
    report = Analyzer(Settings(estimator="dis", route="vision"))._reader.models()
    assert report["motion_encoder"].name == "language_maps"


@pytest.fixture(scope="module")
def shown(pair):
    """The pair read by the model that is shown the map."""
    settings = Settings(estimator="dis", route="vision", read_motion=True, always_ask=True)
    return Analyzer(settings).analyze(onset=pair[0], apex=pair[1])


def test_a_model_that_is_shown_the_map_finds_units_by_itself(shown):
    reading = shown.micro_expressions[0].reading
    assert reading.model.startswith("embedded/") and reading.unsupported_claims == []
    assert {parse_code(code).au for code in reading.action_units} & {6, 12}
    assert sum(reading.probabilities.values()) == pytest.approx(1)
    assert reading.conclusion.startswith(f"AU {' + '.join(reading.action_units)}. Label: ")


def test_provenance_names_what_showed_the_motion(shown):
    used = shown.provenance.models
    assert used["motion_shown"].name == "language_maps_shown" and len(used["motion_shown"].sha256) == 64


def test_only_the_built_in_model_is_shown_motion():
    for settings in ({"llm": "none"}, {"told": True}):
        with pytest.raises(InputError, match="Only the built-in model reads motion itself"):
            MomentReader(Settings(read_motion=True, **settings))
