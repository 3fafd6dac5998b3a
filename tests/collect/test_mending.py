"""Answers that are nearly XML: what is mended, what is asked for again, and records that are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.collect.answers import parse_xml, plain
from chemxl.collect.http import Garbled, Manners, SourceError
from chemxl.collect.mending import mended, salvaged
from chemxl.collect.oai import Repository
from chemxl.collect.pubmed import PubMed
from chemxl.collect.queries import Query
from chemxl.collect.store import Store
from chemxl.experiments.digests import sha256
from tests.collect.servers import Archive, Article, Eutils, Reply, Request, articles, serving

PAGE = "<?xml version='1.0' encoding='{}'?><a>{}</a>"
SLEPT: list[float] = []
FAST = Manners(per_second=1e6, sleep=SLEPT.append)

# What stands in an answer (as bytes, for what no string can hold), and what is read.
MEMBERS: list[tuple[str | bytes, str]] = [
    *[(f"an{chr(code)}other", "an other") for code in (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x1F)],
    *[(f"an{chr(code)}other", "another") for code in (*range(9), *range(0x0E, 0x1C), 0xFFFE, 0xFFFF)],
    ("an&#31;other", "an other"),
    ("an&#x1A;other", "another"),
    ("an&#0;other", "another"),
    ("an&#xFFFE;other", "another"),
    ("an&#x110000;other", "an\ufffdother"),
    ("an&#9999999;other", "an\ufffdother"),
    ("&#55357;&#56490; &#xD83D;&#xDCAA;", "💪 💪"),  # one character in two halves
    ("half &#xD83D; of one", "half \ufffd of one"),
    (b"\xed\xa0\xbd\xed\xb2\xaa", "💪"),
    (b"caf\xe9 au lait", "caf\ufffd au lait"),  # Latin-1
    (b"half \xd0 of one", "half \ufffd of one"),
    ("R&D, A & B, AT&T; &", "R&D, A & B, AT&T; &"),
    ("&beta;-carotene, 5&nbsp;&micro;g &mdash; &LT;b&gt;", "β-carotene, 5\u00a0µg — <b>"),
    ("&unheard; &amp;amp;", "&unheard; &amp;"),
    ("<![CDATA[R&D &nbsp; \x0b]]><!-- & \x1a --> & <?x & ?>", "R&D &nbsp; &"),
    ("<b href='?x=1&y=2'>link</b>", "link"),
    ("<dc:b xsi:type='x' xml:lang='en'>ratio 1:x, a:b</dc:b>", "ratio 1:x, a:b"),  # prefixes that nothing declares
    ("<o:b xmlns:o='x' o:c='y'><p:b/>in</o:b>", "in"),
    ("<dc:b href='http://x.org/?id=1'>in</dc:b>", "in"),
]


@pytest.mark.parametrize(("inside", "text"), MEMBERS)
def test_what_is_nearly_xml_is_mended(inside: str | bytes, text: str) -> None:
    before, after = PAGE.format("UTF-8", "|").encode().split(b"|")
    body = before + (inside if isinstance(inside, bytes) else inside.encode()) + after
    assert plain(parse_xml(body)) == text
    assert plain(parse_xml(mended(body))) == text


@pytest.mark.parametrize("front", ["\n", "\ufeff", " \r\n\ufeff", "<b>Warning</b>: in line 7<br>\n"])
def test_what_stands_before_the_declaration_is_passed_over(front: str) -> None:
    assert plain(parse_xml((front + PAGE.format("UTF-8", "text")).encode())) == "text"


@pytest.mark.parametrize("encoding", ["windows-1251", "KOI8-R", "ISO-8859-5", "cp1251"])
def test_an_encoding_that_is_declared_is_used(encoding: str) -> None:
    assert (
        plain(parse_xml(PAGE.format(encoding, "Ингибитор & н\u00a0").encode(encoding, "replace")))[:11] == "Ингибитор &"
    )
    assert plain(parse_xml(PAGE.format(encoding, "Ингибитор").encode())) == "Ингибитор"  # said so, and is UTF-8


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_than_it_says_is_not_guessed(encoding: str) -> None:
    with pytest.raises(Garbled, match="not in UTF-8"):
        parse_xml(PAGE.format("UTF-8", "Ингибиторы протеазы").encode(encoding))


@given(st.text(max_size=30), st.lists(st.sampled_from("\x00\x01\x0b\x1a\ufffe\uffff"), max_size=3), st.integers(0, 30))
def test_mending_takes_nothing_but_what_xml_forbids(text: str, dirt: list[str], at: int) -> None:
    clean = "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
    dirty = clean[:at] + "".join(dirt) + clean[at:]
    expected = (clean[:at] + " " * dirt.count("\x0b") + clean[at:]).strip(" ")
    root = parse_xml(PAGE.format("UTF-8", escape(dirty)).encode())
    assert plain(root).split() == expected.split()


@given(st.binary(max_size=60))
def test_what_was_mended_needs_no_mending(body: bytes) -> None:
    try:
        once = mended(body)
    except Garbled:
        return
    assert mended(once) == once


def test_entities_stay_refused_however_they_are_hidden() -> None:
    for hidden in ("<!EN\x01TITY x 'y'>", "<!ENT\ufffeITY x SYSTEM 'file:///etc/hostname'>"):
        with pytest.raises((SourceError, Garbled)):
            parse_xml(f"<!DOCTYPE a [{hidden}]><a>&x;</a>".encode())


def damaged(answer: Callable[[Request], Reply], old: str, new: str) -> Callable[[Request], Reply]:
    def reply(request: Request) -> Reply:
        made = answer(request)
        return replace(made, body=made.body.replace(old.encode(), new.encode("utf-8", "surrogatepass")))

    return reply


def oai(folder: Path, url: str) -> Repository:
    SLEPT.clear()
    return Repository(f"{url}/oai", Store(folder / "oai.sqlite"), manners=FAST)


HELD = [Article(str(n), f"Title {n} of an inhibitor", f"Text {n}.") for n in range(100, 125)]
IDS = [article.id for article in HELD]


@pytest.mark.parametrize(
    "sign", ["\x0b", "\x1a", "&#31;", "\ufffe", "&#0;", "&#xD83D;", "\ud83d", " & ", "&alpha;", "<q:b/>"]
)
def test_a_harvest_goes_on_past_what_is_mended(sign: str, tmp_path: Path) -> None:
    with serving(damaged(Archive(HELD), "Text 112", f"Text{sign}112")) as server:
        source = oai(tmp_path, server.url)
        assert source.search(Query()) == IDS
        assert len(server.log) == 3 and not sum(SLEPT)
        (document,) = source.fetch(["112"])
        assert document.text.endswith("112.") and "\ufffe" not in document.text


# Old and new bytes of record 112 in the middle of the second page, and what is said of it.
BROKEN = {
    "an end tag is gone": ("Text 112.</dc:description>", "Text 112."),
    "a sign": ("Text 112.", "p <0.05"),
    "an attribute": ("<identifier>112</identifier>", "<identifier>112</identifier><x a=1/>"),
    "the record's end": ("Text 112.</dc:description><dc:language>ru</dc:language></oai_dc:dc></metadata></record>", ""),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_record_that_is_not_xml_is_named_and_the_harvest_goes_on(kind: str, tmp_path: Path) -> None:
    with serving(damaged(Archive(HELD), *BROKEN[kind])) as server:
        source = oai(tmp_path, server.url)
        assert sorted(source.search(Query())) == [id for id in IDS if id != "112"]
        assert len(server.log) == 5  # three pages, the second of them three times
        assert sum(SLEPT) < 5
        (reason,) = source.left_out(IDS).values()
        assert reason.startswith("left out: malformed XML (") and source.left_out(["112"]) == {"112": reason}
        assert [d.id for d in source.fetch(IDS)] == [id for id in IDS if id != "112"]
        assert len(server.log) == 5


def test_a_record_in_another_encoding_is_named(tmp_path: Path) -> None:
    def reply(request: Request) -> Reply:
        made = Archive(HELD, size=30)(request)
        return replace(made, body=made.body.replace(b"Text 112", "Ингибиторы".encode("cp1251")))

    with serving(reply) as server:
        source = oai(tmp_path, server.url)
        assert len(source.search(Query())) == 24
        assert source.left_out(IDS) == {"112": "left out: malformed XML (not in UTF-8)"}


def test_a_record_without_an_identifier_does_not_stop_the_harvest(tmp_path: Path) -> None:
    with serving(damaged(Archive(HELD), "<identifier>112</identifier>", "")) as server:
        source = oai(tmp_path, server.url)
        assert source.search(Query()) == [id for id in IDS if id != "112"]
        (harvested,) = [id for id in source.store.found(_harvest(source)) if id not in IDS]
        assert source.left_out([harvested]) == {harvested: "left out: a record without an identifier"}


def _harvest(source: Repository) -> str:
    return sha256("\n".join(("oai", source.name, "", "", "")))


def test_one_record_alone_is_named_too(tmp_path: Path) -> None:
    with serving(damaged(Archive(HELD), *BROKEN["a sign"])) as server:
        source = oai(tmp_path, server.url)
        assert [d.id for d in source.fetch(["111", "112", "113"])] == ["111", "113"]
        assert list(source.left_out(["111", "112"])) == ["112"]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_a_page_that_is_cut_off_is_asked_for_again_until_the_end(share: float, tmp_path: Path) -> None:
    archive = Archive(HELD)

    def reply(request: Request) -> Reply:
        made = archive(request)
        cut = made.body if "resumptionToken" not in request.params else made.body[: int(share * len(made.body))]
        return replace(made, body=cut)

    with serving(reply) as server:
        source = oai(tmp_path, server.url)
        with pytest.raises(SourceError, match="malformed XML"):
            source.search(Query())
        assert len(server.log) == 1 + 1 + FAST.retries
    with serving(archive) as server:  # nothing of the page had landed
        again = Repository(source.name, source.store, manners=FAST)
        again._client.url = f"{server.url}/oai"
        assert again.search(Query()) == IDS
        assert again.left_out(IDS) == {}


def test_pubmed_mends_and_names_as_well(tmp_path: Path) -> None:
    held = articles(6)
    answer = damaged(Eutils(held), "Abstract 2.", "Abstract\x0b2 & more.")
    answer = damaged(answer, "Abstract 4.</AbstractText>", "Abstract 4.")
    with serving(answer) as server:
        SLEPT.clear()
        source = PubMed(Store(tmp_path / "a.sqlite"), url=server.url, manners=FAST)
        ids = [article.id for article in held]
        found = {d.id: d.text for d in source.fetch([*ids, "7"])}
        assert list(found) == [id for id in ids if id != "1004"]
        assert found["1002"].endswith("Abstract 2 & more.")
        left = source.left_out([*ids, "7"])
        assert left.pop("7") == "PubMed gave no record under this PMID"
        assert list(left) == ["1004"] and left["1004"].startswith("left out: malformed XML (")
        assert len(server.log) == 3


def test_what_cannot_be_salvaged() -> None:
    def read(body: bytes) -> str:
        return plain(parse_xml(body))

    for body in (b"<a><b></a>", b"<a>" + b" " * 70_000 + b"<record>x<</record></a>"):  # no record; too much around it
        with pytest.raises(Garbled, match="malformed"):
            salvaged(body, read, record="record", id="(x)")
    with pytest.raises(Garbled, match="malformed"):
        salvaged(b"<a><b><record>x</record></a>", read, record="record", id="(x)")
    whole = b"<a><record id='1'>x</record><record id='2'>y<</record> <record id='3'>z</record></a>"
    text, broken = salvaged(whole, read, record="record", id=r".*?id='(.)'")
    assert text == "xz" and list(broken) == ["2"]


def test_values_in_quotes_stay() -> None:
    root = parse_xml(mended(PAGE.format("UTF-8", "<dc:b title='see doi:abc' x:n=\"p:q\">in</dc:b>").encode()))
    [child] = root
    assert child.attrib == {"title": "see doi:abc", "n": "p:q"}


BEHIND = ["\n<br />\n<b>Notice</b>: Undefined index & in <b>x.php</b><br>", "<!-- took 3 s", "\0\0", "</body></html>"]


@pytest.mark.parametrize("behind", BEHIND)
def test_what_stands_behind_the_document_is_passed_over(behind: str) -> None:
    page = PAGE.format("UTF-8", "<a>te</a>xt")
    assert plain(parse_xml((page + behind).encode())) == "text"
    assert plain(parse_xml((page.replace("<a>", "<!-- <b> --><o:a xmlns:o='x'>", 1)[:-4] + "</o:a>" + behind).encode()))


def test_a_document_that_is_cut_off_is_no_whole_one() -> None:
    with pytest.raises(Garbled):
        parse_xml(PAGE.format("UTF-8", "<a>text</a>")[:-4].encode())


@pytest.mark.parametrize(
    "body",
    ["<?xml?>" + " " * 50_000 + "&", "<?a" * 20_000 + "&", "<!-- " * 20_000, "<!--x>" * 20_000, "<a b:" * 20_000 + "&"],
)
def test_hostile_repetition_takes_no_longer_than_its_length(body: str) -> None:
    with pytest.raises(Garbled):
        parse_xml(body.encode())
