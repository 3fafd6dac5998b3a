"""Which rows of the table of taggers are compared."""

from __future__ import annotations

from typing import Any

from chemxl.ner import chapter
from tests.curves import Counted


def test_rows_that_share_their_test_are_compared() -> None:
    named = {"a: X → T": 5, "b: X → T": 5, "a: Y → T": 7, "b: Y → T": 7, "a: X → U": 1}
    lines: Any = {name: [Counted(right), Counted(right)] for name, right in named.items()}
    found = chapter.paired(lines)
    assert [(row["first"], row["second"], row["difference"]) for row in found] == [
        ("a: X → T", "b: X → T", "0.000 [0.000, 0.000]"),
        ("a: X → T", "a: Y → T", "-0.200 [-0.200, -0.200]"),
        ("a: Y → T", "b: Y → T", "0.000 [0.000, 0.000]"),
    ]
    assert [float(str(row["p"])) < 0.05 for row in found] == [False, True, False]
