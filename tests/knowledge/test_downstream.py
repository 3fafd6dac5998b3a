"""Chinese without blanks, relations as classes, and the tagger that is a lexicon."""

from __future__ import annotations

import pytest

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Pair, words
from chemxl.knowledge.downstream import ASSOCIATED, NEITHER, Associations, LexiconTagger, Unspaced, recalled, unspaced
from chemxl.knowledge.entities import Names
from chemxl.knowledge.lexicon import Lexicon


def test_blanks_beside_chinese_go_and_mentions_keep_their_characters() -> None:
    text = "用 顺 铂 ( DDP 50 mg ) 治 疗 ， ok\n急 性 肝 炎"
    places = {name: text.index(name) for name in ("顺 铂", "DDP 50", "肝 炎")}
    mentions = tuple(Mention.of("CHEM", at, at + len(name), id=name) for name, at in places.items())
    made = unspaced(Document("x", text, mentions))
    assert made.text == "用顺铂( DDP 50 mg )治疗，ok\n急性肝炎"
    assert [made.surface(mention) for mention in made.mentions] == ["顺铂", "DDP 50", "肝炎"]
    assert [made.text[a:b] for a, b in words(made.text)][:6] == ["用", "顺", "铂", "(", "DDP", "50"]


def test_the_lexicon_alone_finds_names_whose_translation_was_annotated() -> None:
    lexicon = Lexicon(language="ru", sources=("mini",), held_out=0)
    types = ("CHEM", "DISEASE", "GENE", "SPECIES")
    english, russian = (Corpus(name="mini", language=code, types=types) for code in ("en", "ru"))
    value = LexiconTagger(train=(english,), corpus=russian, lexicon=lexicon)
    score = value.run().metrics["F1"]
    counts = value.counts()
    assert 0.3 < score < 1 and counts.values.shape[1:] == (1, 3)
    right, found, due = counts.column().sum(axis=0)
    assert score == pytest.approx(2 * right / (found + due)) and right / found > 0.6
    [found_in] = value.predict([Document("x", "Больному дали трамадола, боль прошла", language="ru")])
    assert "трамадола" in {"Больному дали трамадола, боль прошла"[m.start : m.end] for m in found_in}


class Finished:
    """An evaluation that found the first mention of each document."""

    def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
        text = "аспирином лечат йододефицит"
        mentions = (Mention.of("CHEM", 0, 9, id="T1"), Mention.of("DISEASE", 16, 27, id="T2"))
        documents = [Document(str(i), text, mentions) for i in range(3)]
        return documents, [[mentions[0]], [mentions[0]], [mentions[1]]]


def test_recall_of_what_the_lexicon_has_and_of_the_rest() -> None:
    names = Names([Pair("1", "aspirin", "аспирин")], "ru")
    inside, outside = (recalled(Finished(), names, known=known) for known in (True, False))  # type: ignore[arg-type]
    assert inside[:, [0, 2]].tolist() == [[1, 1], [1, 1], [0, 1]]
    assert outside[:, [0, 2]].tolist() == [[0, 1], [0, 1], [1, 1]]


def test_real_chinese_and_real_associations(real: object) -> None:
    for name in ("kbioxlm-cdr", "kbioxlm-gad"):
        real(name)  # type: ignore[operator]
    test = Unspaced(name="kbioxlm-cdr", split="test", language="zh", types=("CHEM", "DISEASE"))
    spaced = test.to(Corpus).load()
    for before, after in zip(spaced, test.load(), strict=True):
        whole = [before.surface(m).replace(" ", "") for m in before.mentions]
        assert whole == [after.surface(m).replace(" ", "") for m in after.mentions]
    labels = [
        d.labels[0].type
        for d in Associations(name="kbioxlm-gad", types=("GENE", "DISEASE"), language="zh", split="test").load()
    ]
    assert set(labels) == {ASSOCIATED, NEITHER} and len(labels) > 500
