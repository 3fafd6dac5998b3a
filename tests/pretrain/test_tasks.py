"""The texts of chapter 3."""

from __future__ import annotations

from chemxl import corpora
from chemxl.ner import chapter as ner
from chemxl.pretrain import tasks


def test_every_name_is_in_a_catalogue() -> None:
    known = corpora.catalog()
    for texts in (*tasks.sources("real"), *tasks.held_out("real")):
        assert texts.name in known
        assert texts.split in (None, *(part.split for part in known[texts.name].parts))


def test_what_is_tested_on_is_held_out() -> None:
    held = {(texts.name, texts.split) for texts in tasks.held_out("real")}
    for way in ner.ways("real", sentences=0):
        for _, corpus in way.tests:
            assert (corpus.name, corpus.split) in held
