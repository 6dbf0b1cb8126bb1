"""The compact prompt of the flow route, in English: moving parts, what the FACS stage found, one question.

For small models that run on a processor. Fields of its template: `$unit`, `$parts`, `$evidence`, `$labels`,
`$question`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.face.regions import AREAS
from mellm.facs.codes import ActionUnitCode
from mellm.facs.findings import AUEvidence
from mellm.facs.unit_rules import PRESENT, EvidenceModel
from mellm.flow.region_motion import RegionMotion
from mellm.language.backends.protocol import MOTION_PLACE
from mellm.language.places import FacePart
from mellm.language.prompt import Scale, fill, label_list, load_template
from mellm.language.reading_evidence import PartMotion, part_motions
from mellm.wording.unit_names import au_name

MEU_QUESTION = (
    "Which action units does the motion show, and which label fits: $labels? Motion may belong to no unit, "
    "and there may be no micro-expression. Answer as Analysis, Reasoning, Conclusion."
)
"""The question of the full reading; `$labels` is filled in."""

MER_QUESTION = "Which label fits: $labels? Answer with the label alone."
"""The question for a label without reasoning."""

SEEN_CODES = "Which action units? Which of $count labels?"
SEEN_LABEL = "Which of $count labels?"
"""What is asked of embeddings alone: units with a label (`AU 6 + R12. Label: happiness.`), a label."""

UNITS = {"px": "px", "relative": "multiples of the face's mean motion"}
"""Scale -> the unit sizes of a compact prompt are in."""

MOST_PARTS, MOST_UNITS, MOST_NAMED, MOST_EMOTIONS = 10, 8, 5, 4
LEAST_UNIT = 0.15
"""What a compact prompt holds at most, and the probability from which it names an action unit."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is measured of a micro-expression and told to a model.

    motion: the 29 regions; scale: what it is measured in
    aus: what the FACS stage found; None: nothing of the stage is told
    emotion: label -> probability by the FACS stage; None: it is not told
    seen: what the built-in model's encoder saw, as embeddings (N, E); they take the place of words on it
    """

    motion: Sequence[RegionMotion]
    scale: Scale = "px"
    aus: Sequence[AUEvidence] | None = None
    emotion: Mapping[str, float] | None = None
    seen: NDArray[np.float32] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CompactQuestion:
    """What a compact prompt asks.

    text: `MEU_QUESTION`, `MER_QUESTION` or any other; `$labels` in it becomes the taxonomy's labels
    by_name: the FACS stage is told with a line per unit: its name, and the half of the face it leans to
        (the subject's)
    unit: the action unit asked for, told first however unlikely it is
    """

    text: str
    by_name: bool = False
    unit: int | None = None


def compact_prompt(
    found: Findings, question: CompactQuestion, *, taxonomy: str = "3", template: str | Path | None = None
) -> str:
    """Return the compact prompt; `taxonomy` is the label set asked for."""
    text = load_template("flow", "en", template or "compact")
    evidence = ""
    if found.seen is not None:
        evidence = MOTION_PLACE
    elif found.aus is None:
        text = text.replace("$evidence\n", "")
    elif question.by_name:
        evidence = named_evidence_lines(found.motion, found.aus, found.emotion, question.unit)
    else:
        evidence = evidence_lines(found.aus, found.emotion)
    labels = label_list(taxonomy, "en")
    return fill(
        text,
        unit=UNITS[found.scale],
        parts="\n".join(part_lines(found.motion)),
        evidence=evidence,
        labels=labels,
        question=question.text.replace("$labels", labels),
    ).strip()


def seen_prompt(question: str, taxonomy: str) -> str:
    """Return a prompt of embeddings alone: where they stand, and one of the questions above."""
    return f"{MOTION_PLACE}\n{question.replace('$count', taxonomy)}"


def named_evidence_lines(
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    emotion: Mapping[str, float] | None,
    asked: int | None = None,
) -> str:
    """Return the FACS stage with a line per unit: `lip corner puller: yes .94, left` (the subject's side)."""
    leaning = EvidenceModel(known_scale=False).side_scores(motion)
    told = {au.au: au for au in _likely(aus)[:MOST_NAMED]}
    if asked is not None:
        least = next((au for au in aus if au.au == asked), AUEvidence(asked, "both", 0.0, None, ()))
        told = {asked: least, **told}
    lines = []
    for number, au in told.items():
        left, right = leaning.get(number, (0.0, 0.0))
        side = au.side if au.one_sided else "left" if left >= right else "right"
        present = "yes" if au.probability >= PRESENT else "no"
        lines.append(f"{au_name(number)}: {present} {_share(au.probability)}, {side}")
    if emotion:
        lines.append(evidence_lines((), emotion).partition("\n")[2])
    return "\n".join(lines) or "no unit"


def moving_parts(motion: Sequence[RegionMotion]) -> list[tuple[PartMotion, ...]]:
    """Return the parts a compact prompt tells, strongest first: the image sides of each that move."""
    parts: dict[FacePart, list[PartMotion]] = {}
    for area in AREAS:
        for moved in part_motions(motion, area):
            parts.setdefault(moved.part, []).append(moved)
    ranked = sorted(parts.values(), key=lambda sides: -max(m.mean for m in sides))
    return [tuple(sides) for sides in ranked[:MOST_PARTS]]


def part_lines(motion: Sequence[RegionMotion]) -> list[str]:
    """Return one line per moving part, such as `mouth corners: left up-left 2.3, right up 1.9`."""
    lines = []
    for sides in moving_parts(motion):
        if len(sides) == 1:
            lines.append(f"{sides[0].place.name}: {_told(sides[0])}")
        else:
            lines.append(f"{sides[0].part}s: " + ", ".join(f"{m.side} {_told(m)}" for m in sides))
    return lines or ["nothing moves"]


def direction_word(octant: str | None) -> str:
    """Return a direction in compact words: `up-left`, `leftward`; `mixed ways` where there is none."""
    if octant is None:
        return "mixed ways"
    return f"{octant}ward" if octant in ("left", "right") else octant


def size_text(size: float) -> str:
    """Return a size with two digits that matter: 0.27, 1.9, 12."""
    return f"{size:.2f}" if size < 0.995 else f"{size:.1f}" if size < 9.95 else f"{size:.0f}"


def _told(moved: PartMotion) -> str:
    return f"{direction_word(moved.octant)} {size_text(moved.mean)}"


def _likely(aus: Sequence[AUEvidence]) -> list[AUEvidence]:
    """The units worth telling, most probable first."""
    return sorted((au for au in aus if au.probability >= LEAST_UNIT), key=lambda a: (-a.probability, a.au))


def evidence_lines(aus: Sequence[AUEvidence], emotion: Mapping[str, float] | None) -> str:
    """Return the FACS stage in one or two lines: units from .15 on, then emotions, most probable first."""
    likely = _likely(aus)
    units = ", ".join(
        f"{ActionUnitCode(au.au, au.side).code} {_share(au.probability)}" for au in likely[:MOST_UNITS]
    )
    lines = [f"Units: {units or 'none'}"]
    if emotion:
        ranked = sorted(emotion.items(), key=lambda item: (-item[1], item[0]))[:MOST_EMOTIONS]
        lines.append("Emotion: " + ", ".join(f"{label} {_share(p)}" for label, p in ranked))
    return "\n".join(lines)


def _share(probability: float) -> str:
    """A probability with two digits: .07, .93; never 1."""
    return f"{min(probability, 0.99):.2f}"[1:]
