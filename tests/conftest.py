"""Fixtures that every room's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chemxl import corpora


@pytest.fixture
def real() -> Callable[[str], str]:
    """``real("bc5cdr")`` gives the name back, or skips where the corpus is not under ``CHEMXL_DATA``."""

    def named(name: str) -> str:
        if not corpora.available(name):
            pytest.skip(f"the corpus {name} is not on this machine: set CHEMXL_DATA")
        return name

    return named
