"""MEU-Instruct: instruction data for micro-expression understanding, true to measurement and labels.

>>> from mellm.data.instruct import BuildConfig, build, check_folder
"""

from mellm.data.instruct.build import BuildConfig, CheckResult, build, check_folder
from mellm.data.instruct.checks import check_record
from mellm.data.instruct.rules import write_answer
from mellm.data.instruct.sources import FlowOnlySource, IndexedSource, MEFlowSource, open_source
from mellm.data.instruct.store import Store, open_store
from mellm.data.instruct.tasks import Rules, Wanted, records_of
from mellm.data.instruct.types import Case, Problem, Record, Truth

__all__ = [
    "BuildConfig",
    "Case",
    "CheckResult",
    "FlowOnlySource",
    "IndexedSource",
    "MEFlowSource",
    "Problem",
    "Record",
    "Rules",
    "Store",
    "Truth",
    "Wanted",
    "build",
    "check_folder",
    "check_record",
    "open_source",
    "open_store",
    "records_of",
    "write_answer",
]
