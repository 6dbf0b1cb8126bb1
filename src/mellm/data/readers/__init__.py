"""Published micro-expression sets, as their makers ship them, into one uniform table."""

from mellm.data.readers.check import check
from mellm.data.readers.index import TABLE_COLUMNS, index, read_table, write_table
from mellm.data.readers.sample import Sample
from mellm.data.readers.sets import SETS, DatasetSpec, get_set

__all__ = [
    "SETS",
    "TABLE_COLUMNS",
    "DatasetSpec",
    "Sample",
    "check",
    "get_set",
    "index",
    "read_table",
    "write_table",
]
