"""Readings by a language model: what it writes is kept, what it must say is always there."""

from collections.abc import Sequence

import numpy as np
import pytest

from mellm.errors import InputError, MellmError
from mellm.face.regions import REGION_NAMES
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language.backends import Choice, Decoding, Message
from mellm.language.backends.embedded import EmbeddedBackend
from mellm.language.backends.protocol import MOTION_PLACE
from mellm.language.model_reader import Asking, LanguageReader, create_language_reader
from mellm.language.motion.opinion import Opinion
from mellm.language.shown_motion import shown_to


def motion(**moving: tuple[float, float]) -> list[RegionMotion]:
    found = []
    for name in REGION_NAMES:
        u, v = moving.get(name.replace(" ", "_"), (0.0, 0.0))
        size = (u * u + v * v) ** 0.5
        octant = None if size == 0 else ("up" if abs(v) > abs(u) else "right" if u > 0 else "left")
        angle = None if octant is None else {"up": 90.0, "right": 0.0, "left": 180.0}[octant]
        found.append(RegionMotion(name, u, v, size, size, size / 100, angle, octant, 1.0, size > 0))
    return found


SMILE = motion(left_mouth_corner=(0.0, -2.0), right_mouth_corner=(0.0, -2.0))
UNITS = [AUEvidence(12, "both", 0.9, "B", ("left mouth corner", "right mouth corner"))]
EMOTION = {"positive": 0.8, "negative": 0.15, "surprise": 0.05}


class Scripted:
    """Says what it is told to; chooses the option whose text it was given, with made-up likelihoods."""

    name, sees = "scripted", False

    def __init__(self, text: str, *choices: str) -> None:
        self.text, self.choices, self.asked = text, list(choices), []

    def generate(self, messages: Sequence[Message], decoding: Decoding, *, prefix="", control=None):
        for start in range(0, len(self.text), 7):
            yield self.text[start : start + 7]

    def choose(self, messages, prefix, options, *, control=None):
        self.asked.append((prefix, tuple(options)))
        wanted = self.choices.pop(0)
        index = next(i for i, option in enumerate(options) if wanted in option)
        return Choice(index, tuple(0.0 if i == index else -3.0 for i in range(len(options))))


def read(backend, form="full", **more):
    heard: list[str] = []
    reader = LanguageReader(backend, taxonomy="3", asking=Asking(form=form))
    reading = reader.read(SMILE, UNITS, EMOTION, tell=heard.append, **more)
    return reading, "".join(heard)


def test_a_sound_answer_is_kept_and_its_label_weighed():
    text = (
        "Analysis: Mouth corners move up (2.0 px): AU 12 (lip corner puller).\n"
        "Reasoning: AU 12 fits positive.\nConclusion: AU 12. Label: positive."
    )
    backend = Scripted(text, "positive")
    reading, heard = read(backend)
    assert reading.raw == heard == text
    assert (reading.action_units, reading.label) == (["12"], "positive")
    assert reading.probabilities == pytest.approx(
        {"positive": 0.909, "negative": 0.045, "surprise": 0.045}, abs=1e-3
    )
    assert reading.agrees_with_facs
    assert reading.unsupported_claims == []
    prefix, options = backend.asked[0]
    assert prefix.endswith("AU 12. Label:")
    assert " positive." in options


def test_claims_without_evidence_are_marked_and_disagreement_is_said():
    reading, _ = read(
        Scripted(
            "Analysis: Mouth corners move down (2.0 px): AU 15.\nReasoning: It fits negative.\n"
            "Conclusion: AU 15. Label: negative.",
            "negative",
        )
    )
    assert not reading.agrees_with_facs
    (wrong,) = reading.unsupported_claims
    assert "down: left mouth corner" in wrong and wrong.endswith("AU 15: no region moves so")


def test_an_answer_cut_short_gets_a_conclusion_from_what_is_possible():
    backend = Scripted("Analysis: Mouth corners move up (2.0 px): AU 12", "AU 12", "surprise")
    reading, heard = read(backend)
    assert (reading.action_units, reading.label) == (["12"], "surprise")
    assert heard == reading.raw
    assert reading.conclusion == "AU 12. Label: surprise."
    units = backend.asked[0][1]
    assert units == (" AU 12.", " no micro-expression.")


def test_units_that_do_not_exist_are_replaced():
    backend = Scripted(
        "Analysis: up.\nReasoning: so.\nConclusion: AU 77. Label: positive.", "AU 12", "positive"
    )
    reading, _ = read(backend)
    assert reading.conclusion == "AU 12. Label: positive."


def test_nothing_found_has_no_label():
    reading, _ = read(Scripted("Analysis: x.\nReasoning: y.\nConclusion: no micro-expression."))
    assert (reading.label, reading.action_units, reading.probabilities) == (None, [], {})
    assert not reading.agrees_with_facs


class Failing(Scripted):
    def generate(self, *asked, **how):
        yield "Analysis: The mouth"
        raise RuntimeError("the device\nwas lost")


def test_whatever_a_backend_raises_becomes_one_sentence(caplog):
    caplog.set_level("DEBUG", logger="mellm")
    with pytest.raises(MellmError, match=r"^scripted failed \(RuntimeError: the device was lost\)\.$"):
        read(Failing("", "positive"))
    assert "Traceback" in caplog.text
    with pytest.raises(MellmError, match=r"^scripted failed \(IndexError"):
        read(Scripted("Analysis: Both mouth corners go up."))


class Continuing(Scripted):
    """Goes on with its text after what it is given, as a model does; the choice is the text's own turn."""

    def __init__(self, *texts: str) -> None:
        super().__init__("")
        self.texts = list(texts)

    def generate(self, messages, decoding, *, prefix="", control=None):
        self.text = self.texts.pop(0)
        yield from super().generate(messages, decoding)

    def choose(self, messages, prefix, options, *, control=None):
        if "nothing moves" in messages[-1].text:  # it has no habit
            return Choice(0, (0.0,) * len(options))
        self.asked.append((prefix, tuple(options)))
        best = next((i for i, option in enumerate(options) if "AU 12" in option or "positive" in option), 0)
        return Choice(best, tuple(-float(i != best) for i in range(len(options))))


def test_a_compact_answer_takes_another_turn_where_it_leaves_the_measurements():
    backend = Continuing(
        "Analysis: Mouth corners move down (2.0 px): AU 15 (lip corner depressor). Brows",
        ": AU 4 (lip corner puller).\nReasoning: AU 4 points to",
        "\nReasoning: AU 4 points to negative.",
        "\nConclusion: AU 15. Label: negative.",
        " Label: positive.",
    )
    reading, heard = read(backend, "compact")
    labels, ways, reasons = (options for _, options in backend.asked)  # one way on needs no choice
    assert labels == ("negative", "positive", "surprise")
    assert ways[0] == " up (2.0 px)"
    assert " down (2.0 px)" not in ways
    assert reasons == (" AU 12 fits positive.", " AU 12 points to positive.")
    assert heard == reading.raw
    assert reading.raw == (
        "Analysis: Mouth corners move up (2.0 px): AU 12 (lip corner puller)."
        "\nReasoning: AU 12 fits positive.\nConclusion: AU 12. Label: positive."
    )
    assert reading.unsupported_claims == []
    assert reading.probabilities["positive"] == max(reading.probabilities.values())


def test_every_unit_of_the_facs_stage_is_accounted_for():
    backend = Continuing(
        "Analysis: Nothing moves.\nReasoning: No part shows an action unit.\n",
        "\nReasoning: AU 12 fits positive.\n",
        "\nReasoning: AU 9 + 12 fit positive.\nConclusion: AU 9 + 12. Label: positive.",
    )
    reader = LanguageReader(backend, taxonomy="3", asking=Asking(form="compact"))
    reading = reader.read(SMILE, [*UNITS, AUEvidence(9, "both", 0.7, None, ())], EMOTION)
    assert backend.asked[1][1] == (
        " Mouth corners go up (2.0 px): AU 12 (lip corner puller).",
        " Mouth corners move up (2.0 px): AU 12 (lip corner puller).",
    )
    assert reading.action_units == ["9", "12"]
    assert reading.analysis == (
        "Nothing moves. Mouth corners go up (2.0 px): AU 12 (lip corner puller). "
        "Not in the parts, only in the units found: AU 9 (nose wrinkler)."
    )


def test_a_part_that_bears_out_a_unit_names_it():
    backend = Continuing(
        "Analysis: Mouth corners move up (2.0 px): no unit.\n",
        "\nReasoning: AU 12 fits positive.\nConclusion: AU 12. Label: positive.",
    )
    reading, _ = read(backend, "compact")
    assert reading.analysis == "Mouth corners move up (2.0 px): AU 12 (lip corner puller)."


@pytest.mark.parametrize("template", ["Mine: $parts $evidence $question", "Mine: $parts. Read it."])
def test_a_users_compact_template_asks_for_the_label_too(tmp_path, template):
    path = tmp_path / "mine.txt"
    path.write_text(template)
    text = "Reasoning: AU 12 fits positive.\nConclusion: AU 12. Label: positive."
    backend = Continuing(f"Analysis: Mouth corners move up (2.0 px): AU 12 (lip corner puller).\n{text}")
    asked = []
    choose = backend.choose
    backend.choose = lambda messages, *rest, **more: (
        asked.append(messages[0].text) or choose(messages, *rest, **more)
    )
    reader = LanguageReader(backend, taxonomy="3", asking=Asking(form="compact", template=path))
    reading = reader.read(SMILE, UNITS, EMOTION)
    assert (reading.label, reading.raw.splitlines()[1:]) == ("positive", text.splitlines())
    assert asked
    still = [prompt for prompt in asked if prompt.startswith("Mine: nothing moves")]
    others = [prompt for prompt in asked if prompt not in still]
    assert all(prompt.startswith("Mine: mouth corners") for prompt in others)
    assert len(still) == ("$question" in template) == ("label alone" in asked[0])


class OfHabit(Continuing):
    """Says negative of whatever it is shown; a little less so of a smile."""

    def choose(self, messages, prefix, options, *, control=None):
        if prefix == "":
            still = "nothing moves" in messages[-1].text
            return Choice(0, (-0.1, -4.0, -4.0) if still else (-0.3, -1.5, -4.0))
        return super().choose(messages, prefix, options)


def test_what_a_model_says_of_anything_is_not_its_opinion():
    text = "Reasoning: AU 12 fits positive.\nConclusion: AU 12. Label: positive."
    backend = OfHabit(f"Analysis: Mouth corners move up (2.0 px): AU 12 (lip corner puller).\n{text}")
    reading, _ = read(backend, "compact")
    assert reading.label == "positive"
    assert reading.probabilities["positive"] > 0.8


def test_a_turn_to_no_micro_expression_ends_the_answer():
    backend = Continuing(
        "Analysis: Mouth corners move up (2.0 px): no unit.\nReasoning: No part shows an action unit."
        "\nConclusion: AU 9. Label: negative."
    )
    reader = LanguageReader(backend, taxonomy="3", asking=Asking(form="compact"))
    reading = reader.read(SMILE, [], EMOTION)
    assert reading.conclusion == "no micro-expression."
    assert reading.label is None


def test_the_real_untouched_model_is_brought_to_a_valid_conclusion():
    reading, heard = read(EmbeddedBackend(untouched=True), "compact")
    assert heard == reading.raw
    assert reading.model.startswith("embedded/SmolLM2")
    if reading.label is None:
        assert "no micro-expression" in reading.conclusion
    else:
        assert set(reading.probabilities) == set(EMOTION)
        assert sum(reading.probabilities.values()) == pytest.approx(1)
        assert reading.label in reading.conclusion


def test_readers_by_name():
    assert create_language_reader("none", taxonomy="3") is None
    assert create_language_reader("embedded", taxonomy="3", language="zh") is None
    with pytest.raises(InputError, match="no language model 'gpt'"):
        create_language_reader("gpt", taxonomy="3")


class Shown(Scripted):
    """Is shown motion; answers each question by its kind."""

    reads_motion = True

    def generate(self, messages, decoding, *, prefix="", control=None):
        self.asked.append((messages[0].text, messages[0].motion))
        text = "AU 12 + 15. Label: negative." if messages[0].text.endswith(SEEN_CODES_7) else self.text
        yield text[len(prefix) :]


SEEN_CODES_7 = "Which action units? Which of 7 labels?"
EYES = np.ones((24, 576), np.float32)


def shown_reading(text, *choices, brief=False):
    backend = Shown(text, *choices)
    asking = Asking(form="compact", brief=brief)
    reading = LanguageReader(backend, taxonomy="7", asking=asking).read(SMILE, [], None, seen=EYES)
    return reading, backend.asked


def test_a_model_that_is_shown_motion_concludes_its_own_units_before_it_writes():
    text = (
        "Analysis: Mouth corners move up (2.0 px): AU 12 (lip corner puller).\n"
        "Reasoning: AU 12 fits happiness.\nConclusion: AU 12. Label: happiness."
    )
    reading, asked = shown_reading(text, "happiness")
    # Of the units it named, AU 15 has no region that moves so and is not spoken of.
    assert (reading.action_units, reading.label) == (["12"], "happiness")
    assert reading.raw == text and reading.unsupported_claims == []
    prompts = [prompt for prompt, shown in asked if shown is EYES]
    assert len(prompts) == 2 and prompts[0].startswith(MOTION_PLACE) and "Units:" not in prompts[1]
    assert prompts[1].count(MOTION_PLACE) == 1


def test_a_brief_answer_has_units_and_label_alone():
    reading, asked = shown_reading("nobody asks for this", "disgust", brief=True)
    assert reading.conclusion == "AU 12. Label: disgust." and reading.analysis == reading.reasoning == ""
    assert sum(reading.probabilities.values()) == pytest.approx(1) and len(asked) == 2


def test_only_a_model_that_reads_motion_is_shown_it():
    seen = Opinion((), {}, {}, lambda: EYES)
    assert shown_to(Shown(""), seen) is EYES
    assert shown_to(Scripted(""), seen) is None
