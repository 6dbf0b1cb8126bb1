from pathlib import Path

import pytest
from pydantic import BaseModel

import mellm.report
from mellm.render.csv import ME_COLUMNS

DOC = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
MODELS = [
    model
    for model in vars(mellm.report).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == "mellm.report"
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_of_the_report_is_documented(model):
    missing = [name for name in model.model_fields if f"`{name}`" not in DOC and f" {name}" not in DOC]
    assert missing == []


def test_every_column_of_the_table_is_documented():
    assert [name for name in ME_COLUMNS if name not in DOC] == []
