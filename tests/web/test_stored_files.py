"""What a store's folders give out while results move through them."""

from pathlib import Path

from mellm.web.stored_files import StoredFiles

JOB = "0123456789abcdef0123"


class MovingFiles(StoredFiles):
    """A store in which the draft becomes the result right after the first look at the result."""

    draft: Path | None = None

    def read(self, file: Path) -> bytes | None:
        found = super().read(file)
        if self.draft is not None:
            self.finish(self.draft, JOB)
            self.draft = None
        return found


def test_a_picture_is_found_while_its_result_moves(tmp_path: Path) -> None:
    files = MovingFiles(tmp_path)
    draft = files.draft_folder()
    (draft / "me1_apex.png").write_bytes(b"picture")
    (draft / "report.json").write_text("{}", encoding="utf-8")
    assert files.picture(JOB, draft, "me1_apex.png") == b"picture"
    files.draft = draft
    assert files.picture(JOB, draft, "me1_apex.png") == b"picture"
    assert files.result(JOB).is_dir() and not draft.exists()
    assert files.picture(JOB, None, "me1_apex.png") == b"picture"
    assert files.picture(JOB, None, "me1_onset.png") is None
    assert files.picture(JOB, None, "report.json") is None
