"""The figures of evaluations, as types: what a run holds under `figures`, each kind in its own model.

Shares and scores lie between 0 and 1. Fields an evaluation does not set are left out of its file.
"""

from pydantic import BaseModel

Interval = tuple[float, float]
"""Low and high end of a 95% interval over people."""


class ClassFigures(BaseModel):
    """Figures of one class; `support` counts its true samples."""

    f1: float
    precision: float
    recall: float
    support: int


class UnitClassFigures(BaseModel):
    """Figures of one action unit; `support` counts the samples that show it."""

    f1: float
    precision: float
    recall: float
    balanced_accuracy: float
    support: int


class SideFigures(BaseModel):
    """How often the half with the stronger score is the coded one; None where nothing was asked.

    one_sided: one-sided codes; found: those of them whose unit was called
    """

    one_sided: int
    stronger_half_right: float | None
    found: int
    stronger_half_right_of_found: float | None


class UnitFigures(BaseModel):
    """Figures of action units.

    unreadable: samples whose codes cannot be read
    macro_f1_frequent: mean F1 of the `frequent_units` units with enough samples
    side_accuracy: share of one-sided true units, if called, that are called on the same side alone (None
        where there is none), over `side_asked` of them
    per_unit: AU number -> its figures
    per_measurement: the same figures by each measurement of the flow alone, where there are several
    """

    samples: int = 0
    unreadable: int = 0
    macro_f1: float = 0.0
    macro_f1_frequent: float = 0.0
    frequent_units: int = 0
    macro_balanced_accuracy: float = 0.0
    side_accuracy: float | None = None
    side_asked: int = 0
    per_unit: dict[str, UnitClassFigures] = {}
    sides: SideFigures | None = None
    per_measurement: list["UnitFigures"] = []


class TextFigures(BaseModel):
    """How sound a language model's readings are, as shares of all of them.

    well_formed: three parts, known units with one label of the set, or the statement that there is nothing
    as_written: the same of what the model wrote before its conclusion was made valid
    consistent: the units concluded are those spoken of as seen, and the label is one the reasoning names
    claims, claims_supported: claims on regions, directions, sizes and units, and the share measured so
    units, units_without_evidence: units concluded that the 29 regions can show, and the share that none of
    them bears out
    median_seconds: per reading
    """

    readings: int
    well_formed: float
    as_written: float
    consistent: float
    claims: int
    claims_supported: float
    units: int = 0
    units_without_evidence: float = 0.0
    median_seconds: float


class CostFigures(BaseModel):
    """What readings cost, over all samples.

    measuring_seconds, reading_seconds: medians a sample
    characters_sent, characters_written, pictures: means a sample, of language models
    price: of all samples, by the prices given, a token counted as four characters; None without prices
    """

    measuring_seconds: float
    reading_seconds: float
    characters_sent: float = 0.0
    characters_written: float = 0.0
    pictures: float = 0.0
    price: float | None = None


class LabelFigures(BaseModel):
    """Figures of emotion labels; `confusion[i][j]` counts truth i called j, in the order of `labels`.

    ece: expected calibration error; per_dataset: the same figures of each set, where there are several
    per_measurement: the same figures by each measurement of the flow alone, where there are several
    trained_on: samples of the training sheet
    facs_stage, units, text: of a language model, what the FACS stage alone scores, its units, its text
    unanswered: samples without a label in the answer, counted as wrong; unmeasured: those of them
        whose frames could not be used
    left_out: why -> samples of the sheet that take no part; cost: of readings of frames
    """

    samples: int = 0
    people: int = 0
    accuracy: float
    uf1: float
    uar: float
    uf1_interval: Interval = (0.0, 1.0)
    uar_interval: Interval = (0.0, 1.0)
    ece: float = 0.0
    per_class: dict[str, ClassFigures]
    labels: list[str] = []
    confusion: list[list[int]] = []
    per_dataset: dict[str, "LabelFigures"] = {}
    per_measurement: list["LabelFigures"] = []
    trained_on: int = 0
    facs_stage: "LabelFigures | None" = None
    units: UnitFigures | None = None
    text: TextFigures | None = None
    unanswered: int = 0
    unmeasured: int = 0
    left_out: dict[str, int] = {}
    cost: CostFigures | None = None


class LabelSummary(BaseModel):
    """Accuracy, UF1 and UAR of answers that are labels."""

    accuracy: float
    uf1: float
    uar: float


class TextOverlap(BaseModel):
    """How close the wording of answers is to the references."""

    bleu: float
    rouge1: float
    rougeL: float  # noqa: N815 - the measure's name


class VQAFigures(BaseModel):
    """Figures of ME-VQA, each kind of question by its measure; a kind nobody asked is left out.

    unanswered: questions of the file that were not asked; questions: kind -> how many were
    """

    unanswered: int = 0
    questions: dict[str, int]
    coarse: LabelSummary | None = None
    fine: LabelSummary | None = None
    units_f1: float = 0.0
    shown_accuracy: float = 0.0
    side_accuracy: float = 0.0
    units_text: TextOverlap | None = None
    spoken_text: TextOverlap | None = None
