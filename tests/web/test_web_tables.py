"""Results as other programs read them, for one clip and for the whole gallery."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_client import Client, client_of

from long_report import FPS, long_report, store_long_report
from mellm.render.fex import FEX_COLUMNS, fex_table
from mellm.render.numbers import numbered
from mellm.report import Report
from mellm.web.event_tables import Clip, bids_files, boris_project, webvtt
from mellm.web.result_exports import FORMATS, file_stem
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions

FRAMES = 300
REPORT = long_report(FRAMES, 3)
TIMES = [k / FPS for k in range(FRAMES)]
CLIP = Clip(REPORT, TIMES, subject="s 01", session="2", coder="Ada")
NAME = "受试者01 笑.mp4"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("tables")
    return folder, [
        store_long_report(folder, minutes=FRAMES / FPS / 60, moments=3, name=NAME),
        store_long_report(folder, minutes=FRAMES / FPS / 60, moments=3, name="other.mp4", seed=1),
    ]


@pytest.fixture(scope="module")
def server(store: tuple[Path, list[str]]) -> Iterator[Client]:
    with serving(ServerOptions(store=store[0], port=0, workers=0)) as address, client_of(address) as client:
        yield client


def test_bids_events_have_seconds_and_a_description() -> None:
    files = bids_files(CLIP, "lie")
    tsv, about = files["sub-s01_ses-2_task-lie_events.tsv"], files["sub-s01_ses-2_task-lie_events.json"]
    rows = list(csv.DictReader(io.StringIO(tsv), delimiter="\t"))
    assert list(rows[0]) == list(json.loads(about)) and list(rows[0])[:3] == [
        "onset",
        "duration",
        "trial_type",
    ]
    assert [float(row["onset"]) for row in rows] == sorted(float(row["onset"]) for row in rows)
    micro = [row for row in rows if row["trial_type"] == "micro-expression"]
    assert [row["number"] for row in micro] == ["1", "2", "3"] and {row["coder"] for row in micro} == {"Ada"}
    when = REPORT.micro_expressions[0].interval
    assert float(micro[0]["onset"]) == pytest.approx(when.onset_frame / FPS, abs=1e-4)
    # From the begin of the onset frame to the end of the offset frame: 13 frames.
    assert float(micro[0]["duration"]) == pytest.approx(13 / FPS, abs=1e-4)
    assert all(value for row in rows for value in row.values())


def test_subtitles_are_webvtt() -> None:
    text = webvtt(CLIP)
    head, *cues = text.split("\n\n")
    assert head == "WEBVTT" and len(cues) == 3
    name, times, words = cues[0].strip().split("\n")
    assert name == "ME1" and re.fullmatch(r"00:00:\d\d\.\d{3} --> 00:00:\d\d\.\d{3}", times)
    assert words.startswith("ME 1 · P1 · ")


def test_a_boris_project_pairs_starts_and_stops() -> None:
    project = json.loads(boris_project([("a.mp4", CLIP), ("b.mp4", CLIP)], "2026-01-01T00:00:00+00:00"))
    assert project["project_format_version"] == "7.0" and list(project["observations"]) == ["a.mp4", "b.mp4"]
    codes = {one["code"] for one in project["behaviors_conf"].values()}
    people = {one["name"] for one in project["subjects_conf"].values()}
    events = project["observations"]["a.mp4"]["events"]
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    assert {event[1] for event in events} <= people and {event[2] for event in events} <= codes
    open_states: set[tuple[str, str, str]] = set()
    for _, person, code, modifier, *_ in events:
        open_states ^= {(person, code, modifier)}
    assert not open_states
    assert sum(event[2] == "micro-expression" for event in events) == 6


def test_fex_tables_have_py_feats_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(fex_table(REPORT))))
    assert tuple(rows[0]) == FEX_COLUMNS and len(rows) == FRAMES
    me = REPORT.micro_expressions[0]
    unit = me.action_units[0]
    column = f"AU{unit.au:02d}"
    apex = rows[me.interval.apex_frame]
    assert float(apex[column]) == pytest.approx(unit.probability, abs=0.35) and float(apex[column]) > 0.2
    assert float(rows[me.interval.onset_frame - 1][column]) == 0.0
    assert float(rows[0]["neutral"]) == 1.0 > float(apex["neutral"])


def test_names_of_every_script_survive() -> None:
    assert file_stem(NAME) == "受试者01_笑"
    assert file_stem("../../etc/passwd") == "passwd" and file_stem("...") == "clip"
    assert file_stem("a:b*c?.mp4") == "a_b_c"


def test_every_file_says_whose_it_is(server: Client, store: tuple[Path, list[str]]) -> None:
    job = store[1][0]
    moments = [{"number": 3, "verdict": "rejected"}, {"number": 1, "verdict": "agreed"}]
    added = {"verdict": "added", "frames": {"onset": 250, "apex": 255}}
    for coder in ("Ada", "Bo"):
        body = {"coder": coder, "base_version": 0, "moments": [*moments, added]}
        assert server.put(f"jobs/{job}/annotation", json=body).status_code == 200
    names = set()
    for version in ({"version": "program"}, {"coder": "Ada"}, {"coder": "Bo"}):
        for kind in FORMATS:
            answer = server.get(f"jobs/{job}/export/{kind}", params=version)
            assert answer.status_code == 200, (kind, answer.text)
            names.add(answer.headers["content-disposition"])
    assert len(names) == 3 * len(FORMATS)
    assert all("%E5%8F%97%E8%AF%95%E8%80%85" in name for name in names)
    everybody = server.get(f"jobs/{job}/export/eaf").text
    assert 'TIER_ID="P1 ME Ada"' in everybody and 'TIER_ID="P1 ME Bo"' in everybody
    assert ">ME 4 added<" in everybody and ">ME 5 added<" in everybody
    alone = server.get(f"jobs/{job}/export/eaf", params={"coder": "Ada"}).text
    assert "Ada" in alone and " Bo" not in alone
    assert server.get(f"jobs/{job}/export/mes", params={"coder": "Cy"}).status_code == 404
    # The program's third was rejected and one was added: two numbers, in every table.
    rows = list(csv.DictReader(io.StringIO(server.get(f"jobs/{job}/export/mes").text)))
    assert [row["number"] for row in rows] == ["1", "2"] and {row["clip"] for row in rows} == {NAME}


def test_the_final_version_is_what_is_exported(server: Client, store: tuple[Path, list[str]]) -> None:
    job = store[1][1]
    body = {"coder": "Ada", "base_version": 0, "moments": [{"number": 1, "verdict": "agreed"}]}
    server.put(f"jobs/{job}/annotation", json=body)
    final = {"number": 1, "verdict": "rejected"}
    body |= {"role": "final", "coder": "Eve", "moments": [final], "sources": [{"coder": "Ada", "version": 1}]}
    assert server.put(f"jobs/{job}/annotation", json=body).status_code == 200
    server.put(f"jobs/{job}/annotation", json={"coder": "Bo", "base_version": 0})
    for params in ({}, {"version": "final"}):
        answer = server.get(f"jobs/{job}/export/mes", params=params)
        assert answer.headers["content-disposition"].endswith("other.final.mes.csv")
        assert len(answer.text.splitlines()) == 3
    assert len(server.get(f"jobs/{job}/export/mes", params={"coder": "Bo"}).text.splitlines()) == 4


def test_the_whole_gallery_is_one_table_or_one_archive(server: Client) -> None:
    table = server.get("export/mes", params={"version": "program"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["clip"] for row in rows] == [NAME] * 3 + ["other.mp4"] * 3
    for kind in ("csv", "eaf", "vtt", "bids", "fex"):
        answer = server.get(f"export/{kind}", params={"version": "program"})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert len(archive.namelist()) == (4 if kind == "bids" else 2), archive.namelist()
    project = server.get("export/boris").json()
    assert list(project["observations"]) == [NAME, "other.mp4"]
    some = server.get("export/mes", params={"text": "other", "version": "program"}).text
    assert len(some.splitlines()) == 4


def test_an_elan_file_comes_back_through_the_api(server: Client, store: tuple[Path, list[str]]) -> None:
    job = store[1][1]
    data = server.get(f"jobs/{job}/export/eaf", params={"coder": "Ada"}).content
    base = server.get(f"jobs/{job}/annotation", params={"coder": "Ada"}).json()
    params = {"coder": "Ada", "base_version": base["version"]}
    changed = data.replace(b">ME 1 agreed<", b">ME 1 changed<")
    again = server.post(f"jobs/{job}/annotation/import", params=params, content=changed)
    assert again.status_code == 200, again.text
    assert again.json()["version"] > base["version"]
    assert again.json()["moments"][0]["verdict"] == "changed"
    late = server.post(f"jobs/{job}/annotation/import", params={"coder": "Ada"}, content=data)
    assert late.status_code == 409
    assert server.post(f"jobs/{job}/annotation/import", params=params, content=b"<a/>").status_code == 422


def test_reports_number_their_moments() -> None:
    assert [number for number, _ in numbered(Report.model_validate(REPORT.model_dump()))] == [1, 2, 3]
