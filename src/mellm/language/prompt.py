"""Prompts for language models: the motion prompts of the flow route, the picture prompt of the vision route.

Templates are plain text with `$fields` under `templates/` and may be replaced by a file of the user's own:
published checkpoints expect the prompts they were trained with. Knows nothing about backends or answers.

Fields: `$regions` (flow route: one JSON object per line and region), `$region_count`, `$labels`, `$colours`
(vision route: what each hue means). Sources: arXiv 2505.07007 v3 (flow route) and v1 (vision route).

The flow route has two forms. `full` is the papers' (all 29 regions, about 1,700 tokens); `compact` is for
small models that run on a processor: the moving parts, what the FACS stage found, and one question. Its
fields: `$unit`, `$parts`, `$evidence`, `$labels`, `$question`.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from mellm.errors import InputError
from mellm.face.regions import AREAS
from mellm.facs.codes import ActionUnitCode
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.facs.unit_rules import PRESENT, EvidenceModel
from mellm.flow.colour import DIRECTION_COLOURS
from mellm.flow.region_motion import RegionMotion
from mellm.language.reading_evidence import PartMotion, part_motions
from mellm.wording.names import Language, octant_name, region_name
from mellm.wording.unit_names import au_name

Route = Literal["flow", "vision"]
Scale = Literal["px", "relative"]

_NO_MOTION_PX = 1e-4
_COLOURS_ZH = {
    "red": "红", "orange": "橙", "yellow-green": "黄绿", "green": "绿", "cyan": "青", "blue": "蓝",
    "violet": "紫", "magenta": "品红",
}  # fmt: skip


MEU_QUESTION = (
    "Which action units does the motion show, and which label fits: $labels? Motion may belong to no unit, "
    "and there may be no micro-expression. Answer as Analysis, Reasoning, Conclusion."
)
"""The question of the full reading; `$labels` is filled in."""

MER_QUESTION = "Which label fits: $labels? Answer with the label alone."
"""The question for a label without reasoning."""

UNITS = {"px": "px", "relative": "multiples of the face's mean motion"}
"""Scale -> the unit sizes of a compact prompt are in."""

MOST_PARTS, MOST_UNITS, MOST_NAMED, MOST_EMOTIONS = 10, 8, 5, 4
LEAST_UNIT = 0.15
"""What a compact prompt holds at most, and the probability from which it names an action unit."""


def region_lines(motion: Sequence[RegionMotion], language: Language = "en") -> str:
    """Return one valid JSON object per region and line: mean and max px (3 decimals), angle, direction.

    The angle is in degrees, 0 = the picture's right, 90 = up. Without motion (under 1e-4 px) or without a
    clear direction (concentration under 0.15) the angle is null.
    """
    return "\n".join(json.dumps(_line(m, language), ensure_ascii=False) for m in motion)


def _line(motion: RegionMotion, language: Language) -> dict[str, str | float | None]:
    if motion.mean < _NO_MOTION_PX:
        direction = "无运动" if language == "zh" else "no motion"
    else:
        direction = octant_name(motion.octant, language)
    return {
        "region": region_name(motion.name, language),
        "mean_px": round(motion.mean, 3),
        "max_px": round(motion.max, 3),
        "angle_deg": None if motion.octant is None or motion.angle is None else round(motion.angle, 1),
        "direction": direction,
    }


def load_template(route: Route, language: Language, path: str | Path | None = None) -> str:
    """Return a prompt template: one of the package's own by name, or the text of the user's file.

    Names: `full` (the default) and, for the flow route in English, `compact`. Raises InputError where a file
    cannot be read as UTF-8 text.
    """
    own = {"full": f"{route}_{language}.txt"}
    if (route, language) == ("flow", "en"):
        own["compact"] = "flow_compact_en.txt"
    chosen = "full" if path is None else str(path)
    if chosen in own:
        return (resources.files("mellm.language") / "templates" / own[chosen]).read_text("utf-8")
    try:
        return Path(chosen).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The prompt template '{path}' cannot be read as UTF-8 text; check the path and the encoding."
        ) from error


def flow_prompt(
    motion: Sequence[RegionMotion],
    *,
    taxonomy: str = "3",
    language: Language = "en",
    template: str | Path | None = None,
) -> str:
    """Return the motion prompt: the measured regions, the task, the label set."""
    return _fill(
        load_template("flow", language, template),
        regions=region_lines(motion, language),
        region_count=str(len(motion)),
        labels=_labels(taxonomy, language),
    )


def compact_prompt(
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    emotion: Mapping[str, float] | None,
    question: str,
    *,
    taxonomy: str = "3",
    scale: Scale = "px",
    evidence: bool = True,
    asked: int | None = None,
    named: bool = False,
    template: str | Path | None = None,
) -> str:
    """Return the economical prompt of the flow route, in English: moving parts, FACS stage, one question.

    aus, emotion: what the FACS stage found; `emotion` maps the asked taxonomy's labels (any label set for
    other questions) to probabilities, None: it is not told. `evidence=False` leaves out all of the stage.
    question: `MEU_QUESTION`, `MER_QUESTION` or any other; `$labels` in it becomes the taxonomy's labels
    asked, named: for questions about units by name: a line per unit with its name and the half of the face
        it leans to (the subject's), the unit `asked` first, however unlikely
    scale: `relative` where motion is known up to a factor only (multiples of the face's mean motion)
    """
    text = load_template("flow", "en", template or "compact")
    if not evidence:
        text = text.replace("$evidence\n", "")
    labels = _labels(taxonomy, "en")
    return _fill(
        text,
        unit=UNITS[scale],
        parts="\n".join(part_lines(motion)),
        evidence=_evidence(motion, aus, emotion, asked, named) if evidence else "",
        labels=labels,
        question=question.replace("$labels", labels),
    ).strip()


def _evidence(
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    emotion: Mapping[str, float] | None,
    asked: int | None,
    named: bool,
) -> str:
    return named_evidence_lines(motion, aus, emotion, asked) if named else evidence_lines(aus, emotion)


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
        side = au.side if au.side in ("left", "right") else "left" if left >= right else "right"
        present = "yes" if au.probability >= PRESENT else "no"
        lines.append(f"{au_name(number)}: {present} {_share(au.probability)}, {side}")
    if emotion:
        lines.append(evidence_lines((), emotion).partition("\n")[2])
    return "\n".join(lines) or "no unit"


def moving_parts(motion: Sequence[RegionMotion]) -> list[tuple[PartMotion, ...]]:
    """Return the parts a compact prompt tells, strongest first: the image sides of each that move."""
    parts: dict[str, list[PartMotion]] = {}
    for area in AREAS:
        for moved in part_motions(motion, area):
            parts.setdefault(moved.part, []).append(moved)
    ranked = sorted(parts.values(), key=lambda sides: -max(m.mean for m in sides))
    return [tuple(sides) for sides in ranked[:MOST_PARTS]]


def part_lines(motion: Sequence[RegionMotion]) -> list[str]:
    """Return one line per moving part, such as `mouth corners: left up-left 2.3, right up 1.9`."""
    lines = []
    for sides in moving_parts(motion):
        name = sides[0].part + ("s" if len(sides) > 1 else "")
        if len(sides) == 1:
            said = f"{sides[0].side} {name}: {_told(sides[0])}".strip()
        else:
            said = f"{name}: " + ", ".join(f"{m.side} {_told(m)}" for m in sides)
        lines.append(said)
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


def vision_prompt(
    *, taxonomy: str = "7", language: Language = "en", template: str | Path | None = None
) -> str:
    """Return the prompt that goes with an MMC-Map: what its colours mean, then the three steps."""
    return _fill(
        load_template("vision", language, template),
        colours=colour_legend(language),
        labels=_labels(taxonomy, language),
    )


def _fill(template: str, **fields: str) -> str:
    try:
        return Template(template).substitute(fields)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The prompt template has a field that is not known here ({error}); use "
            f"{', '.join('$' + name for name in fields)} and write a plain dollar sign as $$."
        ) from error


def _labels(taxonomy: str, language: Language) -> str:
    names = [emotion_name(label, language) for label in get_taxonomy(taxonomy).labels]
    return "、".join(names) if language == "zh" else ", ".join(names)


def colour_legend(language: Language) -> str:
    """Return what each hue of an MMC-Map means, on one line."""
    if language == "zh":
        return "；".join(f"{_COLOURS_ZH[c]}色：{octant_name(d, 'zh')}" for d, c in DIRECTION_COLOURS.items())
    return "; ".join(f"{colour}: {direction}" for direction, colour in DIRECTION_COLOURS.items())
