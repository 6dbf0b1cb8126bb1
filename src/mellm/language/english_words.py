"""Evidence in English sentences. Knows nothing about where the evidence comes from.

Sides: "image left" is the picture's left; the subject's side is always said beside it.
"""

from mellm.language.reading_evidence import Finding, PartMotion
from mellm.language.reading_writer import Words, Writer, join
from mellm.wording.names import AREA_NAMES_EN, INTENSITY_EN, region_patch

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


WORDS = Words(
    gap=" ",
    names=(", ", " and "),
    alternatives=(", ", " or "),
    areas=(", ", " or "),
    units=(", ", "; and "),
    notes=("; ", "; "),
    area_names=AREA_NAMES_EN,
    heading="{}: ",
    strengths=((0.004, "very faintly"), (0.008, "faintly"), (0.02, "clearly")),
    strongest="strongly",
    unit="AU {au} ({name}){side}, probability {p:.2f}{grade}",
    grade=", intensity {} ({})",
    grades=INTENSITY_EN,
    sides={
        "both": "",
        "pair": " on both sides",
        "left": " on the subject's left",
        "right": " on the subject's right",
        "top": " in the upper lip",
        "bottom": " in the lower lip",
        "one": " on one side",
    },
    named_unit="AU {au} ({name})",
    weak_unit="AU {au} ({name}, {p:.2f})",
    lead=("This suggests {}.", "It fits {}.", "That is the look of {}.", "We read this as {}."),
    shared="This goes with {}, told with another part of the face.",
    none=(
        "On its own this names no action unit.",
        "No action unit is read from it.",
        "It is noted without an action unit.",
    ),
    quiet="None of the 29 regions moved by more than the noise floor between onset and apex.",
    frame="Sides: {}. Motion is from onset to apex, head motion removed.",
    plain="image left is the subject's right",
    mirrored="mirrored, so image left is the subject's left",
    homeless="From the pattern as a whole: {}.",
    still="Nothing above the noise floor at the {}.",
    blink="The lids look as in a blink; closing the eyes alone is not counted as an expression.",
    weak="Too weak to count: {}.",
    other="{aus} {does} not belong to the usual picture of {label}",
    missing="{}, which one would look for, was not found",
    one_sided="{} is one-sided, which is also described for contempt",
    faint="the motion is faint, hardly above what the method can resolve",
    overlap="a blink overlaps, so the eye region says little",
    nothing="Without motion there is no action unit, so there is nothing to infer an expression from.",
    uncoded=(
        "Some regions moved, but no action unit reaches the level at which it counts, "
        "so there is nothing to infer an expression from."
    ),
    eyes_only="The only unit seen closes the eyes, and that by itself says nothing about an emotion.",
    no_emotion="The units were seen, but no emotion was computed from them.",
    reasons=(
        "{aus} {verb} commonly described for {label}.",
        "In favour of {label}: {aus}.",
        "{aus} {verb} what one would look for in {label}.",
    ),
    alone="{them} {verb} the only unit seen, so the inference rests on little.",
    untypical=(
        "None of the units is a textbook sign of {label}; the lead comes from how such combinations "
        "were labelled in the data the model learned from."
    ),
    but=("Against it: {}.", "On the other hand: {}.", "What speaks against it: {}."),
    rival=("Still possible: {}.", "Not ruled out: {}."),
    rival_item="{} ({:.2f})",
    clear="Nothing measured speaks directly against it, though motion this small settles nothing alone.",
    seen="AU {}. ",
    no_evidence="No evidence of a micro-expression.",
    classes=" among {} classes",
    verdict="AU {codes}. This suggests {label} (probability {p:.2f}{classes}).",
    weak_verdict=(
        "AU {codes}. This weakly suggests {label} (probability {p:.2f}{classes}); no label stands out."
    ),
    single={"verb": "is", "them": "It", "does": "does"},
    several={"verb": "are", "them": "They", "does": "do"},
)


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
    return f"{join([region_patch(name) for name in moved.regions], WORDS.names)} part"


class English(Writer):
    """Writes one reading in English."""

    words = WORDS

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
