"""What is asked: the prompts of both routes for each task, in two languages.

MEU prompts are those of `mellm.language` (what a model meets later); MER and VQA put the same evidence
before a short question. Sees measured motion only, never a case's truth.
"""

from importlib import resources
from string import Template

from mellm.errors import InputError
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.instruct.records import Case, Route
from mellm.language.prompt import colour_legend, flow_prompt, region_lines, vision_prompt
from mellm.wording.languages import OwnLanguage

IMAGE = "<image>"
"""Where the picture stands in a prompt."""

_UNIT = {"en": {"px": "in pixels", "relative": "as multiples of the face's average motion"},
         "zh": {"px": "像素", "relative": "以整张脸的平均运动为 1"}}  # fmt: skip
_RELATIVE = {
    "en": (
        "displacement in pixels",
        "displacement as multiples of the face's average motion (the scale in pixels is not known)",
    ),
    "zh": ("位移（像素）", "位移（以整张脸的平均运动为 1，像素尺度未知）"),
}  # fmt: skip
_BLACK = {
    "en": "The onset frame is not shown: the background is black, the face fills the picture.",
    "zh": "起始帧没有给出：背景为黑色，人脸充满画面。",
}
_GROUND = {
    "en": {True: "the grey onset frame of a face with", False: "a face that is not shown, black, with"},
    "zh": {True: "在灰度的起始帧人脸上，", False: "在黑色背景（人脸未显示）上，"},
}
_MER = {
    "en": (
        "Which emotion does this micro-expression suggest? Answer with one label and nothing else: {}.",
        "Name the emotion class. Give only the label, one of: {}.",
        "Classify this micro-expression as one of: {}. Answer with the label alone.",
    ),
    "zh": (
        "这个微表情提示哪种情绪？只回答一个类别，不作解释：{}。",
        "请给出情绪类别，只写标签本身，从以下选择：{}。",
        "请将该微表情归入以下类别之一，只回答标签：{}。",
    ),
}


def meu_prompt(case: Case, route: Route, language: OwnLanguage, taxonomy: str) -> str:
    """Return the full task: analysis, reasoning, conclusion."""
    if route == "vision":
        note = "" if case.picture_face else f"\n\n{_BLACK[language]}"
        return f"{IMAGE}\n{vision_prompt(taxonomy=taxonomy, language=language).strip()}{note}"
    text = flow_prompt(case.motion, taxonomy=taxonomy, language=language).strip()
    if case.scale == "px":
        return text
    pixels, relative = _RELATIVE[language]
    if pixels not in text:
        raise InputError(
            f"The {language} motion prompt no longer says '{pixels}'; adapt the relative prompt."
        )
    return _without_px(text.replace(pixels, relative))


def mer_prompt(case: Case, route: Route, language: OwnLanguage, taxonomy: str, form: int) -> str:
    """Return the evidence and the question for a label alone; `form` chooses the wording."""
    labels = [emotion_name(label, language) for label in get_taxonomy(taxonomy).labels]
    question = _MER[language][form % len(_MER[language])]
    return ask(case, route, language, question.format(("、" if language == "zh" else ", ").join(labels)))


def ask(case: Case, route: Route, language: OwnLanguage, question: str) -> str:
    """Return the evidence and a question."""
    context = _context(route, language)
    if route == "vision":
        text = context.substitute(
            colours=colour_legend(language), ground=_GROUND[language][case.picture_face]
        )
        return f"{IMAGE}\n{text.strip()}\n\n{question}"
    text = context.substitute(
        regions=region_lines(case.motion, language),
        region_count=str(len(case.motion)),
        unit=_UNIT[language][case.scale],
    ).strip()
    return f"{text if case.scale == 'px' else _without_px(text)}\n\n{question}"


def _without_px(text: str) -> str:
    return text.replace('"mean_px"', '"mean"').replace('"max_px"', '"max"')


def _context(route: Route, language: OwnLanguage) -> Template:
    file = resources.files("mellm.instruct") / "templates" / f"context_{route}_{language}.txt"
    return Template(file.read_text("utf-8"))
