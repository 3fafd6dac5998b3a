"""The head that finds mentions inside mentions: what is scored, what is lost, what is found."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.documents import Document, Mention, from_spans, to_spans, words
from chemxl.models import encoders
from chemxl.models.predictor import Predictor
from chemxl.models.readers import SubwordReader
from chemxl.models.spans import SpanNetwork, SpanTagger, rotated
from chemxl.models.training import Training, fit

NESTED = Document(
    "nested",
    "рак молочной железы и рак желудка",
    (
        Mention.of("DISEASE", 0, 19),
        Mention.of("ANATOMY", 4, 19),
        Mention.of("ANATOMY", 13, 19),
        Mention.of("DISEASE", 22, 33),
        Mention.of("ANATOMY", 26, 33),
    ),
    language="ru",
)
TYPES = ("DISEASE", "ANATOMY")


def made(*, max_tokens: int = 512, seed: int = 0) -> SpanTagger:
    tokenizer, encoder = encoders.load("mini", seed=seed, **encoders.WITHOUT_DROPOUT)
    return SpanTagger(SpanNetwork(encoder, TYPES), SubwordReader(tokenizer, max_tokens=max_tokens, overlap=8))


@given(st.lists(st.sampled_from(["рак", "(", "Ca", "2", "железы"]), min_size=1, max_size=12), st.data())
def test_any_mentions_of_whole_words_come_back(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    units = words(text)
    places = st.integers(0, len(units) - 1)
    drawn = data.draw(st.sets(st.tuples(st.sampled_from(TYPES), places, places), max_size=8))
    mentions = {(t, units[min(i, j)][0], units[max(i, j)][1]) for t, i, j in drawn}
    spans, inexact = to_spans([Mention.of(*mention) for mention in mentions], units)
    assert inexact == 0
    back = from_spans([(*span, 0.5) for span in spans], units)
    assert {(m.type, m.start, m.end) for m in back} == mentions and len(back) == len(mentions)
    assert [(m.start, -m.end) for m in back] == sorted((m.start, -m.end) for m in back)


def test_what_words_cannot_express_is_counted() -> None:
    units = words("рак молочной железы")
    given = [Mention.of("A", 0, 2), Mention("A", ((0, 3), (13, 19))), Mention.of("A", 0, 3), Mention.of("A", 0, 3)]
    assert to_spans(given, units) == ([("A", 0, 0)], 2)


def test_a_product_of_turned_vectors_depends_on_their_distance() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(1, 1, 8).expand(1, 9, 8), torch.randn(1, 1, 8).expand(1, 9, 8)
    products = torch.einsum("biw,bjw->bij", rotated(q), rotated(k))[0]
    for distance in range(-8, 9):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert products[0].unique().numel() > 1


def test_the_loss_is_the_formula() -> None:
    tagger = made()
    tagger.model.eval()
    task = tagger.task([NESTED, Document("none", "и")])
    batch = task.collate([0, 1])
    scores = tagger.model.scores(**{n: t for n, t in batch.items() if n not in {"labels", "spans"}})
    assert torch.isneginf(scores[1, :, 0, 1:]).all() and torch.isneginf(scores[0, 0].tril(-1)[1:, 0]).all()
    due = set(map(tuple, batch["spans"].tolist()))
    assert len(due) == 5 and batch["labels"].tolist() == [[2, 3], [0, 0]]
    total = torch.zeros(())
    for window in range(2):
        for type in range(2):
            right, wrong = torch.ones(()), torch.ones(())
            for i in range(scores.shape[2]):
                for j in range(i, int(batch["lengths"][window])):
                    score = scores[window, type, i, j]
                    if (window, type, i, j) in due:
                        right = right + (-score).exp()
                    else:
                        wrong = wrong + score.exp()
            total = total + right.log() + wrong.log()
    torch.testing.assert_close(tagger.model(**batch), total / 4)


def test_nested_mentions_are_learnt_and_kept_on_disk(tmp_path: Path) -> None:
    tagger = made()
    fit(tagger.task([NESTED]), settings=Training(epochs=60, rate=1e-3, head_rate=1e-2), seed=0, folder=tmp_path)
    [found] = tagger.predict([NESTED])
    assert {(m.type, m.span) for m in found} == {(m.type, m.span) for m in NESTED.mentions}
    assert all(0.5 < (mention.score or 0) <= 1 for mention in found)
    assert SpanTagger.count([NESTED], [found]).scores()["micro"].f1 == 1
    tagger.save(tmp_path / "saved")
    again = Predictor.load(tmp_path / "saved")
    assert isinstance(again, SpanTagger) and again.predict([NESTED]) == [found]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40), st.integers(0, 3))
def test_windows_and_batches_change_nothing_but_rounding(repeats: int, seed: int) -> None:
    tagger = made(max_tokens=24, seed=seed)
    long = Document("long", " ".join([NESTED.text] * repeats))
    small, large = (tagger.predict([long, NESTED, Document("empty", "")], tokens=n) for n in (24, 512))
    assert [{(m.type, m.span) for m in one} for one in small] == [{(m.type, m.span) for m in one} for one in large]
    for mention in small[0]:
        assert long.text[mention.start : mention.end].strip() and mention.end <= len(long.text)
    assert len({(m.type, m.span) for m in small[0]}) == len(small[0]) and small[2] == []


def test_a_mention_that_a_window_cuts_is_due_where_it_stands_whole() -> None:
    tagger = made(max_tokens=12)
    long = Document("long", f"{NESTED.text} {NESTED.text}", NESTED.mentions)
    task = tagger.task([long])
    assert len(task.windows) > 1
    for window, spans in zip(task.windows, task.spans, strict=True):
        assert all(0 <= i <= j < window.words[1] - window.words[0] for _, i, j in spans)
    assert {span for spans in task.spans for span in spans}


@pytest.mark.parametrize("text", ["", " \n", "😀👩‍👩‍👧🇷🇺", "а" * 3000, "(" * 300, "as\x00pirin"])
def test_hostile_text_gives_mentions_within_it(text: str) -> None:
    [found] = made(max_tokens=64).predict([Document("x", text)])
    assert all(0 <= m.start < m.end <= len(text) for m in found)
