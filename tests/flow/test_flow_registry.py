"""The registry: names, options, and estimators of third parties."""

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.flow import Flow, create, estimators, register
from mellm.flow import estimator_registry as registry


@pytest.fixture
def own_names(monkeypatch):
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))


def test_lists_the_classical_estimators():
    assert {"tvl1", "dis", "farneback", "deepflow", "rlof", "meflownet"} <= set(estimators())


def test_unknown_name_lists_the_choices():
    with pytest.raises(InputError, match=r"raft.*dis.*tvl1"):
        create("raft")


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "slow"},
        {"colour": True},
        {"compensation": "wishful"},
        {"working_size": 10},
    ],
)
def test_wrong_options_are_input_errors(options):
    with pytest.raises(InputError, match=next(iter(options))):
        create("dis", **options)


@pytest.mark.usefixtures("own_names")
def test_a_registered_estimator_is_created_with_its_options(face):
    class Constant:
        name = "constant"

        def __init__(self, u: float) -> None:
            self.u = u

        def estimate(self, onset, apex, landmarks=None):
            facial = np.full((*onset.shape[:2], 2), self.u, np.float32)
            return Flow(facial, np.zeros_like(facial), self.name, "none")

    register("constant", Constant)
    assert "constant" in estimators()
    assert create("constant", u=2.0).estimate(face.picture, face.picture).expression.mean() == 2.0


@pytest.mark.usefixtures("own_names")
def test_a_name_is_registered_once():
    with pytest.raises(InputError, match="already"):
        register("dis", lambda: None)


@pytest.mark.usefixtures("own_names")
def test_a_factory_named_by_text_is_imported_when_created():
    register("again", "mellm.flow.classical:create_farneback")
    assert create("again").name == "farneback"
