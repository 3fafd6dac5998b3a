"""Weekly patent files: what is kept, what its text is, and what is refused."""

from __future__ import annotations

import io
import itertools
import os
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import docutils
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from chemxl.collect import patent_text, patents
from chemxl.collect.patents import Patent, Priority
from chemxl.corpora import Fault, Log
from chemxl.errors import CorpusError

NAMES = "title", "abstract", "claims", "description"


def grant(number: str = "07000001", claims: str = "", body: str = "", *, kind: str = "grant") -> str:
    """A small document of v4."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-{kind} SYSTEM "us-patent-{kind}-v45-2014-04-03.dtd" [ ]>
<us-patent-{kind} lang="EN" country="US">
<us-bibliographic-data-{kind}>
<publication-reference><document-id><country>US</country>
<doc-number>{number}</doc-number><kind>B2</kind><date>20150106</date></document-id></publication-reference>
{claims}<invention-title id="t">Salt of <i>N</i>-acetyl-H<sub>2</sub>O</invention-title>
<inventors><inventor><address><city>Kazan</city><country>RU</country></address></inventor></inventors>
</us-bibliographic-data-{kind}>
{body}</us-patent-{kind}>
"""


def claimed(*countries: str) -> str:
    """Priorities of v4."""
    each = "".join(
        f'<priority-claim sequence="{n:02}" kind="national">\n<country>{country}</country>\n'
        f"<doc-number>200510{n}</doc-number>\n<date>2005060{n}</date>\n</priority-claim>\n"
        for n, country in enumerate(countries, 1)
    )
    return f"<priority-claims>\n{each}</priority-claims>\n"


def patdoc(country: str = "RU", text: str = "", subset: str = "") -> str:
    """A small document of v2.5."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE PATDOC SYSTEM "ST32-US-Grant-025xml.dtd" [
<!ENTITY US06400001-20020604-D00000.TIF SYSTEM "US06400001-20020604-D00000.TIF" NDATA TIF>
{subset}]>
<PATDOC DTD="2.5" STATUS="Build 20020101"><SDOBI>
<B100><B110><DNUM><PDAT>06400001</PDAT></DNUM></B110><B130><PDAT>B1</PDAT></B130>
<B140><DATE><PDAT>20020604</PDAT></DATE></B140></B100>
<B300><B310><DNUM><PDAT>98 100</PDAT></DNUM></B310><B320><DATE><PDAT>19980100</PDAT></DATE></B320>
<B330><CTRY><PDAT>JP</PDAT></CTRY></B330>
<B330><CTRY><PDAT>{country}</PDAT></CTRY></B330></B300>
<B500><B540><STEXT><PDAT>Use of TiO</PDAT><HIL><SB><PDAT>2</PDAT></SB></HIL></STEXT></B540></B500></SDOBI>
<SDOAB><BTEXT><PARA ID="P-1" LVL="0"><PTEXT><PDAT>An {text}acid.</PDAT></PTEXT></PARA></BTEXT></SDOAB>
<SDODE><DETDESC><BTEXT><H LVL="1"><STEXT><PDAT>EXAMPLE</PDAT></STEXT></H>
<PARA ID="P-2" LVL="0"><PTEXT><PDAT>SiO</PDAT><HIL><SB><PDAT>x </PDAT></SB></HIL><PDAT>films, </PDAT>
<FGREF ID="DRAWINGS"><PDAT>FIG. 1</PDAT></FGREF></PTEXT></PARA>
<CWU><TABLE-US ID="TABLE-1"><entry>7</entry></TABLE-US></CWU>
<F><PTEXT><PDAT>a=b</PDAT></PTEXT></F></BTEXT></DETDESC></SDODE>
<SDOCL><H LVL="1"><STEXT><PDAT>What is claimed is:</PDAT></STEXT></H><CL>
<CLM ID="CLM-1"><PARA ID="P-3" LVL="0"><PTEXT><PDAT>1. A way of</PDAT></PTEXT></PARA>
<CLMSTEP LVL="2"><PTEXT><PDAT>heating.</PDAT></PTEXT></CLMSTEP></CLM>
<CLM ID="CLM-2"><PARA ID="P-4" LVL="0"><PTEXT><PDAT>2. As in </PDAT><CLREF ID="CLM-1"><PDAT>claim 1</PDAT></CLREF>
<PDAT>.</PDAT></PTEXT></PARA></CLM></CL></SDOCL>
</PATDOC>
"""


APPLICATION = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE patent-application-publication SYSTEM "pap-v15-2001-01-31.dtd" []>
<patent-application-publication><subdoc-bibliographic-information>
<document-id><doc-number>20020000044</doc-number><kind-code>A1</kind-code>
<document-date>20020314</document-date></document-id>
<foreign-priority-data><priority-application-number><doc-number>2000 111</doc-number></priority-application-number>
<filing-date>20000405</filing-date><country-code>RU</country-code></foreign-priority-data>
<technical-information><title-of-invention>Tablet</title-of-invention></technical-information>
</subdoc-bibliographic-information>
<subdoc-abstract><paragraph id="A-1" lvl="0">A <highlight><bold>tablet</bold></highlight>.</paragraph></subdoc-abstract>
<subdoc-description><summary-of-invention><section><heading lvl="1">FIELD </heading>
<paragraph id="P-1" lvl="0"><number>&lsqb;0001&rsqb;</number> 10<superscript>&minus;3</superscript> mol</paragraph>
<table-cwu id="T-1"><table>9</table></table-cwu></section></summary-of-invention></subdoc-description>
<subdoc-claims><heading lvl="1">What is claimed is: </heading><claim id="CLM-1">
<claim-text>1. Of
<dependent-claim-reference depends_on="CLM-0"><claim-text>claim 0</claim-text></dependent-claim-reference>,
<claim-text>with salt.</claim-text></claim-text></claim></subdoc-claims>
</patent-application-publication>
"""


def write(folder: Path, *documents: str | bytes) -> Path:
    path = folder / "ipg.xml"
    path.write_bytes(b"".join(part if isinstance(part, bytes) else part.encode() for part in documents))
    return path


def read(path: Path, **options: object) -> tuple[list[Patent], list[Fault]]:
    log = Log()
    return list(patents.read(path, log=log, **options)), log.faults


def numbers(found: list[Patent]) -> list[str]:
    return [patent.number for patent in found]


# What a document holds.


@pytest.mark.parametrize("name", ["us-patent-grant", "PATDOC"])
def test_a_namespace_changes_nothing(tmp_path: Path, name: str) -> None:
    plain = grant(claims=claimed("RU"), body="<abstract><p>An acid.</p></abstract>") if name[0] == "u" else patdoc()
    default = plain.replace(f"<{name} ", f"<{name} xmlns='http://example.org/p' ", 1)
    head, root, rest = plain.partition(f"<{name} ")
    prefixed = head + re.sub(r"<(/?)(?=[A-Za-z])", r"<\1p:", f"{root}xmlns:p='http://example.org/p' {rest}")
    (found,), _ = read(write(tmp_path, plain))
    assert found.abstract == "An acid."
    for changed in (default, prefixed):
        assert changed != plain
        assert read(write(tmp_path, changed)) == ([found], [])
        assert read(write(tmp_path, changed), countries=("SU",)) == ([], [])


def test_a_grant_of_v4(tmp_path: Path) -> None:
    body = """<abstract id="a"><p id="p-1">CO<sub>2</sub> and 10<sup>&#x2212;3</sup>,\u00a0in
<figref>FIG. <b>1</b></figref>.</p></abstract>
<drawings><figure>no text</figure></drawings>
<description><?BRFSUM description="Brief Summary" end="lead"?><heading id="h">FIELD</heading>
<p id="p-2">A compound <chemistry id="C"><img file="x"/>drawn</chemistry> of<maths><math><mi>x</mi></math></maths> note:
<ul><li>first,</li><li>second<!-- not --></li></ul></p><p id="p-3"> </p>
<p><tables><table><entry>9</entry></table></tables>After&#x2009;a <![CDATA[<table>]]></p></description>
<us-claim-statement>What is claimed is:</us-claim-statement>
<claims><claim id="1">
<claim-text>1. A method, comprising:<claim-text>heating;</claim-text><claim-text>cooling.</claim-text>
</claim-text></claim><claim>
<claim-text>2. The method of <claim-ref idref="1">claim 1</claim-ref>.</claim-text></claim></claims>
"""
    path = write(tmp_path, grant(claims=claimed("JP", "RU"), body=body))
    assert read(path) == (
        [
            Patent(
                number="US7000001B2",
                date="20150106",
                title="Salt of N-acetyl-H2O",
                abstract="CO2 and 10−3, in FIG. 1.",
                claims="1. A method, comprising: heating; cooling.\n2. The method of claim 1.",
                description="FIELD\nA compound of note:\nfirst,\nsecond\nAfter a <table>",
                priorities=(Priority("JP", "2005101", "20050601"), Priority("RU", "2005102", "20050602")),
            )
        ],
        [],
    )


def test_a_grant_of_v25(tmp_path: Path) -> None:
    assert read(write(tmp_path, patdoc(text="&agr;-&Dgr;&minus;"))) == (
        [
            Patent(
                number="US6400001B1",
                date="20020604",
                title="Use of TiO2",
                abstract="An α-Δ−acid.",
                claims="1. A way of heating.\n2. As in claim 1 .",
                description="EXAMPLE\nSiOx films, FIG. 1\na=b",
                # The second has neither number nor date of its own, and gets no other's.
                priorities=(Priority("JP", "98 100", "19980100"), Priority("RU")),
            )
        ],
        [],
    )


def test_an_application_of_2002(tmp_path: Path) -> None:
    assert read(write(tmp_path, APPLICATION)) == (
        [
            Patent(
                number="US20020000044A1",
                date="20020314",
                title="Tablet",
                abstract="A tablet.",
                claims="1. Of claim 0, with salt.",
                description="FIELD\n10−3 mol",
                priorities=(Priority("RU", "2000 111", "20000405"),),
            )
        ],
        [],
    )


@pytest.mark.parametrize(
    ("recorded", "number"),
    [
        ("D0435854", "USD435854B2"),
        ("RE038400", "USRE38400B2"),
        ("20050004437", "US20050004437B2"),
        ("H002100", "USH2100B2"),
    ],
)
def test_numbers_have_no_leading_zeros(tmp_path: Path, recorded: str, number: str) -> None:
    path = write(tmp_path, grant(recorded, claimed("RU"), kind="application"))
    assert numbers(read(path)[0]) == [number]


def test_the_document_is_the_sections_a_paragraph_a_line(tmp_path: Path) -> None:
    for text in (patdoc(), grant(claims=claimed("RU")), APPLICATION):
        (patent,), _ = read(write(tmp_path, text))
        document = patent.document()
        assert (document.id, document.language, document.domain) == (patent.number, "en", "patents")
        sections = {name: document.text[start:end] for name, (start, end) in patent.sections.items()}
        assert sections == {name: getattr(patent, name) for name in NAMES if getattr(patent, name)}
        assert "\n".join(sections.values()) == document.text


# What is kept.


def test_only_wanted_priorities_are_kept(tmp_path: Path) -> None:
    russian = grant("1", claimed("RU"))
    path = write(
        tmp_path, russian, grant("2"), grant("3", claimed("JP")), grant("4", claimed("DE", "SU")), patdoc("US")
    )
    assert numbers(read(path)[0]) == ["US1B2"]
    assert numbers(read(path, countries=("RU", "SU"))[0]) == ["US1B2", "US4B2"]
    assert numbers(read(path, countries=["JP"])[0]) == ["US3B2", "US6400001B1"]
    assert numbers(read(path, countries=None)[0]) == ["US1B2", "US2B2", "US3B2", "US4B2", "US6400001B1"]


@pytest.mark.parametrize("countries", ["RU", (), ("ru",), ("RUS",), ("R.",), ("RU|JP",)])
def test_countries_are_codes(tmp_path: Path, countries: object) -> None:
    with pytest.raises(CorpusError, match="two capital letters"):
        patents.read(write(tmp_path, grant()), countries=countries)


COUNTRIES = (
    *("RU", " RU\n", "R<!-- x -->U", "R<?x?>U", "<![CDATA[RU]]>", "R<![CDATA[U]]>", "&#82;U", "&#x52;&#85;", "<b/>RU"),
    *(
        "JP",
        "",
        "RUS",
        "ru",
        "R U",
        "R<b/>U",
        "<b>RU</b>",
        "<!-- RU -->JP",
        "<![CDATA[<country>RU</country>]]>",
        "RU JP",
    ),
)
CLAIMS = (
    *(
        "<priority-claim><country>{0}</country></priority-claim>",
        '<priority-claim country="RU" />',
        "<country>RU</country>",
    ),
    *(
        "<priority-claim>\n<country >{0}</country\n></priority-claim >",
        "<other><country>RU</country></other>",
        "RU",
        "",
    ),
    *("<!-- <priority-claim><country>RU</country></priority-claim> -->", "<priority-claim>RU</priority-claim>"),
    *("<!-- </priority-claims> -->", "<![CDATA[</priority-claims><priority-claims>]]>", "<?x </priority-claims> ?>"),
    *("<priority-claims><priority-claim><country>RU</country></priority-claim></priority-claims>",),
    *(
        "<priority-claim><country/><country>{0}</country></priority-claim>",
        '<priority-claim><country at="RU">JP</country>',
    ),
)
AROUND = (
    *(
        "<priority-claims>{0}</priority-claims>",
        "<priority-claims\n>{0}</priority-claims\t>",
        "<!--{1}-->",
        "<x>{0}</x>",
    ),
    *("<priority-claims/>{0}", "<![CDATA[{1}]]><priority-claims>{0}</priority-claims>", "<priority-claims>{0}"),
    *(
        '<priority-claims a="&lt;">{0}</priority-claims><priority-claims>{0}</priority-claims>',
        "",
        "<X:priority-claims/>",
    ),
    "<priority-claimsX>{0}</priority-claimsX><priority-claims>{0}</priority-claims>",
)
BODY = (
    "",
    "</us-bibliographic-data-grant><us-bibliographic-data-grant>{0}</us-bibliographic-data-grant><x>",
    "<us-bibliographic-data-grant>{0}</us-bibliographic-data-grant>",
    "<!-- <priority-claims> -->",
    "<description><p>{0}</p></description>",
    "<a><![CDATA[<?xml ?>\n<?xml ]]></a>",
)
# Before the front, and in it before the priorities: what may hide where it ends.
BEFORE = (
    "",
    "<x><us-bibliographic-data-grant></us-bibliographic-data-grant></x>",
    "<!-- -->",
    "<x> </x>",
    "<us-bibliographic-data-grant/>",
    "<?x?>",
    "text ",
    "<us-bibliographic-data-grantX/>",
)
INSIDE = (
    *(
        "",
        "<!-- </us-bibliographic-data-grant> -->",
        "<![CDATA[</us-bibliographic-data-grant>]]>",
        "<?x </us-bibliographic-data-grant> ?>",
    ),
    *(
        "<us-bibliographic-data-grant></us-bibliographic-data-grant>",
        "<x a='&gt;'/>",
        "<us-bibliographic-data-grantX/>",
    ),
)
ENDS = ("", "<!-- RU -->", "\n\n", " <?x y?>", " " * 300)


def tricky(number: int, country: str, claim: str, around: str, inside: str, before: str, body: str, end: str) -> str:
    """A document of v4 with the country in or out of its place; not always well formed."""
    claims = claim.replace("{0}", country)
    around = around.replace("{0}", claims).replace("{1}", claims.replace("--", ""))
    front = "<us-bibliographic-data-grant>"
    whole = grant(str(number), inside + around, body.replace("{0}", around)) + end
    return whole.replace(front, before + front, 1)


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = [draw(st.sampled_from(choices)) for choices in (COUNTRIES, CLAIMS, AROUND, INSIDE, BEFORE, BODY, ENDS)]
    whole = tricky(draw(st.integers(1, 9_999_999)), *parts)
    cut = draw(st.integers(0, 8)) == 0
    return whole[: draw(st.integers(60, len(whole)))] if cut else whole


def parsed_whole(document: str) -> str | None:
    """The number of a document of a Russian priority, by parsing all of it with no care for speed."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False, load_dtd=False)
    try:
        root = etree.fromstring(document.encode(), parser)
    except etree.XMLSyntaxError:
        return None
    front = root.find("us-bibliographic-data-grant")
    for claim in [] if front is None else front.findall("priority-claims/priority-claim"):
        texts = [text for country in claim.findall("country") for text in country.xpath("text()")]
        if texts and texts[0].strip(" \t\r\n") == "RU":
            return "US" + root.findtext(".//publication-reference//doc-number") + "B2"
    return None


def test_whatever_hides_a_country_is_seen_through(tmp_path: Path) -> None:
    """Every way to write a country, in every place; and whatever may hide the place, in every other."""
    common = (("RU", "R<!-- x -->U", "&#82;U", "JP"), CLAIMS[:2], AROUND[:2])
    combinations = [
        *((*first, "", "", "", "") for first in itertools.product(COUNTRIES, CLAIMS, AROUND)),
        *itertools.product(*common, INSIDE, BEFORE, BODY, ENDS[:1]),
        *((*first, "", "", "", end) for first in itertools.product(*common) for end in ENDS),
    ]
    made = [tricky(number, *parts) for number, parts in enumerate(combinations, 1)]
    expected = [number for number in map(parsed_whole, made) if number]
    assert 1000 < len(expected) < len(made) - 1000
    assert numbers(read(write(tmp_path, *made))[0]) == expected


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents(), max_size=5), st.integers(6, 3000))
def test_what_is_kept_is_what_parsing_everything_keeps(tmp_path: Path, made: list[str], block: int) -> None:
    with mock.patch.object(patents, "_BLOCK", block):
        found, faults = read(write(tmp_path, *made))
        everything, _ = read(tmp_path / "ipg.xml", countries=None)
    assert found == [patent for patent in everything if any(p.country == "RU" for p in patent.priorities)]
    assert {number for number in map(parsed_whole, made) if number} <= set(numbers(found))
    assert all(re.match(r"document \d+: ", fault.message) for fault in faults)


# Where documents begin.


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(6, 700), st.sampled_from(["", "\n", "\r\n\r\n", " \n\t"]), st.sampled_from(["", "\ufeff", "\n"]))
def test_a_document_begins_at_its_declaration(tmp_path: Path, block: int, between: str, before: str) -> None:
    hidden = "<p>&lt;?xml <![CDATA[<?xml version='1.0'?>\n]]></p><!--\n<?xml ?>--><?x <?xml ?><?xml-stylesheet a?>"
    tabbed = grant("3", claimed("RU")).replace("<?xml version", "<?xml\tversion")
    made = [grant("1", claimed("RU"), hidden), grant("2", body=hidden), tabbed, "<?xml version='1.0'?><sequence-cwu/>"]
    path = write(tmp_path, before, between.join([*made, grant("4", "<broken>")]))
    with mock.patch.object(patents, "_BLOCK", block):
        found, faults = read(path, countries=None)
    assert numbers(found) == ["US1B2", "US2B2", "US3B2"]
    (fault,) = faults
    assert fault.message.startswith("document 5: not well formed")
    line = path.read_bytes().split(b"\n")[fault.line - 1]
    assert line.startswith(b"</us-bibliographic-data-grant>")


def test_a_document_without_a_declaration(tmp_path: Path) -> None:
    alone = grant(claims=claimed("RU")).partition("\n")[2]
    assert numbers(read(write(tmp_path, alone))[0]) == ["US7000001B2"]
    assert read(write(tmp_path, b"")) == ([], [])
    assert read(write(tmp_path, b"\xef\xbb\xbf\n")) == ([], [])


def test_a_faulty_document_is_said_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    good = grant("1", claimed("RU"))
    lines = good.count("\n")
    cut_off = good[: good.index("<invention-title")]
    bad = good.replace("<country>RU", "<country>RU & JP")
    path = write(tmp_path, good, cut_off, "\n", bad, "<?xml ?><html/>", good, good[:300])
    found, faults = read(path)
    assert numbers(found) == ["US1B2", "US1B2"]
    assert [re.split("[:(]", fault.message)[:2] for fault in faults] == [
        ["document 2", " not well formed "],
        ["document 3", " not well formed "],
        ["document 4", " its root 'html' is none of a US patent; document left out"],
        ["document 6", " not well formed "],  # cut off before it could claim anything
    ]
    assert faults[0].path == path
    assert lines < faults[0].line <= lines + cut_off.count("\n") + 2
    assert path.read_text().split("\n")[faults[1].line - 1] == "<country>RU & JP</country>"
    assert path.read_text().split("\n")[faults[2].line - 1].startswith("<?xml ?><html/>")
    with pytest.raises(CorpusError, match=rf"ipg.xml:{faults[0].line}: document 2: not well formed"):
        list(patents.read(path, log=Log(strict=True)))


def test_without_a_log_a_warning_counts_the_faults(tmp_path: Path) -> None:
    path = write(tmp_path, grant("", claimed("RU")), grant("1", claimed("RU")), "<?xml ?><html/>")
    with pytest.warns(UserWarning, match="2 faults, the first: .*document 1: it has no publication number"):
        assert numbers(list(patents.read(path))) == ["US1B2"]


# Characters with names.


def test_unknown_characters_are_shown_and_said(tmp_path: Path) -> None:
    text = "&b.alpha;&Circlesolid;&lt;&nosuch;&amp;agr;<!-- &never; --><![CDATA[&agr;]]>"
    (patent,), (fault,) = read(write(tmp_path, patdoc("JP"), patdoc(text=text)))
    assert patent.abstract == "An α●<\ufffd&agr;&agr;acid."
    assert fault.message == "document 2: unknown characters nosuch, shown as U+FFFD"
    assert fault.line == patdoc("JP").count("\n") + 1


def test_names_cannot_bring_marks_of_xml(tmp_path: Path) -> None:
    (patent,), _ = read(write(tmp_path, patdoc(text="&LT;PDAT&GT;&AMP;agr;&lsqb;")))
    assert patent.abstract == "An <PDAT>&agr;[acid."


def test_every_character_of_iso_8879_is_known() -> None:
    folder = Path(docutils.__file__).parent / "parsers" / "rst" / "include"
    sets = [path.read_text("utf-8") for path in sorted(folder.glob("iso*.txt"))]
    listed = dict(re.findall(r"^\.\. \|(.+?)\|\s+unicode:: (U\+.+?) \.\.", "\n".join(sets), re.MULTILINE))
    known = patent_text._CHARACTERS
    assert len(listed) > 1000
    assert [name for name in listed if name.removeprefix("b.") not in known] == []
    greek = {
        name: "".join(chr(int(code[2:], 16)) for code in listed[name].split()) for name in listed if name[-2:] == "gr"
    }
    assert len(greek) > 60
    assert {name: known[name] for name in greek} == greek


# What is refused.


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY secret SYSTEM "file:///etc/passwd">',
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY % remote SYSTEM "http://127.0.0.1/x.dtd"> %remote;',
        '<!ENTITY x PUBLIC "-//X//EN" "x.xml">',
        "<!-- NDATA --><!ENTITY y 'NDATA TIF'>",
        "<!ELEMENT PATDOC ANY>",
        "<!ATTLIST PATDOC a CDATA 'b'>",
    ],
)
def test_declarations_other_than_pictures_are_refused(tmp_path: Path, subset: str) -> None:
    path = write(tmp_path, patdoc("JP"), patdoc(subset=subset, text="&secret;&b;"), patdoc())
    found, (fault,) = read(path)
    assert numbers(found) == ["US6400001B1"]
    assert fault.message.startswith("document 2: its DOCTYPE declares more than pictures")
    assert "<!E" in (line := path.read_text().split("\n")[fault.line - 1]) or "<!A" in line


def test_pictures_comments_and_notations_are_let_through(tmp_path: Path) -> None:
    subset = """<!-- <!ENTITY a "b"> -->
<!NOTATION TIF PUBLIC "-//X//EN" "tif"> <!ENTITY p PUBLIC "-//P//EN" 'p.tif' NDATA TIF >"""
    assert numbers(read(write(tmp_path, patdoc(subset=subset)))[0]) == ["US6400001B1"]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-7", "UTF-16", "IBM037"])
def test_another_encoding_is_a_fault(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, grant("1", claimed("RU")).replace("UTF-8", encoding), grant("2", claimed("RU")))
    found, (fault,) = read(path)
    assert numbers(found) == ["US2B2"]
    assert fault.message == f"document 1: the encoding {encoding} where UTF-8 was due; document left out"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"HHHHHT        APS1        ISSUE - 760106\r\nPATN\r\nWKU  039305271\r\n", "Green Book"),
        (b"PATN\nWKU  039305271\n", "Green Book"),
        (b'<!DOCTYPE PATDOC PUBLIC "-//USPTO//DTD ST.32 US PATENT GRANT V2.4 2000-09-20//EN" [', "SGML of 2001"),
        (b"\x1f\x8b\x08\0\0", "archive"),
        (grant().encode("utf-16"), "UTF-8"),
        (grant().encode("utf-16-be"), "UTF-8"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=rf"ipg.xml.*{message}"):
        read(write(tmp_path, data))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xml", tmp_path):
        with pytest.raises(CorpusError, match=f"{path}: cannot be read"):
            read(path)


def test_a_document_that_is_too_large_is_left_out_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patents, "MAX_DOCUMENT", 5000)
    monkeypatch.setattr(patents, "_BLOCK", 700)
    small, lines = grant("1", claimed("RU")), 1 + grant("1", claimed("RU")).count("\n")
    path = write(tmp_path, small, grant("2", claimed("RU"), "<p>line\n</p>" * 900), small.replace("RU", "RU &"), small)
    found, faults = read(path)
    assert numbers(found) == ["US1B2", "US1B2"]
    assert faults[0].message == "document 2: it is larger than 5000 bytes; document left out"
    assert faults[0].line == lines
    assert path.read_text().split("\n")[faults[1].line - 1] == "<country>RU &</country>"


def test_limits_of_tags_depth_and_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chemxl.collect.patent_xml.MAX_TAGS", 1000)
    deep = grant("1", claimed("RU"), "<p>" * 300 + "</p>" * 300)
    found, faults = read(write(tmp_path, deep, grant("2", claimed("RU"), "<p/>" * 1000)))
    assert found == []
    assert "depth" in faults[0].message and "more than 1,000 tags" in faults[1].message
    monkeypatch.setattr(patents, "MAX_FAULTS", 3)
    with pytest.raises(CorpusError, match="more than 3 faults; this is no weekly file"):
        read(write(tmp_path, "<?xml ?><html/>" * 5))


def test_memory_holds_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patents, "_BLOCK", 1 << 16)
    one = grant("1", claimed("JP"), "<p>text</p>" * 3000)
    path = write(tmp_path, one * 500, grant("2", claimed("RU")))
    tracemalloc.start()
    try:
        assert numbers(list(patents.read(path))) == ["US2B2"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 16_000_000 > 16 * peak


@pytest.mark.parametrize(
    "hostile", ["<?xml ?>", "<?xml ", "<!--", "<![CDATA[<?xml ", "<!ENTITY ", '<!ENTITY a SYSTEM "', "&a", "<a "]
)
def test_hostile_repetition_takes_no_longer_than_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    """Anything that looked at each byte once for every byte would run for hours here."""
    monkeypatch.setattr(patents, "MAX_FAULTS", 10)
    head, tail = grant("1", claimed("RU")).split("<us-patent-grant", 1)
    for text in (
        hostile * 200_000,
        head.replace("[ ]", "[" + hostile * 200_000),
        head + "<us-patent-grant>" + hostile * 200_000,
    ):
        log = Log()
        try:
            assert list(patents.read(write(tmp_path, text, tail), log=log)) == []
        except CorpusError as error:
            assert "more than 10 faults" in str(error)
        assert log.faults


# Archives.


def packed(folder: Path, **members: bytes) -> Path:
    path = folder / "ipg.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_as_it_is(tmp_path: Path) -> None:
    first, second = grant("1", claimed("RU")).encode(), grant("2", claimed("RU")).encode()
    path = packed(
        tmp_path, **{"a/": b"", "a/one.xml": first + grant("3").encode(), "TWO.XML": second, "list.txt": b"x"}
    )
    found, faults = read(path)
    assert numbers(found) == ["US1B2", "US2B2"]
    assert [str(fault) for fault in faults] == [f"{path}/list.txt:1: no XML by its name; member left out"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["ipg.zip"]


def test_a_fault_in_a_zip_names_the_member(tmp_path: Path) -> None:
    _, (fault,) = read(packed(tmp_path, **{"a.xml": grant("1", claimed("RU")).encode() + b"<?xml ?><html/>"}))
    assert fault.path == tmp_path / "ipg.zip" / "a.xml"
    assert fault.message.startswith("document 2")


@pytest.mark.parametrize("name", ["../a.xml", "/a.xml", "a/../../b.xml", "..\\a.xml", "C:a.xml"])
def test_names_outside_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path, **{"fine.xml": grant("1", claimed("RU")).encode(), name: b"<a/>"})
    with pytest.raises(CorpusError, match=r"ipg.zip: the member .* outside"):
        read(path)


def test_archives_in_archives_are_refused(tmp_path: Path) -> None:
    inner = packed(tmp_path, **{"a.xml": b"<a/>"}).read_bytes()
    for name in ("b.zip", "b.TAR", "b.xml.gz"):
        with pytest.raises(CorpusError, match="is an archive itself"):
            read(packed(tmp_path, **{name: inner}))
    with pytest.raises(CorpusError, match=r"ipg.zip/b.xml: an archive"):
        read(packed(tmp_path, **{"b.xml": inner}))


def test_zip_bombs_are_refused_before_anything_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed(tmp_path, **{"a.xml": grant("1", claimed("RU")).encode(), "b.xml": b" " * 2_000_000})
    with pytest.raises(CorpusError, match=r"'b.xml' grows more than 100 times"):
        next(patents.read(bomb))
    many = packed(tmp_path, **{f"{n}.xml": b"" for n in range(300)})
    assert read(many) == ([], [])
    monkeypatch.setattr(patents, "MAX_DIRECTORY", 10_000)
    with pytest.raises(CorpusError, match="list of members of more than 10000 bytes"):
        read(many)
    monkeypatch.setattr(patents, "MAX_UNPACKED", 100)
    with pytest.raises(CorpusError, match="bytes unpacked, more than 100;"):
        read(packed(tmp_path, **{"a.xml": grant().encode()}))


def test_encrypted_and_costly_members_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, **{"a.xml": grant().encode()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"'a.xml' is encrypted"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", grant())
    with pytest.raises(CorpusError, match="only deflate is read"):
        read(path)


def test_a_broken_zip_gives_what_it_holds_and_says_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patents, "_BLOCK", 1000)
    path = tmp_path / "ipg.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", "".join(grant(str(n), claimed("RU")) for n in range(1, 40)))
        archive.writestr("b.xml", grant("50", claimed("RU")))
    path.write_bytes(path.read_bytes().replace(b"<doc-number>39<", b"<doc-number>38<"))
    found, (fault,) = read(path)
    # The check sum is wrong at the end: what was read with the last blocks is not believed.
    count = len(found) - 1
    assert numbers(found) == [f"US{n}B2" for n in range(1, count + 1)] + ["US50B2"]
    assert 30 < count < 39
    assert re.match(f"behind document {count} the file is broken .*a.xml.*; the rest is left out", fault.message)
    for data in (path.read_bytes()[:-30], b"PK\x03\x04" + bytes(500), path.read_bytes()[:3000]):
        with pytest.raises(CorpusError, match=r"ipg.zip: not a whole zip"):
            read(write_zip(path, data))


def write_zip(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_archives_end_in_a_message(tmp_path: Path, data: st.DataObject) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", grant("1", claimed("RU")) * 3)
    damaged = bytearray(held.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        found, faults = read(write_zip(tmp_path / "ipg.zip", bytes(damaged)))
    except CorpusError as error:
        assert "ipg.zip" in str(error)
    else:
        assert numbers(found) == ["US1B2"] * 3 or faults


def test_progress_counts_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patents, "_BLOCK", 100)
    seen: list[int] = []
    path = write(tmp_path, grant(), grant())
    read(path, progress=seen.append)
    assert sum(seen) == path.stat().st_size and max(seen) == 100


# Real grants and applications.


@pytest.fixture
def samples() -> Iterator[list[Path]]:
    folder = Path(os.environ.get("CHEMXL_DATA", "")) / "uspto" / "PatentDocument" / "resources" / "samples"
    if "CHEMXL_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("the USPTO samples are not on this machine: set CHEMXL_DATA")
    yield sorted(folder.glob("*/US*"))


def test_real_samples(samples: list[Path], tmp_path: Path) -> None:
    whole = [path for path in samples if path.suffix == ".xml"]
    apart = {path.name: read(path, countries=None) for path in whole}
    assert len(whole) == 14 and all(faults == [] for _, faults in apart.values())
    found = {name: patent for name, ((patent,), _) in apart.items()}
    countries = {name: [p.country for p in patent.priorities] for name, patent in found.items() if patent.priorities}
    assert countries == {
        "US06336130.xml": ["NO"],
        "US06337117.xml": ["JP"] * 4,
        "US08927118.xml": ["JP"],
        "US20010000943A1.xml": ["JP"],
        "US20050004437A1.xml": ["CH"],
    }
    assert found["US08927118.xml"].priorities == (Priority("JP", "2008-148514", "20080605"),)
    assert found["US06336130.xml"].priorities == (Priority("NO", "971605", "19970408"),)
    counts = {name: patent.claims.count("\n") + 1 for name, patent in found.items()}
    assert counts["US08927118.xml"] == 45 and counts["US06337117.xml"] == 39 and counts["US20010009014A1.xml"] == 55
    assert found["US06970935.xml"].number == "US6970935B1" and found["USD435854S1.xml"].number == "USD435854S"
    for patent in found.values():
        assert patent.title and patent.description and "\ufffd" not in patent.document().text
    # One file of all of them, those first that have a declaration to be cut at.
    joined = tmp_path / "ipg.xml"
    ordered = sorted(whole, key=lambda path: path.read_bytes().startswith(b"<?xml"))
    joined.write_bytes(b"".join(path.read_bytes() for path in ordered))
    assert read(joined, countries=None) == ([found[path.name] for path in ordered], [])
    assert {p.number for p in read(joined, countries=("JP",))[0]} == {
        found[name].number for name, codes in countries.items() if "JP" in codes
    }


def test_real_green_books(samples: list[Path]) -> None:
    books = [path for path in samples if path.suffix == ".greenbook"]
    assert len(books) == 3
    for path in books:
        with pytest.raises(CorpusError, match="Green Book"):
            read(path)
