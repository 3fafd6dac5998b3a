"""Statistics of corpora that are small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from chemxl import corpora
from chemxl.collect.statistics import languages, licences, overlap, script, sizes
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError
from chemxl.results import show

ENGLISH = Document(
    "a",
    "Aspirin and 2,4-D were given. No pain was felt.",
    (Mention.of("CHEM", 0, 7), Mention.of("CHEM", 12, 17), Mention.of("DISEASE", 33, 37)),
    language="en",
)
RUSSIAN = Document("b", "Аспирин снял боль.", (Mention("DISEASE", ((0, 7), (13, 17))),), language="ru")


def test_sizes_are_those_counted_by_hand() -> None:
    row = sizes("two", [ENGLISH, RUSSIAN])
    assert row == {
        "corpus": "two",
        "documents": 2,
        "sentences": 3,
        "tokens": 10 + 5 + 4,  # 2,4-D is five, each full stop one
        "sentences a document": 1.5,
        "tokens a sentence": pytest.approx(19 / 3),
        "CHEM": 2,
        "tokens a CHEM": 3.0,
        "DISEASE": 2,
        "tokens a DISEASE": 1.5,  # a gap is not counted
    }
    assert "Aspirin" not in show.table([row], caption="Sizes").html


def test_types_are_those_asked_for_in_order() -> None:
    row = sizes("one", [ENGLISH], types=("GENE", "CHEM"))
    assert list(row)[-4:] == ["GENE", "tokens a GENE", "CHEM", "tokens a CHEM"]
    assert (row["GENE"], row["tokens a GENE"], row["CHEM"]) == (0, None, 2)
    assert sizes("none", [])["tokens a sentence"] is None


def test_scripts_are_checked_against_the_declared_language() -> None:
    documents = [
        ENGLISH,
        RUSSIAN,
        Document("c", "Written in English.", language="ru"),
        Document("d", "1.5", language="ru"),
    ]
    assert languages(documents) == [
        {"language": "en", "documents": 1, "characters": 47, "script": "Latin", "elsewhere": 0},
        {"language": "ru", "documents": 3, "characters": 18 + 19 + 3, "script": "Cyrillic", "elsewhere": 1},
    ]
    (unknown,) = languages([Document("e", "abc")])
    assert (unknown["language"], unknown["elsewhere"]) == ("not declared", None)
    assert [script(text) for text in ("pH раствора", "阿司匹林 100 mg", "2024", "")] == ["Cyrillic", "Han", "", ""]


def test_licences_are_the_catalogue_s() -> None:
    rows = licences({"nerel-bio": 3, "mini": 9, "bionne-r": 4})
    assert rows == [
        {"licence": "CC0-1.0", "corpora": "mini", "documents": 9},
        {"licence": "none stated", "corpora": "bionne-r, nerel-bio", "documents": 7},
    ]
    with pytest.raises(CorpusError, match="no corpus 'nosuch'"):
        licences({"nosuch": 1})


def tokenizer() -> PreTrainedTokenizerFast:
    pieces = ["[UNK]", "aspir", "##in", "hepar", "##in", "boron", "acid"]
    made = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]")


def of(*names: str) -> list[Document]:
    return [Document(name, name, (Mention.of("CHEM", 0, len(name)),)) for name in names]


def test_overlap_is_counted_over_unique_pieces() -> None:
    row = overlap(
        ("left", of("aspirin", "aspirin", "xyz")), ("right", of("heparin", "boron acid")), tokenizer(), type="CHEM"
    )
    assert row == {
        "D1": "left",
        "D2": "right",
        "type": "CHEM",
        "unique in D1": 2,  # aspir, ##in; the unknown one does not count
        "unique in D2": 4,
        "in both": 1,
        "% of D1": 50.0,
        "% of D2": 25.0,
    }
    empty = overlap(("left", of("aspirin")), ("right", of("boron")), tokenizer(), type="GENE")
    assert (empty["in both"], empty["% of D1"], empty["% of D2"]) == (0, None, None)


def test_a_real_corpus(real: Callable[[str], str]) -> None:
    documents = corpora.load(real("bc5cdr"), split="test")
    row = sizes("bc5cdr", documents)
    assert (row["documents"], row["Chemical"], row["Disease"]) == (500, 5385, 4424)
    assert languages(documents)[0]["elsewhere"] == 0
