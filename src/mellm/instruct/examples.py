"""Records as people read them: random ones as Markdown, the measurements shortened to what moves.

Knows how to print; picks by seed.
"""

import random
from collections.abc import Collection, Iterator

from mellm.instruct.record_store import Store
from mellm.instruct.records import TASKS, Case, Record, Task
from mellm.instruct.task_prompts import IMAGE
from mellm.wording.names import octant_name, region_name

_TASKS = {"meu": "understanding", "mer": "emotion label", "vqa": "question"}


def draw(store: Store, count: int, seed: int, tasks: Collection[Task] = TASKS) -> list[tuple[Record, Case]]:
    """Return `count` random records of some tasks with their cases (all, if there are fewer), in one pass."""
    chance = random.Random(seed)
    kept: list[tuple[Record, Case]] = []
    for seen, pair in enumerate(pair for pair in store.checked() if pair[0].task in tasks):
        if len(kept) < count:
            kept.append(pair)
        elif (place := chance.randrange(seen + 1)) < count:
            kept[place] = pair
    chance.shuffle(kept)
    return kept


def as_markdown(pairs: list[tuple[Record, Case]]) -> str:
    """Return records as numbered sections: who is asked what with which evidence, and the answer."""
    return "\n".join(line for number, pair in enumerate(pairs, 1) for line in _section(number, *pair))


def _section(number: int, record: Record, case: Case) -> Iterator[str]:
    yield f"### {number}. {_TASKS[record.task]}, {record.route} route, {record.language}"
    yield ""
    units = "unknown" if case.truth.action_units is None else " + ".join(case.truth.action_units) or "none"
    labels = ", ".join(f"{label} ({name})" for name, label in case.truth.labels.items()) or "no expression"
    yield f"Truth: AU {units}; {labels}. {_evidence(record, case)}"
    yield ""
    if record.task == "vqa":
        yield f"Question: {record.prompt.rsplit(chr(10), 1)[-1]}"
        yield ""
    elif record.task == "mer":
        yield f"Asked: {record.prompt.rsplit(chr(10), 1)[-1]}"
        yield ""
    yield from (f"> {line}".rstrip() for line in record.answer.splitlines())
    yield ""


def _evidence(record: Record, case: Case) -> str:
    moving = sorted((m for m in case.motion if m.moving), key=lambda m: -m.mean)
    unit = "px" if case.scale == "px" else "times the average"
    told = ", ".join(
        f"{region_name(m.name, 'en')} {octant_name(m.octant, 'en')} {m.mean:.2f}" for m in moving[:6]
    )
    more = f" and {len(moving) - 6} more" if len(moving) > 6 else ""
    shown = f"{told}{more} ({unit})" if moving else "nothing"
    return f"{'A picture' if IMAGE in record.prompt else 'All 29 regions'} in the prompt; moving: {shown}."
