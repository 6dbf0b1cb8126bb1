"""The frame of a reading from the evidence, in any language: which sentences come, in which order.

A language adds its `Words` and its sentences on motion (`english`, `chinese`). Sentences state only what
`evidence` measured, so the checker passes them by construction. Knows no language itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mellm.facs.findings import AUEvidence
from mellm.language.reading_evidence import EYE_CLOSURE, AreaFinding, Evidence, Finding, PartMotion, Weighing
from mellm.wording.variation import Voice

Join = tuple[str, str]
"""What stands between the items of a list, and before the last one."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, with fields in braces; of several variants the voice picks one.

    gap: between sentences; names, alternatives, areas, units, notes: how such things are listed
    area_names: area -> its name; heading: of an area's paragraph
    strengths: (limit of the motion relative to the face, adverb), weakest first; strongest: above them all
    unit, grade, named_unit, weak_unit: a unit with its probability; its intensity; by name; too weak
    grades: letter -> word; sides: the subject's side -> words (`pair`: both seen, `one`: which is unknown)
    lead, shared, none: what an area's motion means; quiet: nothing moved; frame, plain, mirrored: whose sides
    homeless, still, blink, weak: units without a region, areas at rest, closing lids, units not counted
    other, missing, one_sided, faint, overlap: what speaks against the label
    nothing, uncoded, eyes_only, no_emotion: why there is no reasoning
    reasons, alone, untypical, but, rival, clear: reasoning
    rival_item: a rival with its probability; single, several: words that follow the number of units
    seen, no_evidence, classes, verdict, weak_verdict: the conclusion
    """

    gap: str
    names: Join
    alternatives: Join
    areas: Join
    units: Join
    notes: Join
    area_names: Mapping[str, str]
    heading: str
    strengths: Sequence[tuple[float, str]]
    strongest: str
    unit: str
    grade: str
    grades: Mapping[str, str]
    sides: Mapping[str, str]
    named_unit: str
    weak_unit: str
    lead: Sequence[str]
    shared: str
    none: Sequence[str]
    quiet: str
    frame: str
    plain: str
    mirrored: str
    homeless: str
    still: str
    blink: str
    weak: str
    other: str
    missing: str
    one_sided: str
    faint: str
    overlap: str
    nothing: str
    uncoded: str
    eyes_only: str
    no_emotion: str
    reasons: Sequence[str]
    alone: str
    untypical: str
    but: Sequence[str]
    rival: Sequence[str]
    rival_item: str
    clear: str
    seen: str
    no_evidence: str
    classes: str
    verdict: str
    weak_verdict: str
    single: Mapping[str, str]
    several: Mapping[str, str]

    def number(self, count: int) -> Mapping[str, str]:
        """Return the words that follow the number of units."""
        return self.single if count == 1 else self.several

    def unread(self, codes: str) -> str:
        """Return the conclusion that draws none, after the codes seen, if any."""
        return (self.seen.format(codes) if codes else "") + self.no_evidence


def join(items: Sequence[str], between: Join) -> str:
    """`a, b and c`."""
    return between[1].join([between[0].join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def capital(text: str) -> str:
    """Return the text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


@dataclass
class Writer(ABC):
    """Writes one reading.

    names: AU -> name; emotions: label -> word; codes: AU -> code; subject: image side -> the subject's
    """

    words: ClassVar[Words]

    voice: Voice
    names: dict[int, str]
    emotions: dict[str, str]
    codes: dict[int, str]
    subject: dict[str, str]
    taxonomy: str

    @abstractmethod
    def finding(self, found: Finding) -> str:
        """Return one sentence on how one part moved."""

    def typeset(self, text: str) -> str:
        """Return a text as the language sets it."""
        return text

    def size(self, moved: PartMotion) -> str:
        """How far a part moved; other writers may say it in another unit."""
        return f"{moved.mean:.2f} px"

    def strength(self, moved: PartMotion) -> str:
        """How strongly a part moved, as an adverb."""
        return next(
            (word for limit, word in self.words.strengths if moved.relative < limit), self.words.strongest
        )

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), both sides, probability 0.94, intensity B (slight)`."""
        words = self.words
        paired = au.side == "both" and sum(n.startswith(("left ", "right ")) for n in au.evidence) > 1
        side = words.sides["pair"] if paired else words.sides.get(au.side, words.sides["one"])
        grade = words.grade.format(au.intensity, words.grades[au.intensity]) if au.intensity else ""
        return words.unit.format(au=au.au, name=self.names[au.au], side=side, p=au.probability, grade=grade)

    def named(self, aus: Sequence[AUEvidence]) -> str:
        """`AU 6 (cheek raiser) and AU 12 (lip corner puller)`."""
        return join([self._named(au.au) for au in aus], self.words.names)

    def _named(self, au: int) -> str:
        return self.words.named_unit.format(au=au, name=self.names[au])

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

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved and which units that is."""
        words = self.words
        moving = [area for area in evidence.areas if area.findings]
        if not moving:
            return words.quiet
        lines = [words.frame.format(words.mirrored if mirrored else words.plain)]
        lines += [self.area(area) for area in moving]
        homeless = [self.unit(au) for au in evidence.present if not au.evidence]
        if homeless:
            lines.append(words.homeless.format(join(homeless, words.units)))
        if evidence.still:
            lines.append(self.at_rest(words.still, evidence))
        if evidence.eye_closure:
            lines.append(words.blink)
        if evidence.possible:
            weak = [
                words.weak_unit.format(au=au.au, name=self.names[au.au], p=au.probability)
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
        words, label = self.words, self.emotions[weighing.label]
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
        if evidence.eye_closure:
            notes.append(words.overlap)
        return notes

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        words, weighing = self.words, evidence.weighing
        if weighing is None:
            return self._no_reasoning(evidence)
        label = self.emotions[weighing.label]
        out: list[str] = []
        if weighing.for_aus:
            number = words.number(len(weighing.for_aus))
            reason = self.voice.pick("for", words.reasons)
            out.append(reason.format(aus=self.named(weighing.for_aus), label=label, **number))
            if len(evidence.present) == 1:
                out.append(words.alone.format(**number))
        else:
            out.append(words.untypical.format(label=label))
        against = self.against(weighing, evidence)
        if against:
            out.append(self.voice.pick("but", words.but).format(join(against, words.notes)))
        if weighing.rivals:
            rivals = [words.rival_item.format(self.emotions[name], p) for name, p in weighing.rivals]
            out.append(self.voice.pick("rival", words.rival).format(join(rivals, words.names)))
        if not against and not weighing.rivals:
            out.append(words.clear)
        return self.typeset(words.gap.join(out))

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
        label, p = self.emotions[weighing.label], weighing.probability
        return verdict.format(codes=codes, label=label, p=p, classes=classes)
