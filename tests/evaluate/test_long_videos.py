"""Long videos: schedules, what is drawn from them, the rules of spotting, counts, and questions."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from made_up_report import made_up_report
from mellm.analysis.analyzer import Analyzer
from mellm.analysis.clip import Watched
from mellm.errors import InputError
from mellm.evaluate.kept_traces import keep_watched, kept_watched
from mellm.evaluate.long_truth import LongVideo, read_truth
from mellm.evaluate.long_videos import OURS, LongPlan, evaluate_long_videos
from mellm.evaluate.runs import LongRun, read_run, write_run
from mellm.evaluate.watched_videos import VideoWatcher, WatchedVideo
from mellm.face.people import FaceObservation, Landmarks
from mellm.face.regions import REGION_NAMES
from mellm.face.roi import Roi
from mellm.report import ActionUnitReading
from mellm.simulate.long_videos import TRUTH, TrueEvent, make_long_videos, write_truth
from mellm.simulate.schedules import Scheduled, Schedules, Stretch
from mellm.spot import RegionalMotion

EVENTS = """Subject,Filename,Onset,Apex,Offset,AU,Expression type
p1,a,40,46,52,12,Micro-expression
p1,a,100,130,190,6+12,Macro-expression
p1,a,300,306,900,4,Micro-expression
p1,a,20,10,30,4,Micro-expression
p2,a,40,44,50,4,Micro-expression
p2,a,60,64,70,1+2,Micro-expression
p3,z,1,2,3,4,Micro-expression
"""
SPANS = "subject,filename,first_frame,last_frame\np1,a,10,1000\np2,a,10,1000\n"
BLINKS = "Subject,Filename,Onset,Offset\n" + "".join(
    f"p1,a,{200 + 20 * k},{209 + 20 * k}\n" for k in range(7)
)
SHEET = "Subject,Filename,Onset,emotion\np1,a,40,happy\n"


@pytest.fixture
def schedules(tmp_path: Path) -> Schedules:
    texts = {"events": EVENTS, "spans": SPANS, "blinks": BLINKS, "sheet": SHEET}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return Schedules.read(*(tmp_path / f"{name}.csv" for name in texts))


def test_a_schedule_is_read_and_what_cannot_be_is_counted(schedules: Schedules) -> None:
    first = schedules.videos[0]
    assert (first.count("micro"), first.count("macro"), first.count("blink")) == (1, 1, 7)
    smile = next(e for e in first.events if e.kind == "micro")
    assert (smile.onset, smile.apex, smile.emotion) == (1.0, 1.2, "happiness")
    assert schedules.left_out == 3, "a micro-expression of 20 s, frames out of order, a video nobody knows"


def test_windows_cut_no_event_and_lend_blinks(schedules: Schedules) -> None:
    for seed in range(5):
        for window in schedules.windows(2, 20.0, np.random.default_rng(seed)):
            assert all(0 <= e.onset < e.offset <= 20 for e in window.events)
            expressions = [e for e in window.events if e.kind != "blink"]
            blinks = [e for e in window.events if e.kind == "blink"]
            assert all(b.offset < e.onset or b.onset > e.offset for b in blinks for e in expressions)


def test_a_video_shows_what_its_truth_says(tmp_path: Path, portrait_path: Path) -> None:
    events = (Scheduled("micro", 0.5, 0.7, 0.9, "12"), Scheduled("macro", 1.2, 1.6, 2.2, "4"))
    faces = tmp_path / "faces"
    faces.mkdir()
    picture = cv2.imread(str(portrait_path))
    cv2.imwrite(str(faces / "p.png"), cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    rows = make_long_videos([Stretch("p", "s", 2.5, events)], faces, tmp_path / "out")
    assert [(r.kind, r.onset, r.apex, r.offset, r.units) for r in rows] == [
        ("micro", 15, 21, 27, "12"),
        ("macro", 36, 48, 66, "4"),
    ]
    (video,) = read_truth(tmp_path / "out")
    assert (video.fps, video.person, len(video.events)) == (30.0, "p", 2)
    film = cv2.VideoCapture(str(video.path))
    frames = [cv2.cvtColor(film.read()[1], cv2.COLOR_BGR2GRAY).astype(float) for _ in range(75)]
    changed = [float(np.abs(f - frames[0])[150:].mean()) for f in frames]
    assert max(changed[15:28]) > 1.02 * np.median(changed[1:14])


@pytest.fixture
def portrait_path() -> Path:
    from importlib.resources import files

    return Path(str(files("mellm.data") / "portrait.jpg"))


class Watcher:
    """Gives a made-up report for every video, and units without looking."""

    def watch(self, video: LongVideo) -> WatchedVideo:
        return WatchedVideo(video, made_up_report()[0], None)

    def units(self, video: LongVideo, onset: int, apex: int) -> list[ActionUnitReading]:
        raise AssertionError("without a trace no other spotter finds anything")


def _videos() -> list[LongVideo]:
    """The made-up report finds micro-expressions at 123-131 and 265-277, a longer one at 318-352."""
    found = made_up_report()[0].micro_expressions[0].interval
    hit = TrueEvent("a", "p1", "micro", found.onset_frame, found.apex_frame, 131, "6+12", "happiness")
    missed = TrueEvent("a", "p1", "micro", 400, 405, 410, "4", "disgust")
    macro = TrueEvent("b", "p2", "macro", 318, 330, 352)
    return [
        LongVideo(Path("a"), 29.97, "p1", (hit, missed)),
        LongVideo(Path("b"), 29.97, "p2", (macro,)),
    ]


def test_spotting_recognition_and_counts_follow_the_rules(tmp_path: Path) -> None:
    run = evaluate_long_videos(LongPlan(_videos(), Watcher(), "7"))  # type: ignore[arg-type]
    ours = run.figures.methods[OURS]
    assert (ours.micro.true, ours.micro.called, ours.micro.hits) == (2, 4, 1)
    assert ours.micro.f1 == pytest.approx(2 / 6)
    assert ours.macro is not None and (ours.macro.true, ours.macro.called, ours.macro.hits) == (1, 2, 1)
    assert ours.overall is not None and ours.overall.f1 == pytest.approx(2 * 2 / 9)
    assert ours.recognised == 1 and ours.recognition_f1 == 1.0
    assert ours.strs == pytest.approx(ours.micro.f1)
    minutes = sum(s.seconds for s in run.samples) / 60
    assert ours.false_per_minute == pytest.approx(3 / minutes, abs=0.001)
    # Two micro-expressions and a macro-expression are answered of each video.
    counts = ours.questions.counts
    assert counts["micro"].mae == 1.0 and counts["macro"].mae == 0.5 and counts["any"].mae == 1.5
    assert run.figures.mean_counts["micro"].mae == 1.0
    # Units of the first video: 6, 12 and 4 are true; 4, 6, 7 and 12 are answered of both.
    assert ours.questions.units_f1 == pytest.approx(2 * 3 / (3 + 8))
    assert ours.questions.units_jaccard == pytest.approx((3 / 4 + 0) / 2)
    assert ours.questions.first_seconds == pytest.approx(0, abs=0.01) and ours.questions.first_asked == 1
    write_run(tmp_path / "run.json", run)
    again = read_run(tmp_path / "run.json")
    assert isinstance(again, LongRun) and again.figures == run.figures


def test_a_trace_is_kept_and_spotted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.arange(90) / 30
    motion = RegionalMotion(
        frames=np.arange(90), times=times, displacement=np.zeros((90, 29, 2), np.float32),
        head=np.zeros((90, 3), np.float32), eye_opening=np.full((90, 2), 0.3, np.float32),
        regions=REGION_NAMES, inter_ocular=200.0,
    )  # fmt: skip
    points = np.random.default_rng(0).normal(100, 30, (468, 3)).astype(np.float32)
    first = FaceObservation(0, 0.0, 1, (1.0, 2.0, 3.0, 4.0), Landmarks(points), 0.9)
    seen = Watched(first, {0: Roi(1.0, 2.0, 3.0, 0.5), 1: None, 5: Roi(4.0, 5.0, 6.0)}, motion)
    keep_watched(tmp_path / "kept.npz", [seen, Watched(first)], 90)
    (again,), frames = kept_watched(tmp_path / "kept.npz")
    assert frames == 90 and again.places == seen.places and again.person == 1
    assert again.first.box == first.box and np.array_equal(again.first.landmarks.points, points)
    assert again.motion is not None and np.array_equal(again.motion.eye_opening, motion.eye_opening)

    watched: list[str] = []

    def watch(self: Analyzer, media: object, progress: object) -> tuple[list[Watched], int]:
        watched.append("watched")
        return [seen], 90

    monkeypatch.setattr(Analyzer, "_watch", watch)
    clip = tmp_path / "still.mp4"
    film = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (64, 64))
    for _ in range(90):
        film.write(np.zeros((64, 64, 3), np.uint8))
    film.release()
    video = LongVideo(clip, 30.0, "p", ())
    first_time = VideoWatcher(tmp_path / "cache").watch(video)
    other_dial = VideoWatcher(tmp_path / "cache", 3.0).watch(video)
    assert watched == ["watched"], "another dial watches nothing again"
    assert len(list((tmp_path / "cache").glob("*.json"))) == 2
    assert first_time.motion is not None and other_dial.motion is not None
    assert other_dial.report.people[0].frames_seen == 3


def test_a_sheet_that_must_not_answer_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from mellm.facs.learned_emotion import shipped_emotion_model

    whole = shipped_emotion_model()
    left: list[str] = []

    class Spy:
        def without(self, sheet: str) -> object:
            left.append(sheet)
            return whole.without(sheet)

    monkeypatch.setattr("mellm.evaluate.long_videos.shipped_emotion_model", lambda: Spy())
    evaluate_long_videos(LongPlan(_videos(), Watcher(), "3", without="casme3"))  # type: ignore[arg-type]
    assert set(left) == {"casme3"}


def test_an_event_that_stands_twice_is_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mellm.evaluate.long_truth._rate", lambda path: 30.0)
    (tmp_path / "a.mp4").touch()
    events = [TrueEvent("a.mp4", "p", "micro", 1, 2, 3), TrueEvent("a.mp4", "p", "micro", 5, 6, 7)]
    write_truth(tmp_path, [*events, events[0]])
    (video,) = read_truth(tmp_path)
    assert video.events == tuple(events)
    assert "row 4: this event stands there already" in caplog.text


def test_a_table_of_truth_is_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=TRUTH):
        read_truth(tmp_path)
    write_truth(tmp_path, [TrueEvent("a.mp4", "p", "micro", 1, 2, 3)])
    with pytest.raises(InputError, match=r"a\.mp4, which is not"):
        read_truth(tmp_path)
    text = (tmp_path / TRUTH).read_text().replace(",1,2,3", ",one,2,3")
    (tmp_path / TRUTH).write_text(text)
    with pytest.raises(InputError, match="row 2"):
        read_truth(tmp_path)


def test_an_event_can_be_put_later() -> None:
    event = Scheduled("micro", 1.0, 1.2, 1.4, "12")
    assert event.later(2.0) == replace(event, onset=3.0, apex=3.2, offset=3.4)
