"""The frame of truthful answers, in any language: the grammar of readings, labels in place of probabilities.

Says which regions bear a labelled unit out, and admits where none does. A language adds its `TrueWords`
(`english`, `chinese`). Knows nothing of prompts and no language itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from mellm.facs.findings import AUEvidence
from mellm.facs.region_support import knows_motion
from mellm.instruct.truthful_wording import Ink, Place, RichVoice, colour_of, one_image_side, strongest_area
from mellm.language.reading_evidence import Evidence, PartMotion
from mellm.language.reading_writer import Writer, capital, join

_STRONG, _CLEAR = 0.6, 0.25
"""Shares of the map's full brightness from which a motion is strong, or clear."""


@dataclass(frozen=True, slots=True)
class TrueWords:
    """One language's sentences for truthful answers, beside those of readings; fields in braces.

    times, colour, no_colour: sizes against the average, and as the map's colour
    colours, brightness, strengths: the map's colours; faint, medium, strong, as brightness and as adverb
    parts: part -> its name; image_sides: side -> its name; both, one, middle: a part on both sides, one, none
    unit, unit_sides: a unit alone, and its side; borne: with what bears it out; doubt: on one side only
    phrases: labels that sentences say otherwise; more: further wordings of readings' own slots
    layout: between the lines; the others: variants of a sentence each
    """

    times: str
    colour: str
    no_colour: str
    colours: Mapping[str, str]
    brightness: tuple[str, str, str]
    strengths: tuple[str, str, str]
    parts: Mapping[str, str]
    image_sides: Mapping[str, str]
    both: str
    one: str
    middle: str
    unit: str
    unit_sides: Mapping[str, str]
    borne: str
    doubt: str
    layout: Sequence[str]
    sides: Sequence[str]
    support: Sequence[str]
    hidden: Sequence[str]
    outside: Sequence[str]
    still: Sequence[str]
    quiet: Sequence[str]
    blink: Sequence[str]
    strongest: Sequence[str]
    reasons: Sequence[str]
    alone: Sequence[str]
    blind: Sequence[str]
    untypical: Sequence[str]
    unseen: str
    but: Sequence[str]
    rival: Sequence[str]
    clear: Sequence[str]
    balance: Sequence[str]
    nothing: Sequence[str]
    uncoded: Sequence[str]
    eyes: Sequence[str]
    verdict: Sequence[str]
    single_verdict: Sequence[str]
    phrases: Mapping[str, str]
    more: Mapping[str, Sequence[object]]


@dataclass
class TrueWriter(Writer):
    """Writes one answer.

    `emotions` holds phrases for sentences, `label` the label itself for the conclusion; `rival` is the
    phrase of the label that the prototypes would rather give, empty if they agree.
    """

    true: ClassVar[TrueWords]

    voice: RichVoice
    ink: Ink = field(default_factory=lambda: Ink("px", 1.0))
    label: str = ""
    rival: str = ""

    def size(self, moved: PartMotion) -> str:
        """Say how far: in px, in multiples of the average, or as the map's colour."""
        if self.ink.unit == "px":
            return super().size(moved)
        if self.ink.unit == "relative":
            return self.true.times.format(moved.mean)
        colour = colour_of(moved)
        if colour is None:
            return self.true.no_colour
        return self.true.colour.format(self._graded(moved, self.true.brightness), self.true.colours[colour])

    def strength(self, moved: PartMotion) -> str:
        """Say how strongly; against the map's full brightness where there is no length scale."""
        if self.ink.unit == "px":
            return super().strength(moved)
        return self._graded(moved, self.true.strengths)

    def _graded(self, moved: PartMotion, words: tuple[str, str, str]) -> str:
        share = self.ink.share(moved)
        return words[(share >= _CLEAR) + (share >= _STRONG)]

    def _places(self, names: Sequence[str]) -> str:
        true, places = self.true, []
        for place in Place.group(names):
            frame = true.both if place.side == "both" else true.one if place.side else true.middle
            side = true.image_sides.get(place.side, "")
            places.append(frame.format(part=true.parts[place.part], side=side))
        return join(places, self.words.names)

    def _plain(self, au: AUEvidence) -> str:
        side = self.true.unit_sides.get(au.side, "")
        return self.true.unit.format(au=au.au, name=self.names[au.au], side=side)

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), borne out by both mouth corners`."""
        support = self.voice.pick("support", self.true.support).format(self._places(au.evidence))
        only = one_image_side(au.evidence) if au.side == "both" else ""
        doubt = self.true.doubt.format(self.true.image_sides[only]) if only else ""
        return self.true.borne.format(self._plain(au), support) + doubt

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved, and which units that bears out."""
        true, pick = self.true, self.voice.pick
        areas = [area for area in evidence.areas if area.findings]
        lines: list[str] = []
        if areas:
            lines.append(pick("sides", true.sides))
            if self.voice.chance(0.4):
                areas.sort(key=lambda a: -max(m.mean for f in a.findings for m in f.motions))
            lines += [self.area(area) for area in areas]
        else:
            lines.append(pick("quiet", true.quiet))
        lines += [self._hidden(au) for au in evidence.present if not au.evidence]
        if areas and evidence.still:
            lines.append(self.at_rest(pick("rest", true.still), evidence))
        if evidence.eye_closure and areas:
            lines.append(pick("blink", true.blink))
        if areas and self.voice.chance(0.5):
            strongest = self.words.area_names[strongest_area(evidence)]
            lines.append(pick("strongest", true.strongest).format(strongest))
        return self.typeset(pick("layout", true.layout).join(lines))

    def _hidden(self, au: AUEvidence) -> str:
        slot, variants = (
            ("hidden", self.true.hidden) if knows_motion(au.au) else ("outside", self.true.outside)
        )
        return self.voice.pick(slot, variants).format(unit=self._plain(au))

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing, true, pick = evidence.weighing, self.true, self.voice.pick
        if weighing is None:
            return self._no_reasoning(evidence)
        label = self.emotions[weighing.label]
        words = {"label": label, "Label": capital(label)}
        if not any(au.evidence for au in evidence.present):
            return pick("blind", true.blind).format(**words)
        out: list[str] = []
        if weighing.for_aus:
            words |= self.words.number(len(weighing.for_aus))
            aus = self.named(weighing.for_aus)
            out.append(capital(pick("for", true.reasons).format(aus=aus, **words)))
            if len(evidence.present) == 1:
                out.append(pick("alone", true.alone).format(**words))
        else:
            out.append(pick("untypical", true.untypical).format(**words))
        against = self.against(weighing, evidence)
        hidden = [au for au in evidence.present if not au.evidence]
        if hidden:
            against.append(true.unseen.format(self.named(hidden)))
        if against:
            out.append(pick("but", true.but).format(join(against, self.words.notes)))
        if self.rival:
            out.append(pick("rival", true.rival).format(rival=self.rival, Rival=capital(self.rival)))
        if not against and not self.rival:
            out.append(pick("clear", true.clear))
        if self.voice.chance(0.6):
            out.append(pick("balance", true.balance).format(**words))
        return self.typeset(self.words.gap.join(out))

    def _no_reasoning(self, evidence: Evidence) -> str:
        if evidence.present:
            return self.voice.pick("eyes", self.true.eyes)
        moved = any(area.findings for area in evidence.areas)
        return self.voice.pick("nothing", self.true.uncoded if moved else self.true.nothing)

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes and one label."""
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if evidence.weighing is None:
            return self.words.unread(codes)
        variants = self.true.single_verdict if len(evidence.present) == 1 else self.true.verdict
        return self.voice.pick("verdict", variants).format(codes=codes, label=self.label)
