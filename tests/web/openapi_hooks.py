"""What JSON Schema cannot say about requests to the API: schemathesis keeps the generated ones that agree."""

from typing import Any

import schemathesis
from schemathesis import GenerationMode

FORMS = ({"file"}, {"onset", "apex"})


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Whether a request that should be accepted makes sense: one source, frames in order, no re-reads."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return True
    if case.operation.label == "POST /api/v1/analyses" and isinstance(case.body, dict):
        return set(case.body) - {"settings"} in FORMS
    return _in_order(case.body)


def _in_order(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_in_order, value))
    if not isinstance(value, dict):
        return True
    if value.get("reread"):
        return False
    for frames in (value.get("frames"), value.get("spotted")):
        if isinstance(frames, dict) and {"onset", "apex"} <= set(frames):
            offset = frames.get("offset")
            if not frames["onset"] < frames["apex"] <= (frames["apex"] if offset is None else offset):
                return False
    return all(map(_in_order, value.values()))
