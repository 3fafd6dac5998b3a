"""Which sentence of a translation is taken for the view of a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chemxl.contrastive.tasks import sample, tasks
from chemxl.contrastive.views import Translated
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import Sample, split

ENGLISH = Corpus(name="mini", language="en")
RUSSIAN = Sample(name="mini", language="ru", most=20, draw=1)


def test_a_view_stands_at_the_place_of_its_sentence() -> None:
    lengths = {document.id: len(split(document)) for corpus in (ENGLISH, RUSSIAN.whole()) for document in corpus.load()}
    views = Translated(**dict(ENGLISH), of=RUSSIAN).load()
    for sentence, view in zip(RUSSIAN.load(), views, strict=True):
        (russian, place), (english, other) = (part.id.split("~") for part in (sentence, view))
        assert english == russian.replace(".ru", ".en") and view.language == "en"
        if lengths[russian] == lengths[english]:
            assert place == other


def test_where_a_translation_has_other_sentences_the_place_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    views = Translated(**dict(ENGLISH), of=RUSSIAN)
    whole = Corpus.load
    longest = max(whole(ENGLISH), key=lambda document: len(split(document)))
    short = [document for document in whole(ENGLISH) if document.id != longest.id]

    def cut(corpus: Corpus) -> object:
        """Without one document, and of the others the first sentence alone."""
        return [replace(split(d)[0], id=d.id) for d in short] if corpus is views else whole(corpus)

    monkeypatch.setattr(Corpus, "load", cut)
    found = views.load()
    assert {view.id.rpartition("~")[2] for view in found} == {"1"}
    kept = {sentence.id.partition("~")[0].replace(".ru", "") for sentence in RUSSIAN.load()} - {longest.id[:-3]}
    assert len(found) == len(kept), "each document once"


def test_translations_of_real_sentences_share_their_documents(real: Callable[[str], str]) -> None:
    real("bc5cdr"), real("kbioxlm-cdr")
    task = next(task for task in tasks("real") if task.translated)
    labelled = sample(task.train, 200, 0)
    views = Translated(**dict(task.views[0]), of=labelled).load()
    assert 190 <= len(views) <= 200 and all(view.language == "zh" for view in views)
    mentions = [sum(len(s.mentions) for s in sentences) for sentences in (labelled.load(), views)]
    assert 0.6 < mentions[1] / mentions[0] < 1.2
