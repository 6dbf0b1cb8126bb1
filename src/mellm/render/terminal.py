"""The report in the terminal: one block per micro-expression, 80 columns, no colour where none is wanted.

Region names are picture sides, action-unit sides the subject's; the column heads say so.
"""

import re
from itertools import zip_longest
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from mellm.facs.taxonomies import emotion_name
from mellm.render.card import GRAMMAR
from mellm.render.numbers import numbered
from mellm.report import ActionUnitReading, MicroExpression, OtherEvent, RegionReading, Report
from mellm.wording.languages import Language
from mellm.wording.names import octant_name, region_name
from mellm.wording.page_words import page_word

_MOST_REGIONS = 6
_BAR = 6
_WIDTHS = {"en": (25, 10), "zh": (20, 10)}
_WIDEST = (32, 17)
"""Cells of region name and direction; in a further language."""


def print_report(report: Report, console: Console) -> None:
    """Print a report for people: file, verdict, each micro-expression, what else was seen."""
    language = report.language
    source = report.source
    n = len(report.people)
    facts = [
        f"{source.width}x{source.height}",
        f"{source.fps:.2f} fps" if source.fps else "",
        f"{source.duration:.1f} {page_word('seconds', language)}" if source.duration else "",
        f"{n} {page_word('person_counted' if n == 1 else 'people', language)}",
    ]
    title = Text("  ").append(Path(source.path).name, "bold")
    if source.apex_path:
        title.append(" -> ").append(Path(source.apex_path).name, "bold")
    title.append("   " + "  ".join(fact for fact in facts if fact), "dim")
    _line(console, title)
    verdict = report.sentence(report.verdict, language)
    _block(console, Text(verdict, "bold" if report.micro_expressions else ""), 2)
    for warning in report.warnings:
        _block(console, Text(f"! {report.sentence(warning, language)}", "yellow"), 2)
    for number, me in numbered(report):
        console.print()
        _micro(console, report, number, me, language)
    if report.other_events:
        console.print()
        said = "; ".join(_other(report, event, language) for event in report.other_events)
        _block(console, Text(f"{page_word('also_seen', language)}: {said}", "dim"), 2)


def _line(console: Console, text: Text) -> None:
    console.print(text, overflow="fold", highlight=False)


def _block(console: Console, text: Text, indent: int) -> None:
    """Wrapped text, every line indented, no trailing spaces."""
    for line in _wrap(text.plain, console.width - indent - 2):
        _line(console, Text(" " * indent).append(line, text.style))


def _wrap(text: str, cells: int) -> list[str]:
    """Break a line between words; between any two characters of Chinese, never before its punctuation."""
    lines, line = [], ""
    for piece in re.findall(r"（?(?:[!-~]+(?: px[,.;)]*)?|.)[，。；：、）]*", text):
        if cell_len(line + piece.rstrip()) > cells and line.strip():
            lines.append(line.rstrip())
            line = ""
        if line or piece.strip():
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pad(text: str, cells: int) -> str:
    return set_cell_size(text, cells) if cell_len(text) > cells else text + " " * (cells - cell_len(text))


def _head(me: MicroExpression, language: Language) -> str:
    turn = "" if me.head_turn_deg is None else f", {me.head_turn_deg:.1f} {page_word('degrees', language)}"
    return f"{page_word('head_motion', language)}: {me.head_motion_px:.2f} px{turn}"


def _micro(console: Console, report: Report, number: int, me: MicroExpression, language: Language) -> None:
    when = me.interval
    head = Text("  ").append(f"{number}", "bold reverse").append("  ")
    if when.onset_time is not None:
        last = when.offset_time if when.offset_time is not None else when.apex_time
        span = f"{when.onset_time:.2f}" + (f"-{last:.2f}" if last is not None else "")
        head.append(f"{span} {page_word('seconds', language)}   ", "bold")
    steps = [
        when.onset_frame,
        when.apex_frame,
        *([when.offset_frame] if when.offset_frame is not None else []),
    ]
    head.append(f"{page_word('frames', language)} {' -> '.join(map(str, steps))}   ")
    if when.files:
        head.append(f"({' -> '.join(when.files)})   ")
    head.append(f"{page_word('person', language)} {me.person}   ")
    head.append(
        f"{page_word('confidence', language)} {when.confidence:.2f}"
        if when.origin == "spotted"
        else page_word("given", language),
        "dim",
    )
    _line(console, head)
    moving = sorted((r for r in me.regions if r.moving), key=lambda r: -r.mean_px)
    present = [au for au in me.action_units if au.present]
    if moving or present:
        _columns(console, moving, present, language)
    _line(console, _emotions(me, language))
    _block(console, Text(_head(me, language), "dim"), 5)
    for paragraph in (me.reading.analysis, me.reading.reasoning):
        for line in paragraph.splitlines():
            _block(console, Text(line), 5)
    _block(console, Text(me.reading.conclusion, "bold"), 5)
    _block(console, Text(_writer(me, language), "dim"), 5)
    if not me.reading.agrees_with_facs:
        _block(console, Text(f"! {page_word('disagrees', language)}", "yellow"), 5)
    for claim in me.reading.unsupported_claims:
        _block(console, Text(f"! {page_word('unsupported', language)}: {claim}", "yellow"), 5)
    for warning in me.warnings:
        _block(console, Text(f"! {report.sentence(warning, language)}", "yellow"), 5)


def _writer(me: MicroExpression, language: Language) -> str:
    """Who wrote the reading, and how sure it was of its label."""
    reading = me.reading
    name = page_word("evidence_model", language) if reading.model == GRAMMAR else reading.model
    said = f"{page_word('written_by', language)} {name}"
    if reading.label and reading.label in reading.probabilities:
        said += f", {emotion_name(reading.label, language)} {reading.probabilities[reading.label]:.2f}"
    said += f", {reading.seconds:.1f} s" if reading.seconds is not None else ""
    one_sided = any(code[0] in "LR" for code in reading.action_units)
    return said + (f"; {page_word('reading_sides', language)}" if one_sided else "")


def _columns(
    console: Console, moving: list[RegionReading], present: list[ActionUnitReading], language: Language
) -> None:
    name, direction = _WIDTHS.get(language, _WIDEST)
    left_width = name + direction + 9 + _BAR
    heads = (page_word("term_regions", language), page_word("term_aus", language))
    _line(console, Text(f"     {_pad(heads[0], left_width + 2)}{heads[1]}", "dim"))
    shown = moving[:_MOST_REGIONS]
    largest = max((r.mean_px for r in shown), default=1.0)
    for region, au in zip_longest(shown, present):
        line = Text("     ")
        if region is None:
            line.append(" " * (left_width + 2))
        else:
            line.append(_pad(region_name(region.name, language), name - 1) + " ")
            line.append(_pad(octant_name(region.octant, language) if region.octant else "~", direction))
            line.append(f"{region.mean_px:5.2f} px ")
            filled = round(_BAR * region.mean_px / largest)
            line.append("█" * filled, "cyan").append("░" * (_BAR - filled), "dim").append("   ")
        if au is not None:
            line.append(_pad(f"AU {au.au}", 6), "bold").append(
                _pad(page_word(f"term_{au.side}", language), 7)
            )
            line.append(f"{au.probability:.2f}", "cyan").append(f"  {au.intensity or '-'}")
        line.rstrip()
        _line(console, line)
    if len(moving) > len(shown):
        _line(console, Text(f"     {page_word('term_more', language, n=len(moving) - len(shown))}", "dim"))


def _emotions(me: MicroExpression, language: Language) -> Text:
    emotion = me.emotion
    line = Text("     ")
    if emotion.label is None:
        return line.append(page_word("no_emotion", language), "bold")
    ranked = sorted(emotion.probabilities.items(), key=lambda item: -item[1])[:3]
    for k, (label, p) in enumerate(ranked):
        line.append(" · " if k else "", "dim")
        line.append(f"{emotion_name(label, language)} {p:.2f}", "bold green" if k == 0 else "dim")
    rest = f"   ({page_word('classes', language, n=len(emotion.probabilities))}"
    coarse = emotion.also.get("3")
    if coarse:
        top = max(coarse, key=coarse.__getitem__)
        rest += f"; {emotion_name(top, language)} {coarse[top]:.2f}"
    return line.append(rest + ")", "dim")


def _other(report: Report, event: OtherEvent, language: Language) -> str:
    note = f" ({report.sentence(event.note, language)})" if event.note else ""
    return f"{page_word(event.kind, language)} {event.onset_time:.2f} {page_word('seconds', language)}{note}"
