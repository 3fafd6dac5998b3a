"""Linked passages: English is the source, wherever it stands in the line."""

from __future__ import annotations

from pathlib import Path

from chemxl.corpora import linked
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import LINKED


def test_pairs(tmp_path: Path) -> None:
    pairs, faults = reading(linked.read, tmp_path, LINKED, languages=("en", "zh"))
    assert faults == []
    assert pairs == [
        Pair("a-1", "Aspirin is a drug.", "阿司匹林是一种药物。", ("en", "zh")),
        Pair("a-2", "Salt", "盐", ("en", "zh")),
    ]


def test_a_line_with_one_passage(tmp_path: Path) -> None:
    files = {"a.json": '{"sent1": "Salt", "label": "link"}\n' + LINKED["a.json"]}
    pairs, faults = reading(linked.read, tmp_path, files, languages=("en", "zh"))
    assert ([pair.id for pair in pairs], faults) == (["a-2", "a-3"], ["a.json:1: no text under sent2; line left out"])
