"""The built-in model sees a moment by itself, on either route, and may decide."""

from pathlib import Path

import numpy as np
import pytest

from mellm import Analyzer, Settings
from mellm.analysis.moment import MomentReader
from mellm.analysis.own_opinion import OwnOpinion
from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import parse_code
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.questions import UNITS
from mellm.report import EmotionReading


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


def test_a_model_that_decides_alone_calls_no_blink(pair):
    """The encoder's own likelihoods stay in the report as they are; nothing is decided or told by them."""
    lids = {f"{s} upper eyelid {p}" for s in ("left", "right") for p in ("outer", "centre", "inner")}
    brows = {f"{s} inner brow" for s in ("left", "right")}
    own = OwnOpinion(Settings(decide="model"))
    face = np.zeros((480, 400, 3), np.uint8)
    called = 0
    for closing in (1.0, 3.0, 9.0, 16.0):
        far = dict.fromkeys(lids, closing) | dict.fromkeys(brows, 0.2 * closing)
        motion = [
            RegionMotion(name, 0.0, far.get(name, 0.0), far.get(name, 0.0), far.get(name, 0.0),
                         far.get(name, 0.0) / 180, 270.0, "down", 1.0, name in far)
            for name in REGION_NAMES
        ]  # fmt: skip
        stage = EmotionReading(taxonomy="7", label=None, probabilities={}, also={})
        said = own.weigh(motion, face, np.zeros((480, 400, 2), np.float32), [], stage)
        units, emotion = said.decided([], stage)
        called += max(said.opinion.action_units.values()) >= 0.5
        assert not any(unit.probability >= 0.5 for unit in [*units, *said.told])
        assert emotion.label is None and said.asked_labels is None
    assert called


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
