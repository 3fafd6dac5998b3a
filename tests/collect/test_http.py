"""The client: rate, retries, limits, redirects, secrets."""

from __future__ import annotations

import gzip
import logging
import threading
import traceback

import pytest

from chemxl.collect.http import Client, Garbled, Manners, SourceError
from tests.collect.servers import Reply, Request, Server, serving

NEW_YEAR = "Wed, 01 Jan 2020 00:00"


class Clock:
    """Time that passes only where the client sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, []  # type: float, list[float]

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def manners(clock: Clock, **changed: float) -> Manners:
    settings = {"per_second": 1000.0, "retries": 3, **changed}
    return Manners(**settings, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]


def same(body: bytes) -> bytes:
    return body


def refused(client: Client, params: dict[str, str] | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        client.ask(params or {}, same)
    return str(caught.value)


def test_rate() -> None:
    clock = Clock()
    with serving(lambda request: Reply(b"ok")) as server:
        client = Client(server.url, manners(clock, per_second=3))
        starts = []
        for _ in range(10):
            client.ask({}, same)
            starts.append(clock.now)
            clock.now += 0.1  # the answer takes its time
    assert all(later - earlier >= 1.0 for earlier, later in zip(starts, starts[3:], strict=False))


@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "504", "dead", "short", "chunked"])
def test_what_may_pass_is_asked_again(fault: str) -> None:
    clock = Clock()
    with serving(lambda request: Reply(b"the whole answer")) as server:
        server.faults = [fault, fault]
        assert Client(server.url, manners(clock)).ask({"a": "b"}, same) == b"the whole answer"
        assert [request.params for request in server.log] == [{"a": "b"}] * 3
    backoffs = [seconds for seconds in clock.slept if seconds > 0.01]
    assert 0.5 <= backoffs[0] <= 1.5 and 1.0 <= backoffs[1] <= 3.0


def test_an_answer_that_is_garbled_is_asked_for_again() -> None:
    def read(body: bytes) -> bytes:
        if body != b"whole":
            raise Garbled("half")
        return body

    with serving(lambda request: Reply(b"whole")) as server:
        server.faults = ["html"]
        assert Client(server.url, manners(Clock())).ask({}, read) == b"whole"
        server.faults = ["html"] * 4
        with pytest.raises(SourceError, match="half; what was fetched is kept"):
            Client(server.url, manners(Clock())).ask({}, read)


def test_jitter_comes_from_the_seed() -> None:
    def waits(seed: int) -> list[float]:
        clock = Clock()
        with serving(lambda request: Reply(b"ok")) as server:
            server.faults = ["503"] * 3
            Client(server.url, manners(clock, seed=seed)).ask({}, same)
        return clock.slept

    assert waits(1) == waits(1) != waits(2)


def test_the_waits_end_at_a_minute_and_so_do_the_attempts() -> None:
    clock = Clock()
    with serving(lambda request: Reply(b"ok")) as server:
        server.faults = ["503"] * 20
        assert "HTTP status 503; what was fetched is kept" in refused(Client(server.url, manners(clock, retries=12)))
        assert len(server.log) == 13
    assert max(clock.slept) <= 90


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Wed, 01 Jan 2020 00:00:30 GMT", 30.0),
        ("Wed, 01 Jan 2019 00:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
    ],
)
def test_retry_after_is_honoured(value: str, seconds: float) -> None:
    clock, replies = Clock(), iter([503, 200])

    def answer(request: Request) -> Reply:
        return Reply(b"ok", next(replies), {"Retry-After": value})

    with serving(answer) as server:
        client = Client(server.url, manners(clock, backoff=0.001))
        if value.endswith("2020 00:00:30 GMT"):  # a date is counted from the server's own clock
            client._session.hooks["response"] = lambda r, **_: r.headers.update(
                {"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
            )
        client.ask({}, same)
    assert max(clock.slept) == pytest.approx(seconds, abs=0.01)


def test_a_rest_beyond_patience_ends_it() -> None:
    clock = Clock()
    with serving(lambda request: Reply()) as server:
        server.faults = ["503 86400"]
        assert "asks to wait 86400 s; what was fetched is kept" in refused(Client(server.url, manners(clock)))
        assert len(server.log) == 1
    assert not clock.slept


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410, 501])
def test_a_refusal_is_final(status: int) -> None:
    def read(body: bytes) -> bytes:
        raise Garbled("not ours")

    with serving(lambda request: Reply(b"no\x1b[2J", status)) as server:
        with pytest.raises(SourceError, match=f"HTTP status {status}") as caught:
            Client(server.url, manners(Clock())).ask({}, read)
        assert len(server.log) == 1
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_refused(packed: bool) -> None:
    body = b" " * 3_000_000
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body)
    with serving(lambda request: reply) as server:
        assert "larger than 2 MiB" in refused(Client(server.url, manners(Clock(), max_mib=2)))
        assert Client(server.url, manners(Clock(), max_mib=3)).ask({}, same) == body
        assert len(server.log) == 2


def test_packings_that_were_not_asked_for() -> None:
    for packing in ("br", "gzip, gzip"):
        with serving(lambda request, p=packing: Reply(b"", headers={"Content-Encoding": p})) as server:
            assert f"packed as {packing}" in refused(Client(server.url, manners(Clock())))


def test_an_answer_that_never_ends_is_given_up() -> None:
    clock = Clock()

    def late() -> float:
        clock.now += 400  # every look at the clock finds it much later
        return clock.now

    with serving(lambda request: Reply(b"slow")) as server:
        client = Client(server.url, Manners(retries=0, clock=late, sleep=clock.sleep))
        client.manners = Manners(retries=0, timeout=30, clock=late, sleep=clock.sleep)
        assert "no whole answer in 300 s" in refused(client)


def test_a_server_that_is_silent_times_out() -> None:
    release = threading.Event()

    def answer(request: Request) -> Reply:
        release.wait(5)
        return Reply(b"late")

    with serving(answer) as server:
        assert "no whole answer (ReadTimeout)" in refused(Client(server.url, manners(Clock(), retries=0, timeout=0.05)))
        release.set()


def test_redirects() -> None:
    targets = {"/": "/b", "/b": "/c?x=1", "/loop": "/loop", "/file": "file:///etc/passwd", "/ftp": "ftp://127.0.0.1/"}

    def answer(request: Request) -> Reply:
        return (
            Reply(status=302, headers={"Location": targets[request.path]})
            if request.path in targets
            else Reply(b"here")
        )

    with serving(answer) as server:
        assert Client(f"{server.url}/", manners(Clock())).ask({"q": "1"}, same) == b"here"
        assert [(r.path, r.params) for r in server.log] == [("/", {"q": "1"}), ("/b", {}), ("/c", {"x": "1"})]
        assert "more than 5 redirects" in refused(Client(f"{server.url}/loop", manners(Clock())))
        assert "redirects to file:///etc/passwd, which is not followed" in refused(
            Client(f"{server.url}/file", manners(Clock()))
        )
        assert "not followed" in refused(Client(f"{server.url}/ftp", manners(Clock())))
        assert "a form is not sent on" in refused(Client(server.url + "/", manners(Clock()), private={"key": "s3cret"}))


def test_no_redirect_from_https_to_http() -> None:
    with pytest.raises(SourceError, match="not followed"):
        Client("https://example.org", Manners())._followed("https://example.org/a", "http://example.org/b")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b", "example.org", "http://", "http://me:word@example.org"]
)
def test_addresses(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        Client(url, Manners())
    assert "word@" not in str(caught.value)


SECRETS = {"email": "reader+x@example.org", "api_key": "k3y/0123 456"}


def leaked(text: str) -> bool:
    return any(part in text for part in ("reader", "example.org", "k3y", "0123"))


def secret_client(server: Server, clock: Clock) -> Client:
    return Client(server.url, manners(clock), contact=SECRETS["email"], private=SECRETS)


def test_secrets_are_sent_in_the_body_and_the_user_agent() -> None:
    with serving(lambda request: Reply(b"ok")) as server:
        secret_client(server, Clock()).ask({"db": "pubmed"}, same)
        (request,) = server.log
    assert request.method == "POST"
    assert request.params == {"db": "pubmed", **SECRETS}
    assert request.headers["User-Agent"] == "chemxl (mailto:reader+x@example.org)"


@pytest.mark.parametrize("fault", ["dead", "503", "echo", "echo-200", "gone"])
def test_no_secret_in_a_message_a_traceback_or_a_log(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(request: Request) -> Reply:  # NCBI sends a wrong key back
        sent = "reader%2Bx%40example.org reader+x@example.org k3y%2F0123+456 k3y/0123 456 k3y%2F0123%20456"
        return Reply(sent.encode(), 400 if fault == "echo" else 200)

    def read(body: bytes) -> bytes:
        raise SourceError(body.decode()) if fault == "echo-200" else Garbled(body.decode())

    with serving(answer) as server:
        client = secret_client(server, Clock())
        server.faults = [] if fault.startswith("echo") else [fault] * 4
        if fault == "gone":
            server.faults = []
            server.stop()
            server.revive()
            server.stop()
        with pytest.raises(SourceError) as caught:
            client.ask({"db": "pubmed"}, read)
        if fault == "gone":
            server.revive()
    error: BaseException | None = caught.value
    assert not leaked("".join(traceback.format_exception(caught.value)))
    assert not leaked(caplog.text)
    while error is not None:  # not even where a debugger would look
        assert not leaked(f"{error!r} {vars(error)}")
        error = error.__cause__ or error.__context__
    assert not leaked(repr(client))


def test_a_contact_that_would_break_the_header_is_refused_and_not_shown() -> None:
    for contact in ("a@b\r\nX-Evil: 1", "nobody", "reader@example.org, x"):
        with pytest.raises(SourceError, match="not an e-mail address") as caught:
            Client("http://example.org", Manners(), contact=contact)
        assert contact not in str(caught.value)
