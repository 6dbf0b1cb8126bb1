"""Modules that were renamed can still be imported under their former names."""

import sys
from importlib import import_module

import pytest

from mellm.former_names import FORMER


@pytest.mark.parametrize("former", sorted(FORMER))
def test_a_former_name_is_the_module_itself_and_warns(former: str) -> None:
    sys.modules.pop(former, None)
    with pytest.warns(DeprecationWarning, match=FORMER[former]):
        module = import_module(former)
    now = import_module(FORMER[former])
    assert module is now
    assert module.__spec__ is not None and module.__spec__.name == FORMER[former]
