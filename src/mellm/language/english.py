"""Evidence in English sentences. Knows nothing about where the evidence comes from.

Every sentence about motion states only what `evidence` measured, so the checker passes it by construction.
Sides: "image left" is the picture's left; the subject's side is always said beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mellm.facs.types import AUEvidence
from mellm.language.evidence import AreaFinding, Evidence, Finding, PartMotion, Weighing
from mellm.language.names import AREA_NAMES_EN, INTENSITY_EN, region_patch
from mellm.language.voice import Voice

_JOINT = {
    "up": ("{both} rise", "{both} lift", "{both} move up"),
    "down": ("{both} move down", "{both} sink", "{both} are lowered"),
    "outward": ("{both} move outward", "{both} move apart"),
    "inward": ("{both} draw together", "{both} move inward"),
    "up-outward": ("{both} rise and move apart", "{both} are drawn up and outward"),
    "up-inward": ("{both} rise and draw together", "{both} move up and inward"),
    "down-outward": ("{both} move down and outward", "{both} sink and move apart"),
    "down-inward": ("{both} move down and draw together", "{both} are lowered and move inward"),
}
_ALONG = {"up": "upward", "down": "downward", "left": "to the image's left", "right": "to the image's right"}


def join(items: Sequence[str], last: str = " and ") -> str:
    """`a, b and c`."""
    return last.join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def _strength(relative: float) -> str:
    for limit, word in ((0.004, "very faintly"), (0.008, "faintly"), (0.02, "clearly")):
        if relative < limit:
            return word
    return "strongly"


def _along(octant: str) -> str:
    return " and ".join(_ALONG[step] for step in octant.split("-"))


def _heading(moved: PartMotion) -> str:
    """The octant in one word; plain left and right get an ending, or they would read as sides."""
    octant = moved.octant or ""
    return f"{octant}ward" if octant in ("left", "right") else octant


def _patches(moved: PartMotion) -> str:
    """Which patches of the part moved, where not all of them did."""
    if len(moved.regions) == moved.patches:
        return ""
    return f"{join([region_patch(name) for name in moved.regions])} part"


@dataclass(slots=True)
class English:
    """Writes one reading; `names` are AU names, `subject` maps an image side to the subject's."""

    voice: Voice
    names: dict[int, str]
    emotions: dict[str, str]
    codes: dict[int, str]
    subject: dict[str, str]
    taxonomy: str

    def size(self, moved: PartMotion) -> str:
        """How far a part moved; other writers may say it in another unit."""
        return f"{moved.mean:.2f} px"

    def strength(self, moved: PartMotion) -> str:
        """How strongly a part moved, as an adverb."""
        return _strength(moved.relative)

    def _part(self, moved: PartMotion) -> str:
        patches = _patches(moved)
        if not moved.side:
            return f"the {moved.part}" + (f" ({patches})" if patches else "")
        return f"the {moved.part} at {self._side(moved)}"

    def _side(self, moved: PartMotion) -> str:
        note = ", ".join(filter(None, (f"subject's {self.subject[moved.side]}", _patches(moved))))
        return f"image {moved.side} ({note})"

    def _go(self, moved: PartMotion) -> str:
        if moved.octant is None:
            return "changes without one clear direction"
        return self.voice.pick("move", ("moves {}", "shifts {}", "goes {}")).format(_along(moved.octant))

    def finding(self, found: Finding) -> str:
        """One sentence on how one part moved."""
        first = found.motions[0]
        both = f"both {found.part}s"
        if found.joint and found.joint != "shift":
            opening = self.voice.pick(found.joint, _JOINT[found.joint]).format(both=both)
            sizes = ", ".join(f"{self._side(m)} {_heading(m)} {self.size(m)}" for m in found.motions)
            frame = self.voice.pick("joint", ("{}: {}.", "{}, {}."))
            return frame.format(opening, sizes)
        if found.joint == "shift" and first.octant:
            sizes = ", ".join(f"image {m.side} {self.size(m)}" for m in found.motions)
            return f"{both} shift {_along(first.octant)} ({sizes}), as the head or the whole skin would."
        if len(found.motions) == 2:
            left, right = found.motions
            opening, between = self.voice.pick(
                "apart", (("part ways", "whereas"), ("do not agree", "while"), ("behave differently", "but"))
            )
            return (
                f"the two {found.part}s {opening}: {self._part(left)} {self._go(left)} ({self.size(left)}), "
                f"{between} {self._part(right)} {self._go(right)} ({self.size(right)})."
            )
        sentence = f"{self._part(first)} {self._go(first)}, {self.strength(first)} ({self.size(first)})"
        if first.side:
            other = "right" if first.side == "left" else "left"
            still = self.voice.pick(
                "still",
                ("no motion above the noise floor in the {} at image {}", "the {} at image {} stays still"),
            )
            sentence += "; " + still.format(first.part, other)
        return sentence + "."

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), both sides, probability 0.94, intensity B (slight)`."""
        side = {
            "both": "",
            "left": " on the subject's left",
            "right": " on the subject's right",
            "top": " in the upper lip",
            "bottom": " in the lower lip",
        }.get(au.side, " on one side")
        if au.side == "both" and sum(name.startswith(("left ", "right ")) for name in au.evidence) > 1:
            side = " on both sides"
        grade = f", intensity {au.intensity} ({INTENSITY_EN[au.intensity]})" if au.intensity else ""
        return f"AU {au.au} ({self.names[au.au]}){side}, probability {au.probability:.2f}{grade}"

    def area(self, area: AreaFinding) -> str:
        """All sentences on one area."""
        sentences = [capital(self.finding(found)) for found in area.findings]
        if area.aus:
            lead = self.voice.pick(
                "au", ("This suggests {}.", "It fits {}.", "That is the look of {}.", "We read this as {}.")
            )
            sentences.append(lead.format(join([self.unit(au) for au in area.aus], "; and ")))
        elif area.shared:
            sentences.append(f"This goes with {self._aus(area.shared)}, told with another part of the face.")
        elif area.findings:
            sentences.append(
                self.voice.pick(
                    "none",
                    (
                        "On its own this names no action unit.",
                        "No action unit is read from it.",
                        "It is noted without an action unit.",
                    ),
                )
            )
        return f"{AREA_NAMES_EN[area.area].capitalize()}: " + " ".join(sentences)

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved and which units that is."""
        moving = [area for area in evidence.areas if area.findings]
        if not moving:
            return "None of the 29 regions moved by more than the noise floor between onset and apex."
        frame = (
            "mirrored, so image left is the subject's left"
            if mirrored
            else "image left is the subject's right"
        )
        lines = [f"Sides: {frame}. Motion is from onset to apex, head motion removed."]
        lines += [self.area(area) for area in moving]
        homeless = [au for au in evidence.present if not au.evidence]
        if homeless:
            lines.append(
                f"From the pattern as a whole: {join([self.unit(au) for au in homeless], '; and ')}."
            )
        if evidence.still:
            where = join([AREA_NAMES_EN[name] for name in evidence.still], " or ")
            lines.append(f"Nothing above the noise floor at the {where}.")
        if evidence.eye_closure:
            lines.append(
                "The lids look as in a blink; closing the eyes alone is not counted as an expression."
            )
        if evidence.possible:
            weak = join(
                [f"AU {au.au} ({self.names[au.au]}, {au.probability:.2f})" for au in evidence.possible]
            )
            lines.append(f"Too weak to count: {weak}.")
        return "\n".join(lines)

    def _aus(self, aus: Sequence[AUEvidence]) -> str:
        return join([f"AU {au.au} ({self.names[au.au]})" for au in aus])

    def _against(self, weighing: Weighing, evidence: Evidence) -> list[str]:
        label = self.emotions[weighing.label]
        against: list[str] = []
        if weighing.other_aus:
            verb = "does" if len(weighing.other_aus) == 1 else "do"
            against.append(
                f"{self._aus(weighing.other_aus)} {verb} not belong to the usual picture of {label}"
            )
        for group in weighing.missing:
            names = join([f"AU {au} ({self.names[au]})" for au in group], " or ")
            against.append(f"{names}, which one would look for, was not found")
        if weighing.one_sided and weighing.label != "contempt":
            against.append(
                f"{self._aus(weighing.one_sided)} is one-sided, which is also described for contempt"
            )
        if weighing.faint:
            against.append("the motion is faint, hardly above what the method can resolve")
        if evidence.eye_closure:
            against.append("a blink overlaps, so the eye region says little")
        return against

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing = evidence.weighing
        if weighing is None:
            if not evidence.present:
                moved = any(area.findings for area in evidence.areas)
                why = (
                    "Some regions moved, but no action unit reaches the level at which it counts"
                    if moved
                    else "Without motion there is no action unit"
                )
                return f"{why}, so there is nothing to infer an expression from."
            if not {au.au for au in evidence.present} - {43, 45, 46}:
                return "The only unit seen closes the eyes, and that by itself says nothing about an emotion."
            return "The units were seen, but no emotion was computed from them."
        label = self.emotions[weighing.label]
        out: list[str] = []
        if weighing.for_aus:
            verb, them = ("is", "It") if len(weighing.for_aus) == 1 else ("are", "They")
            out.append(
                self.voice.pick(
                    "for",
                    (
                        f"{self._aus(weighing.for_aus)} {verb} commonly described for {label}.",
                        f"In favour of {label}: {self._aus(weighing.for_aus)}.",
                        f"{self._aus(weighing.for_aus)} {verb} what one would look for in {label}.",
                    ),
                )
            )
            if len(evidence.present) == 1:
                out.append(f"{them} {verb} the only unit seen, so the inference rests on little.")
        else:
            out.append(
                f"None of the units is a textbook sign of {label}; the lead comes from how such combinations "
                "were labelled in the data the model learned from."
            )
        against = self._against(weighing, evidence)
        if against:
            out.append(
                self.voice.pick("but", ("Against it: ", "On the other hand: ", "What speaks against it: "))
            )
            out[-1] += "; ".join(against) + "."
        if weighing.rivals:
            rivals = join([f"{self.emotions[name]} ({p:.2f})" for name, p in weighing.rivals])
            out.append(self.voice.pick("rival", (f"Still possible: {rivals}.", f"Not ruled out: {rivals}.")))
        if not against and not weighing.rivals:
            out.append(
                "Nothing measured speaks directly against it, though motion this small settles nothing alone."
            )
        return " ".join(out)

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes, one emotion, probability."""
        weighing = evidence.weighing
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if weighing is None:
            seen = f"AU {codes}. " if codes else ""
            return f"{seen}No evidence of a micro-expression."
        classes = f" among {self.taxonomy} classes" if self.taxonomy.isdigit() else ""
        label, probability = self.emotions[weighing.label], f"probability {weighing.probability:.2f}{classes}"
        if weighing.probability < 0.4:
            return f"AU {codes}. This weakly suggests {label} ({probability}); no label stands out."
        return f"AU {codes}. This suggests {label} ({probability})."


def capital(text: str) -> str:
    """Return the text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]
