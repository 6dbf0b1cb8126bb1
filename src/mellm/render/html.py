"""The report as one HTML page: everything inside the file, nothing fetched, no script needed to read it.

A content security policy allows the page's own style and script by their hash and pictures from the file
itself, nothing else. All text from the report is escaped. Words in `i18n`, looks in `page/`.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path

from mellm.errors import MellmError
from mellm.facs.taxonomies import emotion_name
from mellm.render.card import Card
from mellm.render.markup import warning_list
from mellm.render.pictures import KINDS
from mellm.render.timeline import timeline_svg
from mellm.report import Report
from mellm.wording.names import Language
from mellm.wording.page_words import report_language, word
from mellm.wording.sentences import in_language


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
    language = report_language(report)
    page = _Page(report, pictures, language)
    style, script = _asset("page.css") + _tab_rules(), _asset("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = f"{Path(report.source.path).name} - {word('title', language)}"
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n'
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{page.body()}\n<script>{script}</script>\n</body>\n</html>\n"
    )


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


class _Page:
    """Builds the body's parts; each method returns HTML."""

    def __init__(self, report: Report, pictures: Mapping[str, bytes], language: Language) -> None:
        self.report, self.pictures, self.language = report, pictures, language

    def w(self, key: str, **values: object) -> str:
        """An escaped label."""
        return escape(word(key, self.language, **values))

    def body(self) -> str:
        report = self.report
        card = Card(report, self.pictures, self.language)
        cards = [card.render(number, me) for number, me in enumerate(report.micro_expressions, 1)]
        return "\n".join(
            part
            for part in (
                self.top(),
                "<main>",
                self.overview(),
                *cards,
                self.meaning() if cards else "",
                self.provenance(),
                "</main>",
                self.footer(),
            )
            if part
        )

    def top(self) -> str:
        source = self.report.source
        size = f"{source.width}×{source.height} px"
        n = len(self.report.people)
        facts = [
            f"<b>{size}</b>",
            f"<b>{source.fps:.2f}</b> fps" if source.fps else "",
            f"<b>{source.frames}</b> {self.w('frames')}",
            f"<b>{source.duration:.2f}</b> {self.w('seconds')}" if source.duration else "",
            f"<b>{n}</b> {self.w('person_counted' if n == 1 else 'people')}",
        ]
        second = f" → {escape(Path(source.apex_path).name)}" if source.apex_path else ""
        return (
            f'<header class="top"><p class="kicker">{self.w("title")}</p>'
            f"<h1>{escape(Path(source.path).name)}{second}</h1>"
            f'<ul class="facts">{"".join(f"<li>{fact}</li>" for fact in facts if fact)}</ul>'
            f'<p class="verdict">{escape(in_language(self.report.verdict, self.language))}</p>'
            f"{self.jump()}{warning_list(self.report.warnings, self.language)}</header>"
        )

    def jump(self) -> str:
        """Links to the cards, where there are several."""
        found = self.report.micro_expressions
        if len(found) < 2:
            return ""
        links = []
        for number, me in enumerate(found, 1):
            label = me.emotion.label
            suggests = emotion_name(label, self.language) if label else word("no_emotion", self.language)
            if label and me.emotion.set_by is None:
                suggests += f" {me.emotion.probabilities.get(label, 0.0):.2f}"
            time = me.interval.apex_time
            at = f"{time:.2f} {word('seconds', self.language)} · " if time is not None else ""
            links.append(f'<a href="#me{number}">{number} · {escape(at + suggests)}</a>')
        return f'<nav class="jump">{"".join(links)}</nav>'

    def overview(self) -> str:
        drawn = []
        for trace in self.report.traces:
            micro = [
                (k, me) for k, me in enumerate(self.report.micro_expressions, 1) if me.person == trace.person
            ]
            others = [event for event in self.report.other_events if event.person == trace.person]
            svg = timeline_svg(trace, micro, others, language=self.language, key=f"all{trace.person}")
            if svg:
                head = f"<h3>{self.w('person')} {trace.person}</h3>" if len(self.report.traces) > 1 else ""
                drawn.append(f'{head}<div class="scroll">{svg}</div>')
        if not drawn:
            return ""
        others_text = "; ".join(
            f"{word(e.kind, self.language)} {e.onset_time:.2f}–{e.offset_time:.2f}"
            f" {word('seconds', self.language)}"
            + (f" ({in_language(e.note, self.language)})" if e.note else "")
            for e in self.report.other_events
        )
        also = f'<p class="note">{self.w("also_seen")}: {escape(others_text)}</p>' if others_text else ""
        return (
            f'<section class="card"><header><h2>{self.w("timeline")}</h2></header>{"".join(drawn)}'
            f'<p class="note">{self.w("timeline_note")}</p>{also}</section>'
        )

    def meaning(self) -> str:
        return (
            f'<section class="card"><header><h2>{self.w("meaning")}</h2></header>'
            f"<p>{self.w('meaning_text')}</p></section>"
        )

    def provenance(self) -> str:
        made = self.report.provenance
        models = "".join(
            f"<tr><td>{escape(stage)}</td><td>{escape(used.name)}"
            f"{f'<div class=hash>sha256 {escape(used.sha256)}</div>' if used.sha256 else ''}</td></tr>"
            for stage, used in made.models.items()
        )
        settings = "".join(
            f"<tr><td>{escape(key)}</td><td>{escape('–' if value is None else str(value))}</td></tr>"
            for key, value in made.settings.items()
        )
        seconds = "".join(
            f'<tr><td>{escape(stage)}</td><td class="n">{value:.2f} {self.w("seconds")}</td></tr>'
            for stage, value in made.seconds.items()
        )
        rows = [("created", made.created), ("command", made.command), ("seed", made.seed)]
        facts = "".join(
            f"<tr><td>{self.w(k)}</td><td>{escape(str(v))}</td></tr>" for k, v in rows if v is not None
        )
        source = self.report.source
        facts += (
            f"<tr><td>{self.w('file')}</td><td>{escape(source.path)}"
            f'<div class="hash">sha256 {escape(source.sha256)}</div></td></tr>'
            f"<tr><td>mellm</td><td>{escape(made.mellm_version)}</td></tr>"
        )
        return (
            f'<section class="card"><header><h2>{self.w("provenance")}</h2></header><div class="made">'
            f"<div><h3>{self.w('source')}</h3><table>{facts}</table></div>"
            f"<div><h3>{self.w('models')}</h3><table>{models}</table></div>"
            f"<div><h3>{self.w('settings')}</h3><table>{settings}</table></div>"
            f"<div><h3>{self.w('stage_times')}</h3><table>{seconds}</table></div></div></section>"
        )

    def footer(self) -> str:
        text = word("responsible_text", self.language) or self.report.responsible_use
        return f'<footer><h3>{self.w("responsible")}</h3><p class="responsible">{escape(text)}</p></footer>'
