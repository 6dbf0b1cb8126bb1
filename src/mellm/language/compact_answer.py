"""The answer to a compact prompt, as a type: written and read back here and nowhere else (English only).

Three headed parts, one line each:

    Analysis: what each part of the prompt does, with its size, and the units it bears out (`no unit`: none)
    Reasoning: which labels coders give these units
    Conclusion: `AU 6 + R12. Label: happiness.`, or `no micro-expression.`

`CompactAnswer.parse(answer.render()) == answer`. Knows nothing about what is true of a face.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mellm.face.region_id import ImageSide
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.flow.region_motion import OCTANTS
from mellm.language.answer import Answer
from mellm.language.compact_prompt import direction_word, size_text
from mellm.language.places import FacePart
from mellm.language.prompt import Scale
from mellm.language.reading_evidence import PartMotion, joint_direction
from mellm.language.reading_words import capital
from mellm.wording.unit_names import au_name

NO_SIGN = ("No part shows an action unit.", "There is no action unit to reason from.")
"""What is reasoned where there is nothing to reason from."""

NO_EXPRESSION = "no micro-expression."
"""What is concluded then."""

STAGE_ALONE = ("Not in the parts, only in the units found", "Found, but not by any of these parts")
"""How units are introduced that only the FACS stage finds."""

STILL = ("Nothing moves.", "No part moves.")
"""What is said of a face at rest."""

ALONE = ("{units} {fit} {first}.", "{units} {point} to {first}.")
BEST = ("{units} {fit} {first} best.", "{units} {point} to {first} above all.")
TWO = ("{units} {fit} {first} best, {second} next.", "{units} {point} to {first}, or to {second}.")
MISSING = (" AU {au} is not seen.", " No AU {au} is seen.")
"""Reasoning: one label, one before the others, two labels; and a unit one would look for."""

_SIZES: dict[Scale, str] = {"px": "px", "relative": "times the average"}
_NO_UNIT, _BLINK = "no unit", "blink, "
_CODE = re.compile(r"AU ([LRTBU]?\d{1,2})( \()?")


class Verb(StrEnum):
    """The verb of an answer's clauses, as several parts take it."""

    GO = "go"
    MOVE = "move"

    @property
    def singular(self) -> str:
        """The form that one part takes."""
        return "goes" if self is Verb.GO else "moves"


class Direction(StrEnum):
    """How directions are said: those of the picture, and those of two sides seen from the middle."""

    UP = "up"
    DOWN = "down"
    LEFT = "leftward"
    RIGHT = "rightward"
    UP_LEFT = "up-left"
    UP_RIGHT = "up-right"
    DOWN_LEFT = "down-left"
    DOWN_RIGHT = "down-right"
    OUTWARD = "outward"
    INWARD = "inward"
    UP_OUTWARD = "up and outward"
    UP_INWARD = "up and inward"
    DOWN_OUTWARD = "down and outward"
    DOWN_INWARD = "down and inward"
    MIXED = "mixed ways"


_WAYS = "|".join(sorted(Direction, key=len, reverse=True))
_CLAUSE = rf"(?:goe?s?|moves?) (?:{_WAYS}) \([^)]*\)"
MOVES = re.compile(rf"\b(?:goe?s?|moves?) (?P<way>{_WAYS})\b")
"""A verb and its direction, in any text."""
WELL_FORMED = re.compile(rf"\s*(?:Analysis:\s*)?[A-Z][a-z ]+ {_CLAUSE}(?:, [a-z ]+ {_CLAUSE})*")
"""The beginning of a sentence on motion, as far as it keeps to the form."""
SENTENCE = re.compile(r"(?P<motion>[^:]*): (?P<units>AU .*|(?:blink, )?no unit)\.\s*$", re.DOTALL)
"""A sentence on motion and the units it bears out."""
_WHOLE_CLAUSE = re.compile(
    rf"(?P<subject>[A-Za-z ]+) (?:goe?s?|moves?) (?P<way>{_WAYS}) "
    rf"\((?P<size>[\d.]+) (?P<unit>{'|'.join(_SIZES.values())})\)"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """How a part moves: `mouth corners go up (1.9 px)`, `left cheek goes leftward (0.31 px)`.

    sides: both image sides, one, or none for a part on the midline
    size: mean motion in `scale`, with the two digits that are written
    """

    part: FacePart
    sides: tuple[ImageSide, ...]
    direction: Direction
    size: float
    scale: Scale = "px"

    def render(self, verb: Verb) -> str:
        """Return the clause, in lower case."""
        said = verb if len(self.sides) > 1 else verb.singular
        return f"{self.subject} {said} {self.direction} ({size_text(self.size)} {_SIZES[self.scale]})"

    @property
    def subject(self) -> str:
        """What moves, in words."""
        if len(self.sides) > 1:
            return f"{self.part}s"
        return f"{self.sides[0]} {self.part}" if self.sides else str(self.part)


_SIDES = ((), (ImageSide.LEFT,), (ImageSide.RIGHT,), tuple(ImageSide))
_SUBJECTS = {Clause(p, sides, Direction.UP, 0.0).subject: (p, sides) for p in FacePart for sides in _SIDES}


def clauses_of(sides: Sequence[PartMotion], scale: Scale) -> tuple[Clause, ...]:
    """Return how a part moves: in one clause where its sides move together, else each side by itself."""
    part = sides[0].part
    if len(sides) == 2 and (joint := joint_direction(sides[0], sides[1])):
        if joint == "shift":
            way = direction_word(sides[0].octant)
        else:
            way = joint if joint in OCTANTS else joint.replace("-", " and ")
        told = [(tuple(ImageSide), way, max(side.mean for side in sides))]
    else:
        told = [((m.side,) if m.side else (), direction_word(m.octant), m.mean) for m in sides]
    # The size as it is written, so that the clause is read back as the same one.
    return tuple(Clause(part, on, Direction(way), float(size_text(size)), scale) for on, way, size in told)


@dataclass(frozen=True, slots=True)
class ToldUnit:
    """A unit as an answer lists it; `named`: with its name, as where it is told first."""

    unit: ActionUnitCode
    named: bool = False

    def render(self) -> str:
        """Return `AU R12 (lip corner puller)` or `AU R12`."""
        return f"AU {self.unit.code}" + (f" ({au_name(self.unit.au)})" if self.named else "")


def list_units(units: Iterable[ToldUnit]) -> str:
    """Return units as a sentence lists them; `no unit` where there is none."""
    return ", ".join(unit.render() for unit in units) or _NO_UNIT


def told_units(text: str) -> tuple[ToldUnit, ...]:
    """Return the units that a text lists, in its order."""
    return tuple(ToldUnit(_unit(found[1]), bool(found[2])) for found in _CODE.finditer(text))


def _unit(code: str) -> ActionUnitCode:
    return replace(parse_code(code), spelling="")


@dataclass(frozen=True, slots=True)
class PartSentence:
    """One part of the face: how it moves, and the units that this bears out.

    verb: of all clauses; blink: the motion is that of closing lids, told where it bears out no unit
    """

    clauses: tuple[Clause, ...]
    units: tuple[ToldUnit, ...] = ()
    verb: Verb = Verb.GO
    blink: bool = False

    def render(self) -> str:
        """Return `Mouth corners go up (1.9 px): AU 12 (lip corner puller).`"""
        motion = ", ".join(clause.render(self.verb) for clause in self.clauses)
        return f"{capital(motion)}: {_BLINK if self.blink else ''}{list_units(self.units)}."

    @classmethod
    def parse(cls, text: str) -> "PartSentence | None":
        """Read a sentence that `render` could have written; None for any other."""
        form = SENTENCE.fullmatch(text)
        if form is None:
            return None
        clauses = []
        for found in _WHOLE_CLAUSE.finditer(form["motion"]):
            subject = _SUBJECTS.get(found["subject"].strip().lower())
            if subject is None:
                return None
            scale: Scale = "px" if found["unit"] == _SIZES["px"] else "relative"
            clauses.append(Clause(*subject, Direction(found["way"]), float(found["size"]), scale))
        units, blink = told_units(form["units"]), form["units"].startswith(_BLINK)
        written = (cls(tuple(clauses), units, verb, blink) for verb in Verb)
        return next((sentence for sentence in written if sentence.render() == text), None)


@dataclass(frozen=True, slots=True)
class StageSentence:
    """The units that no part bears out, but the FACS stage finds; `opening` is one of `STAGE_ALONE`."""

    units: tuple[ToldUnit, ...]
    opening: str = STAGE_ALONE[0]

    def render(self) -> str:
        """Return the sentence."""
        return f"{self.opening}: {list_units(self.units)}."


@dataclass(frozen=True, slots=True)
class Reasoning:
    """From units to a label.

    form: one of `ALONE`, `BEST`, `TWO`; first, second: the labels it names (second: `TWO` only)
    missing: a unit that one would look for, None where there is none; missing_form: one of `MISSING`
    """

    units: tuple[ActionUnitCode, ...]
    form: str
    first: str
    second: str = ""
    missing: int | None = None
    missing_form: str = MISSING[0]

    def render(self) -> str:
        """Return the sentences."""
        one = len(self.units) == 1
        text = self.form.format(
            units=f"AU {join_codes(self.units)}",
            first=self.first,
            second=self.second,
            fit="fits" if one else "fit",
            point="points" if one else "point",
        )
        return text + (self.missing_form.format(au=self.missing) if self.missing is not None else "")

    @classmethod
    def parse(cls, text: str) -> "Reasoning | None":
        """Read sentences that `render` could have written; None for any others."""
        for form in (*ALONE, *BEST, *TWO):
            for missing_form in ("", *MISSING):
                if found := _pattern(form + missing_form).fullmatch(text):
                    said = found.groupdict()
                    units = tuple(map(_unit, said["units"].removeprefix("AU ").split(" + ")))
                    au, second = said.get("au"), said.get("second", "")
                    missing = int(au) if au else None
                    return cls(units, form, said["first"], second, missing, missing_form or MISSING[0])
        return None


_FIELDS = {
    "units": r"AU (?:[LRTBU]?\d{1,2})(?: \+ [LRTBU]?\d{1,2})*",
    "fit": "fits?",
    "point": "points?",
    "first": r"[\w-]+",
    "second": r"[\w-]+",
    "au": r"\d{1,2}",
}


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", form)
    return re.compile(
        "".join(rf"(?P<{p}>{_FIELDS[p]})" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    )


def join_codes(units: Iterable[ActionUnitCode]) -> str:
    """Return codes as reasoning and conclusion list them: `6 + R12`."""
    return " + ".join(unit.code for unit in units)


def concluded(units: Iterable[ActionUnitCode], label: str) -> str:
    """Return a conclusion: `AU 6 + R12. Label: happiness.`"""
    return f"AU {join_codes(units)}. Label: {label}."


@dataclass(frozen=True, slots=True)
class CompactAnswer:
    """A whole answer.

    parts: the parts told; stage: units of the FACS stage alone
    reasoning, label: None where there is no micro-expression
    still, no_sign: which of `STILL` and `NO_SIGN` is said where no part is told, and without reasoning
    """

    parts: tuple[PartSentence, ...]
    stage: StageSentence | None
    reasoning: Reasoning | None
    label: str | None
    still: str = STILL[0]
    no_sign: str = NO_SIGN[0]

    def as_answer(self) -> Answer:
        """Return the answer's three parts."""
        told = [part.render() for part in self.parts] or [self.still]
        analysis = " ".join([*told, *([self.stage.render()] if self.stage else [])])
        if self.reasoning is None or self.label is None:
            return Answer(analysis, self.no_sign, NO_EXPRESSION)
        return Answer(analysis, self.reasoning.render(), concluded(self.reasoning.units, self.label))

    def render(self) -> str:
        """Return the three lines."""
        return self.as_answer().lines()

    @classmethod
    def parse(cls, text: str) -> "CompactAnswer | None":
        """Read an answer that `render` could have written; None for any other."""
        answer = Answer.parse(text, "en")
        sentences = list(sentences_of(answer.analysis))
        stage = None
        opening, _, listed = sentences[-1].partition(": ") if sentences else ("", "", "")
        if opening in STAGE_ALONE:
            stage = StageSentence(told_units(listed), opening)
            sentences.pop()
        still = sentences.pop() if sentences and sentences[-1] in STILL else STILL[0]
        parts = [part for part in map(PartSentence.parse, sentences) if part]
        reasoning = Reasoning.parse(answer.reasoning)
        label = answer.conclusion.rpartition("Label: ")[2].removesuffix(".") if reasoning else None
        no_sign = NO_SIGN[0] if reasoning else answer.reasoning
        found = cls(tuple(parts), stage, reasoning, label, still, no_sign)
        return found if found.render() == text else None


def sentence_end(text: str) -> int | None:
    """Return where the first sentence of a text ends (after its stop), None where it is not there yet."""
    found = re.search(r"\.(?=\s*\n|\s+[A-Z])", text)
    return found.end() if found else None


def sentences_of(text: str) -> Iterable[str]:
    """Yield the sentences of a text, without the spaces between them."""
    while (end := sentence_end(text)) is not None:
        yield text[:end]
        text = text[end:].lstrip()
    if text:
        yield text
