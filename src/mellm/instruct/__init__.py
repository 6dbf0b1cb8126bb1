"""MEU-Instruct: instruction data for micro-expression understanding, true to measurement and labels.

>>> from mellm.instruct import BuildConfig, build, check_folder
"""

from mellm.instruct.build import BuildConfig, CheckResult, build, check_folder
from mellm.instruct.record_checks import check_record
from mellm.instruct.record_store import Store, open_store
from mellm.instruct.records import Case, Problem, Record, Truth
from mellm.instruct.rules_annotator import write_answer
from mellm.instruct.sources import FlowOnlySource, IndexedSource, MEFlowSource, open_source
from mellm.instruct.tasks import Rules, Wanted, records_of

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
