import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from made_up_report import made_up_report
from mellm.render.terminal import print_report


def printed(report, width=80, **more):
    out = io.StringIO()
    print_report(report, Console(file=out, width=width, **more))
    return out.getvalue()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_and_end_without_spaces(language, width):
    text = printed(made_up_report(language, with_pictures=False)[0], width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert all(line == line.rstrip() for line in text.splitlines())


def test_what_a_coder_needs_is_there():
    lines = printed(made_up_report(with_pictures=False)[0]).splitlines()
    assert lines[0] == "  interview <b>&amp;.mp4   1280x720  29.97 fps  12.4 s  1 person"
    head = next(line for line in lines if "frames 123 -> 127 -> 131" in line)
    assert "4.10-4.37 s" in head
    assert "confidence 0.81" in head
    row = next(line for line in lines if "left mouth corner" in line and "px" in line)
    assert row.split() == [
        "left",
        "mouth",
        "corner",
        "up-left",
        "1.01",
        "px",
        "██████",
        "AU",
        "12",
        "both",
        "0.94",
        "B",
    ]
    assert any("happiness 0.83 · surprise 0.07" in line and "positive 0.83" in line for line in lines)
    assert any("also seen: blink 2.80 s" in line for line in lines)
    assert any("picture side" in line and "subject's side" in line for line in lines)


def test_no_colour_without_a_terminal_and_colour_with_one():
    report, _ = made_up_report(with_pictures=False)
    assert "\x1b[" not in printed(report)
    assert "\x1b[" in printed(report, force_terminal=True, color_system="standard")


def test_what_wraps_stays_indented():
    report = made_up_report("en", with_pictures=False)[0]
    moment = report.micro_expressions[0]
    reading = moment.reading.model_copy(
        update={"model": "a model with " + "a long name " * 8, "seconds": 60.8}
    )
    told = report.model_copy(update={"micro_expressions": [moment.model_copy(update={"reading": reading})]})
    lines = printed(told).splitlines()
    first = next(number for number, line in enumerate(lines) if "written by" in line)
    assert lines[first].startswith("     written by") and "60.8 s" not in lines[first]
    assert lines[first + 1].startswith("     ") and "60.8 s" in lines[first + 1]


def test_markup_in_names_is_text():
    report, _ = made_up_report(with_pictures=False, path="clip [red]x[-].mp4")
    assert "clip [red]x[-].mp4" in printed(report)


def test_nothing_found_says_why():
    report, _ = made_up_report(with_pictures=False)
    none = report.model_copy(
        update={"micro_expressions": [], "verdict": "No micro-expression found: the head moved too fast."}
    )
    text = printed(none)
    assert "the head moved too fast" in text
    assert "AU" not in text


def test_a_disagreeing_reading_is_flagged():
    report, _ = made_up_report(with_pictures=False)
    me = report.micro_expressions[0]
    me.reading = me.reading.model_copy(
        update={"agrees_with_facs": False, "unsupported_claims": ["The chin drops. -> down: chin"]}
    )
    text = " ".join(printed(report).split())
    assert "disagrees with the FACS stage" in text
    assert "The chin drops." in text


def test_one_sided_units_of_a_model_say_whose_sides():
    report, _ = made_up_report(with_pictures=False)
    me = report.micro_expressions[0]
    told = "the picture's, L and R before a unit the subject's"
    for codes in (["12"], ["6", "R12"]):
        me.reading = me.reading.model_copy(update={"model": "embedded/x", "action_units": codes})
        assert (told in " ".join(printed(report).split())) == ("R12" in codes)


@pytest.mark.parametrize(
    ("language", "writer"), [("en", "written by the built-in grammar"), ("zh", "撰写者 内置语法")]
)
def test_who_wrote_the_reading_is_said_of_the_grammar_too(language, writer):
    report, _ = made_up_report(language, with_pictures=False)
    assert writer in printed(report, 120)
    for moment in report.micro_expressions:
        moment.reading.model = "openai/big at host:1"
    assert writer not in printed(report, 120)
