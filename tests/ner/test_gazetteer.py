"""A tagger of names alone: which names it takes, where it finds them, and what is known and what is new."""

from __future__ import annotations

from typing import Any, cast

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.models.tagger import gold
from chemxl.ner import chapter, names
from chemxl.ner.gazetteer import Gazetteer


def marked(text: str, *found: tuple[str, str], language: str = "en") -> Document:
    """A text with the first place of each name as a mention."""
    mentions = tuple(Mention.of(type, text.index(name), text.index(name) + len(name)) for type, name in found)
    return Document(text, text, mentions, language=language)


class Listed(Corpus):
    """Documents that a test wrote."""

    texts: tuple[str, ...]
    found: tuple[tuple[str, str], ...] = ()
    language: Any = "en"

    def load(self) -> list[Document]:
        return [
            marked(text, *((t, n) for t, n in self.found if n in text), language=self.language) for text in self.texts
        ]


TRAIN = Listed(
    name="mini",
    texts=("Aspirin and acetylsalicylic acid.", "An acid helps.", "Acid rain.", "fever", "аспирин"),
    found=(("CHEM", "Aspirin"), ("CHEM", "acetylsalicylic acid"), ("DISEASE", "fever"), ("CHEM", "аспирин")),
)


def found(*texts: str, language: str = "en", train: Corpus = TRAIN) -> list[list[tuple[str, str]]]:
    corpus = Listed(name="mini", texts=texts, language=language)
    documents = corpus.load()
    predicted = Gazetteer(train=(train,), corpus=corpus).found(documents)
    return [[(m.type, d.surface(m)) for m in ms] for d, ms in zip(documents, predicted, strict=True)]


def test_names_are_found_as_whole_words_the_longest_first() -> None:
    assert found("aspirin, FEVER and aspirins; acetylsalicylic acid", "") == [
        [("CHEM", "aspirin"), ("DISEASE", "FEVER"), ("CHEM", "acetylsalicylic acid")],
        [],
    ]
    assert found("без аспирина", language="ru") == [[("CHEM", "аспирина")]]


def test_a_name_that_training_seldom_annotates_is_none() -> None:
    seldom = TRAIN.model_copy(update={"found": (*TRAIN.found[:1], ("CHEM", "Acid"))})  # one of three places
    assert found("acid", train=seldom) == [[]]
    usual = TRAIN.model_copy(update={"found": (("CHEM", "Acid"), ("CHEM", "acid"))})
    assert found("acid", train=usual) == [[("CHEM", "acid")]]
    half = Listed(name="mini", texts=("acid", "Acid"), found=(("CHEM", "acid"),))
    assert found("ACID", train=half) == [[("CHEM", "ACID")]]


def test_recall_is_parted_by_what_training_has() -> None:
    test = Listed(
        name="mini",
        texts=("ASPIRIN for gout", "ibuprofen and fever"),
        found=(("CHEM", "ASPIRIN"), ("DISEASE", "gout"), ("CHEM", "ibuprofen"), ("CHEM", "fever")),
    )

    class Fixed:
        seed = 0

        def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
            documents = test.load()
            return documents, [[d.mentions[0]] for d in documents]

    due = [layer.mentions for layer in gold(test.load())]
    made = names.rows([cast("Any", Fixed())], [TRAIN], due, scorer="exact")
    values = {(row.metric, row.keys["names"]): row.value for row in made}
    # fever is known as a disease, not as a chemical
    assert values == {
        ("R", names.KNOWN): 1.0,
        ("mentions", names.KNOWN): 1.0,
        ("R", names.NEW): 0.3333,
        ("mentions", names.NEW): 3.0,
    }


def test_it_is_scored_like_a_model() -> None:
    texts, wanted = ("aspirin", "ibuprofen", "fever"), (("CHEM", "aspirin"), ("CHEM", "ibuprofen"))
    test = Listed(name="mini", texts=texts, found=wanted)
    value = Gazetteer(train=(TRAIN,), corpus=test)
    scores = value.counts().scores()
    assert scores["CHEM"] == metrics.Score(1, 1, 2) and scores[metrics.MICRO] == metrics.Score(1, 2, 2)
    assert value.run().metrics["CHEM.f1"] == scores["CHEM"].f1 and value.seed == 0


def test_the_chapter_has_one_beside_its_models() -> None:
    settings = chapter.Settings(models=("mini", chapter.GAZETTEER), seeds=(0, 1))
    made = {(line.keys["method"], len(line.experiments)) for line in chapter.table(settings)}
    assert made == {("softmax", 2), (chapter.GAZETTEER, 1)}
