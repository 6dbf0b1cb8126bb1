"""A reading written from labels in place of probabilities: which regions bear a labelled unit out.

Admits where no region does. Sizes are said in px, in multiples of the face's average, or as the colours of
the motion map; wording varies more than in readings from probabilities. Knows no language and no prompt.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mellm.face.region_id import RegionId
from mellm.facs.findings import AUEvidence
from mellm.facs.region_support import knows_motion
from mellm.flow.colour import DIRECTION_COLOURS
from mellm.language import chinese_words, english_words
from mellm.language.places import Place, by_part
from mellm.language.reading_evidence import Evidence, PartMotion, Weighing
from mellm.language.reading_words import LabelledWords, capital, join
from mellm.language.reading_writer import Writer
from mellm.wording.languages import Language

LABELLED_WORDS: dict[Language, LabelledWords] = {
    "en": english_words.LABELLED_WORDS,
    "zh": chinese_words.LABELLED_WORDS,
}

_STRONG, _CLEAR = 0.6, 0.25
"""Shares of the map's full brightness from which a motion is strong, or clear."""

ShownSide = Literal["other", "both"]

MEMORY = 2
"""A wording is not used again before this many others of its slot (where the slot has that many)."""


@dataclass(slots=True)
class RandomVoice:
    """Chooses at random by seed among a slot's variants and `more` of them, without quick repeats."""

    seed: str
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _random: random.Random = field(init=False)
    _last: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Seed the choice; a string seeds it the same on every machine."""
        self._random = random.Random(self.seed)

    def pick(self, slot: str, variants: Sequence[str]) -> str:
        """Return one of the variants."""
        choice = [*variants, *self.more.get(slot, ())]
        last = self._last.setdefault(slot, [])
        fresh = [v for v in choice if v not in last] or choice
        chosen = self._random.choice(fresh)
        last.append(chosen)
        del last[: -min(MEMORY, len(choice) - 1) or None]
        return chosen

    def chance(self, share: float) -> bool:
        """Return true in a share of the readings."""
        return self._random.random() < share


@dataclass(frozen=True, slots=True)
class SizeUnit:
    """What sizes are said in.

    kind: `px`, `relative` (times the average) or `colour`
    full: the mean motion (in the case's unit) that counts as full brightness
    known: whether lengths are known
    """

    kind: Literal["px", "relative", "colour"] = "px"
    full: float = 1.0
    known: bool = True

    def brightness(self, moved: PartMotion) -> float:
        """Return the brightness of a part in the map, 0..1."""
        return min(1.0, moved.mean / self.full) if self.full > 0 else 0.0


@dataclass
class LabelledWriter(Writer):
    """Writes one reading from labels.

    size_unit: what sizes are said in
    rival: the label that the prototypes would rather give; None if they agree
    shown: unit coded on one side -> what the motion shows instead: the `other` side, or `both` alike
    """

    voice: RandomVoice
    size_unit: SizeUnit = SizeUnit()
    rival: str | None = None
    shown: Mapping[int, ShownSide] = field(default_factory=dict)

    @property
    def labelled(self) -> LabelledWords:
        """The language's further table."""
        return LABELLED_WORDS[self.language]

    def emotion(self, label: str) -> str:
        """Return a label as sentences say it; the conclusion says the label itself."""
        return self.labelled.phrases.get(label) or super().emotion(label)

    def size(self, moved: PartMotion) -> str:
        """Say how far: in px, in multiples of the average, or as the map's colour."""
        if self.size_unit.kind == "px":
            return super().size(moved)
        if self.size_unit.kind == "relative":
            return self.labelled.times.format(moved.mean)
        if moved.octant is None:
            return self.labelled.no_colour
        colour = self.labelled.colours[DIRECTION_COLOURS[moved.octant]]
        return self.labelled.colour.format(self._graded(moved, self.labelled.brightness), colour)

    def strength(self, moved: PartMotion) -> str:
        """Say how strongly: by length, or against the face's strongest where no length is known.

        Of a map whose lengths are known nothing is said but its brightness, which is no scale of strength:
        half a pixel is bright there, and faint on a face.
        """
        if not self.size_unit.known:
            return self._graded(moved, self.labelled.strengths)
        return "" if self.size_unit.kind == "colour" else super().strength(moved)

    def _graded(self, moved: PartMotion, words: tuple[str, str, str]) -> str:
        share = self.size_unit.brightness(moved)
        return words[int(share >= _CLEAR) + int(share >= _STRONG)]

    def _places(self, regions: Sequence[RegionId]) -> str:
        words, places = self.words, []
        for part, sides in by_part(regions).items():
            side = sides[0]
            if len(sides) > 1:
                places.append(words.pairs[part])
                continue
            frame = self.labelled.one if side else words.whole
            places.append(frame.format(part=words.parts[part], side=words.image_sides[side] if side else ""))
        return join(places, words.names)

    def _plain(self, au: AUEvidence) -> str:
        side = self.labelled.unit_sides.get(au.side, "")
        return self.labelled.unit.format(au=au.au, name=self.name(au.au), side=side)

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), borne out by both mouth corners`."""
        regions = [RegionId(name) for name in au.evidence]
        support = self.voice.pick("support", self.labelled.support).format(self._places(regions))
        sides = {side for region in regions if (side := Place.of(region).side)}
        doubt = ""
        if au.side == "both" and len(sides) == 1:
            doubt = self.labelled.doubt.format(self.words.image_sides[sides.pop()])
        elif self.shown.get(au.au) == "both":
            doubt = self.labelled.alike
        return self.labelled.borne.format(self._plain(au), support) + doubt

    def analysis(self, evidence: Evidence) -> str:
        """Part one: what moved, and which units that bears out."""
        labelled, pick = self.labelled, self.voice.pick
        areas = [area for area in evidence.areas if area.findings]
        lines: list[str] = []
        if areas:
            lines.append(pick("sides", labelled.sides))
            if self.voice.chance(0.4):
                areas.sort(key=lambda a: -max(m.mean for f in a.findings for m in f.motions))
            lines += [self.area(area) for area in areas]
        else:
            lines.append(pick("quiet", labelled.quiet))
        lines += [self._hidden(au) for au in evidence.present if not au.evidence]
        if areas and evidence.still:
            lines.append(self.at_rest(pick("rest", labelled.rest), evidence))
        if evidence.eye_closure and areas:
            lines.append(pick("blink", labelled.blink))
        if areas and self.voice.chance(0.5):
            strongest = self.words.area_names[strongest_area(evidence)]
            lines.append(pick("strongest", labelled.strongest).format(strongest))
        return self.typeset(pick("layout", labelled.layout).join(lines))

    def _hidden(self, au: AUEvidence) -> str:
        if self.shown.get(au.au) == "other":
            other = {"left": "right", "right": "left"}[au.side]
            words = {"unit": self._plain(au), "other": self.words.image_sides[other]}
            return self.voice.pick("turned", self.labelled.turned).format(**words)
        slot, variants = (
            ("hidden", self.labelled.hidden) if knows_motion(au.au) else ("outside", self.labelled.outside)
        )
        return self.voice.pick(slot, variants).format(unit=self._plain(au))

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing, labelled, pick = evidence.weighing, self.labelled, self.voice.pick
        if weighing is None:
            return self._no_reasoning(evidence)
        label = self.emotion(weighing.label)
        words = {"label": label, "Label": capital(label)}
        if not any(au.evidence for au in evidence.present):
            return pick("blind", labelled.blind).format(**words)
        pieces = self.openings(evidence, words)
        if self.rival:
            rival = self.emotion(self.rival)
            rivals = {"rival": rival, "Rival": capital(rival)}
            pieces["close"] = pick("close", labelled.compete).format(**rivals, **words)
            pieces["rival"] = pick("rival", labelled.rival).format(**rivals)
        if weighing.for_aus:
            words |= self.words.number(len(weighing.for_aus))
            aus = self.named(weighing.for_aus)
            pieces["for"] = capital(pick("for", labelled.reasons).format(aus=aus, **words))
            if len(evidence.present) == 1:
                pieces["only"] = pick("alone", labelled.only).format(**words)
        else:
            pieces["for"] = pick("untypical", labelled.untypical).format(**words)
        against = self.against(weighing, evidence)
        if against:
            pieces["but"] = pick("but", labelled.but).format(join(against, self.words.notes))
        if not against and not self.rival:
            pieces["clear"] = pick("clear", labelled.clear)
        if self.voice.chance(0.6):
            pieces["balance"] = pick("balance", labelled.balance).format(**words)
        return self.typeset(self.words.gap.join(self.arranged(pieces)))

    def against(self, weighing: Weighing, evidence: Evidence) -> list[str]:
        """What speaks against the label; coded units that the motion does not show, too."""
        notes = super().against(weighing, evidence)
        hidden = [au for au in evidence.present if not au.evidence]
        return [*notes, self.labelled.unseen.format(self.named(hidden))] if hidden else notes

    def _no_reasoning(self, evidence: Evidence) -> str:
        if evidence.present:
            return self.voice.pick("eyes", self.labelled.eyes)
        moved = any(area.findings for area in evidence.areas)
        return self.voice.pick("nothing", self.labelled.uncoded if moved else self.labelled.nothing)

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes and one label."""
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if evidence.weighing is None:
            return self.words.unread(codes)
        variants = self.labelled.single_verdict if len(evidence.present) == 1 else self.labelled.verdict
        label = super().emotion(evidence.weighing.label)
        return self.voice.pick("verdict", variants).format(codes=codes, label=label)


def strongest_area(evidence: Evidence) -> str:
    """Return the area with the strongest part motion; raises ValueError where nothing moves."""
    sizes = {a.area: max(m.mean for f in a.findings for m in f.motions) for a in evidence.areas if a.findings}
    return max(sizes, key=lambda name: sizes[name])
