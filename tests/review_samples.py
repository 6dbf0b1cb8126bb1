"""Instruction data with false records in its queue, made of one real analysis that a person coded."""

import random
from dataclasses import replace
from pathlib import Path

from mellm import Analyzer, Settings
from mellm.instruct import BuildConfig, Store, build, open_store
from mellm.instruct.corruptions import CORRUPTIONS
from mellm.instruct.records import Problem, write_lines
from mellm.web.annotation import Annotation
from mellm.web.coded_cases import CodedSource
from mellm.web.result_exports import Result

JOB = "0123456789abcdef0123"


def coded_result(clip: Path, folder: Path, **moment: object) -> Result:
    """A clip's analysis with the annotation of one moment."""
    Analyzer(Settings(llm="none")).analyze(clip).save(folder)
    said = {"job": JOB, "version": 1, "coder": "Ada", "moments": [{"number": 1, **moment}]}
    return Result(JOB, folder, [k / 30 for k in range(72)], Annotation.model_validate(said), {})


def review_store(clip: Path, folder: Path) -> Store:
    """A folder of `mellm data instruct` with two false records waiting for people, the rest drawn."""
    result = coded_result(clip, folder / "analysis", verdict="agreed")
    build(BuildConfig(CodedSource([result])), folder / "data")
    store = open_store(folder / "data")
    false = []
    for record, case in store.checked():
        if record.task == "meu" and record.language == "en":
            changed = CORRUPTIONS["label changed"][1](record, case, random.Random(0))
            assert changed is not None
            problem = Problem("emotion", "made false")
            false.append(replace(changed, id=record.id + ".false", problems=(problem,)))
    write_lines(store.shard("queue", 0), (record.to_json() for record in false))
    return store
