"""ME-VQA's questions put to a language model, zero-shot.

A sample is measured, and looked at by the model's own encoder, when a question first needs it, and once
however many questions there are about it. Answers are kept beside the output while a run lasts.
"""

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mellm.datasets.megc2019 import FlowSet, read_flow_set
from mellm.datasets.vqa_questions import QuestionKind, VQAQuestion, kind_of
from mellm.evaluate.kept_answers import keep, read_kept
from mellm.evaluate.language_models import Asked, Sample, samples_of, with_picture
from mellm.evaluate.recognition import Progress
from mellm.evaluate.runs import VQARun
from mellm.evaluate.vqa_answers import Seen, VQATask, answer
from mellm.facs import FINE
from mellm.facs.codes import ActionUnitCode
from mellm.facs.stored_flow import COARSE
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.instruct.compact_records import vqa_prompt
from mellm.instruct.task_prompts import ask
from mellm.language.backends import Decoding, Message
from mellm.language.backends.protocol import Control
from mellm.language.compact_prompt import SEEN_CODES, SEEN_LABEL
from mellm.language.motion.opinion import MotionTokens, Opinion
from mellm.language.shown_motion import about_motion, own_units, shown_to

_OPEN_TOKENS = 80
_FINE = "7"
"""The label set, by its number, that a model shown motion is asked about for the fine class."""
_CLOSED: dict[QuestionKind, tuple[str, ...]] = {
    QuestionKind.COARSE: COARSE,
    QuestionKind.FINE: FINE,
    QuestionKind.SHOWN: ("yes", "no"),
    QuestionKind.SIDE: ("left", "right"),
}


def evaluate_language_vqa(
    folder: str | Path,
    questions: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> VQARun:
    """Have a language model answer ME-VQA's questions about a folder's samples.

    Args:
        folder: samples.csv and flows.npz
        questions: JSON lines
        asked: the model; shown the motion itself (`read_motion`) it concludes units and classes once a
            sample, and its questions are answered from them by template. Otherwise questions with a closed
            set of answers (coarse, fine, yes or no, side) are answered by the likeliest of them, open ones
            in the model's own words
        seed: of the intervals
        progress: called with the question's id, its number from 1, and how many there are
        kept: file of the answers so far; a run with the same file goes on where it stopped
        limit: only this many questions, evenly spread

    Raises InputError where no question is about a sample.
    """
    started = time.perf_counter()
    data = read_flow_set(folder)
    clips = _Clips(data, asked)
    task = VQATask.read(folder, questions, data.samples).part(limit)
    found = read_kept(kept, str)
    for number, question in enumerate(task.questions, 1):
        if question.id not in found:
            found[question.id] = clips.answer(question)
            keep(kept, question.id, found[question.id])
        if progress:
            progress(question.id, number, len(task.questions))
    settings = asked.settings | {"protocol": "zero-shot", "fine_labels": list(FINE), "limit": limit}
    return task.run([found[q.id] for q in task.questions], settings, seed, started)


@dataclass(slots=True)
class _Clip:
    """A sample with what the model's own encoder sees of it, and what the model concludes when shown that."""

    sample: Sample
    opinion: Opinion | None
    shown: MotionTokens | None
    seen: Seen | None = None


@dataclass(slots=True)
class _Clips:
    """The samples of a folder, each looked at once."""

    data: FlowSet
    asked: Asked
    _looked: dict[str, _Clip] = field(default_factory=dict)

    def answer(self, question: VQAQuestion) -> str:
        clip = self._clip(question.image_id)
        if clip.opinion is None or clip.shown is None:
            return _asked(question, clip, self.asked)
        clip.seen = clip.seen or _concluded(clip.sample, clip.opinion, clip.shown, self.asked)
        return answer(question, clip.seen)

    def _clip(self, key: str) -> _Clip:
        if key not in self._looked:
            chosen = np.array([sample.key == key for sample in self.data.samples])
            (sample,) = samples_of(self.data.select(chosen))
            opinion = sample.seen(self.asked)
            shown = shown_to(self.asked.backend, opinion) if opinion and self.asked.read_motion else None
            self._looked[key] = _Clip(sample, opinion, shown)
        return self._looked[key]


def _concluded(sample: Sample, opinion: Opinion, shown: MotionTokens, asked: Asked) -> Seen:
    """What the model concludes of a sample it is shown; which side leads is what its encoder sees."""

    control = Control()

    def chosen(taxonomy: str, labels: tuple[str, ...]) -> str:
        names = [emotion_name(label) for label in labels]
        return labels[
            about_motion(asked.backend, shown, SEEN_LABEL, taxonomy, control).choose("", names).index
        ]

    with getattr(asked.backend, "turn", nullcontext()):
        coarse = chosen("3", COARSE)
        known, members = get_taxonomy(_FINE).labels, get_taxonomy("3").members[coarse]
        fine = chosen(_FINE, tuple(label for label in known if label in members))
        codes = about_motion(asked.backend, shown, SEEN_CODES, "3", control)
        units = own_units(codes, sample.case.motion)
    return Seen(
        coarse=coarse,
        fine=fine,
        units=tuple(ActionUnitCode(unit.au, unit.side) for unit in units),
        leaning={unit.au: "left" if unit.lean > 0 else "right" for unit in opinion.units},
    )


def _asked(question: VQAQuestion, clip: _Clip, asked: Asked) -> str:
    """The model's own answer to a question, told in words or shown a picture."""
    kind, sample = kind_of(question.question), clip.sample
    form = "compact" if asked.form == "compact" and asked.route == "flow" else "full"
    if form == "compact" or asked.own_eyes:
        told = sample.told(clip.opinion)
        text = vqa_prompt(sample.case.motion, told, question.question, kind, scale="relative")
        messages = [Message("user", text)]
    else:
        messages = with_picture(ask(sample.case, asked.route, "en", question.question), sample, asked)
    options = _CLOSED.get(kind)
    if options:
        return options[asked.backend.choose(messages, "", options).index]
    return "".join(asked.backend.generate(messages, Decoding(_OPEN_TOKENS))).strip()
