"""The tables of words that readings are written from, one of each per language; no words of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mellm.language.places import FacePart

Join = tuple[str, str]
"""What stands between the items of a list, and before the last one."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, with fields in braces; of several variants the voice picks one.

    parts, patch_names, image_sides: names of parts, patches and sides; patches: several patches of a part
    subject: the subject's side; notes_on_side: between such notes
    whole, some, sided, noted_side: a part on the midline, some patches of it, a part on a side, a side alone
    pairs: a part on both sides; ways, headings: octant -> direction in a sentence, beside a size
    no_way, moves: motion without and with a direction; moved: a part and its motion
    joints: joint direction -> how both sides move; joint_sizes: one side's size, and between the sides;
    joint_frames: joint motion and sizes; shift, shift_size: both sides go the same way in the picture
    apart: both sides differ; alone, unweighed: one side moves, with and without its strength
    other_still: the other side does not; stop: a full stop
    gap: between sentences; names, alternatives, areas, units, notes: how such things are listed
    area_names: area -> its name; heading: of an area's paragraph
    strengths: (limit of the motion relative to the face, adverb), weakest first; strongest: above them all
    unit, grade, named_unit, weak_unit: a unit with its probability; its intensity; by name; too weak
    grades: letter -> word; sides: the subject's side -> words (`pair`: both seen, `one`: which is unknown)
    lead, shared, none: what an area's motion means; quiet: nothing moved; frame, plain, mirrored: whose sides
    homeless, rest, blink, weak: units without a region, areas at rest, closing lids, units not counted
    other, missing, one_sided, faint, overlap, speech, slow: what speaks against the label
    nothing, uncoded, eyes_only, no_emotion: why there is no reasoning
    reasons, only, untypical, but, rival, clear: reasoning
    close, partly, doubts, yet, one_side_fits: openings of other ways to reason: two labels near each other,
    companions seen and missing, doubts first (and what speaks for it after all), one side alone for contempt
    rival_item: a rival with its probability; single, several: words that follow the number of units
    seen, no_evidence, classes, verdict, weak_verdict: the conclusion
    """

    parts: Mapping[FacePart, str]
    patches: str
    patch_names: Mapping[str, str]
    image_sides: Mapping[str, str]
    subject: str
    notes_on_side: str
    whole: str
    some: str
    sided: str
    noted_side: str
    pairs: Mapping[FacePart, str]
    ways: Mapping[str, str]
    headings: Mapping[str, str]
    no_way: str
    moves: Sequence[str]
    joints: Mapping[str, Sequence[str]]
    joint_sizes: Join
    joint_frames: Sequence[str]
    shift: str
    shift_size: str
    apart: Sequence[str]
    moved: str
    alone: str
    unweighed: str
    other_still: Sequence[str]
    stop: str
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
    rest: str
    blink: str
    weak: str
    other: str
    missing: str
    one_sided: str
    faint: str
    overlap: str
    speech: str
    slow: str
    nothing: str
    uncoded: str
    eyes_only: str
    no_emotion: str
    reasons: Sequence[str]
    only: str
    untypical: str
    but: Sequence[str]
    rival: Sequence[str]
    close: Sequence[str]
    partly: Sequence[str]
    doubts: Sequence[str]
    yet: Sequence[str]
    one_side_fits: Sequence[str]
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


@dataclass(frozen=True, slots=True)
class LabelledWords:
    """One language's sentences for readings from labels, beside `Words`; fields in braces.

    times, colour, no_colour: sizes against the average, and as the map's colour
    colours, brightness, strengths: the map's colours; faint, medium, strong, as brightness and as adverb
    one: a part on one side, without notes
    alike, turned: a unit coded on one side that the motion shows on both, on the other
    compete: two labels, where the units alone would rather suggest the other
    unit, unit_sides: a unit alone, and its side; borne: with what bears it out; doubt: on one side only
    phrases: labels that sentences say otherwise; more: further variants of slots of `Words`
    layout: between the lines; the others: variants of a sentence each
    """

    times: str
    colour: str
    no_colour: str
    colours: Mapping[str, str]
    brightness: tuple[str, str, str]
    strengths: tuple[str, str, str]
    alike: str
    turned: Sequence[str]
    compete: Sequence[str]
    one: str
    unit: str
    unit_sides: Mapping[str, str]
    borne: str
    doubt: str
    layout: Sequence[str]
    sides: Sequence[str]
    support: Sequence[str]
    hidden: Sequence[str]
    outside: Sequence[str]
    rest: Sequence[str]
    quiet: Sequence[str]
    blink: Sequence[str]
    strongest: Sequence[str]
    reasons: Sequence[str]
    only: Sequence[str]
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
    more: Mapping[str, Sequence[str]]


def join(items: Sequence[str], between: Join) -> str:
    """Return a list in words: `a, b and c`."""
    return between[1].join([between[0].join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def capital(text: str) -> str:
    """Return the text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]
