"""Published micro-expression sets, as their makers ship them, into one uniform table."""

from mellm.datasets.published_sets import SETS, DatasetSpec, get_set, set_names
from mellm.datasets.sample import Sample
from mellm.datasets.set_check import check
from mellm.datasets.set_index import TABLE_COLUMNS, SetReading, index, read_set, read_table, write_table

__all__ = [
    "SETS",
    "TABLE_COLUMNS",
    "DatasetSpec",
    "Sample",
    "SetReading",
    "check",
    "get_set",
    "index",
    "read_set",
    "read_table",
    "set_names",
    "write_table",
]
