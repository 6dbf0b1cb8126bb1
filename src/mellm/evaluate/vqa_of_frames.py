"""ME-VQA's questions put to a run on frames: of sets that come with a coding sheet and no file of questions.

Questions and true answers are made of what the coders wrote, in the challenge's words; answers are filled
into the challenge's form from what the run says of each sample. Knows sheets and run files, no picture.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from mellm.datasets.vqa_questions import VQAQuestion
from mellm.errors import InputError
from mellm.evaluate.frame_samples import FrameSample, FrameSet, read_samples
from mellm.evaluate.runs import LabelRun, SampleResult, VQARun, provenance, read_run
from mellm.evaluate.vqa_answers import Seen, answer, answered, score_answers
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.truth import coded_truth
from mellm.instruct.vqa_dialogues import questions

_NONE = "none"


def evaluate_frames_vqa(run_file: Path, sets: Sequence[FrameSet], seed: int = 0) -> VQARun:
    """Return the run of answers that follow from a run of `mellm evaluate frames` on the same sets.

    The fine class is one of the classes the run was made with. Raises InputError for another kind of run and
    for sets of which the run has no sample.
    """
    started = time.perf_counter()
    run = read_run(run_file)
    taxonomy = run.provenance.setting("taxonomy")
    if not isinstance(run, LabelRun) or taxonomy is None or run.provenance.setting("moment") is None:
        raise InputError(f"'{run_file}' is not a run of mellm evaluate frames.")
    found = {(s.dataset, s.key): s for s in run.samples}
    samples = read_samples(sets, taxonomy)[0]
    asked = [(one, q) for one in samples if (one.dataset.label, one.key) in found for q in _asked(one, seed)]
    if not asked:
        raise InputError(f"'{run_file}' has no sample of these sets; give them as in its command.")
    answers = [answer(q, _seen(found[one.dataset.label, one.key])) for one, q in asked]
    settings: dict[str, JsonValue] = {
        "model": run.provenance.setting("model"),
        "protocol": "zero-shot",
        "classes": taxonomy,
        "run": run_file.name,
    }
    return VQARun(
        figures=score_answers([q for _, q in asked], answers),
        samples=answered([q for _, q in asked], answers),
        provenance=provenance([run_file, *(one.sheet for one in sets)], settings, seed, started),
    )


def _asked(one: FrameSample, seed: int) -> list[VQAQuestion]:
    """The questions about one sample, with the coders' answers; `seed` chooses the units asked about."""
    truth = coded_truth(one.sample.action_units, one.sample.emotion)
    return [
        VQAQuestion(
            f"{one.dataset.label}_{one.key}_{number}",
            one.dataset.label,
            one.key,
            one.sample.subject,
            one.key,
            q.question,
            q.answer,
        )
        for number, q in enumerate(questions(truth, "en", f"{one.key}|{seed}"), 1)
    ]


def _seen(result: SampleResult) -> Seen:
    """What a run says of a sample, as the answers' form takes it; no label is `none`."""
    label = str(result.prediction) or _NONE
    return Seen(
        coarse=get_taxonomy("3").label_of(label) or _NONE,
        fine=label,
        units=parse_codes("+".join(result.action_units)).units,
        leaning={},
    )
