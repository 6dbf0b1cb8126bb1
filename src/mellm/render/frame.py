"""A report as a pandas table, for those who have pandas. Knows the columns of mes.csv and nothing else."""

import io
from typing import TYPE_CHECKING, Any

from mellm.errors import InputError
from mellm.render.csv import me_table

if TYPE_CHECKING:
    from mellm.report import Report


def to_frame(report: "Report") -> Any:
    """Return a pandas DataFrame, one row per micro-expression, the columns of mes.csv (docs/report.md).

    Raises InputError without pandas, which mellm does not bring.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise InputError(
            "A data frame needs pandas, which mellm does not bring: pip install pandas. Without it, "
            "report.save() writes the same table as mes.csv, and `mellm export` those of OpenFace and Fex."
        ) from error
    return pandas.read_csv(io.StringIO(me_table(report)))
