"""Rows of the board made of runs: the figures of a run with the counts that speak for them."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from mellm.datasets.vqa_questions import QuestionKind, kind_of
from mellm.errors import InputError
from mellm.evaluate.board_rows import About, BoardRow, Line, Task, UnitCounts
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.figures import Interval, LabelFigures
from mellm.evaluate.runs import (
    Answer,
    LabelRun,
    LongRun,
    SampleResult,
    SpottingRun,
    UnitRun,
    VQARun,
    read_run,
)
from mellm.evaluate.spotting_figures import MethodFigures
from mellm.evaluate.uncertainty import Figure, bootstrap_interval, confusion_by_person, uar_of, uf1_of
from mellm.evaluate.vqa_answers import OTHER, label_set


def row_of(file: Path, about: About) -> BoardRow:
    """Return the row of a run.

    Raises InputError for a run of a kind that the board does not have, and for one that does not say its day.
    """
    run = read_run(file)
    made = run.provenance
    if not made.date:
        raise InputError(f"{file.name} does not say when it was made: make the run again with --json.")
    return BoardRow(
        format="mellm board 1",
        **about.model_dump(exclude={"command"}),
        task=_task(run),
        protocol=made.setting("protocol") or "zero-shot",
        command=about.command or made.command or "",
        mellm_version=made.mellm_version,
        seed=made.seed,
        date=made.date,
        commit=made.commit,
        machine=made.machine,
        run_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        lines=list(_lines(run)),
    )


def _task(run: object) -> Task:
    for kind, task in _KINDS.items():
        if isinstance(run, kind):
            return task
    if not isinstance(run, LabelRun):
        raise InputError(
            "The board has rows of emotions, units, questions and spotting; this run is another kind."
        )
    if run.provenance.setting("moment"):
        return "emotions from frames"
    return "emotions from coded units" if run.provenance.setting("convention") else "emotions"


_KINDS: dict[type, Task] = {
    LongRun: "long videos",
    UnitRun: "units",
    VQARun: "questions",
    SpottingRun: "spotting in real clips",
}


def _lines(run: object) -> Iterable[Line]:
    if isinstance(run, LabelRun):
        yield _label_line("all" if run.figures.per_dataset else run.samples[0].dataset, run.figures)
        for name, figures in run.figures.per_dataset.items():
            yield _label_line(name, figures)
    elif isinstance(run, UnitRun):
        yield _unit_line("all", run)
    elif isinstance(run, VQARun):
        yield from _question_lines(run)
    elif isinstance(run, LongRun):
        for name, m in run.figures.methods.items():
            yield Line(
                set=name,
                samples=max(run.figures.videos, 1),
                people=run.figures.people,
                spotting_f1=_round(m.micro.f1),
                uf1=_round(m.recognition_f1),
                strs=_round(m.strs),
                false_per_minute=m.false_per_minute,
            )

    elif isinstance(run, SpottingRun):
        for name, one in run.figures.methods.items():
            yield _spotting_line(name, one, {sample.person for sample in run.samples})


def _spotting_line(name: str, f: MethodFigures, people: set[str]) -> Line:
    put_in: dict[str, int] = {}
    found: dict[str, int] = {}
    for by_peak in f.recall.values():
        for peak, one in by_peak.items():
            put_in[peak] = put_in.get(peak, 0) + one.put_in
            found[peak] = found.get(peak, 0) + one.found
    return Line(
        set=name,
        samples=max(sum(put_in.values()), 1),
        people=len(people),
        spotting_f1=_round(f.f1),
        false_per_minute=f.false_per_minute["all"],
        recall={peak: _round(found[peak] / count) for peak, count in put_in.items()},
    )


def _question_lines(run: VQARun) -> Iterable[Line]:
    """A line for every kind of question that was asked."""
    f = run.figures
    for kind, asked in f.questions.items():
        if not asked:
            continue
        rows = [s for s in run.samples if kind_of(s.question) == kind]
        people = len({s.person for s in rows})
        if kind in (QuestionKind.COARSE, QuestionKind.FINE):
            yield _answered_labels(kind, rows)
        elif kind in (QuestionKind.UNITS, QuestionKind.SPOKEN):
            named = kind == QuestionKind.UNITS
            text = f.units_text if named else f.spoken_text
            yield Line(
                set=kind,
                samples=asked,
                people=people,
                unit_f1=_round(f.units_f1) if named else None,
                bleu=_round(text.bleu) if text else None,
                rouge_l=_round(text.rougeL) if text else None,
            )
        else:
            share = f.shown_accuracy if kind == QuestionKind.SHOWN else f.side_accuracy
            yield Line(set=kind, samples=asked, people=people, accuracy=_round(share))


def _answered_labels(kind: str, rows: Sequence[SampleResult]) -> Line:
    labels = label_set(str(s.truth) for s in rows)
    given = [str(s.prediction) if s.prediction in labels else OTHER for s in rows]
    counts = confusion_by_person([str(s.truth) for s in rows], given, [s.person for s in rows], labels)
    share = len(labels) / (len(labels) - 1)  # the mean over the labels asked for, not over the last one

    def interval(figure: Figure) -> Interval:
        low, high = bootstrap_interval(counts, figure)
        return _round(float(low) * share), _round(float(high) * share)

    total = counts.sum(axis=0)
    return Line(
        set=kind,
        samples=len(rows),
        people=len(counts),
        classes=len(labels) - 1,
        uf1=_round(float(uf1_of(total)) * share),
        uf1_interval=interval(uf1_of),
        uar=_round(float(uar_of(total)) * share),
        uar_interval=interval(uar_of),
        accuracy=_round(float(total.trace() / total.sum())),
        confusion=total.astype(int).tolist(),
    )


def _label_line(name: str, f: LabelFigures) -> Line:
    return Line(
        set=name,
        samples=f.samples,
        people=f.people,
        classes=len(f.per_class),
        uf1=_round(f.uf1),
        uf1_interval=_rounded(f.uf1_interval),
        uar=_round(f.uar),
        uar_interval=_rounded(f.uar_interval),
        accuracy=_round(f.accuracy),
        unit_f1=None if f.units is None else _round(f.units.macro_f1),
        confusion=f.confusion,
    )


def _unit_line(name: str, run: UnitRun) -> Line:
    f = run.figures
    scores = UnitScores(tuple(map(int, f.per_unit)))
    scores.update([_codes(s.truth) for s in run.samples], [_codes(s.prediction) for s in run.samples])
    return Line(
        set=name,
        samples=f.samples,
        people=len({s.person for s in run.samples}),
        classes=len(f.per_unit),
        unit_counts={
            str(unit): UnitCounts(hits=c[1, 1], called=c[:, 1].sum(), true=c[1].sum())
            for unit, c in zip(scores.units, scores.counts, strict=True)
        },
        unit_f1=_round(f.macro_f1),
        unit_f1_frequent=_round(f.macro_f1_frequent),
    )


def _codes(answer: Answer) -> list[str]:
    return [answer] if isinstance(answer, str) else list(answer)


def _round(value: float) -> float:
    return round(value, 4)


def _rounded(interval: Interval) -> Interval:
    return _round(interval[0]), _round(interval[1])
