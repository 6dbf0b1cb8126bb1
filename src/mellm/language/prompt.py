"""Prompts for language models: the motion prompts of the flow route, the picture prompt of the vision route.

Templates are plain text with `$fields` under `templates/` and may be replaced by a file of the user's own:
published checkpoints expect the prompts they were trained with. Knows nothing about backends or answers.

Fields: `$regions` (flow route: one JSON object per line and region), `$region_count`, `$labels`, `$colours`
(vision route: what each hue means). Sources: arXiv 2505.07007 v3 (flow route) and v1 (vision route).

The flow route has two forms. `full` is the papers' (all 29 regions, about 1,700 tokens) and is made here;
`compact` is for small models that run on a processor (`mellm.language.compact_prompt`).
"""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from mellm.errors import InputError
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.flow.colour import DIRECTION_COLOURS
from mellm.flow.region_motion import RegionMotion
from mellm.language.chinese_words import COLOURS_ZH
from mellm.wording.languages import Language
from mellm.wording.names import octant_name, region_name

Route = Literal["flow", "vision"]
Scale = Literal["px", "relative"]
"""What motion is measured in: px, or multiples of the face's own mean motion where the scale is lost."""

_NO_MOTION_PX = 1e-4


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
    return fill(
        load_template("flow", language, template),
        regions=region_lines(motion, language),
        region_count=str(len(motion)),
        labels=label_list(taxonomy, language),
    )


def vision_prompt(
    *, taxonomy: str = "7", language: Language = "en", template: str | Path | None = None
) -> str:
    """Return the prompt that goes with an MMC-Map: what its colours mean, then the three steps."""
    return fill(
        load_template("vision", language, template),
        colours=colour_legend(language),
        labels=label_list(taxonomy, language),
    )


def fill(template: str, **fields: str) -> str:
    """Return a template with its fields filled in. Raises InputError for a field that is not known."""
    try:
        return Template(template).substitute(fields)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The prompt template has a field that is not known here ({error}); use "
            f"{', '.join('$' + name for name in fields)} and write a plain dollar sign as $$."
        ) from error


def label_list(taxonomy: str, language: Language) -> str:
    """Return the labels of a taxonomy on one line."""
    names = [emotion_name(label, language) for label in get_taxonomy(taxonomy).labels]
    return "、".join(names) if language == "zh" else ", ".join(names)


def colour_legend(language: Language) -> str:
    """Return what each hue of an MMC-Map means, on one line."""
    if language == "zh":
        return "；".join(f"{COLOURS_ZH[c]}：{octant_name(d, 'zh')}" for d, c in DIRECTION_COLOURS.items())
    return "; ".join(f"{colour}: {direction}" for direction, colour in DIRECTION_COLOURS.items())
