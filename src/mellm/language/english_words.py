"""The words of readings in English, and of readings from labels. Knows no order of sentences.

Sides: "image left" is the picture's left; the subject's side is always said beside it.
"""

from mellm.flow.colour import DIRECTION_COLOURS
from mellm.flow.region_motion import OCTANTS
from mellm.language.places import FacePart
from mellm.language.reading_words import LabelledWords, Words
from mellm.wording.names import AREA_NAMES_EN, INTENSITY_EN

_JOINTS: dict[str, tuple[str, ...]] = {
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


def _apart(*openings: tuple[str, str]) -> tuple[str, ...]:
    return tuple(
        f"the two {{part}}s {opening}: {{left}} ({{left_size}}), {between} {{right}} ({{right_size}})."
        for opening, between in openings
    )


WORDS = Words(
    parts={part: part for part in FacePart},
    patches="{} part",
    patch_names={name: name for name in ("outer", "centre", "inner", "left", "right")},
    image_sides={"left": "left", "right": "right"},
    subject="subject's {}",
    notes_on_side=", ",
    whole="the {part}",
    some="the {part} ({patches})",
    sided="the {part} at image {side} ({note})",
    noted_side="image {side} ({note})",
    pairs={part: f"both {part}s" for part in FacePart},
    ways={octant: " and ".join(_ALONG[step] for step in octant.split("-")) for octant in OCTANTS},
    # Plain left and right get an ending, or they would read as sides.
    headings={o: f"{o}ward" if o in ("left", "right") else o for o in OCTANTS},
    no_way="changes without one clear direction",
    moves=("moves {}", "shifts {}", "goes {}"),
    joints=_JOINTS,
    joint_sizes=("{side} {heading} {size}", ", "),
    joint_frames=("{}: {}.", "{}, {}."),
    shift="{both} shift {way} ({sizes}), as the head or the whole skin would.",
    shift_size="image {side} {size}",
    apart=_apart(("part ways", "whereas"), ("do not agree", "while"), ("behave differently", "but")),
    moved="{place} {motion}",
    alone="{moved}, {strength} ({size})",
    unweighed="{moved} ({size})",
    other_still=(
        "; no motion above the noise floor in the {part} at image {side}",
        "; the {part} at image {side} stays still",
    ),
    stop=".",
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
    rest="Nothing above the noise floor at the {}.",
    blink="The lids look as in a blink; closing the eyes alone is not counted as an expression.",
    weak="Too weak to count: {}.",
    other="{aus} {does} not belong to the usual picture of {label}",
    missing="{}, which one would look for, was not found",
    one_sided="{} is one-sided, which is also described for contempt",
    faint="the motion is faint, hardly above what the method can resolve",
    overlap="a blink overlaps, so the eye region says little",
    speech="lips and jaw move like this in speech, too",
    slow="from onset to apex it takes {:.2f} s, which is slow for a micro-expression",
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
    only="{them} {verb} the only unit seen, so the inference rests on little.",
    untypical=(
        "None of the units is a textbook sign of {label}; the lead comes from how such combinations "
        "were labelled in the data the model learned from."
    ),
    but=("Against it: {}.", "On the other hand: {}.", "What speaks against it: {}."),
    rival=("Still possible: {}.", "Not ruled out: {}."),
    close=(
        "Two labels lie close together, {label} and {rival}.",
        "{Label} and {rival} compete here.",
    ),
    partly=(
        "Of what one would look for in {label}, {aus} {verb} there, but not {missing}.",
        "The picture of {label} is incomplete: {aus} without {missing}.",
    ),
    doubts=(
        "Before {label} is taken up, what speaks against it: {against}.",
        "There are doubts about {label}: {against}.",
    ),
    yet=("Yet {aus} {verb} in its favour.", "What remains in its favour: {aus}."),
    one_side_fits=(
        "Only one side of the mouth moves ({aus}), and one-sidedness is what sets contempt apart.",
        "{aus} on one side alone is the sign that contempt is told by.",
    ),
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

LABELLED_WORDS = LabelledWords(
    times="{:.2f} times the average",
    colour="in {} {}",
    no_colour="in mixed colours",
    colours={colour: colour for colour in DIRECTION_COLOURS.values()},
    brightness=("faint", "medium", "bright"),
    strengths=("faintly", "clearly", "strongly"),
    alike=", though both sides move alike",
    turned=(
        "{unit} was coded, but the motion shows it on the subject's {other}.",
        "The coder saw {unit}; what moves so is the subject's {other}.",
    ),
    compete=(
        "Two readings compete: {label}, and {rival}, which the units alone would rather suggest.",
        "The units leave two ways open, {rival} and {label}.",
    ),
    one="the {part} at image {side}",
    unit="AU {au} ({name}){side}",
    unit_sides=WORDS.sides,
    borne="{}, {}",
    doubt=", though only the image-{} side shows it",
    layout=("\n", "\n", "\n\n", " "),
    sides=(
        "Sides: image left is the subject's right. Motion is from onset to apex, head motion removed.",
        "Image left is the subject's right; what follows is motion from onset to apex without the head's.",
        "Read from onset to apex, with the motion of the head taken off (image left is the subject's right).",
        "Onset to apex, head motion removed; note that image left is the subject's right.",
        "Without the head's motion, this happens between onset and apex (image left is the subject's right).",
        "Image left is the subject's right. The head's own motion is not part of what follows.",
    ),
    support=(
        "borne out by {}",
        "carried by {}",
        "resting on {}",
        "seen in {}",
        "told by {}",
        "supported by {}",
        "visible in {}",
    ),
    hidden=(
        "{unit} cannot be confirmed here: no region goes the way it would.",
        "Nothing in the 29 regions bears out {unit}, so it stands on weak ground.",
        "The motion does not show {unit}; if it is there, it is below what was measured.",
        "{unit} belongs to the coding, but the flow does not show it.",
    ),
    outside=(
        "{unit} lies outside what the 29 regions can show and cannot be judged from this motion.",
        "These regions cannot show {unit}; it is taken over without evidence of its own.",
    ),
    rest=(WORDS.rest, "No motion worth noting at the {}.", "No motion above the noise floor at the {}."),
    quiet=(
        WORDS.quiet,
        "From onset to apex no region leaves the noise floor.",
        "All 29 regions are at rest: nothing exceeds the noise floor.",
    ),
    blink=(
        WORDS.blink,
        "The lid motion has the look of a blink and is not taken as a sign of emotion.",
        "This is how lids close in a blink, which on its own is not evidence of an expression.",
    ),
    strongest=(
        "The strongest motion is at the {}.",
        "Overall the strongest motion is at the {}.",
        "Of the whole face, the strongest motion is at the {}.",
    ),
    reasons=(
        *WORDS.reasons,
        "{aus} {verb} often met in {label}.",
        "{Label} is usually coded with such signs as {aus}.",
        "The case for {label} rests on {aus}.",
    ),
    only=(WORDS.only, "With a single unit the inference stays thin.", "One unit alone leaves much open."),
    blind=(
        "The measured motion bears out none of the coded units. {Label} is taken over from the coding; it is "
        "not inferred from what was measured.",
        "Nothing measured leads to {label}: the label follows the coding alone.",
    ),
    untypical=(
        "None of the units is a textbook sign of {label}; the inference follows how such combinations are "
        "usually labelled and is weak.",
        "No unit here is a classic sign of {label}; it is inferred from the combination, with little weight.",
        "{Label} has other textbook signs than these; it is named because such combinations are coded so.",
    ),
    unseen="{} could not be seen in the motion",
    but=(*WORDS.but, "There are reservations: {}.", "To be weighed against this: {}."),
    rival=(
        "{Rival} would also be open to these units.",
        "Taken alone, the units would allow {rival} as well.",
        "Not ruled out: {rival}.",
        "Still possible: {rival}.",
    ),
    clear=(
        WORDS.clear,
        "No measured sign contradicts it; still, so small a motion settles nothing by itself.",
        "There is no direct counter-evidence, which is not the same as proof.",
    ),
    balance=(
        "On balance {label} fits best.",
        "Weighing both, {label} remains the best reading.",
        "Taken together this points to {label}.",
        "All in all, {label} is the most fitting label.",
        "So the pattern as a whole leans to {label}.",
    ),
    nothing=(
        WORDS.nothing,
        "No unit is seen, and without units no expression can be inferred.",
        "There is no sign an expression could be inferred from.",
    ),
    uncoded=(
        "Some regions moved, but not as an action unit would move them, so there is nothing to infer from.",
        "What moved adds up to no action unit; no expression follows from it.",
        "The motion belongs to no unit of FACS, so it says nothing about an expression.",
    ),
    eyes=(WORDS.eyes_only, "Closing eyes are the only finding; they are no sign of an emotion on their own."),
    verdict=(
        "AU {codes}. This suggests {label}.",
        "AU {codes}. The pattern suggests {label}.",
        "AU {codes}; together they suggest {label}.",
        "AU {codes}. Most fitting label: {label}.",
        "AU {codes}. What the face shows suggests {label}.",
    ),
    single_verdict=(
        "AU {codes}. This suggests {label}.",
        "AU {codes}. The pattern suggests {label}.",
        "AU {codes}. Most fitting label: {label}.",
        "AU {codes}. What the face shows suggests {label}.",
        "AU {codes}; this alone suggests {label}.",
    ),
    phrases={"negative": "a negative expression", "positive": "a positive expression"},
    more={
        "up": ("{both} go up together", "{both} travel upward"),
        "down": ("{both} go down together", "{both} travel downward"),
        "outward": ("{both} travel outward, away from the midline",),
        "inward": ("{both} travel inward, towards the midline",),
        "up-outward": ("{both} travel up and outward", "{both} lift and move outward"),
        "up-inward": ("{both} travel up and inward",),
        "down-outward": ("{both} travel down and outward",),
        "down-inward": ("{both} travel down and inward",),
        "move": ("travels {}", "is displaced {}", "drifts {}", "slides {}"),
        "still": (
            "; the {part} at image {side} does not move",
            "; the {part} at image {side} remains still",
            "; there is no motion in the {part} at image {side}",
        ),
        "apart": _apart(("go different ways", "whereas"), ("are at odds", "while"), ("differ", "and")),
        "au": (
            "This is consistent with {}.",
            "It can be read as {}.",
            "The sign here is {}.",
            "That corresponds to {}.",
            "Such motion belongs to {}.",
        ),
        "none": (
            "It carries no code of its own.",
            "This motion is left without an action unit.",
            "No coded unit accounts for it, so it is only noted.",
            "It is seen, yet it is not evidence of any coded unit.",
        ),
    },
)
