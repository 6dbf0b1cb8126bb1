"""A comparison as tables of text, for the terminal and the page."""

from mellm.evaluate.comparison import Comparison, Estimate


def comparison_note(found: Comparison) -> str:
    """Say how intervals and p-values came about."""
    tests = len(found.runs) - 1
    return (
        "Intervals: 95%, people redrawn 2,000 times. p: people's answers exchanged between the two runs "
        f"10,000 times, corrected by Holm for the {tests} run{'s' if tests > 1 else ''} compared with "
        f"{found.reference}, figure by figure."
    )


def comparison_tables(found: Comparison) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the tables as (title, columns, rows): figures per set, differences, F1 of the classes."""
    runs, figures = found.runs, found.figures
    sets = [
        [name, run.name, *(_written(run.sets[name].figures[figure]) for figure in figures)]
        for name in runs[0].sets
        for run in runs
    ]
    differences = [
        [
            run.name,
            figure,
            f"{t.difference:+.3f}",
            f"{t.low:+.3f} to {t.high:+.3f}",
            _p(t.p),
            _p(t.p_holm),
        ]
        for run in runs[1:]
        for figure, t in run.against.items()
    ]
    classes = [
        [label, str(f.support), run.name, _written(f)]
        for label in found.classes
        for run in runs
        for f in (run.sets["all"].per_class[label],)
    ]
    return [
        ("Figures (95%)", ["set", "run", *figures], sets),
        (
            f"Difference from {found.reference}",
            ["run", "figure", "difference", "95%", "p", "p, Holm"],
            differences,
        ),
        ("F1 of each class", ["class", "samples", "run", "F1 (95%)"], classes),
    ]


def _written(figure: Estimate) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"
