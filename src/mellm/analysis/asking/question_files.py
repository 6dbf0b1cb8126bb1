"""Files of questions: a question a line, or the challenges' JSON lines, each about a clip of a folder.

An answered file has the lines of the file that was read with `answer` filled in, which is the form in which
ME-VQA and ME-LVQA take submissions. Knows no report.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from mellm.analysis.batch import find_clips
from mellm.errors import InputError

_NAMES = ("video", "filename", "file", "path", "image_id", "video_id", "clip")
"""Fields that may name a clip, the first that leads to one."""


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One question of a file; `fields` are the line's own, empty for a plain line of text."""

    question: str
    fields: dict[str, JsonValue]

    def answered(self, answer: str) -> dict[str, JsonValue]:
        """The line with its answer."""
        return {**(self.fields or {"question": self.question}), "answer": answer}


def read_asked(file: Path) -> list[AskedLine]:
    """Read a file of questions. Raises InputError where it holds none, or a line that is no question."""
    if not file.is_file():
        raise InputError(f"There is no file {file}: give a file with a question a line.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text: save it as UTF-8.") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            found.append(AskedLine(line.strip(), {}))
            continue
        try:
            fields = json.loads(line)
            question = fields["question"]
        except (ValueError, KeyError) as error:
            raise InputError(f"{file.name}, line {number}: not an object with `question`.") from error
        if not isinstance(question, str) or not question.strip():
            raise InputError(f"{file.name}, line {number}: `question` is no text.")
        found.append(AskedLine(question, fields))
    if not found:
        raise InputError(f"{file.name} holds no questions.")
    return found


def write_answers(file: Path, lines: Sequence[AskedLine], answers: Iterable[str]) -> None:
    """Write the lines with their answers, one JSON object a line."""
    rows = (line.answered(answer) for line, answer in zip(lines, answers, strict=True))
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8", errors="backslashreplace")


class Clips:
    """Clips below a folder, as `mellm analyze FOLDER` finds them, by the names that questions give them."""

    def __init__(self, root: Path) -> None:
        """Look through the folder once; raises InputError where it holds no clip."""
        self._root = root
        self._by_name: dict[str, list[Path]] = {}
        for path in find_clips(root):
            for name in {path.name.lower(), path.stem.lower()}:
                self._by_name.setdefault(name, []).append(path)

    def find(self, line: AskedLine) -> Path:
        """Return the clip that a line is about; raises InputError where there is none, or several."""
        given = [str(line.fields[name]) for name in _NAMES if line.fields.get(name)]
        subject = str(line.fields.get("subject", "")).lower()
        for name in given:
            if (self._root / name).exists():
                return self._root / name
            plain = Path(name)
            found = self._by_name.get(plain.name.lower()) or self._by_name.get(plain.stem.lower()) or []
            if len(found) > 1 and subject:
                found = [path for path in found if subject in (part.lower() for part in path.parts)]
            if len(found) == 1:
                return found[0]
            if found:
                raise InputError(f"'{name}' is the name of {len(found)} clips in {self._root}.")
        told = given[0] if given else line.question
        raise InputError(f"No clip in {self._root} is the one of '{told}'.")
