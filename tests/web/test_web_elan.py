"""ELAN files: read by pympi, built as the format says, and read back without loss."""

import datetime
import itertools
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from long_report import FPS, long_report
from mellm.errors import InputError
from mellm.report import Report
from mellm.web.annotation import Annotation, AnnotationBody
from mellm.web.annotation_check import settled
from mellm.web.coding_ground import ground_of
from mellm.web.elan import elan_document
from mellm.web.elan_reading import read_elan
from mellm.web.elan_text import held

pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")

FRAMES = 600
TIMES = [k / FPS for k in range(FRAMES)]
REPORT = long_report(FRAMES, 4)

ORDER = (
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT",
    "CONTROLLED_VOCABULARY", "LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF",
)  # fmt: skip
"""Children of the root in EAF 3.0, each kind in one run, in this order (ELAN Annotation Format)."""

XSI = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
NUMBER, TEXT, FLAG = r"\d+", r"(?s).*", r"true|false|1|0"
NAME = r"[A-Za-z_][\w.-]*"
URI = r"(?:[^%#?:^`|\"<>\[\]{}\\]|%[0-9A-F]{2})*"
"""What xsd:anyURI takes where it stands for a file's name: no scheme, no query, whole escapes."""

RULES: dict[str, tuple[dict[str, str], dict[str, str], tuple[str, ...]]] = {
    "ANNOTATION_DOCUMENT": (
        {"AUTHOR": TEXT, "DATE": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", "VERSION": TEXT},
        {"FORMAT": TEXT, XSI: TEXT},
        ORDER,
    ),
    "HEADER": (
        {},
        {"MEDIA_FILE": TEXT, "TIME_UNITS": "milliseconds|NTSC-frames|PAL-frames"},
        ("MEDIA_DESCRIPTOR", "LINKED_FILE_DESCRIPTOR", "PROPERTY"),
    ),
    "MEDIA_DESCRIPTOR": (
        {"MEDIA_URL": URI, "MIME_TYPE": TEXT},
        {"RELATIVE_MEDIA_URL": URI, "TIME_ORIGIN": NUMBER, "EXTRACTED_FROM": URI},
        (),
    ),
    "PROPERTY": ({}, {"NAME": TEXT}, ()),
    "TIME_ORDER": ({}, {}, ("TIME_SLOT",)),
    "TIME_SLOT": ({"TIME_SLOT_ID": NAME}, {"TIME_VALUE": NUMBER}, ()),
    "TIER": (
        {"TIER_ID": TEXT, "LINGUISTIC_TYPE_REF": TEXT},
        dict.fromkeys(("PARTICIPANT", "ANNOTATOR", "PARENT_REF"), TEXT),
        ("ANNOTATION",),
    ),
    "ANNOTATION": ({}, {}, ("ALIGNABLE_ANNOTATION",)),
    "ALIGNABLE_ANNOTATION": (
        {"ANNOTATION_ID": NAME, "TIME_SLOT_REF1": NAME, "TIME_SLOT_REF2": NAME},
        {"SVG_REF": TEXT},
        ("ANNOTATION_VALUE",),
    ),
    "ANNOTATION_VALUE": ({}, {}, ()),
    "LINGUISTIC_TYPE": (
        {"LINGUISTIC_TYPE_ID": TEXT},
        {"TIME_ALIGNABLE": FLAG, "GRAPHIC_REFERENCES": FLAG},
        (),
    ),
}
"""EAF 3.0's schema for the elements we write: needed and further attributes with their form, children."""


def check_schema(data: bytes) -> ElementTree.Element:
    """Fail where a document breaks a rule of the schema; return its root."""
    root = ElementTree.fromstring(data)
    for element in root.iter():
        needed, further, children = RULES[element.tag]
        assert set(needed) <= set(element.attrib) <= {*needed, *further}, (element.tag, element.attrib)
        for name, value in element.attrib.items():
            assert re.fullmatch((needed | further)[name], value), (element.tag, name, value)
        runs = [tag for tag, _ in itertools.groupby(child.tag for child in element)]
        assert runs == [tag for tag in children if tag in runs], element.tag
        if children:
            assert not (element.text or "").strip(), element.tag
    assert [len(list(root.iter(tag))) for tag in ("HEADER", "TIME_ORDER")] == [1, 1]
    assert all(len(entry) == 1 for tag in ("ANNOTATION", "ALIGNABLE_ANNOTATION") for entry in root.iter(tag))
    # xsd:ID: one in the whole file; xsd:IDREF and the keys: what they name is there.
    slots = [slot.attrib["TIME_SLOT_ID"] for slot in root.iter("TIME_SLOT")]
    marks = [mark.attrib for mark in root.iter("ALIGNABLE_ANNOTATION")]
    ids = [*slots, *(mark["ANNOTATION_ID"] for mark in marks)]
    assert len(set(ids)) == len(ids)
    assert {mark[f"TIME_SLOT_REF{k}"] for mark in marks for k in (1, 2)} <= set(slots)
    tiers = [tier.attrib for tier in root.iter("TIER")]
    types = [kind.attrib["LINGUISTIC_TYPE_ID"] for kind in root.iter("LINGUISTIC_TYPE")]
    assert len({tier["TIER_ID"] for tier in tiers}) == len(tiers) and len(set(types)) == len(types)
    assert {tier["LINGUISTIC_TYPE_REF"] for tier in tiers} <= set(types)
    return root


def coded(*moments: dict[str, object], coder: str = "Ada", **more: object) -> Annotation:
    body = AnnotationBody.model_validate({"coder": coder, "moments": moments, **more})
    whole = settled(body, ground_of(REPORT), {}, highest_id=0)
    return Annotation(job="a" * 20, version=1, **whole.model_dump())


def written(*annotations: Annotation, report: Report = REPORT) -> bytes:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return elan_document(report, annotations, TIMES, {}, date=now)


def said(annotation: Annotation) -> AnnotationBody:
    return AnnotationBody.model_validate(annotation.model_dump(exclude={"job", "version", "created"}))


ADA = coded(
    {"number": 1, "verdict": "agreed"},
    {
        "number": 2,
        "verdict": "changed",
        "frames": {"onset": 200, "apex": 207, "offset": 220},
        "units": [
            {"code": "L12B", "verdict": "changed", "was": REPORT.micro_expressions[1].action_units[0].code},
            {"code": "4A", "verdict": "added", "note": "both brows:\nthe inner ends; \\ see frame 3"},
        ],
        "emotion": {"taxonomy": "7", "label": "contempt"},
        "text": {"analysis": "a\n\nb", "reasoning": "", "conclusion": "结论"},
        "note": "unsure",
    },
    {"number": 3, "verdict": "rejected", "note": "a sniff"},
    {
        "number": None,
        "verdict": "added",
        "frames": {"onset": 205, "apex": 210},
        "units": [{"code": "14B", "verdict": "added"}],
        "emotion": {"taxonomy": "3", "label": None},
    },
    note="glasses",
    finished=True,
)


def test_the_document_keeps_the_rules_of_the_schema() -> None:
    root = check_schema(written(ADA, coded({"number": 1}, coder="Bo & <Co>")))
    assert datetime.datetime.fromisoformat(root.attrib["DATE"]).tzinfo is not None
    assert (root.attrib["FORMAT"], root.attrib["VERSION"]) == ("3.0", "3.0")
    assert {tier.attrib["ANNOTATOR"] for tier in root.iter("TIER")} == {"mellm", "Ada", "Bo & <Co>"}
    check_schema(written())


@pytest.mark.parametrize(
    "name", ["采访 100% #1 [a] {b}^`.mp4", "a b?c=d&e.mp4", "::clip.mp4", "a%zz.mp4", 'x"y|z<1>.mp4']
)
def test_every_name_of_a_file_is_an_address(name: str) -> None:
    """No half escapes; what is written leads back to the file, Chinese and spaces as they are."""
    report = REPORT.model_copy(deep=True)
    report.source.path = name
    root = check_schema(written(ADA, report=report))
    media = next(root.iter("MEDIA_DESCRIPTOR")).attrib
    assert unquote(media["MEDIA_URL"]) == name and media["RELATIVE_MEDIA_URL"] == f"./{media['MEDIA_URL']}"
    assert "采访 " in media["MEDIA_URL"] or "采访" not in name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'DATE="2', b'DATE="x2'),
        (b'TIME_UNITS="milliseconds"', b'TIME_UNITS="seconds"'),
        (b'TIME_SLOT_REF2="ts2"', b'TIME_SLOT_REF2="ts9999"'),
        (b'ANNOTATION_ID="a2"', b'ANNOTATION_ID="a1"'),
        (b' ANNOTATOR="Ada"', b' ANNOTATOR="Ada" COLOUR="red"'),
        (b'LINGUISTIC_TYPE_REF="default-lt"', b'LINGUISTIC_TYPE_REF="other"'),
    ],
)
def test_the_check_finds_what_breaks_the_schema(before: bytes, after: bytes) -> None:
    data = written(ADA)
    assert before in data
    with pytest.raises(AssertionError):
        check_schema(data.replace(before, after, 1))


def test_pympi_reads_every_tier(tmp_path: Path) -> None:
    file = tmp_path / "clip.eaf"
    file.write_bytes(written(ADA))
    document = pympi.Eaf(str(file))
    names = set(document.get_tier_names())
    kinds = {"ME", "phase", "AU", "AU reason", "emotion", "analysis", "conclusion", "note"}
    assert {f"P1 {kind} Ada" for kind in kinds} <= names
    # The added moment begins inside another one and has a lane of its own.
    added = document.get_annotation_data_for_tier("P1 ME Ada (2)")
    assert [row[2] for row in added] == ["ME 5 added"]
    assert [row[2] for row in document.get_annotation_data_for_tier("P1 AU Ada (2)")] == ["14B"]
    assert [row[:2] for row in document.get_annotation_data_for_tier("P1 phase Ada (2)")] == [(6833, 7000)]
    numbers = [row[2] for row in sorted(document.get_annotation_data_for_tier("P1 ME Ada"))]
    assert numbers == ["ME 1 agreed", "ME 2 changed", "ME 3 rejected"]
    for name in names:
        rows = sorted(document.get_annotation_data_for_tier(name))
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(rows))
    document.to_file(str(tmp_path / "again.eaf"))
    again = read_elan((tmp_path / "again.eaf").read_bytes(), "Ada", REPORT, TIMES, {})
    assert again == said(ADA)


def test_nothing_is_lost_on_the_way() -> None:
    assert read_elan(written(ADA), "Ada", REPORT, TIMES, {}) == said(ADA)
    final = ADA.model_copy(update={"coder": "Eve", "role": "final"})
    assert read_elan(written(ADA, final), "final", REPORT, TIMES, {}) == said(final)


def test_tiers_alone_say_it_all_but_keys() -> None:
    """Header properties that a program drops take keys and the remark on the clip with them, no more."""
    header = rb"<PROPERTY NAME=.mellm-annotation.*?</PROPERTY>"
    data = re.sub(header, b"", written(ADA), flags=re.DOTALL)
    read = read_elan(data, "Ada", REPORT, TIMES, {})
    keyless = {"key": None}
    expected = sorted(
        (moment.model_copy(update=keyless) for moment in ADA.moments), key=lambda moment: moment.id or 0
    )
    found = sorted(
        (moment.model_copy(update={**keyless, "id": moment.id or 5}) for moment in read.moments),
        key=lambda moment: moment.id or 0,
    )
    assert found == expected


def test_what_was_changed_in_elan_holds() -> None:
    data = written(ADA).replace(b">ME 1 agreed<", b">ME 1 rejected<").replace(b">a sniff<", b">a yawn<")
    read = {moment.key: moment for moment in read_elan(data, "Ada", REPORT, TIMES, {}).moments}
    assert read["me1"].verdict == "rejected" and read["me3"].note == "a yawn"
    assert read["me2"] == ADA.moments[1]


def test_a_file_made_in_elan_alone_is_read(tmp_path: Path) -> None:
    document = pympi.Eaf()
    for tier in ("P1 ME Cy", "P1 AU Cy", "P1 phase Cy"):
        document.add_tier(tier)
    document.add_annotation("P1 ME Cy", 1000, 1400, "flash of fear")
    document.add_annotation("P1 AU Cy", 1005, 1390, "1+2+R20A")
    document.add_annotation("P1 phase Cy", 1000, 1200, "onset to apex")
    document.add_annotation("P1 phase Cy", 1200, 1400, "apex to offset")
    document.to_file(str(tmp_path / "made.eaf"))
    data = (tmp_path / "made.eaf").read_bytes()
    (moment,) = read_elan(data, "Cy", REPORT, TIMES, {}).moments
    assert moment.verdict == "added" and moment.frames is not None
    assert (moment.frames.onset, moment.frames.apex, moment.frames.offset) == (30, 36, 41)
    assert [unit.code for unit in moment.units] == ["1", "2", "R20A"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no xml", "no ELAN document"),
        (b"<html></html>", "its root is html"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>', "document type"),
        (b"<ANNOTATION_DOCUMENT></ANNOTATION_DOCUMENT>", "no tier of this coder"),
    ],
)
def test_what_is_no_elan_file_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_elan(data, "Ada", REPORT, TIMES, {})


@pytest.mark.parametrize("note", ["\x1f", " ", "\ufffe", "a\r\nb", "\x00 \x0b", "12A added: \\n\n "])
def test_a_text_that_xml_cannot_hold_survives_in_the_header(note: str) -> None:
    """Its tiers say what XML can hold of it, and an edit in ELAN is still read."""
    units = [{"code": code, "verdict": "added", "note": note} for code in ("4A", "12A")]
    moment = {"verdict": "added", "frames": {"onset": 3, "apex": 7}, "units": units, "note": note}
    annotation = coded(moment, coder="a\x1eb", note=note)
    data = written(annotation)
    assert read_elan(data, "a\x1eb", REPORT, TIMES, {}) == said(annotation)
    changed = read_elan(data.replace(b"ME 5 added", b"ME 5 open"), "a\x1eb", REPORT, TIMES, {}).moments[0]
    assert (changed.verdict, [unit.code for unit in changed.units]) == ("open", ["4A", "12A"])
    assert {changed.note, *(unit.note for unit in changed.units)} == {held(note)}


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 580), st.integers(1, 8), st.integers(0, 8)), min_size=1, max_size=6
    ),
    note=st.text(st.characters(codec="utf-8"), max_size=40),
    coder=st.sampled_from(["Ada", "张 三", "A (2)", "x | y", "", "a\x01b", "\x1f"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_annotation_survives(spans: list[tuple[int, int, int]], note: str, coder: str) -> None:
    moments = [
        {
            "verdict": "added",
            "frames": {"onset": onset, "apex": onset + rise, "offset": onset + rise + fall if fall else None},
            "units": [{"code": "12A", "verdict": "added", "note": note}],
            "note": note,
        }
        for onset, rise, fall in spans
    ]
    annotation = coded(*moments, coder=coder)
    assert read_elan(written(annotation), coder, REPORT, TIMES, {}) == said(annotation)
