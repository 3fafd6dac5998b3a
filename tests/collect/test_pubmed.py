"""PubMed against a local server that speaks the E-utilities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from chemxl.collect import pubmed
from chemxl.collect.http import Garbled, Manners, SourceError
from chemxl.collect.pubmed import PubMed, read_articles
from chemxl.collect.queries import Query
from chemxl.collect.store import Record, Store
from chemxl.corpora.corpus import translation_key, twin_key
from tests.collect.servers import Article, Eutils, Server, articles, serving

FAST = Manners(per_second=1e6, retries=3, sleep=lambda seconds: None)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NCBI_EMAIL", raising=False)
    monkeypatch.delenv("NCBI_API_KEY", raising=False)


@pytest.fixture
def eutils() -> Eutils:
    return Eutils([*articles(50), Article("7", "Nothing of it", "No term.")])


@pytest.fixture
def server(eutils: Eutils) -> Iterator[Server]:
    with serving(eutils) as server:
        yield server


def client(server: Server, folder: Path, **settings: object) -> PubMed:
    chosen = {"batch": 7, "page": 20, "manners": FAST} | settings
    return PubMed(Store(folder / "pubmed.sqlite"), url=server.url, **chosen)  # type: ignore[arg-type]


def kinds(server: Server) -> list[str]:
    return ["search" if "esearch" in r.path else "ids" if "WebEnv" in r.params else "records" for r in server.log]


def test_from_query_to_documents(server: Server, tmp_path: Path) -> None:
    source = client(server, tmp_path)
    ids = source.search(Query())
    assert ids == [str(n) for n in server.answer.histories["MCID_1"]]  # type: ignore[attr-defined]
    assert len(ids) == 50 and "7" not in ids
    documents = list(source.fetch(ids))
    assert [d.id for d in documents] == ids
    first = documents[-1]
    assert (first.id, first.text) in [(f"{1000 + i}", f"Title {i} of an inhibitor\nAbstract {i}.") for i in range(3)]
    assert (first.language, first.domain) == ("en", "abstracts")
    assert kinds(server) == ["search"] + ["ids"] * 3 + ["records"] * 8
    assert {r.method for r in server.log} == {"POST"}


def test_a_second_run_asks_for_nothing(server: Server, tmp_path: Path) -> None:
    first = client(server, tmp_path)
    ids = first.search(Query())
    documents = list(first.fetch(ids))
    asked = len(server.log)
    again = client(server, tmp_path)
    assert again.search(Query()) == ids
    assert list(again.fetch(ids)) == documents
    assert len(server.log) == asked


def test_days_narrow_the_search(server: Server, tmp_path: Path) -> None:
    ids = client(server, tmp_path).search(Query(since=date(2020, 1, 2), until=date(2020, 1, 3)))
    assert sorted(ids) == [str(n) for n in range(1003, 1009)]


def test_no_hit_is_an_empty_list(server: Server, tmp_path: Path) -> None:
    source = client(server, tmp_path)
    assert source.search(Query(until=date(1999, 1, 1))) == [] == list(source.fetch([]))


def test_more_hits_than_pubmed_shows(
    eutils: Eutils, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubmed, "LIMIT", 11)
    eutils.limit = 11
    ids = client(server, tmp_path, page=5).search(Query())
    assert sorted(ids) == [str(n) for n in range(1000, 1050)]
    assert len(set(ids)) == len(ids) == len(server.ids())


def test_more_hits_on_one_day_than_it_shows(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed, "LIMIT", 2)
    with pytest.raises(SourceError, match="2020-01-16 alone has 3: use fewer terms"):
        client(server, tmp_path).search(Query(until=date(2020, 1, 16)))


def test_a_lost_history_is_searched_again_and_goes_on(eutils: Eutils, server: Server, tmp_path: Path) -> None:
    server.faults = ["", "", "403"]
    with pytest.raises(SourceError):
        client(server, tmp_path).search(Query())
    eutils.histories.clear()
    assert len(client(server, tmp_path).search(Query())) == 50
    assert kinds(server) == ["search", "ids", "ids", "ids", "search", "ids", "ids"]
    assert len(server.ids()) == 50  # the page that had landed was not asked for again


def test_hits_that_came_meanwhile_are_found(eutils: Eutils, server: Server, tmp_path: Path) -> None:
    server.faults = ["", "", "403"]
    with pytest.raises(SourceError):
        client(server, tmp_path).search(Query())
    eutils.histories.clear()
    eutils.held = {"2000": Article("2000", day="2020-06-01")} | eutils.held
    assert len(client(server, tmp_path).search(Query())) == 51


def test_a_history_that_is_always_lost(eutils: Eutils, server: Server, tmp_path: Path) -> None:
    source = client(server, tmp_path)
    eutils.limit = 0
    with pytest.raises(SourceError, match="lost the search 3 times"):
        source.search(Query())


@pytest.mark.parametrize(
    "fault", ["429", "503 0", "dead", "short", "chunked", "unannounced", "malformed", "html", "json"]
)
@pytest.mark.parametrize("at", [0, 1, 4])
def test_faults_that_pass(fault: str, at: int, server: Server, tmp_path: Path) -> None:
    server.faults = [""] * at + [fault, fault]
    source = client(server, tmp_path)
    assert len(list(source.fetch(source.search(Query())))) == 50
    assert sorted(server.ids()) == sorted([f"hit {n}" for n in range(1000, 1050)] + [str(n) for n in range(1000, 1050)])


@pytest.mark.parametrize(
    ("fault", "message"), [("bomb", "entities"), ("zip-bomb", "larger than 1 MiB"), ("utf-16", "malformed")]
)
def test_attacks_are_refused(fault: str, message: str, server: Server, tmp_path: Path) -> None:
    server.faults = [fault] * 4
    with pytest.raises(SourceError, match=message):
        client(server, tmp_path, manners=Manners(per_second=1e6, retries=3, max_mib=1, sleep=FAST.sleep)).search(
            Query()
        )


def test_a_server_that_dies_half_way(server: Server, tmp_path: Path) -> None:
    source = client(server, tmp_path)
    ids = source.search(Query())
    documents = source.fetch(ids)
    landed = [next(documents).id for _ in range(10)]
    server.stop()
    with pytest.raises(SourceError, match="what was fetched is kept, run it again"):
        list(documents)
    server.revive()
    asked = len(server.log)
    assert [d.id for d in client(server, tmp_path).fetch(ids)] == ids
    assert not set(landed) & set(server.ids(asked))
    assert sorted(server.ids()) == sorted(ids + [f"hit {id}" for id in ids])


def test_what_has_no_abstract_and_what_is_missing_is_reported(eutils: Eutils, server: Server, tmp_path: Path) -> None:
    eutils.held["8"] = Article("8", extra="<Article><ArticleTitle>A letter</ArticleTitle></Article>")
    source = client(server, tmp_path)
    assert [d.id for d in source.fetch(["8", "9", "1000"])] == ["1000"]
    assert source.left_out(["8", "9", "1000"]) == {"8": "no abstract", "9": "PubMed gave no record under this PMID"}
    assert [d.text for d in client(server, tmp_path, titles=True).fetch(["8"])] == ["A letter"]
    assert list(source.fetch(["10", "11"])) == []
    with pytest.raises(SourceError, match="not a PMID"):
        list(source.fetch(["1000; drop"]))


def test_mail_and_key_go_with_each_request_and_nowhere_else(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "reader@example.org")
    monkeypatch.setenv("NCBI_API_KEY", "k3y0123")
    source = client(server, tmp_path)
    documents = list(source.fetch(source.search(Query())))
    assert {(r.params["email"], r.params["api_key"], r.params["tool"]) for r in server.log} == {
        ("reader@example.org", "k3y0123", "chemxl")
    }
    for path in tmp_path.rglob("*"):
        assert not any(secret in path.read_bytes() for secret in (b"reader", b"example.org", b"k3y0123"))
    monkeypatch.delenv("NCBI_EMAIL")
    monkeypatch.delenv("NCBI_API_KEY")
    asked = len(server.log)
    without = client(server, tmp_path)  # the cache does not depend on who asks
    assert list(without.fetch(without.search(Query()))) == documents and len(server.log) == asked


def test_the_published_rate_depends_on_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "a.sqlite")
    assert PubMed(store)._client.manners.per_second == 3
    monkeypatch.setenv("NCBI_API_KEY", "k")
    assert PubMed(store)._client.manners.per_second == 10


def one(xml: str) -> list[tuple[str, str, str]]:
    citation = f"<MedlineCitation><PMID>5</PMID>{xml}</MedlineCitation>"
    record = read_articles(f"<PubmedArticleSet><PubmedArticle>{citation}</PubmedArticle></PubmedArticleSet>".encode())[
        "5"
    ]
    return [(d.id, d.language, d.text) for d in record.documents]


def test_labels_and_mark_up() -> None:
    assert one(
        "<Article><ArticleTitle>Ca<sup>2+</sup> and <i>P</i> &lt; 0.05</ArticleTitle><Abstract>"
        '<AbstractText Label="AIM">To see.</AbstractText><AbstractText Label="UNLABELLED">Seen.</AbstractText>'
        "<AbstractText/><CopyrightInformation>(c)</CopyrightInformation></Abstract><Language>eng</Language></Article>"
    ) == [("5", "en", "Ca2+ and P < 0.05\nAIM: To see.\nSeen.")]


def test_a_russian_article_has_an_english_abstract_and_may_have_a_russian_one() -> None:
    article = (
        "<Article><ArticleTitle>[On inhibitors.]</ArticleTitle>"
        "<Abstract><AbstractText>Text.</AbstractText></Abstract><Language>rus</Language>"
        "<VernacularTitle>Об ингибиторах.</VernacularTitle></Article>"
    )
    english = ("5", "en", "[On inhibitors.]\nText.")
    assert one(article) == [english]
    other = '<OtherAbstract Type="Publisher" Language="rus"><AbstractText>Текст.</AbstractText></OtherAbstract>'
    assert one(article + other) == [english, ("5_ru", "ru", "Об ингибиторах.\nТекст.")]
    summary = (
        '<OtherAbstract Type="plain-language-summary" Language="eng"><AbstractText>Easy.</AbstractText></OtherAbstract>'
    )
    assert one(article + summary) == [english, ("5~2_en", "en", "Easy.")]
    bare = article.replace("<Abstract><AbstractText>Text.</AbstractText></Abstract>", "")
    assert one(bare + other) == [("5_ru", "ru", "Об ингибиторах.\nТекст.")]


def test_a_title_in_the_articles_own_language() -> None:
    article = "<Article><ArticleTitle>Hemmstoffe.</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract>"
    assert one(f"{article}<Language>ger</Language></Article>") == [("5", "de", "Hemmstoffe.\nText.")]
    assert one(f"{article}<Language>ger</Language><Language>eng</Language></Article>")[0][1] == "en"


def other(language: str, text: str, type: str = "Publisher") -> str:
    named = f' Language="{language}"' if language else ""
    return f'<OtherAbstract Type="{type}"{named}><AbstractText>{text}</AbstractText></OtherAbstract>'


TITLED = "<Article><ArticleTitle>{}</ArticleTitle>{}<Language>{}</Language>{}</Article>"
LETTER = TITLED.format("Safe.", "", "eng", "")
STUDY = TITLED.format("Safe.", "<Abstract><AbstractText>It is.</AbstractText></Abstract>", "eng", "")
BILINGUAL = TITLED.format("[Safe.]", "", "rus", "<VernacularTitle>Надёжно.</VernacularTitle>")
UNTRANSLATED = TITLED.format("[Not Available].", "", "rus", "<VernacularTitle>Надёжно.</VernacularTitle>")


@pytest.mark.parametrize(
    ("xml", "texts"),
    [
        # An English abstract that stands among the others is the record's own, wherever it stands.
        (LETTER + other("eng", "It is.", "PIP"), [("5", "Safe.\nIt is.")]),
        (LETTER + other("eng", "It is.", "KIE"), [("5", "Safe.\nIt is.")]),
        (LETTER + other("", "It is."), [("5", "Safe.\nIt is.")]),  # the DTD's default
        (
            LETTER + other("eng", "It is.") + other("spa", "Lo es.") + other("fre", "Il l'est."),
            [("5", "Safe.\nIt is."), ("5_es", "Lo es."), ("5_fr", "Il l'est.")],
        ),
        (
            LETTER + other("chi", "是。") + other("eng", "It is."),
            [("5", "Safe.\nIt is."), ("5_zh", "是。")],
        ),
        (
            STUDY + other("por", "É.") + other("spa", "Lo es."),
            [("5", "Safe.\nIt is."), ("5_pt", "É."), ("5_es", "Lo es.")],
        ),
        # Several in one language: none is lost, and none stands for the translation of another.
        (STUDY + other("eng", "PIP: it is.", "PIP"), [("5", "Safe.\nIt is."), ("5~2_en", "PIP: it is.")]),
        (
            LETTER + other("eng", "It is.", "PIP") + other("eng", "Of course.", "KIE") + other("eng", "Sure.", "KIE"),
            [("5", "Safe.\nIt is."), ("5~2_en", "Of course."), ("5~3_en", "Sure.")],
        ),
        (
            STUDY + other("spa", "Lo es.") + other("spa", "Es fácil.", "plain-language-summary"),
            [("5", "Safe.\nIt is."), ("5_es", "Lo es."), ("5~2_es", "Es fácil.")],
        ),
        (STUDY + other("eng", "It is."), [("5", "Safe.\nIt is.")]),  # the same again
        # Titles in the language of the article.
        (BILINGUAL + other("rus", "Да."), [("5_ru", "Надёжно.\nДа.")]),
        (BILINGUAL + other("eng", "Yes.") + other("rus", "Да."), [("5", "[Safe.]\nYes."), ("5_ru", "Надёжно.\nДа.")]),
        (UNTRANSLATED + other("rus", "Да."), [("5", "Надёжно.\nДа.")]),
        (UNTRANSLATED.replace("rus", "und") + other("rus", "Да."), [("5", "Надёжно.\nДа.")]),
        (UNTRANSLATED + other("eng", "Yes."), [("5_en", "Yes.")]),
        (
            TITLED.format("Safe.", "", "eng", "<VernacularTitle>Seguro.</VernacularTitle>") + other("spa", "Sí."),
            [("5_es", "Seguro.\nSí.")],
        ),
        (STUDY + '<OtherAbstract Language="spa"><AbstractText/></OtherAbstract>', [("5", "Safe.\nIt is.")]),
        (LETTER + other("eng", "Na<sup>+</sup> &amp; <b>K</b>"), [("5", "Safe.\nNa+ & K")]),
        (
            LETTER + '<OtherAbstract Language="spa"><AbstractText Label="FIN">Ver.</AbstractText><AbstractText>Visto.'
            "</AbstractText><CopyrightInformation>(c)</CopyrightInformation></OtherAbstract>",
            [("5_es", "FIN: Ver.\nVisto.")],
        ),
    ],
)  # fmt: skip
def test_every_abstract_is_given_with_its_language(xml: str, texts: list[tuple[str, str]]) -> None:
    found = one(xml)
    assert [(id, text) for id, _, text in found] == texts
    assert all(id == "5" or id.endswith(f"_{language}") for id, language, _ in found)
    assert {twin_key(id) for id, _, _ in found if id.rpartition("_")[2] in ("5", "en", "es", "ru", "zh")} <= {"5"}
    # A further text in one language is no translation of the first in another.
    assert len({(translation_key(id), language) for id, language, _ in found}) == len(found)


@pytest.mark.parametrize(
    ("article", "titles"),
    [
        (LETTER, [("5", "en", "Safe.")]),
        (BILINGUAL, [("5", "en", "[Safe.]"), ("5_ru", "ru", "Надёжно.")]),
        (UNTRANSLATED, [("5", "ru", "Надёжно.")]),
        (TITLED.format("[Not Available].", "", "rus", ""), []),
        (TITLED.format("", "", "eng", ""), []),
    ],
)
def test_titles_of_what_has_no_abstract(article: str, titles: list[tuple[str, str, str]]) -> None:
    assert one(article) == titles


def test_book_chapters_and_deleted_citations() -> None:
    records = read_articles(
        b"<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>6</PMID><ArticleTitle>Aspirin</ArticleTitle>"
        b"<Language>eng</Language><Abstract><AbstractText>A drug.</AbstractText></Abstract></BookDocument>"
        b"</PubmedBookArticle><DeleteCitation><PMID>9</PMID></DeleteCitation></PubmedArticleSet>"
    )
    assert {id: r.documents[0].text for id, r in records.items() if r.documents} == {"6": "Aspirin\nA drug."}
    assert records["9"] == Record("9", reason="deleted by PubMed")
    whole = (
        b"<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>6</PMID><Book><BookTitle>Drugs <i>A</i> to Z"
        b"</BookTitle></Book><Language>eng</Language><Abstract><AbstractText Label='USE'>A drug.</AbstractText>"
        b"<CopyrightInformation>(c)</CopyrightInformation></Abstract></BookDocument></PubmedBookArticle>"
        b"</PubmedArticleSet>"
    )
    assert [d.text for d in read_articles(whole)["6"].documents] == ["Drugs A to Z\nUSE: A drug."]


def test_errors_of_efetch() -> None:
    with pytest.raises(SourceError, match="bad db"):
        read_articles(b"<eFetchResult><ERROR>bad db</ERROR></eFetchResult>")
    with pytest.raises(Garbled, match="<html>"):
        read_articles(b"<html/>")
