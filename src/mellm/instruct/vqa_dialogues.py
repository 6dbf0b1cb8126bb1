"""ME-VQA questions on one case, with the answers its labels give (forms of the MEGC 2025 ME-VQA task).

Sides in answers are the subject's, as in FACS codes. Knows labels only, no motion and no prompts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from mellm.datasets.vqa_questions import QuestionKind
from mellm.facs.codes import ActionUnitCode
from mellm.facs.taxonomies import emotion_name
from mellm.instruct.records import Truth
from mellm.instruct.truth import COARSE
from mellm.wording.languages import OwnLanguage
from mellm.wording.unit_names import au_name

ASKED_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 20, 23, 24, 25, 26, 38)
"""Units that a yes/no question may ask for although they are absent."""


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """The kind of a question, and the action unit that it names (`shown` and `side` only)."""

    kind: QuestionKind
    unit: int | None = None

    def __str__(self) -> str:
        """Return the form as records keep it: `coarse`, `shown:12`."""
        return self.kind if self.unit is None else f"{self.kind}:{self.unit}"

    @classmethod
    def parse(cls, text: str) -> "QuestionForm":
        """Read what `str` wrote. Raises ValueError for any other text."""
        kind, _, unit = text.partition(":")
        return cls(QuestionKind(kind), int(unit) if unit else None)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its form, its words, and the answer."""

    form: QuestionForm
    question: str
    answer: str


_EN = {
    "coarse": "What is the coarse expression class?",
    "fine": "What is the fine-grained expression class?",
    "units1": "What is the action unit?",
    "units": "What are the action units?",
    "spoken1": "What is the action unit present, and based on it, what is the fine-grained expression "
               "and the coarse expression class?",
    "spoken": "What are the action units present, and based on them, what is the fine-grained expression and "
              "the coarse expression class?",
    "shown": "Is the action unit {} shown on the face?",
    "side": "Is the action unit {} located on the left or right face?",
    "said1": "The action unit present is: {}. Therefore, the fine-grained expression class is {}, and the "
             "coarse expression class is {}.",
    "said": "The action units present are: {}. Therefore, the fine-grained expression class is {}, and the "
            "coarse expression class is {}.",
    "yes": "yes", "no": "no", "left": "left", "right": "right", "comma": ", ",
}  # fmt: skip
_ZH = {
    "coarse": "粗粒度的表情类别是什么？",
    "fine": "细粒度的表情类别是什么？",
    "units1": "出现的动作单元是什么？",
    "units": "出现的动作单元有哪些？",
    "spoken1": "出现了哪个动作单元？据此，细粒度和粗粒度的表情类别分别是什么？",
    "spoken": "出现了哪些动作单元？据此，细粒度和粗粒度的表情类别分别是什么？",
    "shown": "面部是否出现动作单元“{}”？",
    "side": "动作单元“{}”位于左脸还是右脸？",
    "said1": "出现的动作单元是：{}。因此，细粒度表情类别为{}，粗粒度表情类别为{}。",
    "said": "出现的动作单元有：{}。因此，细粒度表情类别为{}，粗粒度表情类别为{}。",
    "yes": "是", "no": "否", "left": "左", "right": "右", "comma": "、",
}  # fmt: skip


def questions(truth: Truth, language: OwnLanguage, seed: str) -> Iterator[Question]:
    """Yield the questions a case can answer; `seed` chooses the yes/no units.

    Units that were never coded are not asked about, nor emotions that no taxonomy has a word for.
    """
    words = _ZH if language == "zh" else _EN
    coarse = truth.labels.get(COARSE)
    fine = emotion_name(truth.emotion, language) if truth.emotion else ""
    if coarse:
        yield Question(QuestionForm(QuestionKind.COARSE), words["coarse"], emotion_name(coarse, language))
    if fine:
        yield Question(QuestionForm(QuestionKind.FINE), words["fine"], fine)
    if truth.action_units is None:
        return
    units = tuple({unit.au: unit for unit in truth.units}.values())
    if units and truth.expression:
        one = "1" if len(units) == 1 else ""
        listed = words["comma"].join(au_name(unit.au, language) for unit in units)
        yield Question(QuestionForm(QuestionKind.UNITS), words["units" + one], listed)
        if fine and coarse:
            said = words["said" + one].format(listed, fine, emotion_name(coarse, language))
            yield Question(QuestionForm(QuestionKind.SPOKEN), words["spoken" + one], said)
    yield from _shown(units, language, words, random.Random(f"{seed}|shown"))
    for unit in _one_sided(truth.units):
        name = au_name(unit.au, language)
        yield Question(QuestionForm(QuestionKind.SIDE, unit.au), words["side"].format(name), words[unit.side])


def _shown(
    units: tuple[ActionUnitCode, ...], language: OwnLanguage, words: dict[str, str], chance: random.Random
) -> Iterator[Question]:
    """One question with yes where a unit is there, and one with no."""
    present = [unit.au for unit in units]
    asked = [chance.choice(present)] if present else []
    asked.append(chance.choice([au for au in ASKED_UNITS if au not in present]))
    for au in asked:
        answer = words["yes" if au in present else "no"]
        form = QuestionForm(QuestionKind.SHOWN, au)
        yield Question(form, words["shown"].format(au_name(au, language)), answer)


def _one_sided(units: tuple[ActionUnitCode, ...]) -> list[ActionUnitCode]:
    """Units coded on one side, and not on the other as well."""
    numbers = [unit.au for unit in units]
    return [u for u in units if u.one_sided and numbers.count(u.au) == 1]
