"""The report as one HTML page: everything inside the file, nothing fetched, no script needed to read it.

A content security policy allows the page's own style and script by their hash and pictures from the file
itself, nothing else. The templates in `page/` escape every text of the report.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from mellm.errors import MellmError
from mellm.face.regions import AREAS
from mellm.facs.taxonomies import emotion_name
from mellm.render.card import Card
from mellm.render.numbers import numbered
from mellm.render.pictures import KINDS
from mellm.render.timeline import timeline_svg
from mellm.report import ActionUnitReading, Report
from mellm.wording.languages import Language
from mellm.wording.names import INTENSITY_EN, grade_name, octant_name, region_name
from mellm.wording.page_words import page_word
from mellm.wording.unit_names import au_name

if TYPE_CHECKING:
    from jinja2 import Environment


def write_html(report: Report, folder: str | Path) -> Path:
    """Write `report.html` into a folder that holds the report's pictures; return its path.

    Raises MellmError where the folder cannot be written. `save_report` writes everything at once.
    """
    target = Path(folder)
    names = {name for me in report.micro_expressions for name in me.pictures.values()}
    files = {name: target / name for name in names if (target / name).is_file()}
    try:
        page = render_html(report, {name: file.read_bytes() for name, file in files.items()})
        handle, draft = tempfile.mkstemp(dir=target, prefix=".saving-", suffix=".html")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(page)
        Path(draft).replace(target / "report.html")
    except OSError as error:
        raise MellmError(
            f"The page cannot be written to '{target}' ({error.strerror}); choose another folder."
        ) from error
    return target / "report.html"


def render_html(report: Report, pictures: Mapping[str, bytes]) -> str:
    """Return the page. `pictures`: file name (as in the report) -> PNG bytes, put into the page."""
    language = report.language
    style, script = _asset("page.css") + _tab_rules(), _asset("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    places = range(1, len(report.micro_expressions) + 1)
    return (
        _templates(language)
        .get_template("report.html")
        .render(
            report=report,
            policy=policy,
            style=style,
            script=script,
            cards=[Card(report, place, pictures, language) for place in places],
            timelines=list(_timelines(report, language)),
            sentence=partial(report.sentence, language=language),
        )
    )


@cache
def _templates(language: Language) -> "Environment":
    """The templates of `page/`. Line breaks and indents in them are for their readers, not for the page."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    loader = FunctionLoader(lambda name: "".join(line.strip() for line in _asset(name).splitlines()))
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    templates.globals |= {
        "language": language,
        "grades": {letter: grade_name(letter, language) for letter in INTENSITY_EN},
        "w": partial(page_word, language=language),
        "emotion_name": partial(emotion_name, language=language),
        "octant_name": partial(octant_name, language=language),
        "unit_name": partial(_unit_name, language=language),
        "areas_of": _areas_of,
    }
    templates.filters |= {
        "fixed": lambda value, digits=2: f"{value:.{digits}f}",
        "file_name": lambda path: Path(path).name,
        "region_name": partial(region_name, language=language),
    }
    return templates


def _unit_name(au: ActionUnitReading, language: Language) -> str:
    return au.name if language == "en" else au_name(au.au, language)


def _areas_of(regions: Iterable[str]) -> str:
    """Face areas of some regions, joined by `|` as the page's script reads them."""
    names = set(regions)
    return "|".join(area for area, members in AREAS.items() if names & set(members))


def _timelines(report: Report, language: Language) -> Iterable[tuple[int, str]]:
    """The timeline of each person that has one."""
    for trace in report.traces:
        micro = [(k, me) for k, me in numbered(report) if me.person == trace.person]
        others = [event for event in report.other_events if event.person == trace.person]
        if svg := timeline_svg(trace, micro, others, language=language, key=f"all{trace.person}"):
            yield trace.person, svg


def _asset(name: str) -> str:
    return (resources.files("mellm.render") / "page" / name).read_text(encoding="utf-8")


def _tab_rules() -> str:
    """Show the chosen picture without a script: one rule per kind."""
    return "".join(
        f'.stage:has([value="{kind}"]:checked) .layer[data-kind="{kind}"]{{visibility:visible}}'
        for kind in KINDS
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
