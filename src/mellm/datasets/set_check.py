"""Is a set whole and consistent? Plain sentences, one per kind of finding, with examples.

Looks at the table and at which frames exist; opens no picture.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mellm.datasets.published_sets import get_set, set_names
from mellm.datasets.sample import Sample
from mellm.facs.codes import is_date, parse_codes
from mellm.media.folder_contents import pictures_in


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of trouble: a sentence, the samples it concerns, and whether they cannot be used."""

    sentence: str
    keys: tuple[str, ...]
    serious: bool


def check(samples: Sequence[Sample], root: str | Path | None = None) -> list[Finding]:
    """Return what is missing or inconsistent, serious things first; with `root`, the frames too."""
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for sample in samples:
        for sentence, serious in _of_sample(sample):
            found[sentence, serious].append(sample.key)
        if root is not None:
            for sentence, serious in _of_frames(sample, Path(root)):
                found[sentence, serious].append(sample.key)
    findings = [Finding(sentence, tuple(keys), serious) for (sentence, serious), keys in found.items()]
    return sorted(findings, key=lambda f: (not f.serious, -len(f.keys)))


def _of_sample(sample: Sample) -> Iterator[tuple[str, bool]]:
    spec = get_set(sample.dataset) if sample.dataset in set_names() else None
    expected = spec.columns if spec else {}
    if sample.onset is None:
        yield "have no onset frame", True
    if sample.apex is None and "apex" in expected:
        yield "have no apex frame; spotting can find one", False
    if sample.offset is None and "offset" in expected:
        yield "have no offset frame", False
    numbers = [n for n in (sample.onset, sample.apex, sample.offset) if n is not None]
    if numbers != sorted(numbers):
        yield "have frames out of order (onset, apex, offset)", True
    if sample.onset is not None and sample.onset == sample.apex:
        yield "have the same frame as onset and apex, so there is no motion to measure", True
    if sample.fps and sample.onset is not None and sample.offset is not None:
        seconds = (sample.offset - sample.onset) / sample.fps
        if seconds > 1.0:
            yield "last more than one second, long for a micro-expression", False
    if not sample.emotion and "emotion" in expected:
        yield "have no emotion", False
    if "action_units" in expected:
        codes = parse_codes(sample.action_units)
        if is_date(sample.action_units):
            yield "have a date that a spreadsheet made of their action units; type these again as text", False
        elif not codes.present:
            yield "have no action units", False
        if codes.remarks and not is_date(sample.action_units):
            yield "have remarks among their action units, which are kept and not scored", False
    if "->" in sample.note:
        yield "were corrected (see the column note)", False


def _of_frames(sample: Sample, root: Path) -> Iterator[tuple[str, bool]]:
    place = root / sample.path
    if place.is_file():
        return
    if not place.is_dir():
        yield "have no frames on this machine", True
        return
    numbers = {_frame_number(picture.stem) for picture in pictures_in(place)}
    if not numbers:
        yield "have a folder without pictures", True
        return
    for name in ("onset", "apex", "offset"):
        number = getattr(sample, name)
        if number is not None and number not in numbers:
            yield f"lack the picture of their {name} frame", name != "offset"


def _frame_number(stem: str) -> int | None:
    """The number a frame's file name ends with: reg_img46 -> 46, 006_05562 -> 5562."""
    digits = ""
    for letter in reversed(stem):
        if not letter.isdigit():
            break
        digits = letter + digits
    return int(digits) if digits else None
