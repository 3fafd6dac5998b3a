"""Local servers that speak the E-utilities and OAI-PMH, with records of their own and faults on demand."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

BOMB = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'


@dataclass
class Request:
    """One request, and the ids that a whole answer to it held."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    ids: list[str] = field(default_factory=list)


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)


class Server:
    """Answers by ``answer``; each entry of ``faults`` spoils one request, in order, and an empty one none."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.answer, self.log, self.faults = answer, [], []  # type: Callable[[Request], Reply], list[Request], list[str]
        self.arrived = threading.Condition()
        self.connections: set[socket.socket] = set()
        self._start(0)

    def _start(self, port: int) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def revive(self) -> None:
        self._start(self._http.server_port)

    def wait(self, requests: int) -> bool:
        """Until so many requests have arrived; False where they do not."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.log) >= requests, timeout=5)

    def ids(self, since: int = 0) -> list[str]:
        return [id for request in self.log[since:] for id in request.ids]


@contextmanager
def serving(answer: Callable[[Request], Reply]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.stop()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connections.add(self.connection)

        def finish(self) -> None:
            server.connections.discard(self.connection)
            with suppress(OSError):  # who asked may be dead
                super().finish()

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            parts = urlsplit(self.path)
            form = self.rfile.read(length).decode() if length else parts.query
            request = Request(self.command, parts.path, dict(parse_qsl(form)), dict(self.headers))
            fault = server.faults.pop(0) if server.faults else ""
            reply = server.answer(request) if not fault else Reply()
            request.ids = reply.ids
            with server.arrived:
                server.log.append(request)
                server.arrived.notify_all()
            if fault:
                self._spoil(fault, server.answer(request).body)
            else:
                self._send(reply)

        do_POST = do_GET

        def _send(self, reply: Reply, *, length: int | None = None) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body) if length is None else length))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def _spoil(self, fault: str, body: bytes) -> None:
            kind, _, value = fault.partition(" ")
            half = body[: len(body) // 2]
            if kind == "dead":
                self.close_connection = True
            elif kind == "short":  # fewer bytes than were announced
                self._send(Reply(half), length=len(body))
                self.close_connection = True
            elif kind == "chunked":  # the last chunk never comes
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
                self.close_connection = True
            elif kind == "unannounced":  # no length at all, cut in the middle
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(half)
            elif kind.isdecimal():
                self._send(Reply(b"busy", int(kind), {"Retry-After": value} if value else {}))
            else:
                self._send({
                    "malformed": Reply(body.replace(b"</", b"<", 1) if b"</" in body else b"<" + body),
                    "html": Reply(b"<!DOCTYPE html><html><body>Are you a robot?</body></html>"),
                    "json": Reply(b'{"error":"API rate limit exceeded"}'),
                    "bomb": Reply(BOMB),
                    "utf-16": Reply(BOMB.decode().encode("utf-16")),
                    "zip-bomb": Reply(gzip.compress(b" " * 4_000_000), headers={"Content-Encoding": "gzip"}),
                }[kind])  # fmt: skip

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@dataclass
class Article:
    """What a server holds under one id."""

    id: str
    title: str = "Some inhibitor"
    abstract: str = "It inhibits."
    day: str = "2020-01-01"
    extra: str = ""  # XML in the place of the abstract
    deleted: bool = False


def articles(n: int, first: int = 1000) -> list[Article]:
    days = [date(2020, 1, 1) + timedelta(days=i // 3) for i in range(n)]
    return [
        Article(str(first + i), f"Title {i} of an inhibitor", f"Abstract {i}.", day.isoformat())
        for i, day in enumerate(days)
    ]


class Eutils:
    """ESearch with the history server, and EFetch. Latest first, as PubMed lists."""

    def __init__(self, held: list[Article], *, limit: int = 9_999) -> None:
        self.held = {article.id: article for article in sorted(held, key=lambda a: a.day, reverse=True)}
        self.limit, self.histories = limit, {}  # type: int, dict[str, list[str]]
        self.searches = 0

    def __call__(self, request: Request) -> Reply:
        params = request.params
        if request.path.endswith("/esearch.fcgi"):
            return self._search(params)
        if "WebEnv" not in params:
            ids = [id for id in params["id"].split(",") if id in self.held]
            if not ids:
                return Reply(b"<eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>", 400)
            found = "".join(self._article(self.held[id]) for id in ids)
            doctype = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" "http://127.0.0.1:9/none.dtd">'
            return Reply(
                f"<?xml version='1.0'?>{doctype}<PubmedArticleSet>{found}</PubmedArticleSet>".encode(), ids=ids
            )
        hits = self.histories.get(params["WebEnv"])
        start, size = int(params["retstart"]), int(params["retmax"])
        if hits is None or start >= self.limit:
            return Reply(b"<eFetchResult><ERROR>Cannot retrieve history data.</ERROR></eFetchResult>", 400)
        page = hits[start : min(start + size, self.limit)]
        return Reply("".join(f"{id}\n" for id in page).encode(), ids=[f"hit {id}" for id in page])

    def _search(self, params: dict[str, str]) -> Reply:
        phrases = re.findall(r'"([^"]+)"\[Title/Abstract\]', params["term"])
        first, last = (params[name].replace("/", "-") for name in ("mindate", "maxdate"))
        hits = [
            a.id
            for a in self.held.values()
            if first <= a.day <= last and any(re.search(rf"\b{p}\b", f"{a.title} {a.abstract}", re.I) for p in phrases)
        ]
        self.searches += 1
        web = f"MCID_{self.searches}"
        self.histories[web] = hits
        tags = f"<Count>{len(hits)}</Count><QueryKey>1</QueryKey><WebEnv>{web}</WebEnv>"
        return Reply(f"<eSearchResult>{tags}</eSearchResult>".encode())

    def _article(self, article: Article) -> str:
        abstract = f"<Abstract><AbstractText>{escape(article.abstract)}</AbstractText></Abstract>"
        body = article.extra or f"<Article><ArticleTitle>{escape(article.title)}</ArticleTitle>{abstract}" + (
            "<Language>eng</Language></Article>"
        )
        return (
            "<PubmedArticle><MedlineCitation>"
            f'<PMID Version="1">{article.id}</PMID>{body}</MedlineCitation></PubmedArticle>'
        )


class Archive:
    """OAI-PMH: pages of ``size`` records in the order given, tokens that :meth:`expire` makes bad."""

    def __init__(self, held: list[Article], *, size: int = 10, count: bool = True) -> None:
        self.held, self.size, self.count = held, size, count
        self.tokens: dict[str, tuple[list[Article], int]] = {}
        self.issued = 0

    def expire(self) -> None:
        self.tokens.clear()

    def __call__(self, request: Request) -> Reply:
        params = request.params
        if params["verb"] == "GetRecord":
            one = [a for a in self.held if a.id == params["identifier"]]
            if not one:
                return _oai('<error code="idDoesNotExist"/>')
            return _oai(f"<GetRecord>{self._record(one[0])}</GetRecord>", [one[0].id])
        if "resumptionToken" in params:
            if len(params) != 2 or params["resumptionToken"] not in self.tokens:
                return _oai('<error code="badResumptionToken">expired</error>')
            found, start = self.tokens[params["resumptionToken"]]
        else:
            if params.get("metadataPrefix") != "oai_dc":
                return _oai('<error code="badArgument">contact &lt;reader@example.org&gt;</error>')
            first, last = params.get("from", ""), params.get("until", "9999")
            found, start = [a for a in self.held if first <= a.day[:10] <= last], 0
        if not found:
            return _oai('<error code="noRecordsMatch"/>')
        page = found[start : start + self.size]
        return _oai(
            f"<ListRecords>{''.join(map(self._record, page))}{self._token(found, start)}</ListRecords>",
            [article.id for article in page],
        )

    def _token(self, found: list[Article], start: int) -> str:
        size = f' completeListSize="{len(found)}" cursor="{start}"' if self.count else ""
        if start + self.size >= len(found):
            return f"<resumptionToken{size}/>"
        self.issued += 1
        self.tokens[f"t{self.issued}"] = (found, start + self.size)
        return f"<resumptionToken{size}>t{self.issued}</resumptionToken>"

    def _record(self, article: Article) -> str:
        stamps = f"<identifier>{escape(article.id)}</identifier><datestamp>{article.day}</datestamp>"
        if article.deleted:
            return f'<record><header status="deleted">{stamps}</header></record>'
        described = f"<dc:description>{escape(article.abstract)}</dc:description>" if article.abstract else ""
        body = article.extra or f"<dc:title>{escape(article.title)}</dc:title>{described}<dc:language>ru</dc:language>"
        return (
            f"<record><header>{stamps}</header><metadata>"
            '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/">{body}</oai_dc:dc></metadata></record>'
        )


def _oai(body: str, ids: list[str] | None = None) -> Reply:
    root = (
        f'<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{body}</OAI-PMH>'
    )
    return Reply(root.encode(), ids=ids or [])
