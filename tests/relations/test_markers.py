"""Markers in the text and behind it: packed pairs are what they are alone, and no mention is lost."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from chemxl.documents import Document, Mention
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import IGNORED
from chemxl.relations.markers import (
    CHUNK,
    MAX_TEXT,
    PADDING,
    TEXT,
    Encoding,
    Item,
    MarkedRow,
    Markers,
    collate,
    labelled,
    readings,
)
from chemxl.relations.network import MarkedNetwork
from tests.relations.samples import NESTED

TOKENIZER = mini_tokenizer()
EDGE = encoders.specials(TOKENIZER)
MARKERS = Markers(["CHEM", "GENE"])


def rows(document: Document, items: list[Item], encoding: Encoding) -> list[MarkedRow]:
    [reading] = readings([document], TOKENIZER, lambda d: [m.type for m in d.mentions], MARKERS)
    return list(reading.rows((0, len(document.text)), items, edge=EDGE, encoding=encoding))


def read(row: MarkedRow) -> list[str]:
    """Tokens, markers as <number>."""
    words = TOKENIZER.convert_ids_to_tokens(row.ids)
    return [f"<{marker}>" if marker else word for word, marker in zip(words, row.markers, strict=True)]


def every() -> list[Item]:
    pairs = [p for p in product(range(6), range(6)) if NESTED.mentions[p[0]].type == "CHEM"]
    return [Item(i, pair) for i, pair in enumerate(p for p in pairs if NESTED.mentions[p[1]].type == "GENE")]


def test_markers_have_numbers_of_their_own() -> None:
    numbers = [MARKERS.number(r, t, close=c) for r in (0, 1) for t in MARKERS.types for c in (False, True)]
    assert numbers == list(range(1, len(MARKERS) + 1))


def test_inline_markers_stand_around_their_mentions() -> None:
    [row] = rows(NESTED, [Item(7, (1, 0))], "inline")  # beta in Alpha beta kinase
    opened, closed = (MARKERS.number(0, "CHEM", close=c) for c in (False, True))
    outer, end = (MARKERS.number(1, "GENE", close=c) for c in (False, True))
    text = read(row)
    assert text[1] == f"<{outer}>" and text.index(f"<{opened}>") < text.index(f"<{closed}>") < text.index(f"<{end}>")
    inside = "".join(t.removeprefix("##") for t in text[text.index(f"<{opened}>") + 1 : text.index(f"<{closed}>")])
    assert inside == "beta" and row.items == [7]
    assert [row.markers[i] for i in row.starts[0]] == [opened, outer]
    plain = [i for i, marker in zip(row.ids, row.markers, strict=True) if not marker]
    assert plain == TOKENIZER(NESTED.text)["input_ids"], "the text is read as it is without markers"
    [around] = rows(NESTED, [Item(0, (4, 5))], "inline")  # Beta, and Beta kinase that begins with it
    shown = [token for token in read(around) if token.startswith("<")]
    assert shown == [f"<{m}>" for m in (outer, opened, closed, end)]


def test_packed_markers_share_the_places_of_their_mentions() -> None:
    items = every()
    [row] = rows(NESTED, items, "packed")
    [reading] = readings([NESTED], TOKENIZER, lambda d: [m.type for m in d.mentions], MARKERS)
    text = row.owners.count(TEXT)
    assert row.items == [item.number for item in items] and len(row.ids) == text + 4 * len(items)
    for number, item in enumerate(items):
        own = [i for i, owner in enumerate(row.owners) if owner == number]
        edges = [token for m in item.mentions for token in _tokens(reading.starts, NESTED.mentions[m])]
        assert [row.places[i] - 1 for i in own] == edges and row.starts[number] == own[::2]


def _tokens(starts: np.ndarray, mention: Mention) -> tuple[int, int]:
    inside = [i for i, start in enumerate(starts) if mention.start <= start < mention.end]
    return inside[0], inside[-1]


@pytest.fixture(scope="module")
def network() -> MarkedNetwork:
    torch.manual_seed(0)
    return MarkedNetwork(encoders.load("mini").model, labels=["none", "A", "B"], markers=len(MARKERS)).eval()


def found(network: MarkedNetwork, rows: list[MarkedRow]) -> dict[int, torch.Tensor]:
    with torch.inference_mode():
        logits = network.logits(**collate(rows, pad=0))[0]
    return {number: logits[i, j] for i, row in enumerate(rows) for j, number in enumerate(row.items)}


def test_packed_pairs_are_what_they_are_alone(network: MarkedNetwork) -> None:
    items = every()
    together = found(network, rows(NESTED, items, "packed"))
    alone = [rows(NESTED, [item], "packed")[0] for item in items]
    assert together.keys() == {item.number for item in items}
    for row in alone:
        [(number, logits)] = found(network, [row]).items()
        assert torch.allclose(logits, together[number], atol=1e-5)
    batch = found(network, [*alone, rows(NESTED, items[:3], "packed")[0]])
    assert all(torch.allclose(logits, together[number], atol=1e-5) for number, logits in batch.items())


def test_the_four_dimensional_mask_of_transformers_gives_the_same(network: MarkedNetwork) -> None:
    """The reference: every token of the batch through the encoder's own forward pass, with the mask written out."""
    made = rows(NESTED, every(), "packed") + rows(NESTED, every()[:2], "packed")
    batch = collate(made, pad=0)
    markers, owners = batch["markers"], batch["owners"]
    embedded = network.encoder.get_input_embeddings()(batch["input_ids"])
    embedded = torch.where(markers[..., None] > 0, network.marker_vectors(markers), embedded)
    mask = torch.zeros(*owners.shape, owners.shape[1], dtype=torch.bool)
    for b, row in enumerate(owners.tolist()):
        for i, j in product(range(len(row)), range(len(row))):
            mask[b, i, j] = row[j] == TEXT if row[i] in (TEXT, PADDING) else row[j] in (TEXT, row[i])
    with torch.inference_mode():
        hidden = network.encoder(
            inputs_embeds=embedded, attention_mask=mask[:, None], position_ids=batch["places"]
        ).last_hidden_state
        mine = network.marked(**batch)
    for b, row in enumerate(made):
        for item, starts in enumerate(row.starts):
            assert torch.allclose(mine[b, item], hidden[b, starts], atol=1e-5)


@pytest.mark.parametrize("encoding", ["packed", "inline"])
def test_a_batch_changes_nothing_and_padding_is_not_learnt_from(network: MarkedNetwork, encoding: Encoding) -> None:
    made = rows(NESTED, every(), encoding)
    short = Document("short", "Beta kinase.", (Mention.of("CHEM", 0, 4, id="T1"), Mention.of("GENE", 0, 11, id="T2")))
    [other] = rows(short, [Item(99, (0, 1))], encoding)
    alone = found(network, [other])[99]
    assert torch.allclose(found(network, [other, *made])[99], alone, atol=1e-5)
    numbers = dict.fromkeys(range(100), 1)
    labels = labelled([other, *made], list(numbers.values()))
    assert (labels[0, 1:] == IGNORED).all() and (labels != IGNORED).sum() == 1 + len(every())
    batch = collate([other, *made], pad=0)
    loss = network(labels=labels, **batch)["labels"]
    each = [
        network(labels=torch.ones(1, len(r.items), dtype=torch.long), **collate([r], pad=0)) for r in [other, *made]
    ]
    total = sum(term["labels"] * len(r.items) for term, r in zip(each, [other, *made], strict=True))
    assert loss.item() == pytest.approx(float(total.detach()) / (1 + len(every())), rel=1e-5)


def test_a_sentence_of_many_pairs_and_one_of_many_words_are_read_in_bounded_rows(network: MarkedNetwork) -> None:
    text = " ".join(["alpha beta"] * 23)
    mentions = tuple(Mention.of("CHEM" if i % 2 else "GENE", a, b, id=f"T{i}") for i, (a, b) in enumerate(_words(text)))
    document = Document("many", text, mentions, language="en")
    pairs = [(a, b) for a, b in product(range(46), range(46)) if a % 2 and not b % 2][:437]
    made = rows(document, [Item(i, pair) for i, pair in enumerate(pairs)], "packed")
    assert len(pairs) == 437 and [len(row.items) for row in made] == [CHUNK] * 6 + [437 - 6 * CHUNK]
    assert max(len(row.ids) for row in made) <= MAX_TEXT + 2 + 4 * CHUNK
    long = Document(
        "long", "kinase " * 700, tuple(Mention.of("CHEM", 7 * i, 7 * i + 6, id=f"T{i}") for i in range(700))
    )
    near = [Item(i, (i, i + 20)) for i in range(0, 680, 20)]
    for encoding in ("packed", "inline"):
        cut = rows(long, [*near, Item(999, (0, 699))], encoding)
        held = [number for row in cut for number in row.items]
        assert sorted(held) == [item.number for item in near], "each once; what is too far apart is no pair"
        assert max(max(row.places) for row in cut) < MAX_TEXT + 6 < network.encoder.config.max_position_embeddings


def _words(text: str) -> list[tuple[int, int]]:
    return list(Document("d", text).words)
