"""Truthful answers in English: the grammar of readings, with labels in place of probabilities.

Says which regions bear a labelled unit out, and admits where none does. Knows nothing of prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mellm.data.instruct.wording import Ink, Place, RichVoice, colour_of, one_image_side, strongest_area
from mellm.facs.support import knows_motion
from mellm.facs.types import AUEvidence
from mellm.language.english import English, capital, join
from mellm.language.evidence import Evidence, PartMotion
from mellm.language.names import AREA_NAMES_EN

NO_EVIDENCE = "No evidence of a micro-expression."

MORE: dict[str, Sequence[object]] = {
    "up": ("{both} go up together", "{both} travel upward"),
    "down": ("{both} go down together", "{both} travel downward"),
    "outward": ("{both} travel outward, away from the midline",),
    "inward": ("{both} travel inward, towards the midline",),
    "up-outward": ("{both} travel up and outward", "{both} lift and move outward"),
    "up-inward": ("{both} travel up and inward",),
    "down-outward": ("{both} travel down and outward",),
    "down-inward": ("{both} travel down and inward",),
    "move": ("travels {}", "is displaced {}", "drifts {}", "slides {}"),
    "still": ("the {} at image {} does not move", "the {} at image {} remains still",
              "there is no motion in the {} at image {}"),
    "apart": (("go different ways", "whereas"), ("are at odds", "while"), ("differ", "and")),
    "au": ("This is consistent with {}.", "It can be read as {}.", "The sign here is {}.",
           "That corresponds to {}.", "Such motion belongs to {}."),
    "none": ("It carries no code of its own.", "This motion is left without an action unit.",
             "No coded unit accounts for it, so it is only noted.",
             "It is seen, yet it is not evidence of any coded unit."),
}  # fmt: skip

_SIDES = (
    "Sides: image left is the subject's right. Motion is from onset to apex, head motion removed.",
    "Image left is the subject's right; what follows is motion from onset to apex without the head's.",
    "Read from onset to apex, with the motion of the head taken off (image left is the subject's right).",
    "Onset to apex, head motion removed; note that image left is the subject's right.",
    "Without the head's motion, this happens between onset and apex (image left is the subject's right).",
    "Image left is the subject's right. The head's own motion is not part of what follows.",
)
_SUPPORT = (
    "borne out by {}",
    "carried by {}",
    "resting on {}",
    "seen in {}",
    "told by {}",
    "supported by {}",
    "visible in {}",
)
_HIDDEN = (
    "{unit} cannot be confirmed here: no region goes the way it would.",
    "Nothing in the 29 regions bears out {unit}, so it stands on weak ground.",
    "The motion does not show {unit}; if it is there, it is below what was measured.",
    "{unit} belongs to the coding, but the flow does not show it.",
)
_OUTSIDE = (
    "{unit} lies outside what the 29 regions can show and cannot be judged from this motion.",
    "These regions cannot show {unit}; it is taken over without evidence of its own.",
)
_STILL = (
    "Nothing above the noise floor at the {}.",
    "No motion worth noting at the {}.",
    "No motion above the noise floor at the {}.",
)
_QUIET = (
    "None of the 29 regions moved by more than the noise floor between onset and apex.",
    "From onset to apex no region leaves the noise floor.",
    "All 29 regions are at rest: nothing exceeds the noise floor.",
)
_BLINK = (
    "The lids look as in a blink; closing the eyes alone is not counted as an expression.",
    "The lid motion has the look of a blink and is not taken as a sign of emotion.",
    "This is how lids close in a blink, which on its own is not evidence of an expression.",
)
_STRONGEST = (
    "The strongest motion is at the {}.",
    "Overall the strongest motion is at the {}.",
    "Of the whole face, the strongest motion is at the {}.",
)
_FOR = (
    "{aus} {verb} commonly described for {label}.",
    "In favour of {label}: {aus}.",
    "{aus} {verb} what one would look for in {label}.",
    "{aus} {verb} often met in {label}.",
    "{Label} is usually coded with such signs as {aus}.",
    "The case for {label} rests on {aus}.",
)
_ALONE = (
    "{them} {verb} the only unit seen, so the inference rests on little.",
    "With a single unit the inference stays thin.",
    "One unit alone leaves much open.",
)
_BLIND = (
    "The measured motion bears out none of the coded units. {Label} is taken over from the coding; it is not "
    "inferred from what was measured.",
    "Nothing measured leads to {label}: the label follows the coding alone.",
)
_UNTYPICAL = (
    "None of the units is a textbook sign of {label}; the inference follows how such combinations are "
    "usually labelled and is weak.",
    "No unit here is a classic sign of {label}; it is inferred from the combination, with little weight.",
    "{Label} has other textbook signs than these; it is named because such combinations are coded so.",
)
_BUT = (
    "Against it: {}.",
    "On the other hand: {}.",
    "What speaks against it: {}.",
    "There are reservations: {}.",
    "To be weighed against this: {}.",
)
_RIVAL = (
    "{Rival} would also be open to these units.",
    "Taken alone, the units would allow {rival} as well.",
    "Not ruled out: {rival}.",
    "Still possible: {rival}.",
)
_CLEAR = (
    "Nothing measured speaks directly against it, though motion this small settles nothing alone.",
    "No measured sign contradicts it; still, so small a motion settles nothing by itself.",
    "There is no direct counter-evidence, which is not the same as proof.",
)
_BALANCE = (
    "On balance {label} fits best.",
    "Weighing both, {label} remains the best reading.",
    "Taken together this points to {label}.",
    "All in all, {label} is the most fitting label.",
    "So the pattern as a whole leans to {label}.",
)
_NOTHING = (
    "Without motion there is no action unit, so there is nothing to infer an expression from.",
    "No unit is seen, and without units no expression can be inferred.",
    "There is no sign an expression could be inferred from.",
)
_UNCODED = (
    "Some regions moved, but not as an action unit would move them, so there is nothing to infer from.",
    "What moved adds up to no action unit; no expression follows from it.",
    "The motion belongs to no unit of FACS, so it says nothing about an expression.",
)
_EYES = (
    "The only unit seen closes the eyes, and that by itself says nothing about an emotion.",
    "Closing eyes are the only finding; they are no sign of an emotion on their own.",
)
_VERDICT = (
    "AU {codes}. This suggests {label}.",
    "AU {codes}. The pattern suggests {label}.",
    "AU {codes}; together they suggest {label}.",
    "AU {codes}. Most fitting label: {label}.",
    "AU {codes}. What the face shows suggests {label}.",
)
_ONE_VERDICT = "AU {codes}; this alone suggests {label}."
PHRASES = {"negative": "a negative expression", "positive": "a positive expression"}


@dataclass(slots=True)
class TrueEnglish(English):
    """Writes one answer.

    `emotions` holds phrases for sentences, `label` the label itself for the conclusion; `rival` is the
    phrase of the label that the prototypes would rather give, empty if they agree.
    """

    voice: RichVoice
    ink: Ink = field(default_factory=lambda: Ink("px", 1.0))
    label: str = ""
    rival: str = ""

    def size(self, moved: PartMotion) -> str:
        """Say how far: in px, in multiples of the average, or as the map's colour."""
        if self.ink.unit == "px":
            return f"{moved.mean:.2f} px"
        if self.ink.unit == "relative":
            return f"{moved.mean:.2f} times the average"
        colour = colour_of(moved)
        return f"in {self._brightness(moved)} {colour}" if colour else "in mixed colours"

    def strength(self, moved: PartMotion) -> str:
        """Say how strongly; against the map's full brightness where there is no length scale."""
        if self.ink.unit == "px":
            return English.strength(self, moved)
        share = self.ink.share(moved)
        return "strongly" if share >= 0.6 else "clearly" if share >= 0.25 else "faintly"

    def _brightness(self, moved: PartMotion) -> str:
        share = self.ink.share(moved)
        return "bright" if share >= 0.6 else "medium" if share >= 0.25 else "faint"

    def _places(self, names: Sequence[str]) -> str:
        return join(
            [
                f"both {p.part}s"
                if p.side == "both"
                else f"the {p.part}" + (f" at image {p.side}" if p.side else "")
                for p in Place.group(names)
            ]
        )

    def _plain(self, au: AUEvidence) -> str:
        side = {
            "left": " on the subject's left",
            "right": " on the subject's right",
            "top": " in the upper lip",
            "bottom": " in the lower lip",
        }.get(au.side, "")
        return f"AU {au.au} ({self.names[au.au]}){side}"

    def unit(self, au: AUEvidence) -> str:
        """`AU 12 (lip corner puller), borne out by both mouth corners`."""
        text = self._plain(au)
        support = self.voice.pick("support", _SUPPORT).format(self._places(au.evidence))
        only = one_image_side(au.evidence) if au.side == "both" else ""
        doubt = f", though only the image-{only} side shows it" if only else ""
        return f"{text}, {support}{doubt}"

    def analysis(self, evidence: Evidence, mirrored: bool) -> str:
        """Part one: what moved, and which units that bears out."""
        areas = [area for area in evidence.areas if area.findings]
        lines: list[str] = []
        if areas:
            lines.append(self.voice.pick("sides", _SIDES))
            if self.voice.chance(0.4):
                areas.sort(key=lambda a: -max(m.mean for f in a.findings for m in f.motions))
            lines += [self.area(area) for area in areas]
        else:
            lines.append(self.voice.pick("quiet", _QUIET))
        lines += [self._hidden(au) for au in evidence.present if not au.evidence]
        if areas and evidence.still:
            where = join([AREA_NAMES_EN[name] for name in evidence.still], " or ")
            lines.append(self.voice.pick("rest", _STILL).format(where))
        if evidence.eye_closure and areas:
            lines.append(self.voice.pick("blink", _BLINK))
        if areas and self.voice.chance(0.5):
            strongest = AREA_NAMES_EN[strongest_area(evidence)]
            lines.append(self.voice.pick("strongest", _STRONGEST).format(strongest))
        return self.voice.pick("layout", ("\n", "\n", "\n\n", " ")).join(lines)

    def _hidden(self, au: AUEvidence) -> str:
        slot, variants = ("hidden", _HIDDEN) if knows_motion(au.au) else ("outside", _OUTSIDE)
        return self.voice.pick(slot, variants).format(unit=self._plain(au))

    def reasoning(self, evidence: Evidence) -> str:
        """Part two: from units to emotion, with what speaks against it."""
        weighing = evidence.weighing
        if weighing is None:
            return self._no_reasoning(evidence)
        label = self.emotions[weighing.label]
        words = {"label": label, "Label": capital(label)}
        if not any(au.evidence for au in evidence.present):
            return self.voice.pick("blind", _BLIND).format(**words)
        out: list[str] = []
        if weighing.for_aus:
            verb, them = ("is", "It") if len(weighing.for_aus) == 1 else ("are", "They")
            aus = self._aus(weighing.for_aus)
            out.append(capital(self.voice.pick("for", _FOR).format(aus=aus, verb=verb, **words)))
            if len(evidence.present) == 1:
                out.append(self.voice.pick("alone", _ALONE).format(them=them, verb=verb))
        else:
            out.append(self.voice.pick("untypical", _UNTYPICAL).format(**words))
        against = self._against(weighing, evidence)
        hidden = [au for au in evidence.present if not au.evidence]
        if hidden:
            against.append(f"{self._aus(hidden)} could not be seen in the motion")
        if against:
            out.append(self.voice.pick("but", _BUT).format("; ".join(against)))
        if self.rival:
            rival = {"rival": self.rival, "Rival": capital(self.rival)}
            out.append(self.voice.pick("rival", _RIVAL).format(**rival))
        if not against and not self.rival:
            out.append(self.voice.pick("clear", _CLEAR))
        if self.voice.chance(0.6):
            out.append(self.voice.pick("balance", _BALANCE).format(**words))
        return " ".join(out)

    def _no_reasoning(self, evidence: Evidence) -> str:
        if evidence.present:
            return self.voice.pick("eyes", _EYES)
        moved = any(area.findings for area in evidence.areas)
        return self.voice.pick("nothing", _UNCODED if moved else _NOTHING)

    def conclusion(self, evidence: Evidence) -> str:
        """Part three: codes and one label."""
        codes = " + ".join(self.codes[au.au] for au in evidence.present)
        if evidence.weighing is None:
            return f"AU {codes}. {NO_EVIDENCE}" if codes else NO_EVIDENCE
        variants = (*_VERDICT[:2], *_VERDICT[3:], _ONE_VERDICT) if len(evidence.present) == 1 else _VERDICT
        return self.voice.pick("verdict", variants).format(codes=codes, label=self.label)
