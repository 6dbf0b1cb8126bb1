"""Where results go is looked at before the work; nothing is left behind, and what exists is not touched."""

import os
from pathlib import Path

import pytest

from mellm.errors import InputError
from mellm.targets import check_file, check_folder


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path: Path) -> None:
    assert check_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert check_folder(str(tmp_path)) == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below", "file/far/below", "x" * 300, "nul\0"])
def test_a_folder_that_cannot_be_made_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="choose another"):
        check_folder(tmp_path / name)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "away" / "gone")
    with pytest.raises(InputError, match="choose another"):
        check_folder(tmp_path / "link")


def test_a_file_may_be_new_or_there_already(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    assert check_file(tmp_path / "there") == tmp_path / "there"
    check_file(tmp_path / "new")
    check_file(tmp_path / "deep" / "new", parents=True)
    assert [p.name for p in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "kept"


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "no" / "f.csv", "there is no folder")):
        with pytest.raises(InputError, match=words):
            check_file(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_permission_is_asked_for(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        for check in (check_folder, check_file):
            with pytest.raises(InputError, match="ermission"):
                check(tmp_path / "x")
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that takes no files")
def test_a_file_system_that_takes_no_files_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing can be written"):
        check_folder("/proc/reports")
