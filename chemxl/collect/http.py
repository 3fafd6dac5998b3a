"""A polite client: a rate limit, retries with back-off, limits of size, and no secret in any message."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
import urllib3

from chemxl.errors import ChemxlError

T = TypeVar("T")

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
# Statuses that come with a body in which the protocol says what is wrong.
_EXPLAINED = frozenset({400, 404, 422})
_REDIRECTS = 5
_CHUNK = 2**16
_MAIL = re.compile(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\]+")


class SourceError(ChemxlError):
    """A source that cannot be reached, refuses, or answers outside its protocol."""


class Garbled(Exception):
    """An answer that does not follow the protocol, but may when asked for again."""


class _Again(Exception):
    """A failed attempt. The source asks to wait for ``wait`` seconds, or its answer was ``garbled``."""

    def __init__(self, message: str, wait: float = 0.0, *, garbled: bool = False) -> None:
        super().__init__(message)
        self.wait, self.garbled = wait, garbled


@dataclass(frozen=True)
class Manners:
    """How a source is asked: rate, retries, limits.

    Args:
        per_second: requests in a second at most.
        retries: further attempts after one that failed.
        backoff: seconds before the first of them; each further one waits twice as long, up to a minute, give or take
            half of it.
        timeout: seconds without a byte after which an attempt has failed; a whole answer may take ten times as long.
        patience: the longest rest in seconds that a source may ask for (``Retry-After``).
        max_mib: size of an answer, unpacked, above which it is refused.
        seed: the seed of the random part of waiting times.
        clock, sleep: functions that tell the time and wait; tests give their own.
    """

    per_second: float = 1.0
    retries: int = 6
    backoff: float = 1.0
    timeout: float = 60.0
    patience: float = 900.0
    max_mib: float = 64.0
    seed: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Client:
    """A client that asks one source.

    Args:
        url: the source's base address.
        manners: rate, retries and limits.
        contact: an e-mail address for the user agent, so that the source's keeper can write.
        private: parameters that go with every request, in its body, and are never shown.

    Raises:
        SourceError: the address is not http or https or has a password in it, or the contact is no e-mail address.
    """

    def __init__(
        self,
        url: str,
        manners: Manners,
        *,
        contact: str = "",
        private: Mapping[str, str] | None = None,
        post: bool = False,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise SourceError("the address of a source begins with http:// or https://, then a host with no password")
        if contact and not _MAIL.fullmatch(contact):
            raise SourceError("the contact (NCBI_EMAIL) is not an e-mail address")
        self.url, self.manners = url, manners
        self._private, self._post = dict(private or {}), post or bool(private)
        self._secrets = [s for s in {contact, *self._private.values()} if s]
        self._random = random.Random(manners.seed)
        self._free_at = manners.clock()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "chemxl" + (f" (mailto:{contact})" if contact else "")
        self._session.headers["Accept-Encoding"] = "gzip, deflate"

    def ask(
        self,
        params: Mapping[str, str],
        read: Callable[[bytes], T],
        *,
        path: str = "",
        salvage: Callable[[bytes], T] | None = None,
    ) -> T:
        """Ask the source, and return what ``read`` makes of its answer.

        Args:
            params: the query, or with private parameters the form that is posted.
            read: raises :class:`Garbled` for an answer to ask for again, :class:`SourceError` for one to give up on.
            path: below the base address.
            salvage: takes the place of ``read`` where an answer was garbled in the same way twice: it is not the
                network then, but what the source has.

        Raises:
            SourceError: the source refuses, or every attempt failed.
        """
        url = self.url if not path else f"{self.url.rstrip('/')}/{path}"
        trouble, wait, final, same = "", 0.0, False, False
        for attempt in range(self.manners.retries + 1):
            if attempt:
                self.manners.sleep(max(wait, self._backoff(attempt - 1)))
            self._pace()
            try:
                return self._attempt(url, params, salvage if salvage and same else read)
            except _Again as again:
                same = same or (again.garbled and str(again) == trouble)
                trouble, wait = str(again), again.wait
            except SourceError as error:
                trouble, final = str(error), True
            if final or wait > self.manners.patience:
                break
        # Raised here, not where it was caught: the exceptions behind it hold the request with all its parameters.
        kept = "" if final else "; what was fetched is kept, run it again later to go on"
        raise SourceError(self._clean(f"{shown(url)}: {trouble}{kept}"))

    def _attempt(self, url: str, params: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """Ask once."""
        try:
            status, headers, body = self._exchange(url, params)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Again(f"no whole answer ({type(error).__name__})") from None
        if status in _BUSY:
            wait = _retry_after(headers)
            asks = f", asks to wait {wait:.0f} s" if wait else ""
            raise _Again(f"HTTP status {status}{asks}", wait)
        if status != 200 and status not in _EXPLAINED:
            raise SourceError(f"HTTP status {status}")
        try:
            return read(body)
        except Garbled as garbled:
            if status == 200:
                raise _Again(str(garbled), garbled=True) from None
            raise SourceError(f"HTTP status {status}: {body[:200].decode('utf-8', 'replace')}") from None

    def _exchange(self, url: str, params: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and follow redirects; returns status, headers and body."""
        query = None if self._post else params
        form = {**params, **self._private} if self._post else None
        for _ in range(_REDIRECTS + 1):
            with self._session.request(
                "POST" if self._post else "GET",
                url,
                params=query,
                data=form,
                timeout=self.manners.timeout,
                stream=True,
                allow_redirects=False,
            ) as response:
                if not response.is_redirect:
                    return response.status_code, response.headers, self._body(response)
                url, query = self._followed(url, response.headers["Location"]), None
        raise SourceError(f"more than {_REDIRECTS} redirects")

    def _followed(self, url: str, location: str) -> str:
        """The address that a redirect leads to, if it may be followed."""
        target = urljoin(url, location)
        if self._post:
            raise SourceError(f"has moved to {shown(target)}: a form is not sent on, give the new address")
        scheme = urlsplit(target).scheme
        if scheme != "https" and (scheme != "http" or urlsplit(url).scheme == "https"):
            raise SourceError(f"redirects to {shown(target)}, which is not followed")
        return target

    def _body(self, response: requests.Response) -> bytes:
        """The body of an answer, unless it is too large or too slow."""
        packing = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packing not in {"identity", "gzip", "deflate"}:
            raise SourceError(f"is packed as {packing}, which was not asked for")
        late = self.manners.clock() + 10 * self.manners.timeout
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self.manners.max_mib * 2**20:
                raise SourceError(f"the answer is larger than {self.manners.max_mib:g} MiB; ask for smaller batches")
            if self.manners.clock() > late:
                raise _Again(f"no whole answer in {10 * self.manners.timeout:.0f} s")
        return bytes(body)

    def _pace(self) -> None:
        """Wait until the next request is allowed."""
        now = self.manners.clock()
        if self._free_at > now:
            self.manners.sleep(self._free_at - now)
        # A tenth more than the limit needs, as the network may bring two requests closer together.
        self._free_at = max(now, self._free_at) + 1.1 / self.manners.per_second

    def _backoff(self, attempt: int) -> float:
        """Seconds to wait before the next attempt."""
        return min(self.manners.backoff * 2.0**attempt, 60.0) * self._random.uniform(0.5, 1.5)

    def _clean(self, message: str) -> str:
        """A message without secrets, in one printable line."""
        # A source may send back what it was sent, and its words are untrusted: one line, printable, not endless.
        for secret in self._secrets:
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                message = message.replace(form, "***")
        return "".join(c if c.isprintable() else " " for c in message)[:600]


def shown(url: str) -> str:
    """An address as a message may show it, without user, password and query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that the source asks to wait; 0 if it does not say."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):  # no date, or one of the two without a time zone
        return 0.0
