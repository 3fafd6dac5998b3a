"""OAI-PMH against a local server."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chemxl.collect.http import Manners, SourceError
from chemxl.collect.oai import CYBERLENINKA, Repository
from chemxl.collect.queries import INTERACTIONS, Query
from chemxl.collect.store import Store
from tests.collect.servers import Archive, Article, Reply, Request, Server, articles, serving

FAST = Manners(per_second=1e6, retries=3, sleep=lambda seconds: None)
ALL = [str(n) for n in range(1000, 1045)]


def client(server: Server, folder: Path, **settings: object) -> Repository:
    chosen = {"manners": FAST} | settings
    return Repository(f"{server.url}/oai", Store(folder / "oai.sqlite"), **chosen)  # type: ignore[arg-type]


def test_from_query_to_documents(tmp_path: Path) -> None:
    held = [*articles(25), Article("x", "Без термина", "Ничего."), Article("y", "Роль", "Действие ингибиторов.")]
    with serving(Archive(held)) as server:
        source = client(server, tmp_path)
        ids = source.search(Query())
        assert ids == [str(n) for n in range(1000, 1025)] + ["y"]
        documents = list(source.fetch(ids))
        assert [r.params["verb"] for r in server.log] == ["ListRecords"] * 3
        assert server.log[0].params == {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
        assert server.log[1].params == {"verb": "ListRecords", "resumptionToken": "t1"}
    assert (documents[-1].text, documents[-1].language, documents[-1].domain) == (
        "Роль\nДействие ингибиторов.", "ru", "abstracts",
    )  # fmt: skip


NAMES = "OAI-PMH|ListRecords|record|header|identifier|datestamp|metadata|resumptionToken"
WRITTEN = {  # as some repositories do
    "no namespace": [(' xmlns="http://www.openarchives.org/OAI/2.0/"', "")],
    "another one": [('/OAI/2.0/">', '/OAI/2.0">')],
    "a prefix": [(f"<(/?)(?=(?:{NAMES})\\b)", r"<\1o:"), ('xmlns="', 'xmlns:o="')],
    "a default in the record": [(r"<(/?)dc:", r"<\1"), ("xmlns:dc=", "xmlns=")],
}


@pytest.mark.parametrize("way", WRITTEN)
def test_namespaces_may_be_written_in_any_way(way: str, tmp_path: Path) -> None:
    archive = Archive(articles(12))

    def answer(request: Request) -> Reply:
        reply = archive(request)
        body = reply.body.decode()
        for pattern, by in WRITTEN[way]:
            body = re.sub(pattern, by, body)
        assert body != reply.body.decode()
        return replace(reply, body=body.encode())

    with serving(answer) as server:
        source = client(server, tmp_path)
        documents = list(source.fetch(source.search(Query())))
    assert len(documents) == 12 and all("\n" in document.text for document in documents)


def test_other_terms_and_a_second_run_ask_for_nothing(tmp_path: Path) -> None:
    with serving(Archive(articles(45))) as server:
        assert client(server, tmp_path).search(Query()) == ALL
        asked = len(server.log)
        assert client(server, tmp_path).search(Query()) == ALL
        assert client(server, tmp_path).search(Query(INTERACTIONS[:2])) == []
        assert len(server.log) == asked


def test_days_and_sets(tmp_path: Path) -> None:
    with serving(Archive(articles(45))) as server:
        source = client(server, tmp_path, set="journal_1")
        assert source.search(Query(since=date(2020, 1, 2), until=date(2020, 1, 3))) == ALL[3:9]
        assert server.log[0].params["set"] == "journal_1"
        assert source.search(Query(until=date(1999, 1, 1))) == []


def test_deleted_records_and_those_without_an_abstract_are_reported(tmp_path: Path) -> None:
    held = [Article("d", deleted=True), Article("t", "Ингибиторы", ""), Article("e", extra="<dc:date>2020</dc:date>")]
    with serving(Archive([*held, Article("a")])) as server:
        source = client(server, tmp_path)
        assert source.search(Query()) == ["t", "a"]
        assert [d.id for d in source.fetch(["d", "t", "e", "a"])] == ["a"]
        assert source.left_out(["d", "t", "e", "a"]) == {
            "d": "deleted by the repository",
            "t": "no abstract",
            "e": "neither title nor abstract",
        }
        titles = client(server, tmp_path, titles=True)
        assert [d.text for d in titles.fetch(["t"])] == ["Ингибиторы"]


def test_a_record_in_two_languages_gives_two_documents(tmp_path: Path) -> None:
    both = (
        "<dc:title>Ингибиторы</dc:title><dc:title>Inhibitors</dc:title><dc:description>Они есть.</dc:description>"
        "<dc:description>There are some.</dc:description><dc:language>rus</dc:language>"
    )
    tagged = '<dc:title xml:lang="de">Hemmstoff</dc:title><dc:description xml:lang="de">Es gibt ihn.</dc:description>'
    with serving(Archive([Article("b", extra=both), Article("g", extra=tagged)])) as server:
        documents = client(server, tmp_path).fetch(["b", "g"])
        assert [(d.id, d.language, d.text) for d in documents] == [
            ("b", "ru", "Ингибиторы\nОни есть."),
            ("b_en", "en", "Inhibitors\nThere are some."),
            ("g", "de", "Hemmstoff\nEs gibt ihn."),
        ]


def test_records_are_fetched_one_by_one_where_no_harvest_gave_them(tmp_path: Path) -> None:
    with serving(Archive(articles(3))) as server:
        source = client(server, tmp_path)
        assert [d.id for d in source.fetch(["1001", "none"])] == ["1001"]
        assert source.left_out(["none"]) == {"none": "no such record"}
        assert [r.params["verb"] for r in server.log] == ["GetRecord"] * 2


@pytest.mark.parametrize("fault", ["429", "503 0", "dead", "short", "chunked", "unannounced", "malformed", "html"])
@pytest.mark.parametrize("at", [0, 2])
def test_faults_that_pass(fault: str, at: int, tmp_path: Path) -> None:
    with serving(Archive(articles(45))) as server:
        server.faults = [""] * at + [fault, fault]
        assert client(server, tmp_path).search(Query()) == ALL
        assert server.ids() == ALL


@pytest.mark.parametrize(
    ("fault", "message"), [("bomb", "entities"), ("zip-bomb", "larger than 1 MiB"), ("utf-16", "malformed")]
)
def test_attacks_are_refused_and_what_landed_is_kept(fault: str, message: str, tmp_path: Path) -> None:
    with serving(Archive(articles(45))) as server:
        server.faults = ["", ""] + [fault] * 4
        source = client(server, tmp_path, manners=replace(FAST, max_mib=1))
        with pytest.raises(SourceError, match=message):
            source.search(Query())
        server.faults = []
        assert client(server, tmp_path).search(Query()) == ALL
        assert server.ids() == ALL


def interrupted(server: Server, folder: Path, pages: int) -> None:
    server.faults = [""] * pages + ["403"]
    with pytest.raises(SourceError, match="HTTP status 403"):
        client(server, folder).search(Query())


def test_an_expired_token_goes_on_from_the_last_day(tmp_path: Path) -> None:
    archive = Archive(articles(45), count=False)
    with serving(archive) as server:
        interrupted(server, tmp_path, 2)
        archive.expire()
        assert client(server, tmp_path).search(Query()) == ALL
        assert server.log[4].params["from"] == "2020-01-07"  # the day of 1018 to 1020
        assert sorted(server.ids()) == sorted([*ALL, "1018", "1019"])


def test_an_expired_token_without_order_starts_from_the_beginning(tmp_path: Path) -> None:
    archive = Archive(articles(45)[::-1], count=False)
    with serving(archive) as server:
        interrupted(server, tmp_path, 2)
        archive.expire()
        assert sorted(client(server, tmp_path).search(Query())) == ALL
        assert "from" not in server.log[4].params


def test_what_was_passed_over_after_a_lost_token_is_missed_and_fetched(tmp_path: Path) -> None:
    """The first pages come in order, so the harvest goes on from their last day; an older record comes at the end."""
    held = [*articles(45), Article("old", day="2019-01-01")]
    archive = Archive(held)
    with serving(archive) as server:
        interrupted(server, tmp_path, 2)
        archive.expire()
        assert client(server, tmp_path).search(Query()) == [*ALL, "old"]
        assert client(server, tmp_path).search(Query()) == [*ALL, "old"]


@pytest.mark.parametrize("one_day", [False, True])
def test_tokens_that_always_expire(one_day: bool, tmp_path: Path) -> None:
    held = [replace(article, day="2020-01-01") for article in articles(45)] if one_day else articles(45)
    archive = Archive(held)

    def answer(request: Request) -> Reply:
        archive.expire()
        return archive(request)

    with serving(answer) as server:
        if one_day:
            with pytest.raises(SourceError, match="ask for fewer days"):
                client(server, tmp_path).search(Query())
        else:  # each first page leads on by itself
            assert client(server, tmp_path).search(Query()) == ALL
        assert len(server.log) < 20


def test_a_token_that_leads_nowhere(tmp_path: Path) -> None:
    archive = Archive(articles(45))

    def answer(request: Request) -> Reply:
        reply = archive(request)
        archive.tokens["t"] = (archive.held, 10)
        return replace(reply, body=re.sub(b">t[0-9]+<", b">t<", reply.body))

    with serving(answer) as server, pytest.raises(SourceError, match="again and again"):
        client(server, tmp_path).search(Query())


def test_a_record_that_changes_during_the_harvest(tmp_path: Path) -> None:
    held = articles(45)
    archive = Archive([*held, replace(held[3], deleted=True, day="2021-01-01")])
    with serving(archive) as server:
        source = client(server, tmp_path)
        assert source.search(Query()) == [id for id in ALL if id != "1003"]
        assert source.left_out(["1003"]) == {"1003": "deleted by the repository"}


def test_a_repository_that_refuses_is_quoted_without_the_contact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "reader@example.org")
    with serving(lambda request: Archive([])(replace(request, params={"verb": "ListRecords"}))) as server:
        with pytest.raises(SourceError, match=r"badArgument: contact <\*\*\*>"):
            client(server, tmp_path).search(Query())
        assert "reader@example.org" in server.log[0].headers["User-Agent"]


def test_cyberleninka_is_declared(tmp_path: Path) -> None:
    source = Repository(CYBERLENINKA, Store(tmp_path / "a.sqlite"))
    assert source.name == "https://cyberleninka.ru/oai"
    assert source._client.manners.per_second == 1
