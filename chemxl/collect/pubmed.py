"""PubMed through NCBI's E-utilities: ESearch keeps the hits on the history server, EFetch gives ids and records.

https://www.ncbi.nlm.nih.gov/books/NBK25499/
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import chain
from typing import Any

from chemxl.collect.answers import language_code, parse_xml, plain
from chemxl.collect.http import Client, Garbled, Manners, SourceError
from chemxl.collect.mending import salvaged
from chemxl.collect.queries import Query
from chemxl.collect.store import Record, Store, StoredSource
from chemxl.documents import Document
from chemxl.experiments.digests import sha256

EUTILS = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
# PubMed shows the first 9,999 hits of a search and no more, with the history server too.
LIMIT = 9_999
# No citation was entered, or will be, outside these days.
_FIRST, _LAST = date(1700, 1, 1), date(2199, 12, 31)
_PMID = re.compile("[1-9][0-9]{0,9}")
_LOSSES = 3  # of the history in a row, before we give up


@dataclass(frozen=True)
class _Hits:
    """The hits of one range of days on the history server, and how many of their ids were fetched."""

    web: str
    key: str
    count: int
    landed: int = 0


class PubMed(StoredSource):
    """PubMed as a source of titles and abstracts.

    ``NCBI_EMAIL`` and ``NCBI_API_KEY`` in the environment go with each request; with a key PubMed allows ten requests
    a second, without one three. Both travel in the body of a POST and never reach a log, a message or the store. NCBI
    asks for large jobs to be run at weekends or between 9 p.m. and 5 a.m. Eastern time.

    Args:
        store: what was fetched.
        url: base address of the E-utilities.
        batch: records in one EFetch.
        page: ids in one answer of a search.
        titles: give records without an abstract too, as their title.
        manners: rate, retries and limits; by default those that NCBI publishes.
    """

    def __init__(
        self,
        store: Store,
        *,
        url: str = EUTILS,
        batch: int = 200,
        page: int = 5_000,
        titles: bool = False,
        manners: Manners | None = None,
    ) -> None:
        super().__init__(url, store, batch=batch, titles=titles)
        mail, key = os.environ.get("NCBI_EMAIL", ""), os.environ.get("NCBI_API_KEY", "")
        private = {name: value for name, value in (("email", mail), ("api_key", key)) if value}
        manners = manners or Manners(per_second=10.0 if key else 3.0)
        self._client = Client(url, manners, contact=mail, private=private, post=True)
        self.page = page

    def search(self, query: Query) -> list[str]:
        """The PMIDs that answer a query; within a range of days those entered latest come first.

        More hits than PubMed shows are reached by halving the range of entry dates until each part shows all of its
        hits. A search that was finished is read from the store; ask for other dates to get what came later.

        Raises:
            SourceError: PubMed cannot be reached, refuses, or has too many hits on a single day.
        """
        term = query.pubmed()
        days = ((query.since or _FIRST).isoformat(), (query.until or _LAST).isoformat())
        search = sha256("\n".join(("pubmed", self.name, term, *days)))
        with self.store.lock:
            state = self.store.state(search) or {"days": [days], "hits": None}
            while state["days"]:
                first, last = map(date.fromisoformat, state["days"][0])
                if state["hits"] is None:
                    state = _opened(state, self._hits(term, first, last), first, last)
                    self.store.save(self.name, search=search, state=state)
                    continue
                hits, ids = self._page(term, first, last, _Hits(**state["hits"]))
                done = hits.landed == hits.count
                state = {"days": state["days"][done:], "hits": None if done else asdict(hits)}
                self.store.save(self.name, search=search, found=ids, state=state)
        return self.store.found(search)

    def _hits(self, term: str, first: date, last: date) -> _Hits:
        """Search a range of days."""
        params = {
            "db": "pubmed", "term": term, "usehistory": "y", "retmax": "0", "datetype": "edat", "tool": "chemxl",
            "mindate": first.strftime("%Y/%m/%d"), "maxdate": last.strftime("%Y/%m/%d"),
        }  # fmt: skip
        return self._client.ask(params, _read_search, path="esearch.fcgi")

    def _page(self, term: str, first: date, last: date, hits: _Hits) -> tuple[_Hits, list[str]]:
        """The next ids, and the hits with these counted as fetched; searched for again if the history is gone."""
        for _ in range(_LOSSES):
            size = min(self.page, hits.count - hits.landed)
            params = {
                "db": "pubmed", "rettype": "uilist", "retmode": "text", "WebEnv": hits.web, "query_key": hits.key,
                "retstart": str(hits.landed), "retmax": str(size), "tool": "chemxl",
            }  # fmt: skip
            ids = self._client.ask(params, partial(_read_ids, size=size), path="efetch.fcgi")
            if ids is not None:
                return replace(hits, landed=hits.landed + size), ids
            again = self._hits(term, first, last)
            if again.count > LIMIT:
                raise SourceError(f"PubMed: the hits of {first} to {last} grew beyond {LIMIT:,}; search again")
            # With another number of hits they stand in other places: from the beginning, known ids stay known.
            hits = replace(again, landed=hits.landed if again.count == hits.count else 0)
        raise SourceError(f"PubMed: the history server lost the search {_LOSSES} times; run it again later")

    def _download(self, ids: Sequence[str]) -> list[Record]:
        """The records of PMIDs."""
        if wrong := [id for id in ids if not _PMID.fullmatch(id)]:
            raise SourceError(f"{wrong[0][:40]!r} is not a PMID (digits)")
        params = {"db": "pubmed", "id": ",".join(ids), "retmode": "xml", "tool": "chemxl"}
        records = self._client.ask(params, read_articles, path="efetch.fcgi", salvage=_salvage)
        return [records.get(id) or Record(id, reason="PubMed gave no record under this PMID") for id in ids]


def _opened(state: dict[str, Any], hits: _Hits, first: date, last: date) -> dict[str, Any]:
    """The state with the hits of its first range of days; a range with too many hits is halved."""
    if hits.count <= LIMIT:
        return {"days": state["days"][not hits.count :], "hits": asdict(hits) if hits.count else None}
    if first == last:
        raise SourceError(
            f"PubMed shows {LIMIT:,} hits of a search, and {first} alone has {hits.count:,}: use fewer terms"
        )
    middle = first + (last - first) // 2
    later = (middle + timedelta(days=1)).isoformat(), last.isoformat()
    return {"days": [later, (first.isoformat(), middle.isoformat()), *state["days"][1:]], "hits": None}


def _read_search(body: bytes) -> _Hits:
    """The hits that an answer to a search holds."""
    root = parse_xml(body)
    count, web, key = (root.findtext(tag) or "" for tag in ("Count", "WebEnv", "QueryKey"))
    # The back end reports its own failures so, and mostly does better the next time.
    if root.tag != "eSearchResult" or root.find("ERROR") is not None or not re.fullmatch("[0-9]{1,9}", count):
        raise Garbled(f"the search failed: {plain(root.find('ERROR')) or 'no count of hits'}")
    if int(count) and not (web and key):
        raise Garbled("the search was not kept on the history server")
    return _Hits(web, key, int(count))


def _read_ids(body: bytes, *, size: int) -> list[str] | None:
    """PMIDs, one a line; None if the history server no longer has them."""
    if b"<ERROR>" in body:
        return None
    ids = body.decode("utf-8", "replace").split()
    if len(ids) != size or not all(map(_PMID.fullmatch, ids)):
        raise Garbled(f"{size} PMIDs were due")
    return ids


def read_articles(body: bytes) -> dict[str, Record]:
    """The records of a PubmedArticleSet, by PMID.

    Raises:
        Garbled: it is something else.
        SourceError: PubMed says what is wrong with the request.
    """
    root = parse_xml(body)
    if (error := root.find("ERROR")) is not None:
        if "ID list is empty" in plain(error):  # none of the ids exists
            return {}
        raise SourceError(f"PubMed says {plain(error)!r}")
    if root.tag != "PubmedArticleSet":
        raise Garbled(f"a PubmedArticleSet was due, not <{root.tag}>")
    records: dict[str, Record] = {}
    for article in root:
        if article.tag in {"DeleteCitation", "DeleteDocument"}:
            deleted = filter(_PMID.fullmatch, map(plain, article.iter("PMID")))
            records |= {pmid: Record(pmid, reason="deleted by PubMed") for pmid in deleted}
            continue
        citation = article.find("MedlineCitation" if article.tag == "PubmedArticle" else "BookDocument")
        pmid = plain(citation.find("PMID")) if citation is not None else ""
        if _PMID.fullmatch(pmid):
            records[pmid] = _record(pmid, citation)
    return records


def _salvage(body: bytes) -> dict[str, Record]:
    """The records without broken ones, which are named."""
    records, broken = salvaged(
        body, read_articles, record="PubmedArticle|PubmedBookArticle", id=r".*?<PMID\b[^>]*>\s*([0-9]+)"
    )
    return records | {id: Record(id, reason=f"left out: {why}") for id, why in broken.items()}


def _record(pmid: str, citation: Any) -> Record:
    """A record with a document for each abstract, with the title in its language; without an abstract, one for each
    title.

    The first text in the record's own language has the PMID as its id, the first in another ``<PMID>_<language>``. A
    record may have several abstracts in one language (the journal's, that of an information programme, a summary for
    laypeople): the second has no title and the id ``<PMID>~2_<language>``, and so on.
    """
    article = citation if citation.tag == "BookDocument" else citation.find("Article")
    if article is None:
        return Record(pmid, reason="no article in the record")
    abstract, others = _abstract(article.find("Abstract")), citation.findall("OtherAbstract")
    own, titles = _titles(article, [_language(other) for other in others], abstracted=bool(abstract))
    abstracts = dict.fromkeys([(own, abstract), *((_language(other), _abstract(other)) for other in others)])
    texts = [(code, text) for code, text in abstracts if text]
    made: dict[str, list[Document]] = {own: []}
    for code, text in texts or [(code, "") for code, title in titles.items() if title]:
        before = made.setdefault(code, [])
        id = f"{pmid}~{len(before) + 1}_{code}" if before else pmid if code == own else f"{pmid}_{code}"
        title = "" if before else titles.get(code, "")
        before.append(Document(id, "\n".join(filter(None, (title, text))), language=code, domain="abstracts"))
    return Record(pmid, tuple(chain.from_iterable(made.values())), "" if texts else "no abstract")


def _titles(article: Any, others: Sequence[str], *, abstracted: bool) -> tuple[str, dict[str, str]]:
    """The record's own language, and titles by language.

    Args:
        others: languages of the further abstracts.
        abstracted: whether there is an abstract of its own.
    """
    title = plain(article.find("ArticleTitle")) or plain(article.find("Book/BookTitle"))
    vernacular = plain(article.find("VernacularTitle"))
    written = [language_code(plain(element)) for element in article.findall("Language")]
    written = [code for code in written if code not in {"", "und", "mul"}]
    # <Language> is the article's. A title in brackets, or beside an original one, is NLM's own English translation,
    # and the abstract is then English as well.
    english = "en" in written or not written or title.startswith("[") or bool(vernacular)
    title = "" if title.strip("[]. ").lower() == "not available" else title
    foreign = [code for code in written if code != "en"] or [code for code in others if code != "en"][:1]
    own = "en" if english and (title or abstracted or not foreign) else foreign[0]
    return own, dict.fromkeys(foreign, vernacular) | ({own: title} if title else {})


def _language(abstract: Any) -> str:
    """The language of an abstract; English if it is not given."""
    return language_code(abstract.get("Language") or "eng")  # as the DTD says


def _abstract(abstract: Any) -> str:
    """The sections of an abstract, one a line, with their labels as PubMed shows them."""
    sections = []
    for section in abstract.findall("AbstractText") if abstract is not None else ():
        label, text = section.get("Label", "").strip(), plain(section)
        if text:
            sections.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    return "\n".join(sections)
