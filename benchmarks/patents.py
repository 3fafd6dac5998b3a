"""``chemxl.collect.patents.read`` beside lxml's ``iterparse``: the patents with a Russian priority of a weekly file.

The file is made on the spot: grants of 60 to 100 kB in v4.5, one in 50 with a Russian priority, the others with
Japanese, German or American ones or none, and now and then an inventor who lives in Russia. The peer cuts the file at
lines that begin with ``<?xml``, as it has no single root, goes through each document with ``iterparse`` for
``priority-claim``, clears what it has seen, and parses what it keeps as a whole; a second peer stops at the end of the
bibliographic data.
"""

from __future__ import annotations

import io
import itertools
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lxml import etree

from benchmarks import Row, resident_mib, seconds
from chemxl.collect import patents
from chemxl.documents import Document
from chemxl.experiments.digests import sha256
from chemxl.experiments.provenance import hardware

WORDS = """the of a and to in is for wherein said compound formula acid group substituted alkyl comprising method
composition inhibitor agonist receptor solution mixture catalyst temperature hydrogen salt embodiment present"""
PIECES = (
    "H<sub>2</sub>SO<sub>4 </sub>",
    "10<sup>&#x2212;3</sup>",
    '<figref idref="DRAWINGS">FIG. <b>1</b></figref>',
    "R&#x26;D",
    "a &#x3c; b &lt; c",
    '<chemistry id="CHEM-US-00001" num="00001"> <img id="EMI-C00001" file="C00001.TIF" alt="image"/></chemistry>',
)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v45-2014-04-03.dtd" [ ]>
<us-patent-grant lang="EN" dtd-version="v4.5 2014-04-03" file="US{number}.XML" status="PRODUCTION" country="US">
<us-bibliographic-data-grant>
<publication-reference>
<document-id>
<country>US</country>
<doc-number>{number}</doc-number>
<kind>B2</kind>
<date>20150106</date>
</document-id>
</publication-reference>
{priorities}<invention-title id="d2e43">{title}</invention-title>
<us-references-cited>
{cited}</us-references-cited>
<us-parties>
<inventors>
<inventor sequence="001">
<addressbook><address><city>Kazan</city><country>{home}</country></address></addressbook>
</inventor>
</inventors>
</us-parties>
</us-bibliographic-data-grant>
"""
PRIORITY = """<priority-claim sequence="{at:02}" kind="national">
<country>{country}</country>
<doc-number>2010{at}34567</doc-number>
<date>20101201</date>
</priority-claim>
"""
CITED = """<us-citation>
<patcit num="{at:05}">
<document-id><country>{country}</country><doc-number>48{at:05}</doc-number><kind>A</kind><date>19880400</date></document-id>
</patcit>
<category>cited by examiner</category>
</us-citation>
"""


def grants(*, seed: int = 0) -> Iterator[bytes]:
    """One document after the other, without end."""
    rng = random.Random(seed)
    words = WORDS.split()

    def sentence() -> str:
        return " ".join(rng.choice(PIECES) if rng.random() < 0.06 else rng.choice(words) for _ in range(80))

    texts = [sentence() for _ in range(400)]
    for at in range(1 << 30):
        number = f"{8_900_000 + at:08}"
        countries = ["RU"] if at % 50 == 7 else rng.choice(([], ["JP"], ["DE"], ["US", "JP"]))
        claims = "".join(
            f'<claim id="CLM-{n:05}" num="{n:05}">\n<claim-text>{n}. A method, comprising:\n'
            f"<claim-text>{rng.choice(texts)};</claim-text>\n</claim-text>\n</claim>\n"
            for n in range(1, 12)
        )
        paragraphs = "".join(
            f'<p id="p-{n:04}" num="{n:04}">{rng.choice(texts)}\n{rng.choice(texts)}</p>\n'
            for n in range(rng.randint(32, 54))
        )
        claimed = "".join(PRIORITY.format(at=n, country=country) for n, country in enumerate(countries))
        head = HEAD.format(
            number=number,
            title=f"Compound {at} and its use",
            home="RU" if rng.random() < 0.05 else "US",
            priorities=f"<priority-claims>\n{claimed}</priority-claims>\n" if countries else "",
            cited="".join(CITED.format(at=n, country=rng.choice(("US", "US", "JP", "RU"))) for n in range(30)),
        )
        yield (
            f'{head}<abstract id="abstract">\n<p id="p-0001" num="0000">{rng.choice(texts)}</p>\n</abstract>\n'
            f'<description id="description">\n<heading id="h-0001" level="1">BACKGROUND</heading>\n{paragraphs}'
            "</description>\n<us-claim-statement>What is claimed is:</us-claim-statement>\n"
            f'<claims id="claims">\n{claims}</claims>\n</us-patent-grant>\n'
        ).encode()


def write(path: Path, *, size: int = 0, count: int = 0) -> None:
    """A weekly file of so many bytes, or documents."""
    with path.open("wb") as file:
        for made, grant in enumerate(grants(), 1):
            file.write(grant)
            if made >= count and file.tell() >= size:
                return


def theirs(path: Path, *, whole: bool) -> Iterator[Document]:
    """The peer; ``whole`` goes through each document to its end."""
    lines: list[bytes] = []
    with path.open("rb") as file:
        for line in itertools.chain(file, [b"<?xml"]):
            if line.startswith(b"<?xml") and lines:
                grant = b"".join(lines)
                if _claims_russian(grant, whole=whole):
                    yield _document(grant)
                lines.clear()
            lines.append(line)


def _claims_russian(grant: bytes, *, whole: bool) -> bool:
    tags = ("priority-claim",) if whole else ("priority-claim", "us-bibliographic-data-grant")
    found = False
    for _, element in etree.iterparse(io.BytesIO(grant), tag=tags):
        if element.tag != "priority-claim":
            break
        found |= element.findtext("country") == "RU"
        element.clear()
    return found


def _document(grant: bytes) -> Document:
    root = etree.fromstring(grant)
    etree.strip_elements(root, "chemistry", with_tail=False)
    nodes = [
        root.find("us-bibliographic-data-grant/invention-title"),
        *(node for path in ("abstract/p", "claims/claim", "description/*") for node in root.iterfind(path)),
    ]
    number = root.findtext(".//publication-reference//doc-number").lstrip("0")
    kind = root.findtext(".//publication-reference//kind")
    text = "\n".join(" ".join("".join(node.itertext()).split()) for node in nodes)
    return Document(f"US{number}{kind}", text, language="en", domain="patents")


def ours(path: Path) -> Iterator[Document]:
    """What is compared."""
    return (patent.document() for patent in patents.read(path))


Reader = Callable[[Path], Iterator[Document]]
Kept = list[tuple[str, str]]


def kept(documents: Iterable[Document]) -> Kept:
    """Ids and digests of the texts: what a reader gives, without keeping it in memory."""
    return [(document.id, sha256(document.text)) for document in documents]


def agreement(mine: Kept, other: Kept) -> float:
    """1 where the same documents are kept in the same order, with the same text; else the share that is."""
    return 1.0 if mine == other else len(set(mine) & set(other)) / (max(len(mine), len(other)) + 1)


def run(*, megabytes: int = 80, large: int = 1000, repeats: int = 5, small: bool = False) -> Iterator[Row]:
    """Three rows in MB/s: 80 MB beside both peers, and 1 GB beside the first, where memory is what matters."""
    peers: dict[str, Reader] = {
        "lxml iterparse, a document at a time": lambda path: theirs(path, whole=True),
        "lxml iterparse, stopping behind the bibliographic data": lambda path: theirs(path, whole=False),
    }
    first = next(iter(peers))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ipg.xml"
        write(path, **({"count": 10} if small else {"size": megabytes * 10**6}))
        for peer, reader in peers.items():
            yield _row(path, peer, reader, repeats=repeats)
        write(path, **({"count": 60} if small else {"size": large * 10**6}))
        yield _row(path, first, peers[first], repeats=1)


def _row(path: Path, peer: str, reader: Reader, *, repeats: int) -> Row:
    found: dict[Reader, Kept] = {}

    def task(reader: Reader) -> Callable[[], object]:
        return lambda: found.update({reader: kept(reader(path))})

    size = path.stat().st_size / 1e6
    memory = [resident_mib(task(ours)), resident_mib(task(reader))]
    own, their = seconds(task(ours), task(reader), repeats=repeats)
    return Row(
        name=f"patents: those of a Russian priority in {size:,.0f} MB",
        peer=peer,
        unit="MB/s",
        ours=size / own,
        theirs=size / their,
        ratio=their / own,
        ours_mib=memory[0],
        theirs_mib=memory[1],
        agree=agreement(found[ours], found[reader]),
        hardware=hardware(),
    )
