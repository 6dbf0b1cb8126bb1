"""Who writes the reading: the built-in model, a server, nobody; on flow and on motion maps."""

from pathlib import Path

import pytest

import mellm
from mellm.errors import InputError
from writing_model import ANSWER, WritingModel


def analyze(pair: tuple[Path, Path], **settings) -> mellm.Report:
    return mellm.Analyzer(mellm.Settings(**settings)).analyze(onset=pair[0], apex=pair[1])


@pytest.fixture
def server():
    model = WritingModel()
    model.go_on.set()
    yield model
    model.shutdown()


def test_a_servers_words_are_streamed_into_the_report(pair: tuple[Path, Path], server: WritingModel) -> None:
    heard: list[tuple[int, str]] = []
    report = mellm.Analyzer(mellm.Settings(llm=server.spec)).analyze(
        onset=pair[0], apex=pair[1], words=lambda moment, piece: heard.append((moment, piece))
    )
    (me,) = report.micro_expressions
    assert "".join(piece for _, piece in heard) == me.reading.raw == "".join(ANSWER)
    assert {moment for moment, _ in heard} == {0}
    assert (me.reading.label, me.reading.action_units) == ("happiness", ["6", "12"])
    assert me.reading.agrees_with_facs
    assert any("inner brow" in claim for claim in me.reading.unsupported_claims)
    assert report.provenance.models["language"].name == me.reading.model
    assert report.provenance.settings["llm"] == server.spec


def test_a_model_that_sees_is_given_the_map(pair: tuple[Path, Path], server: WritingModel) -> None:
    report = analyze(pair, llm=f"{server.spec},pictures=yes", route="vision")
    assert report.micro_expressions[0].reading.label == "happiness"
    with pytest.raises(InputError, match="needs a language model that sees"):
        analyze(pair, llm="none", route="vision")
    with pytest.raises(InputError, match="no route 'smell'"):
        analyze(pair, route="smell")


def test_a_server_that_is_gone_leaves_the_evidences_own_words(pair: tuple[Path, Path]) -> None:
    report = analyze(pair, llm="openai:http://127.0.0.1:9/v1,model=gone,retries=0")
    (me,) = report.micro_expressions
    assert me.reading.model == "evidence"
    assert any("language model gave no reading" in warning for warning in me.warnings)


def test_the_built_in_model_reads_what_was_measured(pair: tuple[Path, Path]) -> None:
    report = analyze(pair, llm="embedded")
    (me,) = report.micro_expressions
    assert me.reading.model.startswith("embedded/SmolLM2-135M-Instruct+")
    assert me.reading.label == me.emotion.label == "happiness"
    assert "12" in me.reading.action_units
    assert me.reading.unsupported_claims == []
    assert sum(me.reading.probabilities.values()) == pytest.approx(1)
    assert not me.reading.mended
    # It was told what its own encoder sees, and nothing of the FACS stage.
    assert me.reading.opinion is not None and me.reading.opinion.route == "flow"
    assert report.provenance.models["motion_encoder"].name == "language_regions"


def test_the_built_in_model_sees_the_map_offline(pair: tuple[Path, Path]) -> None:
    report = analyze(pair, llm="embedded", route="vision")
    (me,) = report.micro_expressions
    assert me.reading.model.startswith("embedded/")
    assert me.reading.opinion is not None and me.reading.opinion.route == "vision"
    assert report.provenance.models["motion_encoder"].name == "language_maps"


def test_the_built_in_model_leaves_chinese_to_the_grammar(pair: tuple[Path, Path]) -> None:
    report = analyze(pair, llm="embedded", language="zh")
    assert report.micro_expressions[0].reading.model == "evidence"
    assert report.provenance.models["language"].name == "evidence"
