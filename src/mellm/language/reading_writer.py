"""A reading written from the evidence: which sentences come, in which order, in any language.

The words come from the language's table (`mellm.language.reading_words`). Sentences state only what
`reading_evidence` measured, so the claim check passes them by construction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mellm.face.region_id import RegionId
from mellm.facs.codes import subject_side
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import emotion_name
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.language import chinese_words, english_words
from mellm.language.language_pack import LanguagePack
from mellm.language.places import Place, patch_of
from mellm.language.reading_evidence import AreaFinding, Evidence, Finding, PartMotion, Weighing
from mellm.language.reading_words import Words, capital, join
from mellm.wording.languages import Language, wording_of
from mellm.wording.unit_names import au_name

WORDS: dict[Language, Words] = {"en": english_words.WORDS, "zh": chinese_words.WORDS}
_UNSPACED = re.compile(r"(?<=[一-鿿])(?=AU\d)")
"""Between Chinese and a code, where Chinese typesetting has a thin gap."""


def words_of(language: Language) -> Words:
    """Return the table of a language: our own, or a plug-in's; English where that brings none."""
    further = wording_of(language)
    return further.reading if isinstance(further, LanguagePack) else WORDS.get(language, WORDS["en"])


WAYS = (
    ("for", "only", "but", "rival", "clear", "balance"),
    ("close", "for", "only", "but", "balance"),
    ("partly", "only", "rival", "clear", "balance"),
    ("one side", "only", "rival", "clear", "balance"),
    ("doubts", "yet", "rival", "balance"),
)
"""Ways to reason, each by its first sentence: support; two labels near each other; companions seen and
missing; one side alone; doubts first."""

CLOSE = 0.7
"""A rival this near, as a share of the label's own probability, may be weighed first."""


class Voice(Protocol):
    """Chooses among variants of a sentence."""

    def pick(self, slot: str, variants: Sequence[str]) -> str:
        """Return one of the variants of a slot."""
        ...


@dataclass
class Writer:
    """Writes one reading.

    codes: AU -> its code as the conclusion names it; taxonomy: of the label
    mirrored: the picture is mirrored (image left is the subject's left)
    unit_names: AU -> name, where it is not the FACS name
    """

    language: Language
    voice: Voice
    codes: Mapping[int, str]
    taxonomy: str = ""
    mirrored: bool = False
    unit_names: Mapping[int, str] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        """The language's table; English where there is none."""
        return words_of(self.language)

    def name(self, au: int) -> str:
        """Return the name of a unit."""
        return self.unit_names.get(au) or au_name(au, self.language)

    def emotion(self, label: str) -> str:
        """Return a label as sentences say it."""
        return emotion_name(label, self.language)

    def finding(self, found: Finding) -> str:
        """Return one sentence on how one part moved."""
        words, first = self.words, found.motions[0]
        part = words.parts[found.part]
        both = words.pairs[found.part]
        if found.joint and found.joint != "shift":
            opening = self.voice.pick(found.joint, words.joints[found.joint]).format(both=both)
            sizes = words.joint_sizes[1].join(self._heading(moved) for moved in found.motions)
            frames = words.joint_frames
            frame = self.voice.pick("joint", frames) if len(frames) > 1 else frames[0]
            return frame.format(opening, sizes)
        if found.joint == "shift" and first.octant:
            sizes = words.notes_on_side.join(
                words.shift_size.format(side=self._image_side(moved), size=self.size(moved))
                for moved in found.motions
            )
            return words.shift.format(both=both, way=words.ways[first.octant], sizes=sizes)
        if len(found.motions) == 2:
            frame = self.voice.pick("apart", words.apart)
            left, right = (self._moved(moved) for moved in found.motions)
            left_size, right_size = (self.size(moved) for moved in found.motions)
            return frame.format(
                part=part, both=both, left=left, left_size=left_size, right=right, right_size=right_size
            )
        moved, strength = self._moved(first), self.strength(first)
        frame = words.alone if strength else words.unweighed
        sentence = frame.format(moved=moved, strength=strength, size=self.size(first))
        if first.side:
            still = self.voice.pick("still", words.other_still)
            sentence += still.format(part=part, side=words.image_sides[first.side.other])
        return sentence + words.stop

    def _heading(self, moved: PartMotion) -> str:
        heading = self.words.headings[moved.octant or "up"]
        side = self.words.noted_side.format(side=self._image_side(moved), note=self._note(moved))
        return self.words.joint_sizes[0].format(side=side, heading=heading, size=self.size(moved))

    def _moved(self, moved: PartMotion) -> str:
        words, patches = self.words, self._patches(moved)
        if moved.side:
            frame, note = words.sided, self._note(moved)
        else:
            frame, note = words.some if patches else words.whole, ""
        side = self._image_side(moved)
        place = frame.format(part=words.parts[moved.part], side=side, note=note, patches=patches)
        if moved.octant is None:
            motion = words.no_way
        else:
            motion = self.voice.pick("move", words.moves).format(words.ways[moved.octant])
        return words.moved.format(place=place, motion=motion)

    def _image_side(self, moved: PartMotion) -> str:
        return self.words.image_sides[moved.side] if moved.side else ""

    def _note(self, moved: PartMotion) -> str:
        """The subject's side, and which patches of the part moved where not all of them did."""
        words = self.words
        notes = [self._patches(moved)]
        if moved.side:
            side = subject_side(moved.side.value, self.mirrored)
            notes.insert(0, words.subject.format(words.image_sides[side]))
        return words.notes_on_side.join(filter(None, notes))

    def _patches(self, moved: PartMotion) -> str:
        if len(moved.regions) == moved.patches:
            return ""
        names = [self.words.patch_names[patch_of(region)] for region in moved.regions]
        return self.words.patches.format(join(names, self.words.names))

    def typeset(self, text: str) -> str:
        """Return a text with gaps before codes where the language has them."""
        return _UNSPACED.sub(" ", text)

    def size(self, moved: PartMotion) -> str:
        """Return how far a part moved."""
        return f"{moved.mean:.2f} px"

    def strength(self, moved: PartMotion) -> str:
        """Return how strongly a part moved, as an adverb."""
        return next(
            (word for limit, word in self.words.strengths if moved.relative < limit), self.words.strongest
        )

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), both sides, probability 0.94, intensity B (slight)`."""
        words = self.words
        paired = au.side == "both" and sum(Place.of(RegionId(n)).side is not None for n in au.evidence) > 1
        side = words.sides["pair"] if paired else words.sides.get(au.side, words.sides["one"])
        grade = words.grade.format(au.intensity, words.grades[au.intensity]) if au.intensity else ""
        return words.unit.format(au=au.au, name=self.name(au.au), side=side, p=au.probability, grade=grade)

    def named(self, aus: Sequence[AUEvidence]) -> str:
        """`AU 6 (cheek raiser) and AU 12 (lip corner puller)`."""
        return join([self._named(au.au) for au in aus], self.words.names)

    def _named(self, au: int) -> str:
        return self.words.named_unit.format(au=au, name=self.name(au))

    def area(self, area: AreaFinding) -> str:
        """All sentences on one area."""
        words = self.words
        sentences = [capital(self.finding(found)) for found in area.findings]
        if area.aus:
            lead = self.voice.pick("au", words.lead)
            sentences.append(lead.format(join([self.unit(au) for au in area.aus], words.units)))
        elif area.shared:
            sentences.append(words.shared.format(self.named(area.shared)))
        elif area.findings:
            sentences.append(self.voice.pick("none", words.none))
        return words.heading.format(capital(words.area_names[area.area])) + words.gap.join(sentences)

    def analysis(self, evidence: Evidence) -> str:
        """Part one: what moved and which units that is."""
        words = self.words
        moving = [area for area in evidence.areas if area.findings]
        if not moving:
            return words.quiet
        lines = [words.frame.format(words.mirrored if self.mirrored else words.plain)]
        lines += [self.area(area) for area in moving]
        homeless = [self.unit(au) for au in evidence.present if not au.evidence]
        if homeless:
            lines.append(words.homeless.format(join(homeless, words.units)))
        if evidence.still:
            lines.append(self.at_rest(words.rest, evidence))
        if evidence.eye_closure:
            lines.append(words.blink)
        if evidence.possible:
            weak = [
                words.weak_unit.format(au=au.au, name=self.name(au.au), p=au.probability)
                for au in evidence.possible
            ]
            lines.append(words.weak.format(join(weak, words.names)))
        return self.typeset("\n".join(lines))

    def at_rest(self, sentence: str, evidence: Evidence) -> str:
        """Fill the areas at rest into a sentence."""
        return sentence.format(
            join([self.words.area_names[name] for name in evidence.still], self.words.areas)
        )

    def against(self, weighing: Weighing, evidence: Evidence) -> list[str]:
        """What speaks against the label, a note each."""
        words, label = self.words, self.emotion(weighing.label)
        notes: list[str] = []
        if others := weighing.other_aus:
            notes.append(words.other.format(aus=self.named(others), label=label, **words.number(len(others))))
        for group in weighing.missing:
            names = join([self._named(au) for au in group], words.alternatives)
            notes.append(words.missing.format(names))
        if weighing.one_sided and weighing.label != "contempt":
            notes.append(words.one_sided.format(self.named(weighing.one_sided)))
        if weighing.faint:
            notes.append(words.faint)
        if weighing.speech:
            notes.append(words.speech)
        if weighing.slow is not None:
            notes.append(words.slow.format(weighing.slow))
        if evidence.eye_closure:
            notes.append(words.overlap)
        return notes

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        words, weighing = self.words, evidence.weighing
        if weighing is None:
            return self._no_reasoning(evidence)
        said = {"label": self.emotion(weighing.label), "Label": capital(self.emotion(weighing.label))}
        pieces = self.openings(evidence, said)
        if weighing.for_aus:
            number = words.number(len(weighing.for_aus))
            pieces["for"] = self.voice.pick("for", words.reasons).format(
                aus=self.named(weighing.for_aus), **said, **number
            )
            if len(evidence.present) == 1:
                pieces["only"] = words.only.format(**number)
        else:
            pieces["for"] = words.untypical.format(**said)
        against = self.against(weighing, evidence)
        if against:
            pieces["but"] = self.voice.pick("but", words.but).format(join(against, words.notes))
        if weighing.rivals:
            rivals = [words.rival_item.format(self.emotion(name), p) for name, p in weighing.rivals]
            pieces["rival"] = self.voice.pick("rival", words.rival).format(join(rivals, words.names))
        if not against and not weighing.rivals:
            pieces["clear"] = words.clear
        return self.typeset(words.gap.join(self.arranged(pieces)))

    def openings(self, evidence: Evidence, said: Mapping[str, str]) -> dict[str, str]:
        """Beginnings of other ways to reason than support first, those for which there is a reason.

        said: the label, as `label` and `Label`
        """
        words, weighing, found = self.words, evidence.weighing, {}
        assert weighing is not None
        number, aus = words.number(len(weighing.for_aus)), self.named(weighing.for_aus)
        if weighing.rivals and weighing.rivals[0][1] >= CLOSE * weighing.probability:
            rival = self.emotion(weighing.rivals[0][0])
            found["close"] = self.voice.pick("close", words.close).format(rival=rival, **said)
        if weighing.for_aus and weighing.missing:
            missing = join([self._named(au) for au in weighing.missing[0]], words.alternatives)
            found["partly"] = self.voice.pick("partly", words.partly).format(
                aus=aus, missing=missing, **said, **number
            )
        if weighing.one_sided and weighing.label == "contempt":
            sided = self.named(weighing.one_sided)
            found["one side"] = self.voice.pick("one side", words.one_side_fits).format(aus=sided)
        against = self.against(weighing, evidence)
        if weighing.for_aus and len(against) > 1:
            doubts = join(against, words.notes)
            found["doubts"] = self.voice.pick("doubts", words.doubts).format(against=doubts, **said)
            found["yet"] = self.voice.pick("yet", words.yet).format(aus=aus, **said, **number)
        return found

    def arranged(self, pieces: Mapping[str, str]) -> list[str]:
        """Return the sentences of one way to reason, of those whose beginning there is a reason for."""
        able = [way for way in WAYS if way[0] in pieces]
        chosen = able[int(self.voice.pick("way", [str(number) for number in range(len(able))]))]
        return [pieces[name] for name in chosen if name in pieces]

    def _no_reasoning(self, evidence: Evidence) -> str:
        if not evidence.present:
            moved = any(area.findings for area in evidence.areas)
            return self.words.uncoded if moved else self.words.nothing
        only_eyes = {au.au for au in evidence.present} <= EYE_CLOSURE
        return self.words.eyes_only if only_eyes else self.words.no_emotion

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes, one emotion, probability."""
        words, weighing = self.words, evidence.weighing
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if weighing is None:
            return words.unread(codes)
        verdict = words.weak_verdict if weighing.probability < 0.4 else words.verdict
        classes = words.classes.format(self.taxonomy) if self.taxonomy.isdigit() else ""
        label, p = self.emotion(weighing.label), weighing.probability
        return verdict.format(codes=codes, label=label, p=p, classes=classes)
