import re
from html.parser import HTMLParser

import pytest

from made_up_report import made_up_report
from mellm.errors import MellmError
from mellm.render import save_report
from mellm.render.html import render_html, write_html
from mellm.render.page_pictures import picture_uri
from mellm.report import Report

VOID = {"meta", "img", "input", "br", "link", "hr"}


class Page(HTMLParser):
    """Collects what is asked of it, and fails on tags that do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def english():
    return made_up_report("en")


@pytest.fixture(scope="module")
def page(english):
    return render_html(*english)


def test_page_is_well_formed_and_shows_the_report(page):
    parsed = Page(page)
    for words in (
        "Two micro-expressions were found in 12.4 s.", "happiness 0.83", "12B", "L7A", "lip corner puller",
        "Both mouth corners", "What does a probability such as 0.62 mean?", "BlazeFace short range", "a" * 64,
        "For research", "head motion removed", "265", "subject's side",
    ):  # fmt: skip
        assert words in parsed.words, words
    assert (
        sum(
            tag == "tr" and "data-regions" in a and a.get("class") in (None, "still")
            for tag, a in parsed.tags
        )
        == 58
    )


def test_names_are_escaped(page):
    assert "interview <b>" not in page
    assert "<here>" not in page
    assert "interview <b>&amp;.mp4" in Page(page).words


def test_hostile_text_stays_text(english):
    report, _ = english
    evil = "</script><script>alert(1)</script>\"' onload=x <img src=x onerror=y>"
    hostile = report.model_copy(deep=True)
    hostile.source.path = evil
    hostile.verdict = evil
    hostile.warnings = [evil]
    me = hostile.micro_expressions[0]
    me.reading = me.reading.model_copy(update={"analysis": evil, "unsupported_claims": [evil], "model": evil})
    me.action_units[0] = me.action_units[0].model_copy(update={"name": evil, "evidence": [evil]})
    me.emotion.probabilities[evil] = 0.0
    hostile.other_events[0].note = evil
    parsed = Page(render_html(hostile, {}))
    assert sum(tag == "script" for tag, _ in parsed.tags) == 1
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert not any(tag == "img" for tag, _ in parsed.tags)


def test_nothing_is_fetched_and_the_policy_is_strict(page):
    parsed = Page(page)
    for tag, attributes in parsed.tags:
        for name in ("src", "href", "action", "srcset", "data"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#me")), (tag, attributes)
        assert "style" not in attributes
    outside = set(re.findall(r"https?://[^\"'\s<)]+", page)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()
    policy = next(a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_pictures_are_inside_the_page(english, page):
    report, pictures = english
    images = [a for tag, a in Page(page).tags if tag == "img"]
    assert len(images) == len(pictures)
    assert all(a["src"].startswith("data:image/jpeg;base64,") and a["alt"] for a in images)
    assert not any(tag == "img" for tag, _ in Page(render_html(report, {})).tags)


def test_regions_of_a_unit_are_on_the_picture(page):
    parsed = Page(page)
    on_picture = {a["data-region"] for tag, a in parsed.tags if tag == "rect" and "data-region" in a}
    assert len(on_picture) == 29
    for tag, a in parsed.tags:
        if tag == "tr" and a.get("class") == "au" and a["data-regions"]:
            assert set(a["data-regions"].split("|")) <= on_picture


def test_paragraphs_on_an_area_light_its_moving_regions(page):
    linked = [
        (a["data-areas"], a["data-regions"]) for t, a in Page(page).tags if t == "p" and "data-areas" in a
    ]
    assert ("mouth", "left mouth corner|right mouth corner") in linked
    assert {area for area, _ in linked} == {"brows", "eyes", "cheeks", "mouth"}


def test_links_lead_to_the_cards(page):
    parsed = Page(page)
    targets = {a["href"].removeprefix("#") for tag, a in parsed.tags if tag == "a"}
    assert targets == {a["id"] for tag, a in parsed.tags if tag == "article"} == {"me1", "me2"}


def test_chinese_page():
    words = Page(render_html(*made_up_report("zh"))).words
    for expected in ("微表情分析报告", "高兴 0.83", "嘴角上扬", "被摄者", "负责任地使用", "左侧嘴角"):
        assert expected in words, expected
    assert "subject's side" not in words


def test_a_report_without_micro_expressions_still_makes_a_page():
    report, _ = made_up_report(with_pictures=False)
    none = report.model_copy(update={"micro_expressions": [], "verdict": "No micro-expression: no face."})
    assert "No micro-expression: no face." in Page(render_html(none, {})).words


def test_write_html_reads_the_pictures_of_the_folder(tmp_path, english, page):
    report, pictures = english
    save_report(report, tmp_path, pictures)
    (tmp_path / "report.html").unlink()
    assert write_html(report, tmp_path).read_text(encoding="utf-8") == page
    with pytest.raises(MellmError):
        write_html(report, tmp_path / "absent")


def test_a_report_read_back_makes_the_same_page(tmp_path, english, page):
    report, pictures = english
    save_report(report, tmp_path, pictures)
    assert render_html(Report.load(tmp_path), pictures) == page


def test_a_map_has_one_legend_its_own() -> None:
    """The strip below a map is in the report's language already, so no page draws a second one."""
    report, pictures = made_up_report("zh")
    me = report.micro_expressions[0]
    maps = {k: me.pictures[k] for k in ("mmc", "mmc_fixed") if k in me.pictures}
    assert maps
    plain = render_html(report, pictures)
    me.map_scales_px = dict.fromkeys(maps, 1.25)
    drawn = render_html(report, pictures)
    assert Page(drawn).words == Page(plain).words
    for name in maps.values():
        assert picture_uri(pictures[name]) in drawn
