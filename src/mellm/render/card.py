"""One micro-expression on the page: pictures, action units, emotions, timeline, reading, regions.

Knows the report and the labels; the page round it is in `html`.
"""

from collections.abc import Mapping
from html import escape

from mellm.facs.taxonomies import emotion_name
from mellm.render.markup import areas_of, bar, picture_size, picture_uri, warning_list
from mellm.render.pictures import KINDS
from mellm.render.reading_words import reading_html
from mellm.render.timeline import timeline_svg
from mellm.report import ActionUnitReading, MicroExpression, RegionReading, Report, Trace
from mellm.wording.names import INTENSITY_EN, INTENSITY_ZH, Language, octant_name, region_name
from mellm.wording.page_words import scale_text, word
from mellm.wording.unit_names import au_name

AROUND_ME = 0.6
"""Seconds shown before and after a micro-expression on its own timeline."""

SHOWN_FROM = 0.05
"""Action units below this probability are left to report.json."""


class Card:
    """Draws cards in one language; `pictures` are file name -> PNG bytes."""

    def __init__(self, report: Report, pictures: Mapping[str, bytes], language: Language) -> None:
        """Keep the report: timelines and events are shared between the cards."""
        self.report, self.pictures, self.language = report, pictures, language

    def w(self, key: str, **values: object) -> str:
        """An escaped label."""
        return escape(word(key, self.language, **values))

    def render(self, number: int, me: MicroExpression) -> str:
        """The whole card of one micro-expression, counted from 1."""
        trace = next((t for t in self.report.traces if t.person == me.person), None)
        left = self._stage(number, me)
        right = self._emotion_headline(me) + self._au_table(me) + self._emotion_bars(me)
        columns = f'<div class="columns"><div>{left}</div><div>{right}</div></div>' if left else right
        return (
            f'<article class="card me" id="me{number}"><header><h2><span class="number">{number}</span>'
            f"{self.w('micro')}</h2>{self._interval(me)}</header>{columns}"
            f"{self._zoom(number, me, trace)}"
            f"<h3>{self.w('reading')}</h3>{reading_html(me, self.language)}"
            f"{warning_list(me.warnings, self.language)}{self._region_table(me)}</article>"
        )

    def _interval(self, me: MicroExpression) -> str:
        when = me.interval
        steps = [("onset", when.onset_frame, when.onset_time), ("apex", when.apex_frame, when.apex_time)]
        if when.offset_frame is not None:
            steps.append(("offset", when.offset_frame, when.offset_time))
        parts = []
        for name, frame, time in steps:
            at = f" ({time:.3f} {self.w('seconds')})" if time is not None else ""
            parts.append(f"{self.w(name)} <b>{frame}</b>{at}")
        line = f"{self.w('frame_axis')}: " + " → ".join(parts)
        if when.files:
            line += f" ({' → '.join(map(escape, when.files))})"
        extra = [line, f"{self.w('person')} {me.person}"]
        if when.duration is not None:
            extra.append(f"{self.w('duration')} {when.duration * 1000:.0f} ms")
        given = self.w("set_by", who=when.set_by) if when.set_by else self.w("given")
        extra.append(f"{self.w('confidence')} {when.confidence:.2f}" if when.origin == "spotted" else given)
        return f'<span class="interval">{" · ".join(extra)}</span>'

    def _stage(self, number: int, me: MicroExpression) -> str:
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
            f'<img class="layer" data-kind="{escape(kind)}" alt="{escape(self._kind_label(kind))}" '
            f'src="{uri[kind]}">'
            for kind in have
            if kind != "onset"
        )
        tabs = "".join(
            f'<label><input type="radio" name="pic{number}" value="{escape(kind)}"'
            f"{' checked' if kind == first else ''}>{escape(self._kind_label(kind))}</label>"
            for kind in have
        )
        return (
            f'<fieldset class="stage"><legend>{self.w("pictures")}</legend>'
            f'<div class="screen">{base}{layers}{self._overlay(me)}</div><div class="tabs">{tabs}</div>'
            f'<label class="slider">{self.w("opacity")}'
            f'<input type="range" min="0" max="100" value="100"></label>'
            f'<p class="caption">{self.w("picture_note")}</p></fieldset>'
        )

    def _kind_label(self, kind: str) -> str:
        return word(f"pic_{kind}", self.language) if kind in KINDS else kind

    def _overlay(self, me: MicroExpression) -> str:
        """Invisible boxes over the photo that light up with their action units."""
        onset = self.pictures.get(me.pictures.get("onset", ""))
        if onset is None or any(region.picture_box is None for region in me.regions):
            return ""
        width, height = picture_size(onset)
        boxes = []
        for region in me.regions:
            x, y, w, h = region.picture_box or (0, 0, 0, 0)
            place = (
                f'x="{x * width:.1f}" y="{y * height:.1f}" width="{w * width:.1f}" height="{h * height:.1f}"'
            )
            title = f"{region_name(region.name, self.language)}: {self._motion_text(region)}"
            boxes.append(
                f'<rect data-region="{escape(region.name)}" data-areas="{areas_of([region.name])}" {place}>'
                f"<title>{escape(title)}</title></rect>"
            )
        return f'<svg class="overlay" viewBox="0 0 {width} {height}">{"".join(boxes)}</svg>'

    def _motion_text(self, region: RegionReading) -> str:
        if not region.moving:
            return f"{region.mean_px:.2f} px"
        return f"{octant_name(region.octant, self.language)} {region.mean_px:.2f} px"

    def _emotion_headline(self, me: MicroExpression) -> str:
        """What it suggests; where a person overruled the program, that person's word stands first."""
        emotion = me.emotion
        ranked = sorted(emotion.probabilities, key=lambda label: -emotion.probabilities[label])
        program = emotion.label if emotion.set_by is None else next(iter(ranked), None)
        if program is None:
            suggests = self.w("no_emotion")
        else:
            classes = self.w("classes", n=len(emotion.probabilities))
            suggests = (
                f'<span class="verb">{self.w("suggests")}</span> '
                f"{escape(emotion_name(program, self.language))} "
                f'<span class="p">{emotion.probabilities.get(program, 0.0):.2f}</span> '
                f'<span class="verb">({classes})</span>'
            )
        if emotion.set_by is None:
            return f'<p class="headline">{suggests}</p>'
        said = emotion_name(emotion.label, self.language) if emotion.label else word("none", self.language)
        return (
            f'<p class="headline person">✎ {escape(said)} <span class="verb">'
            f"{self.w('set_by', who=emotion.set_by)}</span></p>"
            f'<p class="note">{self.w("program")}: {suggests}</p>'
        )

    def _emotion_bars(self, me: MicroExpression) -> str:
        if not me.emotion.probabilities:
            return ""
        sets = {me.emotion.taxonomy: me.emotion.probabilities, **me.emotion.also}
        shown: list[str] = []
        more: list[str] = []
        for name, probabilities in sets.items():
            ranked = sorted(probabilities.items(), key=lambda item: -item[1])
            rows = "".join(
                f'<tr{" class=first" if k == 0 else ""}><td class="name">'
                f"{escape(emotion_name(label, self.language))}</td>"
                f'<td>{bar(p)}</td><td class="n">{p:.2f}</td></tr>'
                for k, (label, p) in enumerate(ranked)
            )
            title = self.w("classes", n=len(probabilities)) if name.isdigit() else escape(name)
            place = shown if name in (me.emotion.taxonomy, "3") else more
            place.append(f"<div><h4>{title}</h4><table>{rows}</table></div>")
        out = f'<h3>{self.w("emotion")}</h3><div class="emotions">{"".join(shown)}</div>'
        if more:
            out += (
                f"<details><summary>{self.w('other_classes')}</summary>"
                f'<div class="emotions">{"".join(more)}</div></details>'
            )
        return out

    def _au_table(self, me: MicroExpression) -> str:
        present = [au for au in me.action_units if au.present]
        rest = [au for au in me.action_units if not au.present and au.probability >= SHOWN_FROM]
        head = "".join(
            f"<th>{self.w(key)}</th>"
            for key in ("au_code", "au_name", "side", "probability", "intensity", "evidence")
        )
        out = f"<h3>{self.w('aus')}</h3>"
        if present:
            rows = "".join(self._au_row(au) for au in present)
            out += f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
        else:
            out += f"<p>{self.w('no_aus')}</p>"
        out += f'<p class="note">{self.w("sides_note")}</p>'
        scales = list(dict.fromkeys(au.intensity_scale for au in present if au.intensity))
        out += "".join(
            f'<p class="note">{self.w("intensity")}: {escape(scale_text(scale, self.language))}</p>'
            for scale in scales
        )
        if rest:
            rows = "".join(self._au_row(au) for au in rest)
            out += (
                f"<details><summary>{self.w('weaker', n=len(rest))}</summary>"
                f'<div class="scroll"><table class="rest"><tr>{head}</tr>{rows}</table></div></details>'
            )
        return out

    def _au_row(self, au: ActionUnitReading) -> str:
        grades = INTENSITY_ZH if self.language == "zh" else INTENSITY_EN
        grade = f"{au.intensity} {grades[au.intensity]}" if au.intensity else "–"
        joined = "、" if self.language == "zh" else ", "
        regions = joined.join(region_name(name, self.language) for name in au.evidence)
        name = au_name(au.au, "zh") if self.language == "zh" else au.name
        return (
            f'<tr class="au" tabindex="0" data-regions="{escape("|".join(au.evidence))}" '
            f'data-areas="{areas_of(au.evidence)}"><td class="code">{escape(au.code)}</td>'
            f'<td class="nowrap">{escape(name)}</td><td>{self.w(au.side)}</td>'
            f'<td class="nowrap">{bar(au.probability)}{au.probability:.2f}</td>'
            f'<td class="nowrap">{escape(grade)}</td>'
            f'<td class="regions-list">{escape(regions)}</td></tr>'
        )

    def _zoom(self, number: int, me: MicroExpression, trace: Trace | None) -> str:
        when = me.interval
        if trace is None or not trace.times or when.onset_time is None or when.apex_time is None:
            return ""
        last = when.offset_time if when.offset_time is not None else when.apex_time
        others = [event for event in self.report.other_events if event.person == me.person]
        window = (when.onset_time - AROUND_ME, last + AROUND_ME)
        if window[1] - window[0] > 0.6 * (trace.times[-1] - trace.times[0]):
            # The timeline of the whole clip shows as much.
            return ""
        numbered = [(k, m) for k, m in enumerate(self.report.micro_expressions, 1) if m.person == me.person]
        svg = timeline_svg(trace, numbered, others, language=self.language, window=window, key=f"me{number}")
        return f"<h3>{self.w('timeline')}</h3><div class=scroll>{svg}</div>" if svg else ""

    def _region_table(self, me: MicroExpression) -> str:
        keys = ("region", "direction", "mean_px", "max_px", "relative", "concentration", "moving")
        numeric = {"mean_px", "max_px", "relative", "concentration"}
        head = "".join(f"<th{' class=n' if k in numeric else ''}>{self.w(k)}</th>" for k in keys)
        rows = "".join(
            f'<tr{"" if r.moving else " class=still"} data-regions="{escape(r.name)}" '
            f'data-areas="{areas_of([r.name])}"><td>{escape(region_name(r.name, self.language))}</td>'
            f"<td>{escape(octant_name(r.octant, self.language)) if r.moving else '–'}</td>"
            f'<td class="n">{r.mean_px:.3f}</td><td class="n">{r.max_px:.3f}</td>'
            f'<td class="n">{r.relative:.4f}</td><td class="n">{r.concentration:.2f}</td>'
            f"<td>{self.w('yes' if r.moving else 'no')}</td></tr>"
            for r in me.regions
        )
        turn = "" if me.head_turn_deg is None else f" · {me.head_turn_deg:.1f}°"
        return (
            f"<details><summary>{self.w('regions')}</summary>"
            f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
            f'<p class="note">{self.w("head_motion")}: {me.head_motion_px:.2f} px{turn}</p></details>'
        )
