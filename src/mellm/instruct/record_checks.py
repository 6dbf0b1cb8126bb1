"""Is a record true? Every check, for every record, whoever wrote it.

Holds answers against the labels and the measured motion, and prompts against leaks. Knows nothing about
files or people.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from mellm.datasets.vqa_questions import QuestionKind
from mellm.errors import InputError
from mellm.face.region_id import ImageSide, RegionId
from mellm.face.regions import AREAS
from mellm.facs.codes import sides_by_unit, subject_side
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.facs.unit_lookup import au_number
from mellm.instruct.compact_records import reading_prompt, stage_of, vqa_emotion, vqa_prompt
from mellm.instruct.records import Case, Problem, Record, Stage
from mellm.instruct.task_prompts import IMAGE
from mellm.instruct.truth import reasoned_label, shown_truth
from mellm.instruct.vqa_dialogues import QuestionForm, questions
from mellm.language.answer import Answer, concluded_units, finds_nothing, labels_in
from mellm.language.claim_check import on_side, unsupported_claims
from mellm.language.claim_words import GRAMMARS
from mellm.language.labelled_writer import strongest_area
from mellm.language.prompt import region_lines
from mellm.language.reading_evidence import gather
from mellm.language.unit_mentions import Mention, coded_mentions, mentions
from mellm.wording.languages import OwnLanguage
from mellm.wording.names import AREA_NAMES_EN, AREA_NAMES_ZH
from mellm.wording.unit_names import au_name

LENGTHS = {"meu": (60, 8000), "mer": (1, 24), "vqa": (1, 400)}
"""Shortest and longest answer, characters."""

LONGEST_PROMPT = 12_000
"""Characters."""

KINDS = (
    "format", "language", "length", "units", "emotion", "claims", "sides", "invented", "names", "support",
    "unmentioned", "area", "strongest", "leak", "prompt", "answer", "duplicate",
)  # fmt: skip
"""Every kind of problem."""

_CJK = re.compile(r"[㐀-鿿]")
_LATIN = re.compile(r"[A-Za-z]{3,}")
_LATIN_KNOWN = frozenset({"FACS", "MMC", "image", "AUs"})
_IMAGE_SIDES = {
    "en": re.compile(r"image (left|right)(?: is|,)? \(?(?:the )?subject's (left|right)", re.IGNORECASE),
    "zh": re.compile(r"画面(左|右)侧[^，。；、：]{0,6}?(?:即|（)被摄者(左|右)"),
}
_UNIT_SIDES = {
    "en": re.compile(r"AU (?P<au>\d+)(?: \([^)]*\))? on the subject's (?P<side>left|right)"),
    "zh": re.compile(r"被摄者的?(?P<side>左|右)侧的?\s*AU\s?(?P<au>\d+)"),
}
_SIDE_NOTE = re.compile(r"\b(?:left|right|both|side)\b|[左右双两单]侧")
_UNIT_NAME = {
    "en": re.compile(r"AU (\d+) \(([^()]+)\)"),
    "zh": re.compile(r"AU(\d+)（([^（）]+(?:（[^（）]+）)?)"),
}
_STRONGEST = {
    "en": re.compile(r"strongest motion is at the (\w+)", re.IGNORECASE),
    "zh": re.compile(r"运动最强的是([一-鿿]{2})"),
}
_SIDES = {"left": ImageSide.LEFT, "左": ImageSide.LEFT, "right": ImageSide.RIGHT, "右": ImageSide.RIGHT}
_AREA = {
    "en": {name: area for area, name in AREA_NAMES_EN.items()},
    "zh": {name: area for area, name in AREA_NAMES_ZH.items()},
}


def check_record(record: Record, case: Case) -> list[Problem]:
    """Return everything that is wrong with a record; an empty list: nothing found."""
    if record.case != case.key:
        raise InputError(f"Record {record.id} belongs to case {record.case}, not {case.key}.")
    if record.form == "compact":
        return check_compact(record, case)
    found = [*_language(record), *_length(record), *_prompt(record, case), *_leak(record, case)]
    if record.task == "meu":
        found += _meu(record, case)
    else:
        found += _labels_alone(record, case)
    return found


def check_compact(record: Record, case: Case) -> list[Problem]:
    """Return everything that is wrong with a compact record.

    The truth is what the motion shows of it; the FACS stage's line may name units and labels, since it is
    worked out from the motion, so leaks are looked for in the question alone.
    """
    stage = stage_of(case) if record.provenance.get("evidence", True) else None
    truth = shown_truth(case.truth, case.motion, stage)
    if record.task == "vqa":
        truth = replace(truth, emotion=vqa_emotion(case, stage))
    shown = replace(case, truth=truth)
    evidence, question = record.prompt.rpartition("\n")[::2]
    found = [*_language(record), *_length(record), *_leak(replace(record, prompt=question), case)]
    if evidence != _compact_evidence(record, case, stage):
        found.append(Problem("prompt", "the parts and the FACS stage are not this case's"))
    if record.task != "meu":
        return [*found, *_labels_alone(record, shown)]
    answer = Answer.parse(record.answer, record.language)
    if not answer.canonical:
        return [*found, Problem("format", "the three headed parts are not there")]
    found += _conclusion(answer, record, shown)
    text = f"{answer.analysis}\n{answer.reasoning}"
    found += [Problem("claims", claim) for claim in unsupported_claims(text, case.motion, "en")]
    found += _units(answer, record, shown)
    codes = {unit.sided for unit in shown.truth.units}
    found += [Problem("sides", f"AU {code} is named, the labels are {'+'.join(sorted(codes))}")
              for code in sorted(coded_mentions(text) - codes)]  # fmt: skip
    return found


def _compact_evidence(record: Record, case: Case, stage: Stage | None) -> str:
    if record.task == "vqa":
        question = record.prompt.rpartition("\n")[2]
        kind = QuestionForm.parse(record.question).kind
        whole = vqa_prompt(case.motion, stage, question, kind, scale=case.scale)
        return whole.removesuffix(question).rstrip("\n")
    return reading_prompt(case.motion, stage, "", record.target["taxonomy"], scale=case.scale)


def _language(record: Record) -> Iterator[Problem]:
    for name, text in (("answer", record.answer), ("prompt", record.prompt.replace(IMAGE, ""))):
        if record.language == "en" and _CJK.search(text):
            yield Problem("language", f"the {name} holds Chinese characters")
        if record.language == "zh":
            if not _CJK.search(text):
                yield Problem("language", f"the {name} is not Chinese")
            plain = re.sub(r'"[a-z_]+":', "", text) if name == "prompt" else text
            foreign = [word for word in _LATIN.findall(plain) if word not in _LATIN_KNOWN]
            if foreign and not (name == "prompt" and set(foreign) <= {"null"}):
                yield Problem("language", f"the {name} holds '{foreign[0]}'")


def _length(record: Record) -> Iterator[Problem]:
    low, high = LENGTHS[record.task]
    if not low <= len(record.answer) <= high:
        yield Problem("length", f"the answer has {len(record.answer)} characters, not {low} to {high}")
    if len(record.prompt) > LONGEST_PROMPT:
        yield Problem("length", f"the prompt has {len(record.prompt)} characters, over {LONGEST_PROMPT}")


def _prompt(record: Record, case: Case) -> Iterator[Problem]:
    """The evidence in the prompt is the case's own."""
    if record.prompt.count(IMAGE) != len(record.images):
        yield Problem("prompt", f"{len(record.images)} pictures for {record.prompt.count(IMAGE)} {IMAGE}")
    if record.route == "vision":
        if record.images != (case.picture,):
            yield Problem("prompt", "the picture is not this case's map")
        return
    lines = region_lines(case.motion, record.language)
    if case.scale == "relative":
        lines = lines.replace('"mean_px"', '"mean"').replace('"max_px"', '"max"')
    if lines not in record.prompt:
        yield Problem("prompt", "the region lines are not this case's measured motion")


def _leak(record: Record, case: Case) -> Iterator[Problem]:
    """Nothing in the prompt tells the answer: no unit, no label but the whole list, no sample's name."""
    question = record.prompt.rsplit("\n", 1)[-1]
    if re.search(r"AU\s?[LRTBU]?\d", record.prompt):
        yield Problem("leak", "the prompt names an action unit by number")
    told = labels_in(record.prompt, record.language)
    asked = list(get_taxonomy(record.target["taxonomy"]).labels) if "taxonomy" in record.target else []
    if sorted(told) != sorted(asked):
        odd = sorted(set(told) ^ set(asked)) or sorted({label for label in told if told.count(label) > 1})
        yield Problem("leak", f"the prompt's labels are not the whole list once ({', '.join(odd)})")
    for name, value in (("sample", case.name), ("subject", case.subject)):
        if len(value) > 2 and value in record.prompt:
            yield Problem("leak", f"the prompt names the {name}")
    if record.task == "vqa" and QuestionForm.parse(record.question).unit is None:
        names = [unit.au for unit in case.truth.units if au_name(unit.au, record.language) in question]
        if names:
            yield Problem("leak", f"the question names AU {names[0]}")


def _labels_alone(record: Record, case: Case) -> Iterator[Problem]:
    """MER and VQA: the answer is the one the labels give."""
    if record.task == "mer":
        label = case.truth.labels.get(record.target["taxonomy"])
        if label is None or record.answer != emotion_name(label, record.language):
            yield Problem("emotion", f"the answer is '{record.answer}', the label {label}")
        return
    form = QuestionForm.parse(record.question)
    if form.kind is QuestionKind.SHOWN:
        there = any(unit.au == form.unit for unit in case.truth.units)
        expected: str | None = {"en": ("no", "yes"), "zh": ("否", "是")}[record.language][there]
    else:
        asked = {q.form: q.answer for q in questions(case.truth, record.language, "")}
        expected = asked.get(form)
    if record.answer != expected:
        yield Problem("answer", f"the answer is '{record.answer}', the labels give '{expected}'")


def _meu(record: Record, case: Case) -> Iterator[Problem]:
    answer = Answer.parse(record.answer, record.language)
    if not answer.canonical:
        yield Problem("format", "the three headed parts are not there")
        return
    yield from _conclusion(answer, record, case)
    text = f"{answer.analysis}\n{answer.reasoning}"
    for claim in unsupported_claims(text, case.motion, record.language):
        yield Problem("claims", claim)
    yield from _sides(text, record, case)
    yield from _units(answer, record, case)
    yield from _headed(answer.analysis, record)
    yield from _strongest(text, record, case)


def _conclusion(answer: Answer, record: Record, case: Case) -> Iterator[Problem]:
    named, true = (
        sorted({unit.sided for unit in units})
        for units in (concluded_units(answer.conclusion), case.truth.units)
    )
    if named != true:
        said, labelled = ("+".join(codes) or "none" for codes in (named, true))
        yield Problem("units", f"the conclusion names {said}, the labels are {labelled}")
    label = reasoned_label(case.truth, record.target["taxonomy"])
    labels = set(labels_in(answer.conclusion, record.language))
    if labels != ({label} if label else set()):
        yield Problem(
            "emotion", f"the conclusion names {', '.join(sorted(labels)) or 'no label'}, not {label}"
        )
    if finds_nothing(answer.conclusion) != (label is None):
        yield Problem("emotion", "the conclusion and the label differ on whether there is an expression")


def _sides(text: str, record: Record, case: Case) -> Iterator[Problem]:
    """Image sides and the subject's agree; units are on the sides the labels say."""
    for found in _IMAGE_SIDES[record.language].finditer(text):
        image, subject = (_SIDES[word] for word in found.groups())
        if subject != subject_side(image.value):
            yield Problem("sides", f"'{found.group()}' is not the subject's side")
    labelled = sides_by_unit(unit.sided for unit in case.truth.units)
    said: dict[int, set[str]] = {}
    for found in _UNIT_SIDES[record.language].finditer(text):
        said.setdefault(int(found["au"]), set()).add(_SIDES[found["side"]])
    for au, sides in said.items():
        if au in labelled and sides != {labelled[au]}:
            yield Problem(
                "sides", f"AU {au} is said to be {', '.join(sorted(sides))}, labelled {labelled[au]}"
            )
    for au, side in labelled.items():
        if side in ("left", "right") and au not in said:
            yield Problem("sides", f"the analysis does not say that AU {au} is on the subject's {side}")


def _units(answer: Answer, record: Record, case: Case) -> Iterator[Problem]:
    language = record.language
    true = {unit.au for unit in case.truth.units}
    support: dict[int, set[RegionId]] = {au: set() for au in true}
    for unit in case.truth.units:
        support[unit.au] |= set(map(RegionId, supporting_regions(unit, case.motion)))
    analysis = mentions(answer.analysis, language)
    for mention in (*analysis, *mentions(answer.reasoning, language)):
        if mention.au not in true and not mention.negated:
            yield Problem("invented", f"AU {mention.au} is spoken of, but not labelled: {mention.sentence}")
    for au in sorted(true):
        own = [m for m in analysis if m.au == au]
        if not own:
            yield Problem("unmentioned", f"the analysis does not speak of AU {au}")
        elif not support[au] and not any(m.negated for m in own):
            yield Problem("support", f"no region bears out AU {au}, and the analysis does not admit it")
        elif support[au] and all(m.negated for m in own):
            yield Problem("support", f"regions bear out AU {au}, but the analysis denies it")
    for mention in analysis:
        if mention.au in true and not mention.negated:
            yield from _tied(mention, support[mention.au], language)
    for found in _UNIT_NAME[language].finditer(record.answer):
        if not _is_called(int(found[1]), found[2]):
            yield Problem("names", f"AU {found[1]} is not called {found[2]}")


def _is_called(au: int, words: str) -> bool:
    """What stands in brackets after a unit is its name; a side may stand there too."""
    said = [part.strip() for part in re.split(r"[,，;；]", words)]
    return all(_SIDE_NOTE.search(part) or _number(part) == au for part in said)


def _number(name: str) -> int | None:
    try:
        return au_number(name)
    except InputError:
        return None


def _tied(mention: Mention, support: set[RegionId], language: OwnLanguage) -> Iterator[Problem]:
    """The places said to bear a unit out do so; they follow the mention, up to the next one."""
    after = mention.sentence[mention.end :]
    following = re.search(r"AU\s?[LRTBU]?\d", after)
    after = after[: following.start()] if following else after
    grammar = GRAMMARS[language]
    plain = grammar.strip.sub(" ", mention.sentence[mention.start : mention.end] + after)
    for token in grammar.token.finditer(plain):
        if token.lastgroup != "region":
            continue
        side = _said_side(plain, token.start(), token.end())
        places = on_side(grammar.names[token.group().lower()], side)
        if any(support.isdisjoint(regions) for regions in places):
            place = f"{token.group()} {side or ''}".strip()
            yield Problem("support", f"{place} does not bear out AU {mention.au}")


def _said_side(text: str, start: int, end: int) -> ImageSide | None:
    """The image side said after (English) or before (Chinese) the name of a place, None for none."""
    after = re.match(r"\s*(?:at|on|in) (?:the )?image(?:'s)?[- ](left|right)", text[end:])
    before = re.search(r"画面(左|右)侧的$", text[:start])
    found = after or before
    return _SIDES[found.group(1)] if found else None


def _headed(text: str, record: Record) -> Iterator[Problem]:
    """What stands under an area's heading begins with a part of that area."""
    grammar, areas = GRAMMARS[record.language], _AREA[record.language]
    for found in re.finditer(rf"({'|'.join(areas)})[:：]", text, re.IGNORECASE):
        token = grammar.token.search(text, found.end())
        while token and token.lastgroup != "region":
            token = grammar.token.search(text, token.end())
        places = grammar.names[token.group().lower()] if token else []
        regions = {region for place in places for region in place}
        if not regions <= set(AREAS[areas[found.group(1).lower()]]):
            yield Problem("area", f"{token.group() if token else ''} is told of under {found.group(1)}")


def _strongest(text: str, record: Record, case: Case) -> Iterator[Problem]:
    for found in _STRONGEST[record.language].finditer(text):
        area = _AREA[record.language].get(found.group(1))
        moving = [m for m in case.motion if m.moving]
        largest = {
            name: max((m.mean for m in moving if m.name in AREAS[name]), default=0.0) for name in AREAS
        }
        by_part = strongest_area(gather(case.motion, [], None, 0.5)) if moving else None
        if area not in (by_part, max(largest, key=lambda name: largest[name])):
            yield Problem("strongest", f"the strongest motion is not at the {found.group(1)}")
