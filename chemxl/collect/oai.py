"""Repositories that speak OAI-PMH 2.0. The protocol has no search, so a range of days is harvested and then filtered.

https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chemxl.collect.answers import language_code, language_of, parse_xml, plain
from chemxl.collect.http import Client, Garbled, Manners, SourceError, shown
from chemxl.collect.mending import salvaged
from chemxl.collect.queries import Query
from chemxl.collect.store import Record, Store, StoredSource
from chemxl.documents import Document
from chemxl.experiments.digests import sha256

# Many of its records have a title and no abstract: see ``titles``.
CYBERLENINKA = "https://cyberleninka.ru/oai"

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LOSSES = 3  # of the resumption token with nothing new between them, before we give up


# Errors that are answers; any other means that the request was wrong.
_EXPECTED = frozenset({"badResumptionToken", "idDoesNotExist", "noRecordsMatch"})
_ID = r".*?<(?:[\w.-]+:)?header\b[^>]*>\s*<(?:[\w.-]+:)?identifier\s*>([^<]+)"
_STAMP = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


@dataclass(frozen=True)
class Page:
    """One answer: records with their datestamps, and the token of the next page or the code of an error."""

    records: tuple[Record, ...] = ()
    stamps: tuple[str, ...] = ()
    token: str = ""
    size: int = 0
    error: str = ""


class Repository(StoredSource):
    """An OAI-PMH repository, such as :data:`CYBERLENINKA`, through its Dublin Core records.

    A 503 with ``Retry-After`` is honoured. ``NCBI_EMAIL``, where it is set, is named in the user agent as a contact.

    Args:
        url: base address.
        store: what was fetched.
        set: harvest this set only.
        titles: give records without a description too, as their title.
        domain: the domain of the documents.
        manners: rate, retries and limits; by default one request a second.
    """

    def __init__(
        self,
        url: str,
        store: Store,
        *,
        set: str = "",
        titles: bool = False,
        domain: str = "abstracts",
        manners: Manners | None = None,
    ) -> None:
        super().__init__(url, store, batch=1, titles=titles)
        self._client = Client(url, manners or Manners(), contact=os.environ.get("NCBI_EMAIL", ""))
        self.set, self.domain = set, domain

    def search(self, query: Query) -> list[str]:
        """The ids of records whose title or description holds a term, in Russian or English.

        All records of the set and the range of days are harvested and stay in the store, so that a further search
        with other terms asks for nothing. A harvest that was finished is not begun again; ask for other dates.

        Raises:
            SourceError: the repository cannot be reached, refuses, or does not get on.
        """
        start = query.since.isoformat() if query.since else ""
        until = query.until.isoformat() if query.until else ""
        harvest = sha256("\n".join(("oai", self.name, self.set, start, until)))
        with self.store.lock:
            self._harvest(harvest, start, until)
        records = self.store.records(self.name, self.store.found(harvest))
        return [r.id for r in records if any(query.matches(document.text) for document in r.documents)]

    def _harvest(self, harvest: str, start: str, until: str) -> None:
        """Store all records of a range of days, going on where an earlier call stopped."""
        fresh: dict[str, Any] = {"start": start, "token": "", "latest": "", "ordered": True, "size": 0, "end": False}
        fresh |= {"losses": 0, "again": False}
        state = self.store.state(harvest) or fresh
        # After a lost token records may have been passed over. The size of the list tells, where it is given.
        while not state["end"] or (state["again"] and len(self.store.found(harvest)) < state["size"]):
            state = fresh if state["end"] else state
            page = self._client.ask(self._request(state, until), self._read_page, salvage=self._salvage)
            if page.error == "badResumptionToken" and state["token"]:
                if state["losses"] == _LOSSES:
                    raise SourceError(f"{shown(self.name)}: its tokens end before they lead on; ask for fewer days")
                state = _restarted(state, start)
                self.store.save(self.name, search=harvest, state=state)
                continue
            if page.error not in {"", "noRecordsMatch"}:
                raise SourceError(f"{shown(self.name)}: {page.error}, which is no answer to what was asked")
            before, state = state, _advanced(state, page)
            ids = [record.id for record in page.records]
            new = self.store.save(self.name, records=page.records, search=harvest, found=ids, state=state)
            if new:
                state["losses"] = 0
            elif page.token and page.token == before["token"]:
                raise SourceError(f"{shown(self.name)}: gives the same page with the same token again and again")

    def _request(self, state: dict[str, Any], until: str) -> dict[str, str]:
        """The parameters of the next request."""
        if state["token"]:
            return {"verb": "ListRecords", "resumptionToken": state["token"]}
        wanted = {"metadataPrefix": "oai_dc", "from": state["start"], "until": until, "set": self.set}
        return {"verb": "ListRecords", **{name: value for name, value in wanted.items() if value}}

    def _download(self, ids: Sequence[str]) -> list[Record]:
        """The record of one id."""
        params = {"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": ids[0]}
        page = self._client.ask(params, self._read_page, salvage=self._salvage)
        return [r for r in page.records if r.id == ids[0]] or [Record(ids[0], reason="no such record")]

    def _read_page(self, body: bytes) -> Page:
        """The page that an answer holds."""
        root = parse_xml(body)
        if root.tag != "OAI-PMH":
            raise Garbled("not an answer of OAI-PMH 2.0")
        if (error := root.find("error")) is not None:
            code = error.get("code", "an error")
            if code not in _EXPECTED:
                raise SourceError(f"{code}: {plain(error)}")
            return Page(error=code)
        listed = root.find("ListRecords")
        listed = root.find("GetRecord") if listed is None else listed
        if listed is None:
            raise Garbled("neither records nor an error in the answer")
        elements = listed.findall("record")
        stamps = tuple(plain(element.find("header/datestamp")) for element in elements)
        token = listed.find("resumptionToken")
        size = token.get("completeListSize", "") if token is not None else ""
        return Page(
            tuple(_record(element, self.domain) for element in elements),
            stamps,
            plain(token),
            int(size) if re.fullmatch("[0-9]{1,9}", size) else 0,
        )

    def _salvage(self, body: bytes) -> Page:
        """The page without its broken records, which are named."""
        page, broken = salvaged(body, self._read_page, record="record", id=_ID)
        named = tuple(Record(id, reason=f"left out: {why}") for id, why in broken.items())
        return replace(page, records=(*page.records, *named))


def _advanced(state: dict[str, Any], page: Page) -> dict[str, Any]:
    """The state of the harvest after a page."""
    stamps = [state["latest"], *filter(_STAMP.fullmatch, page.stamps)]
    ordered = state["ordered"] and stamps == sorted(stamps) and len(stamps) == len(page.stamps) + 1
    moved = {"token": page.token, "latest": max(stamps), "ordered": ordered, "end": not page.token}
    return {**state, **moved, "size": state["size"] or page.size}


def _restarted(state: dict[str, Any], start: str) -> dict[str, Any]:
    """The state after a lost token: from the day of the last record, if records came in the order of their days."""
    # Whole days: every repository takes them, and the last day may not have been finished.
    day = state["latest"][:10] if state["ordered"] else ""
    return {**state, "start": day or start, "token": "", "losses": state["losses"] + 1, "again": True}


def _record(element: Any, domain: str) -> Record:
    """The record of an XML element, with a document for each language."""
    header = element.find("header")
    id = plain(header.find("identifier")) if header is not None else ""
    if not id:
        raise Garbled("a record without an identifier")
    if header.get("status") == "deleted":
        return Record(id, reason="deleted by the repository")
    described = {code: text for code, title, text in _texts(element) if text}
    titled = {code: title for code, title, _ in _texts(element) if title}
    kept = described or titled
    documents = tuple(
        Document(
            id if n == 0 else f"{id}_{code}",
            "\n".join(filter(None, (titled.get(code, ""), described.get(code, "")))),
            language=code,
            domain=domain,
        )
        for n, code in enumerate(kept)
    )
    return Record(id, documents, "" if described else "no abstract" if titled else "neither title nor abstract")


def _texts(element: Any) -> Iterator[tuple[str, str, str]]:
    """The language, title and description of each language of a record, the record's own language first."""
    declared = next((language_code(plain(e)) for e in element.iterfind("metadata//language")), "")
    titles: dict[str, list[str]] = {declared: []}
    descriptions: dict[str, list[str]] = {declared: []}
    for tag, texts in (("title", titles), ("description", descriptions)):
        for part in element.iterfind(f"metadata//{tag}"):
            text = plain(part)
            code = language_code(part.get(_LANG, "")) or language_of(text, declared)
            texts.setdefault(code, []).append(text)
    for code in dict.fromkeys((*titles, *descriptions)):
        yield code, "\n".join(filter(None, titles.get(code, ()))), "\n".join(filter(None, descriptions.get(code, ())))
