"""Taggers on disk, in batches of any size, and on hostile text."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from chemxl import corpora
from chemxl.documents import Document, Mention
from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.labellers import BiLstmLabeller, EncoderLabeller, Vocabulary
from chemxl.models.readers import SubwordReader, WordReader
from chemxl.models.tagger import Windows, bio_labels, joined
from chemxl.models.training import Batch
from chemxl.ner import Tagger

LABELS = bio_labels(["CHEM", "GENE"])
HOSTILE = {
    "empty": "",
    "blank": " \n\t ",
    "emoji": "😀👩‍👩‍👧🇷🇺",
    "long word": "а" * 5000,
    "NUL": "as\x00pirin \x00",
    "marks": "\u0301 е\u0301\u0308 \u0301\u0301",
    "joiners": "\u200b\u00ad\u2060",
    "many signs": "(" * 700,
}


def subword(head: str) -> Tagger:
    """Untrained, with emissions far enough apart that rounding cannot swap two labels."""
    tokenizer, encoder = encoders.load("mini", seed=0)
    model = EncoderLabeller(encoder, LABELS, crf=head == "crf")
    return Tagger(spread(model), SubwordReader(tokenizer))


def bilstm() -> Tagger:
    texts = [[d.text[s:e] for s, e in d.words] for d in corpora.load("mini", split="dev")]
    vocabulary = Vocabulary.of(texts)
    torch.manual_seed(0)
    model = BiLstmLabeller(LABELS, words=len(vocabulary.words) + 2, characters=len(vocabulary.characters) + 2)
    return Tagger(spread(model), WordReader(vocabulary))


def spread(model: EncoderLabeller | BiLstmLabeller) -> EncoderLabeller | BiLstmLabeller:
    with torch.no_grad():
        model.head.weight.mul_(30)
        model.head_crf.transitions.normal_()
    return model


MADE: dict[str, Callable[[], Tagger]] = {
    "softmax": lambda: subword("softmax"),
    "crf": lambda: subword("crf"),
    "bilstm": bilstm,
}


@pytest.fixture(params=MADE)
def tagger(request: pytest.FixtureRequest) -> Tagger:
    return MADE[request.param]()


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    short = [
        *corpora.load("mini", split="dev", language="en")[:5],
        *corpora.load("mini", split="dev", language="ru")[:5],
    ]
    return [*short, Document("long", " ".join(d.text for d in short))]


def scored(found: list[list[Mention]]) -> list[list[tuple[Mention, float]]]:
    return [[(m, round(m.score or 0, 4)) for m in mentions] for mentions in found]


def test_a_saved_tagger_predicts_the_same(tagger: Tagger, documents: list[Document], tmp_path: Path) -> None:
    expected = tagger.predict(documents, precision="fp32")
    assert sum(map(len, expected)) > 20
    tagger.save(tmp_path / "tagger")
    again = Tagger.load(tmp_path / "tagger")
    assert scored(again.predict(documents, precision="fp32")) == scored(expected)
    assert not [path for path in (tmp_path / "tagger").iterdir() if path.suffix in {".bin", ".pkl", ".part"}]


def test_a_saved_tagger_still_cuts_at_words(tmp_path: Path) -> None:
    """The class BertTokenizer would be built anew from its vocabulary, without our cut."""
    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cox", "##2", "2", "##-", "-"]
    (tmp_path / "vocab.txt").write_text("\n".join(signs), "utf-8")
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(signs), **size), add_pooling_layer=False).save_pretrained(tmp_path / "bert")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "bert")
    tokenizer, encoder = encoders.load(str(tmp_path / "bert"))
    before = Tagger(EncoderLabeller(encoder, LABELS, crf=False), SubwordReader(tokenizer))
    before.save(tmp_path / "tagger")
    after = Tagger.load(tmp_path / "tagger")
    document = Document("a", "cox2-cox-2")
    assert after.reader.windows([document]) == before.reader.windows([document])
    assert len(set(after.reader.windows([document])[0].units)) == len(document.words)


def test_the_batch_budget_changes_no_mention(tagger: Tagger, documents: list[Document]) -> None:
    expected = scored(tagger.predict(documents, tokens=1, precision="fp32"))
    for tokens in (300, 4096):
        assert scored(tagger.predict(documents, tokens=tokens, precision="fp32")) == expected


def test_hostile_text(tagger: Tagger) -> None:
    documents = [Document(name, text) for name, text in HOSTILE.items()]
    together = tagger.predict(documents, precision="fp32")
    for document, mentions in zip(documents, together, strict=True):
        edges = {edge for span in document.words for edge in span}
        assert all({m.start, m.end} <= edges and 0 <= (m.score or 0) <= 1 for m in mentions), document.id
        assert tagger.predict([document], precision="fp32") == [mentions], document.id
    assert tagger.predict([]) == []
    assert together[0] == together[1] == []


@pytest.mark.parametrize(
    ("text", "labels", "due"),
    [
        ("acute appendicitis", "B-D B-D", "B-D I-D"),
        ("severe acute pain", "B-D B-D B-D", "B-D I-D I-D"),
        ("acute pain aspirin", "B-D I-D B-C", "B-D I-D B-C"),
        ("aspirin\nibuprofen", "B-C B-C", "B-C B-C"),
        ("aspirin, ibuprofen", "B-C O B-C", "B-C O B-C"),
        ("pain", "B-D", "B-D"),
        ("", "", ""),
    ],
)
def test_what_just_a_blank_parts_is_joined(text: str, labels: str, due: str) -> None:
    assert joined(labels.split(), Document("a", text).words, text) == due.split()


def test_a_tagger_that_joins_is_saved_as_one(tagger: Tagger, documents: list[Document], tmp_path: Path) -> None:
    joins = Tagger(tagger.model, tagger.reader, joins=True)
    joins.save(tmp_path / "joins")
    found = joins.predict(documents, precision="fp32")
    for read in (Tagger.load(tmp_path / "joins"), Tagger.to_read(tmp_path / "joins")):
        assert read.joins and read.predict(documents, precision="fp32") == found
    for document, mentions in zip(documents, found, strict=True):
        for a, b in pairwise(mentions):
            assert a.type != b.type or document.text[a.end : b.start] != " "


def test_a_folder_without_a_tagger_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no tagger: give the folder of a finished run"):
        Tagger.load(tmp_path)


def test_threads_change_nothing_but_the_time() -> None:
    documents = corpora.load("mini", split="dev")
    tagger = subword("softmax")
    before = torch.get_num_threads()
    alone = tagger.predict(documents, precision="fp32")
    torch.set_num_threads(2)
    try:
        assert tagger.predict(documents, precision="fp32") == alone
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_best_labels_are_those_of_each_word() -> None:
    documents = corpora.load("mini", split="dev", language="en")
    tagger = subword("softmax")
    tagger.model.eval()
    batch = tagger.reader.collate(tagger.reader.windows(documents[:2]))
    with torch.no_grad():
        emissions = tagger.model.emissions(**batch)
    assert torch.equal(tagger.model.decode(legal=False, **batch)[0], emissions.argmax(2))
    assert tagger.predict(documents, legal=False) != tagger.predict(documents)  # this head gives I after O


def test_ctrl_c_stops_all_threads() -> None:
    """It does not wait for the end of a long text."""
    tokenizer, encoder = encoders.load(encoders.MINI)
    made = Tagger(EncoderLabeller(encoder, LABELS, crf=False), SubwordReader(tokenizer))
    task = Windows(made.model, made.reader, [Document(str(i), f"Aspirin {i}.") for i in range(400)])
    asked = []

    def read(batch: Batch) -> list[int]:
        asked.append(batch)
        if len(asked) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        return [0]

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            made.inferred(read, task, tokens=1, precision="fp32")
    finally:
        torch.set_num_threads(threads)
        signal.signal(signal.SIGINT, before)
    assert len(asked) < 100
