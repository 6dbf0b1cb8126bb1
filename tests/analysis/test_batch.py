"""Many clips: one row each, failures listed, resumed, the same with one worker and two."""

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from mellm import Settings
from mellm.analysis.batch import Job, Row, Worker, find_clips, fitting_rate, run_batch, run_local
from mellm.errors import InputError
from mellm.media import open_media
from mellm.simulate.generated_clip import ClipTruth

BY_RULES = Settings(llm="none")
"""Every process would load the language model first."""


@pytest.fixture
def recordings(smile_clip: tuple[Path, ClipTruth], brief_clip: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(smile_clip[0], folder / "smile.mp4")
    shutil.copy(brief_clip, folder / "deep" / "brief.mp4")
    (folder / "broken.mp4").write_bytes(b"\x00" * 5000)
    return folder


def test_settings_that_fit_no_analysis_are_refused_in_one_sentence(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Only the built-in model is told"):
        run_batch(recordings, tmp_path / "out", BY_RULES.model_copy(update={"told": True}), workers=2)


def test_every_clip_is_a_row_and_a_second_run_does_nothing_again(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = run_batch(recordings, out, BY_RULES, workers=2)
    assert [(r.clip, r.status) for r in rows] == [
        ("broken.mp4", "failed"),
        (str(Path("deep") / "brief.mp4"), "done"),
        ("smile.mp4", "done"),
    ]
    assert "broken.mp4" in rows[0].error
    assert rows[2].micro_expressions == 1 and rows[2].emotions == "happiness" and "12" in rows[2].action_units
    assert Path(rows[1].report).is_file()
    with (out / "clips.csv").open(newline="", encoding="utf-8") as file:
        assert [r["clip"] for r in csv.DictReader(file)] == [r.clip for r in rows]
    assert pq.read_table(out / "clips.parquet").num_rows == 3

    asked: list[Job] = []

    def only_ask(jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
        asked.extend(jobs)
        yield from (Row(job.name, "failed", "asked") for job in jobs)

    again = run_batch(recordings, out, BY_RULES, run=only_ask)
    assert [job.name for job in asked] == ["broken.mp4"]
    assert [replace(r, seconds=0) for r in again[1:]] == [replace(r, seconds=0) for r in rows[1:]]
    run_batch(recordings, out, Settings(llm="none", language="zh"), run=only_ask)
    assert len(asked) == 4, "other settings make another report"


def test_the_table_grows_with_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"x")
    table = tmp_path / "out" / "clips.csv"
    seen = []

    def work(jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
        for job in jobs:
            seen.append(table.read_text("utf-8").count("done") if table.exists() else 0)
            yield Row(job.name, "done")

    monkeypatch.setattr("mellm.analysis.batch.TABLE_EVERY", 0.0)
    run_batch(tmp_path, tmp_path / "out", BY_RULES, run=work)
    assert seen == [0, 1, 2] and table.read_text("utf-8").count("done") == 3


def test_a_process_that_dies_takes_only_its_clip(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name of the clip tells the worker process, which has its own memory, to end itself.
    (recordings / "deadly.mp4").write_bytes(b"")
    monkeypatch.setattr("mellm.analysis.batch._do", _end_on_deadly)
    jobs = [Job(str(p), p.name, str(tmp_path / p.name)) for p in find_clips(recordings)]
    rows = {row.clip: row for row in run_local(jobs, BY_RULES, 2)}
    assert set(rows) == {job.name for job in jobs}
    assert "process" in rows["deadly.mp4"].error
    assert rows["smile.mp4"].status == "done" and rows["brief.mp4"].status == "done"


def _end_on_deadly(job: Job) -> Row:
    if job.name == "deadly.mp4":
        os._exit(9)
    return Worker(BY_RULES).do(job)


def test_folders_of_pictures_are_clips_and_reports_are_not(tmp_path: Path) -> None:
    for name in ("sub01/EP01/img1.jpg", "sub01/EP01/img2.jpg", "a.mellm/x.mp4", "b.mp4", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert find_clips(tmp_path) == [tmp_path / "b.mp4", tmp_path / "sub01/EP01"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no videos"):
        find_clips(tmp_path / "empty")


def test_the_same_on_a_ray_cluster_of_two_nodes(recordings: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install mellm[ray])")
    from ray.cluster_utils import Cluster

    from mellm.analysis.ray_cluster import RayRunner

    local = run_batch(recordings, tmp_path / "local", BY_RULES)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        on_ray = run_batch(recordings, tmp_path / "ray", BY_RULES, workers=2, run=RayRunner(cluster.address))
    finally:
        cluster.shutdown()
    for here, there in zip(local, on_ray, strict=True):
        assert replace(here, seconds=0, report="") == replace(there, seconds=0, report="")


def test_every_kind_of_picture_the_media_stage_reads_makes_a_clip(tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "sub01"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"img{number}.webp").write_bytes(b"x")
    assert find_clips(tmp_path / "recordings") == [folder]


def test_a_rate_for_folders_of_pictures_leaves_videos_theirs(
    recordings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = recordings / "frames"
    pictures.mkdir()
    for number in (1, 2, 3):
        cv2.imwrite(str(pictures / f"{number}.png"), np.zeros((64, 64, 3), np.uint8))
    given = Settings(llm="none", fps=200)
    seen: list[Settings] = []

    def only_ask(jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
        seen.append(settings)
        yield from (Row(job.name, "failed", "asked") for job in jobs)

    run_batch(recordings, tmp_path / "out", given, run=only_ask)
    assert "videos keep their own rates" in caplog.text
    (settings,) = seen
    assert settings.recorded() == {**given.recorded(), "fps_of": "untimed"}
    overrule = settings.fps_of == "all"
    with open_media(recordings / "smile.mp4", fps=200, overrule=overrule) as media:
        assert media.info.fps == 30
    with open_media(pictures, fps=200, overrule=overrule) as media:
        assert media.info.fps == 200

    videos = [recordings / "smile.mp4", recordings / "broken.mp4"]
    assert fitting_rate(given, videos) == given == fitting_rate(given, [pictures])
    with open_media(videos[0], fps=given.fps) as media:
        assert media.info.fps == 200


def test_a_stream_without_times_takes_the_rate_given_for_folders(tmp_path: Path) -> None:
    stream = tmp_path / "raw.h264"
    with av.open(str(stream), "w", format="h264") as container:
        coded = container.add_stream("libx264", rate=30)
        coded.width = coded.height = 64
        for level in range(10):
            picture = np.full((64, 64, 3), 20 * level, np.uint8)
            container.mux(coded.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(coded.encode(None))
    with open_media(stream) as media:
        assert not media.has_times
    with open_media(stream, fps=50, overrule=False) as media:
        assert media.info.fps == 50
        assert [frame.time for frame in media.frames()] == [k / 50 for k in range(10)]
