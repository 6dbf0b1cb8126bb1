"""One micro-expression on the page: what `page/card.html` shows beyond the report's own values.

Knows the report and the labels; the page round it is in `html`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mellm.face.regions import AREAS
from mellm.facs.unit_rules import INTENSITY_SCALE, intensity_scale
from mellm.render.numbers import numbered
from mellm.render.page_pictures import picture_size, picture_uri
from mellm.render.pictures import KINDS
from mellm.render.timeline import timeline_svg
from mellm.report import ActionUnitReading, RegionReading, Report
from mellm.wording.languages import Language
from mellm.wording.names import area_name
from mellm.wording.page_words import page_word

AROUND_ME = 0.6
"""Seconds shown before and after a micro-expression on its own timeline."""

SHOWN_FROM = 0.05
"""Action units below this probability are left to report.json."""

GRAMMAR = "evidence"
"""What the built-in grammar calls itself as the writer of a reading."""

Probabilities = dict[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph of a reading: (text, what in it was not measured), and the area and regions it is about."""

    parts: list[tuple[str, str]]
    area: str | None
    regions: list[str]


class Card:
    """What one card shows, in one language; `pictures` are file name -> PNG bytes."""

    def __init__(self, report: Report, place: int, pictures: Mapping[str, bytes], language: Language) -> None:
        """Take the micro-expression at a place of the list, counted from 1."""
        self.report, self.language = report, language
        self.number, self.me = numbered(report)[place - 1]
        self._files = {kind: pictures[name] for kind, name in self.me.pictures.items() if pictures.get(name)}

    @property
    def steps(self) -> list[tuple[str, int, float | None]]:
        """Name, frame and seconds of onset, apex and, where known, offset."""
        when = self.me.interval
        steps = [("onset", when.onset_frame, when.onset_time), ("apex", when.apex_frame, when.apex_time)]
        if when.offset_frame is not None:
            steps.append(("offset", when.offset_frame, when.offset_time))
        return steps

    @cached_property
    def shown(self) -> list[tuple[str, str, str]]:
        """Kind, label and data URI of the pictures that are there."""
        kinds = [k for k in KINDS if k in self._files] + [k for k in self._files if k not in KINDS]
        return [
            (k, page_word(f"pic_{k}", self.language) if k in KINDS else k, picture_uri(self._files[k]))
            for k in kinds
        ]

    @property
    def first(self) -> str:
        """The kind of picture to begin with."""
        return "regions" if "regions" in self._files else self.shown[0][0]

    @property
    def onset_size(self) -> tuple[int, int]:
        """Width and height of the onset picture, px."""
        return picture_size(self._files["onset"])

    @property
    def boxes(self) -> list[tuple[RegionReading, tuple[float, ...]]]:
        """Left, top, width and height of each region on the onset picture, px; empty if one is not known."""
        if "onset" not in self._files:
            return []
        width, height = self.onset_size
        known = [(r, r.picture_box) for r in self.me.regions if r.picture_box is not None]
        if len(known) < len(self.me.regions):
            return []
        return [(r, (x * width, y * height, w * width, h * height)) for r, (x, y, w, h) in known]

    @property
    def program_label(self) -> str | None:
        """The emotion that the program found, whatever a person says."""
        emotion = self.me.emotion
        if emotion.set_by is None:
            return emotion.label
        return max(emotion.probabilities, key=emotion.probabilities.__getitem__, default=None)

    @property
    def emotion_sets(self) -> tuple[dict[str, Probabilities], dict[str, Probabilities]]:
        """Probabilities by taxonomy: those shown at once, and the others."""
        emotion = self.me.emotion
        sets = {emotion.taxonomy: emotion.probabilities, **emotion.also}
        first = {name: sets[name] for name in sets if name in (emotion.taxonomy, "3")}
        return first, {name: sets[name] for name in sets if name not in first}

    @property
    def present(self) -> list[ActionUnitReading]:
        """Action units that count."""
        return [au for au in self.me.action_units if au.present]

    @property
    def weaker(self) -> list[ActionUnitReading]:
        """Action units that were considered."""
        return [au for au in self.me.action_units if not au.present and au.probability >= SHOWN_FROM]

    @property
    def scales(self) -> list[str]:
        """What the grades of intensity mean; the scale of another program stays as it is."""
        scales = dict.fromkeys(au.intensity_scale for au in self.present if au.intensity)
        return [intensity_scale(self.language) if scale == INTENSITY_SCALE else scale for scale in scales]

    @property
    def timeline(self) -> str:
        """The time round the micro-expression as SVG; empty where the timeline of the clip shows as much."""
        when, person = self.me.interval, self.me.person
        trace = next((t for t in self.report.traces if t.person == person), None)
        if trace is None or not trace.times or when.onset_time is None or when.apex_time is None:
            return ""
        last = when.offset_time if when.offset_time is not None else when.apex_time
        window = (when.onset_time - AROUND_ME, last + AROUND_ME)
        if window[1] - window[0] > 0.6 * (trace.times[-1] - trace.times[0]):
            return ""
        others = [event for event in self.report.other_events if event.person == person]
        micro = [(k, me) for k, me in numbered(self.report) if me.person == person]
        key = f"me{self.number}"
        return timeline_svg(trace, micro, others, language=self.language, window=window, key=key)

    @property
    def by_grammar(self) -> bool:
        """Whether the built-in grammar wrote the reading."""
        return self.me.reading.model == GRAMMAR

    @property
    def model_label(self) -> str | None:
        """The language model's own label; None where it weighed none."""
        reading = self.me.reading
        likeliest = max(reading.probabilities, key=reading.probabilities.__getitem__, default=None)
        return likeliest and (reading.label or likeliest)

    def lines(self, text: str) -> list[Line]:
        """The paragraphs of a part of the reading."""
        return [self._line(line) for line in text.splitlines() if line.strip()]

    def _line(self, text: str) -> Line:
        parts = [(text, "")]
        for claim in self.me.reading.unsupported_claims:
            sentence, _, what = claim.partition(" -> ")
            at = next((k for k, (part, known) in enumerate(parts) if not known and sentence in part), None)
            if sentence and at is not None:
                before, _, after = parts[at][0].partition(sentence)
                parts[at : at + 1] = [(before, ""), (sentence, what), (after, "")]
        # A paragraph on one area begins with its name: `Mouth: ...`.
        start = re.split("[:：]", text, maxsplit=1)[0].strip().lower()
        area = next((key for key in AREAS if area_name(key, self.language) == start), None)
        regions = [r.name for r in self.me.regions if area and r.moving and r.name in AREAS[area]]
        return Line(parts, area, regions)
