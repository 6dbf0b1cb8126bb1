import csv
import io
import os

import pytest

from made_up_report import made_up_report, made_up_trace
from mellm.errors import MellmError
from mellm.render import save_report
from mellm.render.csv import COLUMNS, ME_COLUMNS, frame_tables, me_table
from mellm.report import Report

OPENFACE = (
    "frame,timestamp,confidence,success,"
    "AU01_r,AU02_r,AU04_r,AU05_r,AU06_r,AU07_r,AU09_r,AU10_r,AU12_r,AU14_r,AU15_r,AU17_r,AU20_r,AU23_r,AU25_r,"
    "AU26_r,AU45_r,AU01_c,AU02_c,AU04_c,AU05_c,AU06_c,AU07_c,AU09_c,AU10_c,AU12_c,AU14_c,AU15_c,AU17_c,AU20_c,"
    "AU23_c,AU25_c,AU26_c,AU28_c,AU45_c"
)


@pytest.fixture
def report():
    return made_up_report(with_pictures=False)[0]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_columns_are_openfaces_in_its_order(report):
    assert ",".join(COLUMNS) == OPENFACE
    assert frame_tables(report)["report.csv"].splitlines()[0] == OPENFACE


def test_frames_count_from_one_and_values_follow_the_motion(report):
    rows = rows_of(frame_tables(report)["report.csv"])
    assert [int(row["frame"]) for row in rows] == list(range(1, 373))
    apex = rows[127]
    assert float(apex["timestamp"]) == pytest.approx(127 / (30000 / 1001), abs=1e-4)
    assert float(apex["AU12_r"]) == pytest.approx(2.0)
    assert float(apex["AU06_r"]) == pytest.approx(1.0)
    assert float(apex["AU12_c"]) == 1.0
    assert float(apex["AU04_c"]) == 0.0
    rising = [float(row["AU12_r"]) for row in rows[123:128]]
    assert rising == sorted(rising)
    assert rising[0] == 0.0
    assert all(float(rows[k]["AU12_r"]) == 0.0 for k in (100, 122, 132, 200))
    assert all(0 <= float(row[f"AU{au:02d}_r"]) <= 5 for row in rows for au in (4, 6, 7, 12))
    assert float(rows[86]["AU45_c"]) == 1.0


def test_frames_without_a_face_are_no_success(report):
    rows = rows_of(frame_tables(report)["report.csv"])
    missing = {int(r["frame"]) - 1 for r in rows if r["success"] == "0"}
    assert missing == {k for k, v in enumerate(report.traces[0].areas["mouth"]) if v is None}
    assert missing


def test_a_second_person_has_a_table_of_their_own(report):
    second = report.people[0].model_copy(update={"person": 2})
    both = report.model_copy(
        update={"people": [*report.people, second], "traces": [*report.traces, made_up_trace(2)]}
    )
    tables = frame_tables(both)
    assert set(tables) == {"report.csv", "report-person2.csv"}
    assert all(float(row["AU12_c"]) == 0 for row in rows_of(tables["report-person2.csv"]))


def test_a_pair_has_two_rows_and_full_strength_at_the_apex(report):
    me = report.micro_expressions[0]
    unknown = dict.fromkeys(("offset_frame", "onset_time", "apex_time", "offset_time", "duration"))
    pair = me.interval.model_copy(update={"onset_frame": 0, "apex_frame": 1, **unknown})
    report = report.model_copy(
        update={
            "source": report.source.model_copy(update={"frames": 2, "fps": None, "kind": "pair"}),
            "traces": [],
            "other_events": [],
            "micro_expressions": [me.model_copy(update={"interval": pair})],
        }
    )
    rows = rows_of(frame_tables(report)["report.csv"])
    assert len(rows) == 2
    assert float(rows[1]["AU12_r"]) == pytest.approx(2.0)


def test_one_row_per_micro_expression_with_units_in_the_names(report):
    rows = rows_of(me_table(report))
    assert tuple(rows[0]) == ME_COLUMNS
    assert [row["action_units"] for row in rows] == ["6A+12B", "4C+L7A"]
    assert rows[0]["onset_frame"] == "123"
    assert rows[0]["strongest_region"] == "left mouth corner"
    assert float(rows[1]["emotion_probability"]) == pytest.approx(0.38)


def test_save_writes_everything_and_reads_back(tmp_path):
    report, pictures = made_up_report()
    page = save_report(report, tmp_path / "new" / "out", pictures)
    assert page == tmp_path / "new" / "out" / "report.html"
    names = {path.name for path in page.parent.iterdir()}
    assert names == {"report.json", "report.html", "report.csv", "mes.csv", *pictures}
    assert Report.load(page.parent) == report
    named = {name for me in report.micro_expressions for name in me.pictures.values()}
    assert named == set(pictures)


def test_a_second_save_replaces_the_first_and_leaves_other_files(tmp_path):
    report, pictures = made_up_report()
    save_report(report, tmp_path, pictures)
    (tmp_path / "notes.txt").write_text("mine")
    fewer = report.model_copy(update={"micro_expressions": report.micro_expressions[:1]})
    kept = {name: data for name, data in pictures.items() if name.startswith("me1")}
    save_report(fewer, tmp_path, kept)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.json", "report.html", "report.csv", "mes.csv", "notes.txt", *kept}
    assert len(Report.load(tmp_path).micro_expressions) == 1


def test_a_save_that_fails_leaves_the_former_report_whole(tmp_path, monkeypatch):
    report, pictures = made_up_report()
    save_report(report, tmp_path, pictures)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = type(tmp_path).write_bytes

    def disk_full(self, data):
        if self.name == "report.html":
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(type(tmp_path), "write_bytes", disk_full)
    changed = report.model_copy(update={"verdict": "Changed."})
    with pytest.raises(MellmError, match="No space left"):
        save_report(changed, tmp_path, pictures)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    report, _ = made_up_report(with_pictures=False)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(MellmError) as error:
        save_report(report, blocked / "out")
    assert "cannot be written" in str(error.value)
    assert "\n" not in str(error.value)


def test_picture_names_cannot_leave_the_folder(tmp_path):
    report, _ = made_up_report(with_pictures=False)
    with pytest.raises(MellmError, match="plain file name"):
        save_report(report, tmp_path / "out", {f"..{os.sep}evil.png": b"x"})
    assert not (tmp_path / "evil.png").exists()


def away(report, **changes):
    """The report of a clip whose face is away in frames 100 to 199."""
    person = report.people[0].model_copy(update={"seen": [(0, 99), (200, 371)]})
    traced = [k for k in range(372) if not 100 <= k <= 199]
    trace = report.traces[0]
    areas = {area: [0.1 for _ in traced] for area in trace.areas}
    here = trace.model_copy(
        update={"frames": traced, "times": [trace.times[k] for k in traced], "areas": areas}
    )
    return report.model_copy(update={"people": [person], "traces": [here], **changes})


def test_every_frame_has_a_row_and_absence_is_no_success(report):
    rows = rows_of(frame_tables(away(report))["report.csv"])
    assert [int(row["frame"]) for row in rows] == list(range(1, 373))
    assert [k for k, row in enumerate(rows) if row["success"] == "0"] == list(range(100, 200))
    gone = rows[127]  # the apex of a moment: nothing is said of a frame in which nobody was seen
    assert (gone["confidence"], gone["AU12_r"], gone["AU12_c"]) == ("0.00", "0.00", "0.00")
    assert gone["timestamp"] == f"{127 / (30000 / 1001):.4f}"


def test_a_clip_without_a_face_has_rows_and_no_success(report):
    source = report.source.model_copy(update={"frames": 20})
    nobody = {"people": [], "traces": [], "micro_expressions": [], "other_events": [], "source": source}
    tables = frame_tables(report.model_copy(update=nobody))
    assert set(tables) == {"report.csv"}
    assert [(row["success"], row["confidence"]) for row in rows_of(tables["report.csv"])] == [
        ("0", "0.00")
    ] * 20


def test_named_frames_are_the_only_ones_with_success(report):
    me = report.micro_expressions[0]
    person = report.people[0].model_copy(update={"seen": [(123, 123)]})
    named = report.model_copy(
        update={"traces": [], "other_events": [], "micro_expressions": [me], "people": [person]}
    )
    rows = rows_of(frame_tables(named)["report.csv"])
    first, last = me.interval.onset_frame, me.interval.offset_frame
    assert [k for k, row in enumerate(rows) if row["success"] == "1"] == list(range(first, last + 1))


def test_frames_between_traced_ones_have_rows_too(report):
    frames = list(range(0, 372, 3))
    trace = report.traces[0]
    fast = trace.model_copy(
        update={
            "frames": frames,
            "times": [trace.times[k] for k in frames],
            "areas": {a: [0.1] * len(frames) for a in trace.areas},
        }
    )
    rows = rows_of(frame_tables(report.model_copy(update={"traces": [fast]}))["report.csv"])
    assert len(rows) == 372
    assert all(row["success"] == "1" for row in rows)


def test_rows_have_the_file_s_own_times(report):
    times = [round(k / 30 + 0.004 * (k % 3), 6) for k in range(372)]
    source = report.source.model_copy(update={"frame_times": times})
    rows = rows_of(frame_tables(report.model_copy(update={"source": source}))["report.csv"])
    assert [row["timestamp"] for row in rows] == [f"{time:.4f}" for time in times]
