"""One reader for all recipes: it names the file, the key, and what to compare with."""

from pathlib import Path

import pytest
from pydantic import Field

from mellm.errors import InputError
from mellm.train.recipe import Recipe, read_recipe


class Inner(Recipe):
    share: float = 0.5


class Sample(Recipe):
    data: Path
    steps: int = Field(3, gt=0)
    inner: Inner = Inner()


def test_a_file_becomes_a_typed_model(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("data: here\ninner: {share: 1}\n")
    assert read_recipe(path, Sample, "flow-x.yaml") == Sample(data=Path("here"), inner=Inner(share=1.0))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data: x\nwings: 1", r"\(it has no field 'wings'\)"),
        ("data: x\ninner: {wings: 1}", r"\(it has no field 'inner\.wings'\)"),
        ("steps: 2", r"\(it lacks the setting 'data'\)"),
        ("data: x\nsteps: many", r"\(steps is many: input should be a valid integer"),
        ("data: x\nsteps: 0", r"\(steps is 0: input should be greater than 0\)"),
        ("[1]", r"\(it holds no settings\)"),
        ("data: [", r"\(while parsing"),
    ],
)
def test_what_cannot_be_used_is_named(text, words, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"r.yaml is not a flow recipe {words}") as caught:
        read_recipe(path, Sample, "flow-x.yaml")
    assert str(caught.value).endswith("; see recipes/flow-x.yaml.")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_recipe(tmp_path / "absent.yaml", Sample, "flow-x.yaml")
