"""Reports that are there already: known by what they were made from, never replaced by another input's."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mellm import Report, Settings, __version__
from mellm.analysis.batch import Job, Row, run_batch
from mellm.analysis.former_results import (
    default_folder,
    former_report,
    inputs_of,
    keep_inputs,
    name_of,
    refuse_report_of_another,
    told_apart,
)
from mellm.errors import InputError
from mellm.report import Provenance, Source

BY_RULES = Settings(llm="none")
GBK = os.fsdecode("中文".encode("gbk"))


def saved(clip: Path, folder: Path, settings: Settings = BY_RULES, apex: Path | None = None) -> None:
    report = Report(
        source=Source(
            path=str(clip),
            apex_path=None if apex is None else str(apex),
            kind="video",
            sha256="0",
            width=1,
            height=1,
            frames=1,
        ),
        people=[],
        micro_expressions=[],
        verdict="nothing",
        provenance=Provenance(
            mellm_version=__version__,
            created="2026-01-01T00:00:00+00:00",
            models={},
            settings=settings.recorded(),
            seconds={},
        ),
    )
    report.save(folder)
    keep_inputs(folder, inputs_of(clip, settings))


def test_a_report_is_kept_for_the_same_content_and_for_no_other(tmp_path: Path) -> None:
    clip, out = tmp_path / "a.mp4", tmp_path / "out"
    clip.write_bytes(b"first take")
    saved(clip, out)
    assert former_report(clip, out, BY_RULES) is not None
    assert former_report(clip, out, Settings(llm="none", language="zh")) is None

    moved = shutil.move(clip, tmp_path / "moved.mp4")
    assert former_report(moved, out, BY_RULES) is not None, "the same content in another place"

    clip.write_bytes(b"second take")
    times = moved.stat()
    os.utime(clip, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert former_report(clip, out, BY_RULES) is None, "replaced, with the old time"

    other = tmp_path / "other" / "a.mp4"
    other.parent.mkdir()
    other.write_bytes(b"another person")
    with pytest.raises(InputError, match=r"holds the report of another clip \(.*a\.mp4\): choose"):
        former_report(other, out, BY_RULES)


def test_files_that_the_settings_name_count_as_well(tmp_path: Path) -> None:
    clip, points, out = tmp_path / "a.mp4", tmp_path / "points.csv", tmp_path / "out"
    clip.write_bytes(b"take")
    points.write_text("frame,x\n")
    settings = Settings(llm="none", landmarks=points)
    saved(clip, out, settings)
    assert former_report(clip, out, settings) is not None
    points.write_text("frame,y\n")
    assert former_report(clip, out, settings) is None


def test_a_folder_s_content_is_its_pictures_by_name(tmp_path: Path) -> None:
    folder, out = tmp_path / "s01", tmp_path / "out"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"img{number}.png").write_bytes(b"x")
    saved(folder, out)
    (folder / "._img1.png").write_bytes(b"the system's")
    assert former_report(folder, out, BY_RULES) is not None
    (folder / "img2.png").rename(folder / "img9.png")
    assert former_report(folder, out, BY_RULES) is None, "numbers are times"


def test_two_inputs_of_one_name_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("take.mp4", "take.mov", "b/take.mov", "on.png", "apex1.png", "apex2.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"x")
    folders = []
    for name in ("take.mp4", "take.mov", "b/take.mov"):
        folder, said = default_folder(Path(name))
        saved(Path(name), folder)
        folders.append(str(folder))
        assert bool(said) == (name != "take.mp4")
        assert default_folder(Path(name).absolute())[0] == folder, "again: its own report is replaced"
    assert folders == ["take.mellm", "take.mov.mellm", "take.mov-2.mellm"]
    for number in (1, 2):
        folder, _ = default_folder(Path("on.png"), Path(f"apex{number}.png"))
        saved(Path("on.png"), folder, apex=Path(f"apex{number}.png"))
    assert Path("on.mellm").is_dir() and Path("on-apex2.mellm").is_dir()

    for name in ("p1.s1", "p1.s2"):
        Path(name).mkdir()
        assert default_folder(Path(name))[0] == Path(f"{name}.mellm")
    assert name_of(Path("p1.s1/..")) == name_of(Path()) == tmp_path.name

    refuse_report_of_another(Path("take.mellm"), Path("take.mp4"))
    with pytest.raises(InputError, match=r"take.mellm holds the report of another input .* \(take.mp4\)"):
        refuse_report_of_another(Path("take.mellm"), Path("take.mov"))


def test_places_that_a_disk_may_mix_up_are_told_apart() -> None:
    names = ("A.mp4.mellm", "a.mp4.mellm", "e\u0301.mellm", "\xe9.mellm", "b.mellm")
    apart = ["A.mp4.mellm", "a.mp4-2.mellm", "e\u0301.mellm", "\xe9-2.mellm", "b.mellm"]
    assert [str(place) for place in told_apart(map(Path, names))] == apart


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_are_not_utf8_reach_every_table(tmp_path: Path) -> None:
    folder, out, told = tmp_path / "rec", tmp_path / "out", list[str]()
    folder.mkdir()
    try:
        (folder / f"{GBK}.mp4").write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (folder / f"{GBK}.doc").write_bytes(b"x")

    def save(jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
        for job in jobs:
            saved(Path(job.path), Path(job.out), settings)
            yield Row(job.name, "done")

    [row] = run_batch(folder, out, BY_RULES, run=save, tell=lambda note: told.append(str(note)))
    assert row.clip == r"\xd6\xd0\xce\xc4.mp4"
    with (out / "left_out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [{"path": r"\xd6\xd0\xce\xc4.doc", "why": "other"}]
    assert told == [r"1 left out: 1 file of other kinds (\xd6\xd0\xce\xc4.doc)."]
    assert Report.load(out / f"{GBK}.mp4.mellm").source.path.endswith(r"\xd6\xd0\xce\xc4.mp4")
    [again] = run_batch(folder, out, BY_RULES, run=save, tell=lambda note: None)
    assert again.report.endswith(r"\xd6\xd0\xce\xc4.mp4.mellm/report.html")
