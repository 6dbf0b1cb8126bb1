"""Folders as people have them: what is a clip, what is left out and why, linked folders, previews."""

from pathlib import Path

import pytest

from mellm.errors import InputError
from mellm.media import open_media
from mellm.media.folder_contents import holds_clips, left_out_message, look_through


def made(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def clips(root: Path) -> list[str]:
    return [clip.relative_to(root).as_posix() for clip in look_through(root).clips]


def left_out(root: Path) -> dict[str, str]:
    return {one.path.relative_to(root).as_posix(): one.why for one in look_through(root).left_out}


CAMERAS = """00001.MTS 00002.m2ts MOV001.MOD M2U00.TOD clip.3gp clip.3g2 old.flv A001.MXF tape.dv VTS_01_1.VOB
web.ogv GX010001.MP4 raw.h265 x.F4V y.asf"""


@pytest.mark.parametrize("name", CAMERAS.split())
def test_every_camera_s_ending_is_a_clip(name: str, tmp_path: Path) -> None:
    assert clips(made(tmp_path, name)) == [name]


def test_the_system_s_files_are_no_recordings_and_are_named(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        *("a.mp4", "._a.mp4", "Thumbs.db", "s01/img1.png", "s01/img2.png", "s01/._img1.png", "notes.txt"),
        *("__MACOSX/._i1.jpg", "__MACOSX/._i2.jpg", "@eaDir/T1.jpg", "@eaDir/T2.jpg", ".git/annex/a.mp4"),
        *(".Trash-1000/files/old.mp4", "$RECYCLE.BIN/b.mp4", ".thumbnails/1.png", ".thumbnails/2.png"),
        *("GX01.LRV", "GX01.THM", "earlier/report.json", "earlier/me1_onset.png", "earlier/me1_apex.png"),
    )
    assert clips(root) == ["a.mp4", "s01"]
    assert left_out(root) == {
        **dict.fromkeys(("._a.mp4", "Thumbs.db", "s01/._img1.png", "__MACOSX", "@eaDir"), "system"),
        **dict.fromkeys((".git", ".Trash-1000", "$RECYCLE.BIN", ".thumbnails"), "system"),
        **{"notes.txt": "other", "GX01.LRV": "preview", "GX01.THM": "preview", "earlier": "report"},
    }
    said = str(left_out_message(look_through(root).left_out, root))
    assert said.startswith("13 left out: 9 hidden or of the system ($RECYCLE.BIN, ")
    assert "1 file of other kinds (notes.txt)" in said and "1 folder of reports (earlier)" in said
    assert left_out_message([], root) is None


def test_linked_folders_are_looked_through_once_and_loops_end(tmp_path: Path) -> None:
    raw = made(tmp_path / "raw", "s02/b.mp4", "s03/img1.png", "s03/img2.png")
    study = made(tmp_path / "study", "s01/a.mp4")
    for name, target in {
        "a-link-to-s01": study / "s01",
        "loop": study,
        "above": tmp_path,
        "s02": raw / "s02",
        "s03": raw / "s03",
        "again": raw / "s02",
        "gone": tmp_path / "nowhere",
    }.items():
        (study / name).symlink_to(target)
    (raw / "s02" / "back").symlink_to(study)
    assert clips(study) == ["again/b.mp4", "s01/a.mp4", "s03"]
    assert left_out(study) == {
        **dict.fromkeys(("a-link-to-s01", "loop", "above", "s02", "again/back"), "linked"),
        "gone": "unreadable",
    }


def test_pictures_beside_clips_are_previews_unless_they_are_many_and_numbered(tmp_path: Path) -> None:
    root = made(tmp_path / "rec", "a.mp4", "b.mp4", "a.jpg", "b.jpg")
    assert holds_clips(root) and clips(root) == ["a.mp4", "b.mp4"]
    assert left_out(root) == {"a.jpg": "preview", "b.jpg": "preview"}
    with pytest.raises(InputError, match=r"rec holds 2 clips \(a.mp4 ...\) and 2 pictures that look"):
        open_media(root, fps=30)

    deep = made(
        tmp_path / "deep", "cover1.jpg", "cover2.jpg", "s01/a.mp4", "s01/poster1.jpg", "s01/poster2.jpg"
    )
    assert holds_clips(deep) and clips(deep) == ["s01/a.mp4"]

    both = made(tmp_path / "both", "s01/a.avi", *(f"s01/img{k}.png" for k in range(20)))
    assert clips(both) == ["s01", "s01/a.avi"]
    [note] = look_through(both).notes
    assert str(note).startswith("s01 holds clips and 20 numbered pictures")
    assert not holds_clips(both / "s01")


def test_a_recording_with_a_clip_beside_it_says_what_is_not_read(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(12):
        Image.new("RGB", (32, 32)).save(tmp_path / f"img{number}.png")
    made(tmp_path, "made of it.avi", "._img3.png")
    with open_media(tmp_path, fps=30) as media:
        assert media.info.frames == 12
        assert [warning.code for warning in media.warnings] == ["media.clips_passed_over"]


def test_nothing_to_analyse_says_what_is_there(tmp_path: Path) -> None:
    from mellm.analysis.batch import find_clips

    with pytest.raises(InputError, match=r"holds no videos.*1 file of other kinds \(notes.docx\)"):
        find_clips(made(tmp_path, "notes.docx"))
