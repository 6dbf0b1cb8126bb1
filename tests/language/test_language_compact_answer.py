"""Compact answers: what is written is read back as the same answer, and nothing else is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mellm.face.region_id import ImageSide
from mellm.facs import AU_NAMES
from mellm.facs.codes import ActionUnitCode
from mellm.facs.taxonomies import FINE
from mellm.language.compact_answer import (
    ALONE,
    BEST,
    MISSING,
    NO_SIGN,
    STAGE_ALONE,
    STILL,
    TWO,
    Clause,
    CompactAnswer,
    Direction,
    PartSentence,
    Reasoning,
    StageSentence,
    ToldUnit,
    Verb,
)
from mellm.language.compact_prompt import size_text
from mellm.language.places import FacePart

LABELS = st.sampled_from(FINE)
UNITS = st.builds(
    ActionUnitCode,
    st.sampled_from(sorted(AU_NAMES)),
    st.sampled_from(["both", "left", "right", "top", "bottom", "unilateral"]),
)
TOLD = st.builds(ToldUnit, UNITS, st.booleans())
SIZES = st.floats(0.01, 99, allow_nan=False).map(lambda size: float(size_text(size)))
SIDES = st.sampled_from([(), (ImageSide.LEFT,), (ImageSide.RIGHT,), tuple(ImageSide)])
CLAUSES = st.builds(
    Clause,
    st.sampled_from(FacePart),
    SIDES,
    st.sampled_from(Direction),
    SIZES,
    st.sampled_from(["px", "relative"]),
)
VERBS = st.sampled_from(Verb)
SENTENCES = st.one_of(
    st.builds(
        PartSentence,
        st.lists(CLAUSES, min_size=1, max_size=3).map(tuple),
        st.lists(TOLD, max_size=4).map(tuple),
        VERBS,
    ),
    st.builds(PartSentence, CLAUSES.map(lambda clause: (clause,)), st.just(()), VERBS, st.just(True)),
)
STAGE = st.builds(
    StageSentence, st.lists(TOLD, min_size=1, max_size=4).map(tuple), st.sampled_from(STAGE_ALONE)
)
WANTED = st.one_of(
    st.just((None, MISSING[0])), st.tuples(st.sampled_from(sorted(AU_NAMES)), st.sampled_from(MISSING))
)


@st.composite
def reasonings(draw):
    form = draw(st.sampled_from((*ALONE, *BEST, *TWO)))
    second = draw(LABELS) if form in TWO else ""
    units = tuple(draw(st.lists(UNITS, min_size=1, max_size=4)))
    return Reasoning(units, form, draw(LABELS), second, *draw(WANTED))


@st.composite
def answers(draw):
    parts = tuple(draw(st.lists(SENTENCES, max_size=4)))
    still = STILL[0] if parts else draw(st.sampled_from(STILL))
    stage = draw(st.none() | STAGE)
    if draw(st.booleans()):
        return CompactAnswer(parts, stage, draw(reasonings()), draw(LABELS), still)
    return CompactAnswer(parts, stage, None, None, still, draw(st.sampled_from(NO_SIGN)))


@given(answers())
def test_what_is_written_is_read_back(answer):
    assert CompactAnswer.parse(answer.render()) == answer


@given(SENTENCES)
def test_a_sentence_is_read_back(sentence):
    assert PartSentence.parse(sentence.render()) == sentence


@given(reasonings())
def test_reasoning_is_read_back(reasoning):
    assert Reasoning.parse(reasoning.render()) == reasoning


@given(st.floats(0.001, 500))
def test_two_digits_of_a_size_stay_as_they_are(size):
    written = float(size_text(size))
    assert size_text(written) == size_text(size)
    assert math.isclose(written, size, rel_tol=0.06, abs_tol=0.0051)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It smiles.",
        "Analysis: Lips go up (1.9 px): no unit.\nReasoning: AU 12 fits happiness.\n"
        "Conclusion: AU 12. Label: happiness.",
        "Analysis: Mouth corners goes up (1.9 px): AU 12.\nReasoning: AU 12 fits happiness.\n"
        "Conclusion: AU 12. Label: happiness.",
        "Analysis: Mouth corners go up (1.9 px): AU 12.\nReasoning: AU 12 fits happiness.\n"
        "Conclusion: AU 6 + 12. Label: happiness.",
        "Analysis: Nothing moves.\nReasoning: I cannot tell.\nConclusion: AU 12. Label: happiness.",
    ],
)
def test_other_text_is_not_a_compact_answer(text):
    assert CompactAnswer.parse(text) is None


def test_the_form_of_an_answer():
    corners = Clause(FacePart.MOUTH_CORNER, tuple(ImageSide), Direction.UP_OUTWARD, 1.9)
    cheek = Clause(FacePart.CHEEK, (ImageSide.LEFT,), Direction.LEFT, 0.31)
    smile = ActionUnitCode(12)
    answer = CompactAnswer(
        (PartSentence((corners,), (ToldUnit(smile, True),), Verb.MOVE), PartSentence((cheek,))),
        None,
        Reasoning((smile,), ALONE[0], "happiness", missing=6),
        "happiness",
    )
    assert answer.render() == (
        "Analysis: Mouth corners move up and outward (1.9 px): AU 12 (lip corner puller). "
        "Left cheek goes leftward (0.31 px): no unit.\n"
        "Reasoning: AU 12 fits happiness. AU 6 is not seen.\n"
        "Conclusion: AU 12. Label: happiness."
    )
