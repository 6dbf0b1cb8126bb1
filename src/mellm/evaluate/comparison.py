"""Compare two runs on the samples they share: which is better, and could it be chance."""

from pathlib import Path
from typing import Any

import numpy as np

from mellm.errors import InputError
from mellm.evaluate.output import read_run
from mellm.evaluate.uncertainty import accuracy_of, confusion_by_person, paired_test, uar_of, uf1_of


def compare_runs(first: str | Path, second: str | Path, seed: int = 0) -> dict[str, Any]:
    """Return, for accuracy, UF1 and UAR, both figures, the difference (second - first), its interval and p.

    Raises InputError where the runs share no sample, disagree on a truth, or are not about single labels.
    """
    a, b = (_by_key(path) for path in (first, second))
    shared = [key for key in a if key in b]
    if not shared:
        raise InputError(f"'{first}' and '{second}' have no sample in common; compare runs on the same data.")
    wrong = next((key for key in shared if a[key]["truth"] != b[key]["truth"]), None)
    if wrong is not None:
        raise InputError(
            f"The runs disagree on the truth of sample '{wrong}'; compare runs on the same sheet."
        )
    if isinstance(a[shared[0]]["truth"], list):
        raise InputError("Runs of action units cannot be compared yet; compare runs of emotion labels.")
    truth = [a[key]["truth"] for key in shared]
    people = [f"{a[key]['dataset']}/{a[key]['subject']}" for key in shared]
    runs = [[run[key]["prediction"] for key in shared] for run in (a, b)]
    labels = sorted({*truth, *runs[0], *runs[1]})
    counts = [confusion_by_person(truth, called, people, labels) for called in runs]
    figures: dict[str, Any] = {}
    for name, figure in (("accuracy", accuracy_of), ("uf1", uf1_of), ("uar", uar_of)):
        values = [float(figure(c.sum(axis=0))) for c in counts]
        figures[name] = {
            "first": values[0],
            "second": values[1],
            **paired_test(counts[0], counts[1], figure, seed),
        }
    agree = float(np.mean([x == y for x, y in zip(*runs, strict=True)]))
    return {"samples": len(shared), "people": len(counts[0]), "agreement": agree, **figures}


def _by_key(path: str | Path) -> dict[str, dict[str, Any]]:
    return {f"{s['dataset']}/{s['subject']}/{s['key']}": s for s in read_run(path)["samples"]}
