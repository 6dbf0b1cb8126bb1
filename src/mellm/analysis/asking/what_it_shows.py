"""Answers about what micro-expressions show: units, sides, emotions, regions.

`short` answers are in the form of the ME-VQA challenge: a label, unit names, yes or no, a side.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from mellm.analysis.asking.happenings import Happening, happenings, surest
from mellm.analysis.asking.named_places import Places
from mellm.analysis.asking.narrowing import nothing, subjects
from mellm.analysis.asking.questions import Question, Topic
from mellm.analysis.asking.told import Told
from mellm.face.regions import AREAS
from mellm.facs.unit_rules import EXPRESSIVE
from mellm.report import ActionUnitReading, MicroExpression, Report
from mellm.wording.message import Field, Message
from mellm.wording.unit_names import AU_NAMES

_CLOSED_EYES = frozenset({43, 45, 46})


def label_of(me: MicroExpression, taxonomy: str) -> tuple[str | None, float]:
    """The likeliest label in a taxonomy with its probability; None where the report suggests none."""
    if me.emotion.label is None:
        return None, 0.0
    sets = {me.emotion.taxonomy: me.emotion.probabilities, **me.emotion.also}
    shares = sets.get(taxonomy) or me.emotion.probabilities
    if me.emotion.taxonomy == taxonomy:
        return me.emotion.label, shares.get(me.emotion.label, 0.0)
    label = max(shares, key=lambda name: shares[name])
    return label, shares[label]


def present(me: MicroExpression) -> list[ActionUnitReading]:
    """The units that are likely, closing eyes aside, likeliest first."""
    units = [au for au in me.action_units if au.present and au.au not in _CLOSED_EYES]
    return sorted(units, key=lambda au: -au.probability)


def emotion(question: Question, report: Report) -> Told:
    """Coarse or fine class of the micro-expressions; the short answer is that of the surest."""
    taxonomy = "3" if question.topic is Topic.COARSE else _fine(report)
    found = subjects(question, report)
    if not found:
        return nothing(question, report, "micro")
    told = Told()
    for h in found:
        told += suggests(h, taxonomy)
    best = surest(found)
    if best is not None and best.me is not None:
        told.short = label_of(best.me, taxonomy)[0] or ""
    return told


def _fine(report: Report) -> str:
    """The report's own classes; the seven where it has only the coarse ones."""
    own = report.micro_expressions[0].emotion.taxonomy if report.micro_expressions else "7"
    return "7" if own == "3" else own


def suggests(h: Happening, taxonomy: str) -> Told:
    """Which emotion a micro-expression suggests."""
    assert h.me is not None and h.number is not None
    label, p = label_of(h.me, taxonomy)
    number, frame = h.number, h.frames[1]
    if label is None:
        said = Message("ask.no_emotion", {"number": number, "frame": frame})
    else:
        said = Message("ask.suggests", {"number": number, "frame": frame, "label": label, "p": p})
    return Told([said], [frame], [number])


def at_moment(h: Happening, taxonomy: str) -> Told:
    """What a micro-expression suggests and shows."""
    return suggests(h, taxonomy) + units_of(h)


def units(question: Question, report: Report) -> Told:
    """The units of each micro-expression; the short answer names those of the surest."""
    found = subjects(question, report)
    if not found:
        return nothing(question, report, "micro")
    told = Told()
    for h in found:
        told += units_of(h)
    best = surest(found)
    assert best is not None and best.me is not None
    told.short = names(sorted({au.au for au in present(best.me)}))
    return told


def names(numbers: Sequence[int]) -> str:
    """FACS names joined by commas, as the challenge writes them."""
    return ", ".join(AU_NAMES[au] for au in numbers if au in AU_NAMES)


def units_of(h: Happening) -> Told:
    """The units of one micro-expression."""
    assert h.me is not None and h.number is not None
    seen = present(h.me)
    if not seen:
        said = Message("ask.no_units", {"number": h.number, "first": h.frames[0], "frame": h.frames[1]})
    else:
        said = Message(
            "ask.units",
            {
                "number": h.number,
                "first": h.frames[0],
                "frame": h.frames[1],
                "parts": tuple(_unit(au) for au in seen),
            },
        )
    return Told([said], list(h.frames[:2]), [h.number])


def _unit(au: ActionUnitReading) -> Message:
    return Message("ask.unit", {"code": au.code, "au": au.au, "p": au.probability})


def units_over(question: Question, report: Report) -> Told:
    """The units of all micro-expressions together."""
    found = subjects(question, report)
    macros = 0 if question.places != Places() else len(happenings(report, "macro"))
    unread = [Message("ask.macro_units", {"count": macros})] if macros else []
    frames: dict[int, list[int]] = {}
    for h in found:
        assert h.me is not None
        for au in present(h.me):
            frames.setdefault(au.au, []).append(h.frames[1])
    if not frames:
        return nothing(question, report, "micro") + Told(unread)
    parts = tuple(
        Message("ask.unit_times", {"code": str(au), "au": au, "frames": ", ".join(map(str, at))})
        for au, at in sorted(frames.items())
    )
    cited = sorted({frame for at in frames.values() for frame in at})
    numbers = [h.number for h in found if h.number is not None]
    told = Told([Message("ask.units_over", {"parts": parts}), *unread], cited, numbers)
    told.short = names(sorted(frames))
    return told


def shown(question: Question, report: Report) -> Told:
    """Whether units are seen, where, and how likely; all of several, or any where the question says `or`."""
    each = [_shown(question, unit, report) for unit in question.units or (0,)]
    told = sum(each[1:], each[0])
    wanted = any if question.either else all
    told.short = "yes" if wanted(one.short == "yes" for one in each) else "no"
    return told


def _shown(question: Question, unit: int, report: Report) -> Told:
    if unit not in EXPRESSIVE and unit not in _CLOSED_EYES:
        return Told([Message("ask.unit_unknown", {"au": unit})], short="no", measured=False)
    asked = subjects(question, report)
    if not asked:
        return nothing(question, report, "micro")
    found = [(h, au) for h in asked for au in _readings(h, unit)]
    if not found:
        return Told([Message("ask.unit_unread", {"au": unit})], short="no", measured=False)
    seen = [(h, au) for h, au in found if au.present]
    if seen:
        told = Told(short="yes")
        for h, au in seen:
            assert h.number is not None
            said = Message(
                "ask.shown",
                {
                    "code": au.code,
                    "au": unit,
                    "p": au.probability,
                    "number": h.number,
                    "first": h.frames[0],
                    "frame": h.frames[1],
                },
            )
            told += Told([said], list(h.frames[:2]), [h.number])
        return told
    h, au = max(found, key=lambda pair: pair[1].probability)
    assert h.number is not None
    where = {"au": unit, "p": au.probability, "number": h.number, "frame": h.frames[1]}
    said = Message("ask.not_shown", where)
    return Told([said], [h.frames[1]], [h.number], short="no")


def compared(question: Question, report: Report) -> Told:
    """Which of two units is stronger, by FACS intensity; the likelier one where a question asks for that."""
    unknown = [au for au in question.units if au not in EXPRESSIVE and au not in _CLOSED_EYES]
    if unknown:
        return Told([Message("ask.unit_unknown", {"au": au}) for au in unknown], measured=False)
    found = subjects(question, report)
    if not found:
        return nothing(question, report, "micro")
    told = Told()
    for h in found:
        told += _compared(question, h)
    return told


def _compared(question: Question, h: Happening) -> Told:
    assert h.me is not None and h.number is not None
    likelier = re.search("likel|probab|可能|概率", question.text, re.IGNORECASE) is not None

    def strength(au: ActionUnitReading) -> tuple[bool, float | str]:
        return au.present, au.probability if likelier else au.intensity or ""

    read = [
        max(readings, key=lambda au: (au.present, au.probability))
        for unit in question.units
        if (readings := _readings(h, unit))
    ]
    fields: dict[str, Field] = {"number": h.number, "frame": h.frames[1]}
    fields["parts"] = tuple(
        Message("ask.unit_strength", {"code": au.code, "au": au.au, "p": au.probability})
        for au in sorted(read, key=strength, reverse=True)
    )
    at, numbers = [h.frames[1]], [h.number]
    if len(read) < len(question.units):
        return Told([Message("ask.not_compared", fields)], at, numbers, measured=False)
    best = max(map(strength, read))
    leading = [au for au in read if strength(au) == best]
    if not best[0]:
        return Told([Message("ask.neither_likely", fields)], at, numbers, "none")
    if len(leading) > 1:
        return Told([Message("ask.equally_strong", fields)], at, numbers, "none")
    which = {**fields, "code": leading[0].code, "au": leading[0].au}
    said = Message("ask.likelier", which) if likelier else Message("ask.stronger", which)
    return Told([said], at, numbers, names([leading[0].au]))


def _readings(h: Happening, unit: int) -> list[ActionUnitReading]:
    assert h.me is not None
    return [au for au in h.me.action_units if au.au == unit]


def side(question: Question, report: Report) -> Told:
    """On which side a unit is; where on both, which half moves more."""
    unit = question.unit
    if unit is None:
        return units(question, report)
    found = [(h, au) for h in subjects(question, report) for au in _readings(h, unit)]
    if not found:
        return replace(_shown(question, unit, report), short="")
    h, au = max(found, key=lambda pair: pair[1].probability)
    assert h.number is not None and h.me is not None
    frame = h.frames[1]
    if au.side in ("left", "right"):
        half = Message("ask.left") if au.side == "left" else Message("ask.right")
        said = Message(
            "ask.side",
            {"au": unit, "side": half, "number": h.number, "frame": frame, "p": au.probability},
        )
        return Told([said], [frame], [h.number], short=au.side)
    left, right = _halves(h.me, au)
    stronger = Message("ask.left") if left >= right else Message("ask.right")
    said = Message(
        "ask.side_of_both",
        {"au": unit, "number": h.number, "frame": frame, "side": stronger, "left": left, "right": right},
    )
    return Told([said], [frame], [h.number], short="left" if left >= right else "right")


def _halves(me: MicroExpression, au: ActionUnitReading) -> tuple[float, float]:
    """How far a unit's regions move on the subject's left and right, px; regions are named by image sides."""
    moved = {r.name: r.mean_px for r in me.regions}
    listed = [name for name in au.evidence if name in moved] or list(moved)
    left = max((moved[name] for name in listed if name.startswith("right")), default=0.0)
    right = max((moved[name] for name in listed if name.startswith("left")), default=0.0)
    return left, right


def region(question: Question, report: Report) -> Told:
    """How the regions of an area moved."""
    wanted = set(AREAS[question.area or "mouth"])
    found = subjects(question, report)
    if not found:
        return nothing(question, report, "micro")
    told = Told()
    for h in found:
        assert h.me is not None and h.number is not None
        moving = [r for r in h.me.regions if r.name in wanted and r.moving]
        if moving:
            parts = tuple(
                Message("ask.region_moved", {"name": r.name, "px": r.mean_px, "way": r.octant})
                for r in sorted(moving, key=lambda r: -r.mean_px)
            )
            said = Message("ask.region", {"number": h.number, "frame": h.frames[1], "parts": parts})
            told += Told([said], [h.frames[1]], [h.number])
    return told if told.said else Told([Message("ask.region_still")])


def spoken(question: Question, report: Report) -> Told:
    """Units, then the classes based on them: the challenge's sentence as the short answer."""
    told = units(question, report)
    best = surest(subjects(question, report))
    if best is None or best.me is None:
        return told
    told += emotion(replace(question, topic=Topic.FINE), report)
    told.short = spoken_form(
        sorted({au.au for au in present(best.me)}),
        label_of(best.me, _fine(report))[0] or "",
        label_of(best.me, "3")[0] or "",
    )
    return told


def spoken_form(numbers: Sequence[int], fine: str, coarse: str) -> str:
    """The challenge's sentence on units and classes."""
    one = len(numbers) == 1
    return (
        f"The action unit{'' if one else 's'} present {'is' if one else 'are'}: {names(numbers)}. Therefore, "
        f"the fine-grained expression class is {fine}, and the coarse expression class is {coarse}."
    )
