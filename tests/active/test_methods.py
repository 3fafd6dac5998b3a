"""How a setting names a method, and how a row does."""

from __future__ import annotations

import pytest

from chemxl.active.methods import Method
from chemxl.errors import ChemxlError


def test_a_setting_says_strategy_normalisation_and_aggregation() -> None:
    assert Method.of("badge+bound") == Method("badge", "bound") == ("badge", "bound", "mean")
    assert Method.of("entropy+sum+none") == Method.of("entropy+none+sum") == ("entropy", "none", "sum")
    with pytest.raises(ChemxlError, match="'sometimes' is neither"):
        Method.of("entropy+sometimes")


def test_keys_are_plain_values() -> None:
    assert Method.of("entropy").keys == {"method": "entropy", "normalisation": "no layer"}
    summed = Method.of("entropy+none+sum")
    assert summed.keys == {"method": "entropy", "normalisation": "none", "aggregation": "sum"}
    assert summed.control == Method.of("random+none") == summed.control.control
