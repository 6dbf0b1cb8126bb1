"""The report as one HTML page: everything inside the file, nothing fetched, no script needed to read it.

A content security policy allows the page's own style and script by their hash and pictures from the file
itself, nothing else. All text from the report is escaped. Words in `i18n`, looks in `page/`.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

import cv2
import numpy as np

from mellm.errors import MellmError
from mellm.face.regions import AREAS
from mellm.facs.names import au_name
from mellm.facs.taxonomies import emotion_name
from mellm.language.names import INTENSITY_EN, INTENSITY_ZH, Language, octant_name, region_name
from mellm.render.i18n import report_language, word
from mellm.render.pictures import KINDS
from mellm.render.timeline import timeline_svg
from mellm.report import ActionUnitReading, MicroExpression, RegionReading, Report, Trace

AROUND_ME = 0.6
"""Seconds shown before and after a micro-expression on its own timeline."""

_JPEG_QUALITY = 92


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


def picture_uri(data: bytes) -> str:
    """Return a picture as a data URI; a PNG is embedded as JPEG, a fifth of the size, equal to the eye."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise MellmError("One of the report's pictures cannot be read; save the report again.")
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    kind, body = ("jpeg", jpeg.tobytes()) if done else ("png", data)
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


def bar(share: float, width: int = 100) -> str:
    """A horizontal bar as SVG: no style attribute, so the strict policy holds."""
    fill = min(max(share, 0.0), 1.0) * width
    return (
        f'<svg class="bar" viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="{width}" height="10" rx="2"/>'
        f'<rect class="fill" width="{fill:.1f}" height="10" rx="2"/></svg>'
    )


def _areas_of(regions: Iterable[str]) -> str:
    names = set(regions)
    return "|".join(area for area, members in AREAS.items() if names & set(members))


def _time(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


class _Page:
    """Builds the body's parts; each method returns HTML."""

    def __init__(self, report: Report, pictures: Mapping[str, bytes], language: Language) -> None:
        self.report, self.pictures, self.language = report, pictures, language

    def w(self, key: str, **values: object) -> str:
        """An escaped label."""
        return escape(word(key, self.language, **values))

    def body(self) -> str:
        report = self.report
        cards = [self.card(number, me) for number, me in enumerate(report.micro_expressions, 1)]
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
            f"<b>{n}</b> {self.w('person' if n == 1 else 'people')}",
        ]
        second = f" → {escape(Path(source.apex_path).name)}" if source.apex_path else ""
        return (
            f'<header class="top"><p class="kicker">{self.w("title")}</p>'
            f"<h1>{escape(Path(source.path).name)}{second}</h1>"
            f'<ul class="facts">{"".join(f"<li>{fact}</li>" for fact in facts if fact)}</ul>'
            f'<p class="verdict">{escape(self.report.verdict)}</p>{self.warnings(self.report.warnings)}</header>'
        )

    def warnings(self, warnings: Sequence[str]) -> str:
        if not warnings:
            return ""
        items = "".join(f"<li>{escape(text)}</li>" for text in warnings)
        return f'<ul class="warnings" aria-label="{self.w("warnings")}">{items}</ul>'

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
                drawn.append(head + svg)
        if not drawn:
            return ""
        others_text = "; ".join(
            f"{word(e.kind, self.language)} {e.onset_time:.2f}–{e.offset_time:.2f} {word('seconds', self.language)}"
            + (f" ({e.note})" if e.note else "")
            for e in self.report.other_events
        )
        also = f'<p class="note">{self.w("also_seen")}: {escape(others_text)}</p>' if others_text else ""
        return (
            f'<section class="card"><header><h2>{self.w("timeline")}</h2></header>{"".join(drawn)}'
            f'<p class="note">{self.w("timeline_note")}</p>{also}</section>'
        )

    def card(self, number: int, me: MicroExpression) -> str:
        reading = me.reading
        trace = next((t for t in self.report.traces if t.person == me.person), None)
        left = self.stage(number, me)
        right = self.emotion_headline(me) + self.au_table(me) + self.emotion_bars(me)
        columns = f'<div class="columns"><div>{left}</div><div>{right}</div></div>' if left else right
        return (
            f'<article class="card me" id="me{number}"><header><h2><span class="number">{number}</span>'
            f"{self.w('micro')}</h2>{self.interval(me)}</header>{columns}"
            f"{self.zoom(number, me, trace)}"
            f"<h3>{self.w('reading')}</h3>{self.reading(me)}"
            f'<p class="note">{self.w("written_by")}: '
            f"{self.w('evidence_model') if reading.model == 'evidence' else escape(reading.model)}</p>"
            f"{self.warnings(me.warnings)}{self.region_table(me)}</article>"
        )

    def interval(self, me: MicroExpression) -> str:
        when = me.interval
        steps = [("onset", when.onset_frame, when.onset_time), ("apex", when.apex_frame, when.apex_time)]
        if when.offset_frame is not None:
            steps.append(("offset", when.offset_frame, when.offset_time))
        parts = []
        for name, frame, time in steps:
            at = f" ({_time(time)} {self.w('seconds')})" if time is not None else ""
            parts.append(f"{self.w(name)} <b>{frame}</b>{at}")
        line = f"{self.w('frame_axis')}: " + " → ".join(parts)
        extra = [line, f"{self.w('person')} {me.person}"]
        if when.duration is not None:
            extra.append(f"{self.w('duration')} {when.duration * 1000:.0f} ms")
        extra.append(
            f"{self.w('confidence')} {when.confidence:.2f}" if when.origin == "spotted" else self.w("given")
        )
        return f'<span class="interval">{" · ".join(extra)}</span>'

    def stage(self, number: int, me: MicroExpression) -> str:
        have = [kind for kind in KINDS if self.pictures.get(me.pictures.get(kind, ""))]
        have += [kind for kind in me.pictures if kind not in KINDS and self.pictures.get(me.pictures[kind])]
        if not have:
            return ""
        uri = {kind: picture_uri(self.pictures[me.pictures[kind]]) for kind in have}
        first = "regions" if "regions" in have else have[0]
        base = ""
        if "onset" in uri:
            base = f'<img alt="{self.w("pic_onset")}" src="{uri["onset"]}">'
        layers = "".join(
            f'<img class="layer" data-kind="{escape(kind)}" alt="{escape(self.kind_label(kind))}" src="{uri[kind]}">'
            for kind in have
            if kind != "onset"
        )
        tabs = "".join(
            f'<label><input type="radio" name="pic{number}" value="{escape(kind)}"'
            f"{' checked' if kind == first else ''}>{escape(self.kind_label(kind))}</label>"
            for kind in have
        )
        return (
            f'<fieldset class="stage"><legend>{self.w("pictures")}</legend>'
            f'<div class="screen">{base}{layers}{self.overlay(me)}</div><div class="tabs">{tabs}</div>'
            f'<label class="slider">{self.w("opacity")}<input type="range" min="0" max="100" value="100"></label>'
            f'<p class="caption">{self.w("picture_note")}</p></fieldset>'
        )

    def kind_label(self, kind: str) -> str:
        return word(f"pic_{kind}", self.language) if kind in KINDS else kind

    def overlay(self, me: MicroExpression) -> str:
        """Invisible boxes over the photo that light up with their action units."""
        onset = self.pictures.get(me.pictures.get("onset", ""))
        if onset is None or any(region.picture_box is None for region in me.regions):
            return ""
        height, width = cv2.imdecode(np.frombuffer(onset, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        boxes = []
        for region in me.regions:
            x, y, w, h = region.picture_box or (0, 0, 0, 0)
            place = (
                f'x="{x * width:.1f}" y="{y * height:.1f}" width="{w * width:.1f}" height="{h * height:.1f}"'
            )
            title = f"{region_name(region.name, self.language)}: {self.motion_text(region)}"
            boxes.append(
                f'<rect data-region="{escape(region.name)}" data-areas="{_areas_of([region.name])}" {place}>'
                f"<title>{escape(title)}</title></rect>"
            )
        return f'<svg class="overlay" viewBox="0 0 {width} {height}">{"".join(boxes)}</svg>'

    def motion_text(self, region: RegionReading) -> str:
        if not region.moving:
            return f"{region.mean_px:.2f} px"
        return f"{octant_name(region.octant, self.language)} {region.mean_px:.2f} px"

    def emotion_headline(self, me: MicroExpression) -> str:
        emotion = me.emotion
        if emotion.label is None:
            return f'<p class="headline">{self.w("no_emotion")}</p>'
        name = escape(emotion_name(emotion.label, self.language))
        p = emotion.probabilities.get(emotion.label, 0.0)
        classes = self.w("classes", n=len(emotion.probabilities))
        return (
            f'<p class="headline"><span class="verb">{self.w("suggests")}</span> {name} '
            f'<span class="p">{p:.2f}</span> <span class="verb">({classes})</span></p>'
        )

    def emotion_bars(self, me: MicroExpression) -> str:
        if not me.emotion.probabilities:
            return ""
        sets = {me.emotion.taxonomy: me.emotion.probabilities, **me.emotion.also}
        blocks = []
        for name, probabilities in sets.items():
            ranked = sorted(probabilities.items(), key=lambda item: -item[1])
            rows = "".join(
                f'<tr{" class=first" if k == 0 else ""}><td class="name">'
                f"{escape(emotion_name(label, self.language))}</td>"
                f'<td>{bar(p)}</td><td class="n">{p:.2f}</td></tr>'
                for k, (label, p) in enumerate(ranked)
            )
            title = self.w("classes", n=len(probabilities)) if name.isdigit() else escape(name)
            blocks.append(f"<div><h4>{title}</h4><table>{rows}</table></div>")
        return f'<h3>{self.w("emotion")}</h3><div class="emotions">{"".join(blocks)}</div>'

    def au_table(self, me: MicroExpression) -> str:
        present = [au for au in me.action_units if au.present]
        rest = [au for au in me.action_units if not au.present and au.probability >= 0.05]
        head = "".join(
            f"<th>{self.w(key)}</th>"
            for key in ("au_code", "au_name", "side", "probability", "intensity", "evidence")
        )
        out = f"<h3>{self.w('aus')}</h3>"
        if present:
            rows = "".join(self.au_row(au) for au in present)
            out += f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
        else:
            out += f"<p>{self.w('no_aus')}</p>"
        out += f'<p class="note">{self.w("sides_note")}</p>'
        scales = list(dict.fromkeys(au.intensity_scale for au in present if au.intensity))
        out += "".join(f'<p class="note">{self.w("intensity")}: {escape(scale)}</p>' for scale in scales)
        if rest:
            rows = "".join(self.au_row(au) for au in rest)
            out += (
                f"<details><summary>{self.w('weaker', n=len(rest))}</summary>"
                f'<div class="scroll"><table class="rest"><tr>{head}</tr>{rows}</table></div></details>'
            )
        return out

    def au_row(self, au: ActionUnitReading) -> str:
        grades = INTENSITY_ZH if self.language == "zh" else INTENSITY_EN
        grade = f"{au.intensity} {grades[au.intensity]}" if au.intensity else "–"
        joined = "、" if self.language == "zh" else ", "
        regions = joined.join(region_name(name, self.language) for name in au.evidence)
        name = au_name(au.au, "zh") if self.language == "zh" else au.name
        return (
            f'<tr class="au" tabindex="0" data-regions="{escape("|".join(au.evidence))}" '
            f'data-areas="{_areas_of(au.evidence)}"><td class="code">{escape(au.code)}</td>'
            f"<td>{escape(name)}</td><td>{self.w(au.side)}</td>"
            f'<td class="nowrap">{bar(au.probability)}{au.probability:.2f}</td><td class="nowrap">{escape(grade)}</td>'
            f'<td class="regions-list">{escape(regions)}</td></tr>'
        )

    def zoom(self, number: int, me: MicroExpression, trace: Trace | None) -> str:
        when = me.interval
        if trace is None or when.onset_time is None or when.apex_time is None:
            return ""
        last = when.offset_time if when.offset_time is not None else when.apex_time
        others = [event for event in self.report.other_events if event.person == me.person]
        window = (when.onset_time - AROUND_ME, last + AROUND_ME)
        numbered = [(k, m) for k, m in enumerate(self.report.micro_expressions, 1) if m.person == me.person]
        svg = timeline_svg(trace, numbered, others, language=self.language, window=window, key=f"me{number}")
        return f"<h3>{self.w('timeline')}</h3>{svg}" if svg else ""

    def reading(self, me: MicroExpression) -> str:
        reading = me.reading

        def lines(text: str) -> str:
            return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())

        flags = ""
        if not reading.agrees_with_facs:
            flags += f'<p class="flag">{self.w("disagrees")}</p>'
        if reading.unsupported_claims:
            items = "".join(f"<li>{escape(claim)}</li>" for claim in reading.unsupported_claims)
            flags += f'<div class="flag"><p>{self.w("unsupported")}:</p><ul>{items}</ul></div>'
        return (
            f'<div class="readings"><div><h3>{self.w("analysis")}</h3>{lines(reading.analysis)}</div>'
            f"<div><h3>{self.w('reasoning')}</h3>{lines(reading.reasoning)}"
            f'<h3>{self.w("conclusion")}</h3><p class="lead">{escape(reading.conclusion)}</p></div></div>{flags}'
        )

    def region_table(self, me: MicroExpression) -> str:
        keys = ("region", "direction", "mean_px", "max_px", "relative", "concentration", "moving")
        numeric = {"mean_px", "max_px", "relative", "concentration"}
        head = "".join(f"<th{' class=n' if k in numeric else ''}>{self.w(k)}</th>" for k in keys)
        rows = "".join(
            f'<tr{"" if r.moving else " class=still"} data-regions="{escape(r.name)}" '
            f'data-areas="{_areas_of([r.name])}"><td>{escape(region_name(r.name, self.language))}</td>'
            f"<td>{escape(octant_name(r.octant, self.language)) if r.moving else '–'}</td>"
            f'<td class="n">{r.mean_px:.3f}</td><td class="n">{r.max_px:.3f}</td>'
            f'<td class="n">{r.relative:.4f}</td><td class="n">{r.concentration:.2f}</td>'
            f"<td>{self.w('yes' if r.moving else 'no')}</td></tr>"
            for r in me.regions
        )
        return (
            f"<details><summary>{self.w('regions')}</summary>"
            f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
            f'<p class="note">{self.w("head_motion")}: {me.head_motion_px:.2f} px</p></details>'
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
            f"<div><table>{facts}</table></div>"
            f"<div><h3>{self.w('models')}</h3><table>{models}</table></div>"
            f"<div><h3>{self.w('settings')}</h3><table>{settings}</table></div>"
            f"<div><h3>{self.w('stage_times')}</h3><table>{seconds}</table></div></div></section>"
        )

    def footer(self) -> str:
        text = word("responsible_text", self.language) or self.report.responsible_use
        return f'<footer><h3>{self.w("responsible")}</h3><p class="responsible">{escape(text)}</p></footer>'
