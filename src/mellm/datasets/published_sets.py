"""The published sets: where each one's sheet is, what its columns are called, where its frames lie.

One row of `SETS` per set. Column names are matched without case, spaces and punctuation, because copies of
one sheet differ in these. Knows nothing of files on this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mellm import plug_ins
from mellm.errors import InputError


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """How one set is laid out.

    sheets: glob patterns of the annotation sheet below the root, first match wins
    columns: our field -> the sheet's column names, in order of preference
    paths: patterns of a sample's folder (or file) below the root, first that exists wins; fields of the
        sample and every column of the sheet can be named, `{number}` is the subject's number; `*` stands for
        any text
    header: False where the sheet may lack column names; `columns` then holds positions ("0", "1", ...) too
    key: pattern of the sample's key
    fps: frames per second, where the sheet does not say
    subject_width: zero-padding of subject numbers that spreadsheets eat (SAMM: `006`)
    """

    name: str
    title: str
    sheets: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    paths: tuple[str, ...]
    header: bool = True
    key: str = "{subject}_{clip}"
    fps: float | None = None
    subject_width: int = 0
    subject_prefix: str = ""
    remark: str = ""


_TYPE = ("Micro", "Type", "Expression type")
"""Columns that tell micro- from macro-expressions, in sheets that hold both."""

UNIT_COLUMNS = ("Action Units", "AU", "AUs")
EMOTION_COLUMNS = ("Estimated Emotion", "Emotion")

_CASME = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "ApexFrame1", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "action_units": UNIT_COLUMNS,
    "emotion": EMOTION_COLUMNS,
    "type": _TYPE,
}

SETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        DatasetSpec(
            "casme2",
            "CASME II (Yan et al. 2014)",
            ("CASME2-coding*.xlsx", "*coding*.xls*", "casme2*.csv", "*.csv", "*.xlsx"),
            _CASME,
            ("Cropped/{subject}/{clip}", "CASME2-RAW/{subject}/{clip}", "CASME2_RAW/{subject}/{clip}",
             "{subject}/{clip}"),
            fps=200,
            subject_width=2,
            subject_prefix="sub",
        ),
        DatasetSpec(
            "samm",
            "SAMM (Davison et al. 2018)",
            ("SAMM_*Micro_FACS*.xls*", "SAMM_Long*.xls*", "*SAMM*.xls*", "samm*.csv", "*.csv", "*.xlsx"),
            _CASME | {
                "onset": ("Onset Frame", "Onset"),
                "apex": ("Apex Frame", "Apex"),
                "offset": ("Offset Frame", "Offset"),
            },
            ("SAMM/{subject}/{clip}", "{subject}/{clip}"),
            key="{clip}",
            fps=200,
            subject_width=3,
        ),
        DatasetSpec(
            "smic-hs-e",
            "SMIC-HS-E (Li et al. 2013)",
            ("*HS*E*.csv", "*HS*E*.xls*", "smic*.csv", "*.csv", "*.xlsx"),
            {
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetF",),
                "offset": ("OffsetF",),
                "first": ("FirstF",),
                "emotion": ("Emotion",),
            },
            ("HS_long/SMIC_HS_E/{subject}/{clip}", "SMIC_HS_E/{subject}/{clip}", "{subject}/{clip}"),
            key="{clip}",
            fps=100,
            remark="no apex frames and no action units are annotated",
        ),
        DatasetSpec(
            "casme2-spotting",
            "CAS(ME)2 (Qu et al. 2018)",
            ("*CAS(ME)*2*.csv", "CAS(ME)^2code_final*.xls*", "cas*.csv", "*.csv", "*.xlsx"),
            {
                "subject": ("0", "Subject", "participant"),
                "clip": ("1", "Filename", "clip", "video"),
                "onset": ("2", "Onset", "OnsetFrame"),
                "apex": ("3", "Apex", "ApexFrame"),
                "offset": ("4", "Offset", "OffsetFrame"),
                "action_units": ("5", "AU", "AUs", "Action Units", "au_updated"),
                "emotion": ("6", "Emotion", "Estimated Emotion"),
                "type": ("7", *_TYPE),
                "self_report": ("8", "Self-report", "selfReport"),
            },
            ("rawpic/s{number}/{clip}", "rawpic/{subject}/{clip}", "rawpic/{subject}/{number}_{clip}*",
             "{subject}/{number}_{clip}*", "{subject}/{clip}"),
            header=False,
            key="{subject}_{clip}_{onset}",
            fps=30,
            remark="the names in the sheet and of the folders differ; the workbook's own naming sheets tell "
            "which is which, or naming_rule1.csv and naming_rule2.csv beside a CSV",
        ),
        DatasetSpec(
            "casme3a",
            "CAS(ME)3 part A (Li et al. 2022)",
            ("*part*A*ME*.xls*", "*part*A*.xls*", "*part*a*.csv", "*.csv", "*.xlsx"),
            _CASME | {"objective_class": ("Objective class",)},
            ("part_A/data/part_A/{subject}/{clip}/color", "part_A/{subject}/{clip}/color",
             "{subject}/{clip}/color"),
            key="{subject}_{clip}_{onset}",
            fps=30,
            remark="file names repeat across rows, so the onset is part of the key",
        ),
        DatasetSpec(
            "casme3c",
            "CAS(ME)3 part C (Li et al. 2022)",
            ("*part*C*ME*.xls*", "*part*c*.csv", "*.csv", "*.xlsx"),
            _CASME | {"objective_class": ("Objective class",)},
            ("part_C/data/ME/{subject}/color", "part_C/{subject}/{clip}/color", "part_C/{subject}/color",
             "{subject}/color"),
            key="{subject}_{onset}",
            fps=30,
        ),
        DatasetSpec(
            "dfme",
            "DFME (Zhao et al. 2023)",
            ("*dfme*train*.csv", "*dfme*.csv", "*DFME*.xls*", "*.csv", "*.xlsx"),
            _CASME | {"fps": ("Fps",)},
            ("{clip}", "{subject}/{clip}"),
            key="{clip}",
        ),
        DatasetSpec(
            "4dme",
            "4DME (Li et al. 2022)",
            ("*4DME*.xls*", "*4dme*.csv", "*.csv", "*.xlsx"),
            {
                "subject": ("sub_ID",),
                "clip": ("fold_name",),
                "onset": ("Onset",),
                "apex": ("Apex",),
                "offset": ("Offset",),
                "action_units": ("AUs", "AU"),
                "emotion": ("Emotion",),
            },
            ("gray_micro/{subject}/{clip}", "{subject}/{clip}", "{clip}"),
            key="{clip}",
            fps=60,
            remark="an action unit marked (k) is excluded by the coders; the mark is kept",
        ),
        DatasetSpec(
            "mmew",
            "MMEW (Ben et al. 2021)",
            ("MMEW_Micro_Exp*.xls*", "*mmew*.csv", "*.csv", "*.xlsx"),
            _CASME | {"remarks": ("remarks", "Remark")},
            ("Micro_Expression/{emotion_written}/{clip}", "{emotion_written}/{clip}"),
            key="{clip}",
            fps=90,
        ),
    )
}  # fmt: skip
"""Name -> layout."""


def get_set(name: str) -> DatasetSpec:
    """Return a set's layout by name; InputError lists the names."""
    key = name.strip().lower()
    spec = SETS.get(key) or plug_ins.load("data_sets", key)
    if spec is None:
        raise InputError(f"There is no set named {name!r}; choose one of {', '.join(set_names())}.")
    if not isinstance(spec, DatasetSpec) or spec.name != key:
        raise InputError(f"The plug-in {name!r} is no DatasetSpec of that name; repair or uninstall it.")
    return spec


def set_names() -> tuple[str, ...]:
    """Return the names `get_set` knows: the package's sets and those of plug-ins."""
    return (*SETS, *plug_ins.names("data_sets", SETS))
