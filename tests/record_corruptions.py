"""Ways to make a true record false, to measure how many of them the checks catch.

Each takes a record that passed and returns a false one, or None where it does not apply. What is put in is
verified to be false against the case, never by chance still true. Knows nothing about the checks.
"""

import random
import re
from collections.abc import Callable
from dataclasses import replace

from mellm.datasets.vqa_questions import QuestionKind
from mellm.face.regions import AREAS
from mellm.facs.codes import parse_code
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.instruct.records import Case, Record
from mellm.instruct.vqa_dialogues import QuestionForm
from mellm.language.answer import HEADINGS, LABELS
from mellm.language.places import Place
from mellm.wording.names import AREA_NAMES_EN, part_zh
from mellm.wording.unit_names import au_name

Corruption = Callable[[Record, Case, random.Random], Record | None]

_FLIP_EN = {
    "upward": "downward", "downward": "upward", "to the image's left": "to the image's right",
    "to the image's right": "to the image's left", " up-left ": " down-right ", " up-right ": " down-left ",
    " down-left ": " up-right ", " down-right ": " up-left ", " rise": " sink", " lift": " are lowered",
    " are lowered": " lift", " sink": " rise", " up ": " down ", " down ": " up ",
}  # fmt: skip
_FLIP_ZH = {
    "向左上": "向右下", "向右上": "向左下", "向左下": "向右上", "向右下": "向左上", "向上": "向下",
    "向下": "向上", "向左": "向右", "向右": "向左", "上抬": "下移", "下移": "上抬", "上提": "下移",
    "上移": "下移",
}  # fmt: skip
_COLOURS_EN = {" red": " cyan", " cyan": " red", " violet": " green", " yellow-green": " violet",
               " orange": " blue", " blue": " orange", " magenta": " green", " green": " red"}  # fmt: skip
_COLOURS_ZH = {"红色": "青色", "青色": "红色", "紫色": "黄绿色", "黄绿色": "紫色", "橙色": "蓝色",
               "蓝色": "橙色", "品红色": "绿色", "绿色": "品红色"}  # fmt: skip
_OTHER_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26)


def _analysis(record: Record) -> tuple[int, int]:
    """Where the analysis lies in an answer."""
    first, second, _ = HEADINGS[record.language]
    start = record.answer.index(first) + len(first)
    return start, record.answer.index(f"\n\n{second}")


def _in_analysis(record: Record, words: dict[str, str], chance: random.Random) -> Record | None:
    """Replace one occurrence of one of `words` in the analysis."""
    start, end = _analysis(record)
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    places = list(re.finditer(pattern, record.answer[start:end]))
    if not places:
        return None
    place = chance.choice(places)
    at = start + place.start()
    answer = record.answer[:at] + words[place.group()] + record.answer[start + place.end() :]
    return replace(record, answer=answer)


def direction(record: Record, case: Case, chance: random.Random) -> Record | None:
    """One direction is turned round."""
    return _in_analysis(record, _FLIP_ZH if record.language == "zh" else _FLIP_EN, chance)


def region(record: Record, case: Case, chance: random.Random) -> Record | None:
    """A finding is told of a part of the face that does not move."""
    paired = [(Place.of(m.name), m.moving) for m in case.motion if Place.of(m.name).side]
    moving = {place.part for place, moves in paired if moves}
    still = sorted({place.part for place, _ in paired} - moving)
    if not moving or not still:
        return None
    zh = record.language == "zh"
    put = chance.choice(still)
    start, end = _analysis(record)
    # Only where a finding begins: places named later in a sentence may bear a unit out instead.
    lead = r"(?:：|。)(?:两侧|画面[左右]侧的)" if zh else r"(?<=[:.] )(?:Both|The) "
    names = "|".join(part_zh(part) if zh else part for part in sorted(moving))
    found = re.search(rf"{lead}({names})", record.answer[start:end])
    if found is None:
        return None
    at, to = start + found.start(1), start + found.end(1)
    changed = record.answer[:at] + (part_zh(put) if zh else put) + record.answer[to:]
    return replace(record, answer=changed)


def size(record: Record, case: Case, chance: random.Random) -> Record | None:
    """A size in px (or in times the average) is off by half and more, or a colour is the opposite one."""
    if record.route == "vision":
        return _in_analysis(record, _COLOURS_ZH if record.language == "zh" else _COLOURS_EN, chance)
    start, end = _analysis(record)
    places = list(re.finditer(r"(\d+\.\d+)(?= (?:px|times|倍))", record.answer[start:end]))
    if not places:
        return None
    place = chance.choice(places)
    grown = f"{float(place.group()) * 3 + 9:.2f}"
    answer = record.answer[: start + place.start()] + grown + record.answer[start + place.end() :]
    return replace(record, answer=answer)


def image_side(record: Record, case: Case, chance: random.Random) -> Record | None:
    """One finding is told of the other side of the picture."""
    zh = record.language == "zh"
    pattern = r"画面([左右])侧(?=（被|的[一-鿿]+（被)" if zh else r"image (left|right)(?= \(subject)"
    return _swap_one(record, pattern, chance)


def subject_side(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The subject's side, of a finding or of a unit, is the wrong one."""
    return _swap_one(
        record, r"被摄者的?([左右])侧" if record.language == "zh" else r"subject's (left|right)", chance
    )


def _swap_one(record: Record, pattern: str, chance: random.Random) -> Record | None:
    other = {"left": "right", "right": "left", "左": "右", "右": "左"}
    start, end = _analysis(record)
    places = list(re.finditer(pattern, record.answer[start:end]))
    if not places:
        return None
    place = chance.choice(places)
    at, to = start + place.start(1), start + place.end(1)
    return replace(record, answer=record.answer[:at] + other[place.group(1)] + record.answer[to:])


def concluded_units(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The conclusion has a unit too many, too few, another one, or one on the other side."""
    head, _, conclusion = record.answer.rpartition("\n\n")
    true = {unit.au for unit in case.truth.units}
    other = chance.choice([au for au in _OTHER_UNITS if au not in true])
    found = re.search(r"AU ([\w +]*\w)", conclusion)
    if found is None:
        first, rest = conclusion.split("\n", 1)
        return replace(record, answer=f"{head}\n\n{first}\nAU {other}. {rest}")
    codes = found.group(1).split(" + ")
    place, kind = chance.randrange(len(codes)), chance.randrange(4)
    if kind == 0:
        codes.append(str(other))
    elif kind == 1 and len(codes) > 1:
        del codes[place]
    elif kind == 2 and (unit := parse_code(codes[place])).one_sided:
        codes[place] = replace(unit, side="left" if unit.side == "right" else "right").code
    else:
        codes[place] = str(other)
    changed = conclusion[: found.start(1)] + " + ".join(codes) + conclusion[found.end(1) :]
    return replace(record, answer=f"{head}\n\n{changed}")


def label(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The conclusion, or the answer, names another label of the same taxonomy."""
    true = record.target.get("label")
    if not true:
        return None
    others = [name for name in get_taxonomy(record.target["taxonomy"]).labels if name != true]
    said, put = (emotion_name(name, record.language) for name in (true, chance.choice(others)))
    if record.task == "mer":
        return replace(record, answer=put)
    head, _, conclusion = record.answer.rpartition("\n\n")
    changed = re.sub(re.escape(said), put, conclusion, flags=re.IGNORECASE)
    return replace(record, answer=f"{head}\n\n{changed}") if changed != conclusion else None


def invented_unit(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The analysis reads a unit that is not labelled."""
    true = {unit.au for unit in case.truth.units}
    au = chance.choice([au for au in _OTHER_UNITS if au not in true])
    zh = record.language == "zh"
    name = au_name(au, record.language)
    sentence = f"这提示 AU{au}（{name}）。" if zh else f" This suggests AU {au} ({name})."
    _, end = _analysis(record)
    return replace(record, answer=record.answer[:end] + sentence + record.answer[end:])


def still_said_moving(record: Record, case: Case, chance: random.Random) -> Record | None:
    """A moving area is said to be still."""
    moving = [area for area, names in AREAS.items() if any(m.moving and m.name in names for m in case.motion)]
    named = [area for area in moving if area in ("brows", "cheeks", "chin")]
    if not named:
        return None
    area = chance.choice(named)
    zh = record.language == "zh"
    part = {"brows": "眉毛", "cheeks": "脸颊", "chin": "下巴"}[area] if zh else AREA_NAMES_EN[area]
    sentence = f"{part}静止。" if zh else f" No motion above the noise floor at the {part}."
    everywhere = all(m.moving for m in case.motion if m.name in AREAS[area])
    if not everywhere:
        return None
    _, end = _analysis(record)
    return replace(record, answer=record.answer[:end] + sentence + record.answer[end:])


def leak(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The prompt tells a label, a unit, or the sample's name."""
    codes = "+".join(case.truth.action_units or ())
    told = [f"AU {codes}"] if codes else []
    label_ = case.truth.labels.get("3")
    told += [emotion_name(label_, record.language)] if label_ else []
    told += [case.name] if len(case.name) > 2 else []
    if not told:
        return None
    return replace(record, prompt=f"{record.prompt}\n({chance.choice(told)})")


def answer(record: Record, case: Case, chance: random.Random) -> Record | None:
    """A question's answer is another one of its kind."""
    if record.task != "vqa":
        return None
    kind = QuestionForm.parse(record.question).kind
    flips = {
        "yes": "no",
        "no": "yes",
        "是": "否",
        "否": "是",
        "left": "right",
        "right": "left",
        "左": "右",
        "右": "左",
    }
    if record.answer in flips:
        return replace(record, answer=flips[record.answer])
    true = {unit.au for unit in case.truth.units}
    if kind in (QuestionKind.UNITS, QuestionKind.SPOKEN):
        first = case.truth.units[0].au
        other = chance.choice([au for au in _OTHER_UNITS if au not in true])
        names = [au_name(au, record.language) for au in (first, other)]
        return replace(record, answer=record.answer.replace(names[0], names[1], 1))
    others = sorted(LABELS - {case.truth.labels.get("3"), case.truth.emotion})
    return replace(record, answer=emotion_name(chance.choice(others), record.language))


def support(record: Record, case: Case, chance: random.Random) -> Record | None:
    """A unit is said to rest on a part of the face that does not bear it out."""
    moving = {Place.of(m.name).part for m in case.motion if m.moving}
    still = sorted({Place.of(m.name).part for m in case.motion} - moving)
    if not still:
        return None
    put = chance.choice(still)
    if record.language == "zh":
        leads, starts, frame = ["依据是", "见于", "体现在"], ("两侧", "画面"), f"{{}}{part_zh(put)}、{{}}"
        words = {f"{lead}{start}": frame.format(lead, start) for lead in leads for start in starts}
    else:
        leads, starts = ["out by", "carried by", "resting on", "seen in", "told by"], ("both", "the")
        frame = f"{{}} the {put} and {{}}"
        words = {f"{lead} {start}": frame.format(lead, start) for lead in leads for start in starts}
    return _in_analysis(record, words, chance)


def unfinished(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The answer breaks off in the middle of its reasoning."""
    _, end = _analysis(record)
    return replace(record, answer=record.answer[: end + 6 + chance.randrange(20)].rstrip())


def other_motion(record: Record, case: Case, chance: random.Random) -> Record | None:
    """The prompt holds other numbers than were measured, or another picture."""
    if record.route == "vision":
        return replace(record, images=("images/00/0000000000000000.jpg",))
    numbers = list(re.finditer(r'"mean(?:_px)?": (\d+\.\d+)', record.prompt))
    place = chance.choice(numbers)
    at, to = place.span(1)
    return replace(
        record, prompt=f"{record.prompt[:at]}{float(place.group(1)) + 0.25:.3f}{record.prompt[to:]}"
    )


CORRUPTIONS: dict[str, tuple[tuple[str, ...], Corruption]] = {
    "direction turned round": (("meu",), direction),
    "told of another region": (("meu",), region),
    "wrong size or colour": (("meu",), size),
    "other side of the picture": (("meu",), image_side),
    "wrong side of the subject": (("meu",), subject_side),
    "moving area called still": (("meu",), still_said_moving),
    "unit invented": (("meu",), invented_unit),
    "unit tied to a still part": (("meu",), support),
    "units of the conclusion changed": (("meu",), concluded_units),
    "label changed": (("meu", "mer"), label),
    "answer to a question changed": (("vqa",), answer),
    "label, unit or sample leaked into the prompt": (("meu", "mer", "vqa"), leak),
    "other motion or picture in the prompt": (("meu", "mer", "vqa"), other_motion),
    "answer broken off": (("meu",), unfinished),
}
"""Name -> the tasks it applies to, and the corruption."""
