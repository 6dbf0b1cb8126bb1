"""`clean`: an analysis in which nothing that learned from bound sheets or from footage takes part."""

from pathlib import Path

import numpy as np
import pytest

from mellm import Analyzer, Settings
from mellm.analysis.moment import MomentReader
from mellm.errors import InputError
from mellm.evaluate.learner import create_learner
from mellm.facs.grid import shipped_grid_model
from mellm.language.motion.encoders import CLEAN_FILES, FILES, MotionEncoder


def test_defaults_that_rest_on_bound_data_are_replaced_and_other_choices_stay() -> None:
    found = Settings(clean=True)
    assert (found.estimator, found.au_model, found.emotion_model, found.llm) == (
        "dis",
        "evidence",
        "clean",
        "none",
    )
    own = Settings(clean=True, estimator="tvl1", emotion_model="prototypes", llm="openai:http://x,model=m")
    assert (own.estimator, own.emotion_model, own.llm) == ("tvl1", "prototypes", "openai:http://x,model=m")
    assert Settings().estimator == "meflownet" and Settings().recorded()["clean"] is False


@pytest.mark.parametrize("chosen", [{"estimator": "meflownet-fast"}, {"au_model": "learned"}])
def test_what_is_not_clean_is_refused(chosen: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"docs/rights\.md"):
        Settings(clean=True, **chosen)
    assert Settings(**chosen)
    with pytest.raises(InputError, match="clean cannot be 'yes'"):
        Settings(clean="yes")


def test_a_clean_report_names_clean_models_alone(pair: tuple[Path, Path]) -> None:
    report = Analyzer(Settings(clean=True)).analyze(onset=pair[0], apex=pair[1])
    used = {stage: model.name for stage, model in report.provenance.models.items()}
    assert used["emotion"] == "clean-emotion-2" and used["language"] == "evidence"
    assert used["motion_encoder"] == Path(CLEAN_FILES["flow"]).stem
    assert "meflownet" not in used["flow"]
    [found] = report.micro_expressions
    assert found.reading.opinion.model == "language_regions_clean" and found.reading.analysis


@pytest.mark.parametrize("route", ["flow", "vision"])
def test_the_clean_encoder_can_decide(pair: tuple[Path, Path], route: str) -> None:
    report = Analyzer(Settings(clean=True, decide="model", route=route)).analyze(onset=pair[0], apex=pair[1])
    assert report.micro_expressions[0].emotion.set_by == Path(CLEAN_FILES[route]).stem


def test_nothing_is_spotted_by_what_learned_from_footage(tmp_path: Path) -> None:
    analyzer = Analyzer(Settings(clean=True))
    with pytest.raises(InputError, match="--onset-frame"):
        analyzer._spotting()
    assert Analyzer(Settings(estimator="dis", llm="none"))._spotting().false_alarms_per_minute == 0.3


def test_clean_weights_are_others_than_the_usual() -> None:
    usual, clean = (shipped_grid_model(clean=c) for c in (False, True))
    assert usual.units == clean.units and not np.allclose(usual.emotion, clean.emotion)
    for route in CLEAN_FILES:
        assert MotionEncoder(route, clean=True).sha256 != MotionEncoder(route).sha256
    assert set(CLEAN_FILES) == set(FILES)
    assert create_learner("facs-clean").name == "facs-1-clean"
    assert create_learner("encoder-flow-clean").name == "encoder-flow-clean"


def test_without_clean_a_moment_without_a_model_has_no_opinion() -> None:
    assert MomentReader(Settings(estimator="dis", llm="none"))._own is None
    assert MomentReader(Settings(clean=True))._own is not None
