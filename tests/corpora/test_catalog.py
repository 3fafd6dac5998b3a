"""The catalogue, and ``load`` over it, on small corpora of the test's own."""

from __future__ import annotations

import gzip
import re
import sys
import warnings
from collections import Counter
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from chemxl import cli, corpora
from chemxl.corpora import entries, paths
from chemxl.documents import Document, Mention, Pair
from chemxl.errors import CorpusError
from chemxl.experiments.digests import source_digest
from tests.corpora.samples import BEADS, READERS, TMX, TRIPLES, UNANNOTATED

THEIRS = {"cadec", "livingner-task", "n2c2"}  # each user obtains them, in whatever version
TITLE = "1|t|Naloxone in pain.\n1|a|\n1\t0\t8\tNaloxone\tChemical\tD1\n1\t12\t16\tpain\tDisease\tD2\n1\tCID\tD1\tD2\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bc5cdr"
    folder.mkdir()
    for split in ("Training", "Development", "Test"):
        (folder / f"CDR_{split}Set.PubTator.txt").write_text(TITLE, encoding="utf-8")
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    return folder


def test_every_entry_is_whole() -> None:
    assert {"mini", "bc5cdr", "bionne-r", "nerel-bio", "ruccon", "psytar", "pharmaconer"} <= set(corpora.catalog())
    for name, entry in corpora.catalog().items():
        assert all((entry.title, entry.domain, entry.licence, entry.citation)), name
        assert bool(entry.types) == (not entry.paired and entry.reader not in UNANNOTATED), name
        assert entry.url.startswith("https://"), name
        assert entry.shipped or name in THEIRS or all(part.sha256 for part in entry.parts), name
        places = [(part.split, part.language, part.domain) for part in entry.parts]
        assert len(places) == len(set(places)), name
        assert entry.languages and set(entry.splits) <= {"train", "dev", "test"}, name
        assert all(len(language.split("-")) == 1 + entry.paired for language in entry.languages), name


def test_every_reader_is_used_and_known() -> None:
    used = {entry.reader for entry in corpora.catalog().values()} | paths.FORMATS.keys()
    assert used == set(READERS), "each has a sample for the fuzz test"
    assert all(callable(import_module(f"chemxl.corpora.{reader}").read) for reader in used)


def test_a_reader_is_a_module_and_an_entry(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    new = corpora.catalog()["bc5cdr"].model_copy(update={"reader": "numbered"})
    monkeypatch.setitem(entries._entries(), "bc5cdr", new)
    with pytest.raises(CorpusError, match=r"bc5cdr: there is no module chemxl\.corpora\.numbered: write one"):
        corpora.load("bc5cdr")
    path = tmp_path / "numbered.py"
    path.write_text(
        "from chemxl.documents import Document\n\n"
        "def read(paths, log, *, root=None):\n    return [Document(str(i), 'x') for i in range(len(paths))]\n"
    )
    monkeypatch.setattr(corpora, "__path__", [*corpora.__path__, str(tmp_path)])
    invalidate_caches()
    request.addfinalizer(lambda: sys.modules.pop("chemxl.corpora.numbered", None))
    assert [document.id for document in corpora.load("bc5cdr", split="test")] == ["0"]
    before = corpora.read_digest("bc5cdr", split="test")
    source_digest.cache_clear()
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert corpora.read_digest("bc5cdr", split="test") != before
    with pytest.raises(ValidationError):
        corpora.Entry.model_validate({**new.model_dump(), "reader": "os.path"})


def test_sentences_are_made_of_a_shipped_corpus_alone() -> None:
    made = corpora.expand("mini", 30, split="test", language="ru")
    assert {document.language for document in made} == {"ru"}
    with pytest.raises(CorpusError, match="no sentences are made of bc5cdr"):
        corpora.expand("bc5cdr", 30)


def test_an_entry_takes_no_unknown_field_and_cannot_be_changed() -> None:
    entry = corpora.catalog()["bc5cdr"]
    with pytest.raises(ValidationError):
        corpora.Entry.model_validate({**entry.model_dump(), "colour": "blue"})
    with pytest.raises(ValidationError):
        entry.title = "x"  # type: ignore[misc]


@pytest.mark.usefixtures("data")
def test_load_gives_language_and_domain() -> None:
    documents = corpora.load("bc5cdr")
    assert len(documents) == 3
    assert {(document.language, document.domain) for document in documents} == {("en", "abstracts")}
    (test,) = corpora.load("bc5cdr", split="test", language="en", strict=True)
    assert [mention.type for mention in test.mentions] == ["Chemical", "Disease"]


def test_sentences_in_the_order_of_unmarked_documents_are_drawn_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pharmaconer" / "data").mkdir(parents=True)
    for split in ("train", "test"):
        (tmp_path / "pharmaconer" / "data" / f"{split}.txt").write_text("Dolor\tO\n\n" * 30, encoding="utf-8")
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    assert [part.block for part in corpora.catalog()["pharmaconer"].parts] == [0, 0, 14]
    origins = Counter(document.origin for document in corpora.load("pharmaconer", split="test"))
    assert list(origins.values()) == [14, 14, 2]
    assert len({document.origin for document in corpora.load("pharmaconer", split="train")}) == 30


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["CHEM"], ["CHEM"]),
        (["DRUG"], ["DRUG"]),
        (["DRUG", "CHEM"], ["DRUG"]),
        (["CHEM", "DRUG"], ["CHEM"]),
        (["DISEASE", "CHEM"], ["CHEM", "DISEASE"]),
    ],
)
def test_types(types: list[str], expected: list[str]) -> None:
    (document,) = corpora.load("bc5cdr", split="test", types=types)
    assert [mention.type for mention in document.mentions] == expected
    assert len(document.relations) == (len(expected) == 2)


@pytest.mark.parametrize(
    ("types", "species", "human"),
    [
        (("SPECIES",), "SPECIES", "SPECIES"),
        (("HUMAN",), None, "HUMAN"),
        (("SPECIES", "HUMAN"), "SPECIES", "SPECIES"),
        (("HUMAN", "SPECIES"), "SPECIES", "HUMAN"),
    ],
)
@pytest.mark.parametrize("name", ["livingner", "livingner-task"])
def test_types_are_taken_in_order_of_preference(
    name: str, types: tuple[str, ...], species: str | None, human: str
) -> None:
    expected = {"SPECIES": species, "HUMAN": human}
    assert corpora.unified(name, types) == {own: type for own, type in expected.items() if type}


@pytest.mark.usefixtures("data")
def test_what_is_not_there_is_named() -> None:
    with pytest.raises(CorpusError, match="there is no corpus 'bc6'; the catalogue has mini, bc5cdr"):
        corpora.load("bc6")
    with pytest.raises(CorpusError, match=r"bc5cdr has no part \*/ru; it has train/en, dev/en, test/en"):
        corpora.load("bc5cdr", language="ru")
    with pytest.raises(CorpusError, match="bc5cdr has no type 'GENE'; it can give CHEM, DISEASE, DRUG"):
        corpora.load("bc5cdr", types=["GENE"])
    with pytest.raises(CorpusError, match=r"psytar is not on this machine: set CHEMXL_DATA .* licence: CC BY 4\.0"):
        corpora.load("psytar")
    with pytest.raises(CorpusError, match="there is no corpus"):
        corpora.available("bc6")


def test_available(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert corpora.available("bc5cdr")
    (data / "CDR_TestSet.PubTator.txt").unlink()
    assert not corpora.available("bc5cdr")
    with pytest.raises(CorpusError, match=r"bc5cdr test/en: no file CDR_TestSet\.PubTator\.txt in "):
        corpora.load("bc5cdr")
    monkeypatch.delenv("CHEMXL_DATA")
    assert not corpora.available("bc5cdr")


def test_files_are_looked_at_once_where_they_stay_as_they_are(data: Path) -> None:
    before = corpora.digest("bc5cdr")
    with entries.unchanging():
        assert corpora.digest("bc5cdr") == before
        (data / "CDR_TestSet.PubTator.txt").write_text(TITLE.replace("pain", "ache"), encoding="utf-8")
        assert corpora.digest("bc5cdr") == before
    assert corpora.digest("bc5cdr") != before


def test_the_digest_changes_with_a_byte_and_with_a_name(data: Path) -> None:
    before = corpora.digest("bc5cdr"), corpora.digest("bc5cdr", split="train")
    assert before == (corpora.digest("bc5cdr"), corpora.digest("bc5cdr", split="train", language="en"))
    (data / "CDR_TestSet.PubTator.txt").write_text(TITLE + "\n", encoding="utf-8")
    assert corpora.digest("bc5cdr") != before[0]
    assert corpora.digest("bc5cdr", split="train") == before[1]
    assert corpora.digest("bc5cdr", split="dev") != before[1]


def test_faults_are_given_or_warned_of(data: Path) -> None:
    path = data / "CDR_TestSet.PubTator.txt"
    path.write_text(TITLE + "1\t0\t9\tNaloxone\tChemical\tD1\n", encoding="utf-8")
    with pytest.warns(
        UserWarning, match=r"bc5cdr: 1 faults, the first: .*CDR_TestSet\.PubTator\.txt:6: T3 is recorded"
    ):
        corpora.load("bc5cdr")
    faults: list[corpora.Fault] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpora.load("bc5cdr", faults=faults)
    assert [(fault.path, fault.line) for fault in faults] == [(path, 6)]
    assert str(faults[0]).startswith(f"{path}:6: T3 ")
    with pytest.raises(CorpusError, match=r"CDR_TestSet\.PubTator\.txt:6: "):
        corpora.load("bc5cdr", strict=True)


def test_a_shipped_corpus_with_a_list_of_passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpora.catalog()  # read, and kept, before its folder is exchanged
    monkeypatch.setattr(entries, "_HERE", tmp_path)
    for domain in ("abstracts", "patents", "reviews", "notes"):
        (tmp_path / "mini" / domain).mkdir(parents=True)
        for number in range(3):
            for language in ("en", "ru"):
                base = tmp_path / "mini" / domain / f"{domain[:3]}-00{number}.{language}"
                base.with_name(base.name + ".txt").write_text("NaCl", encoding="utf-8")
                base.with_name(base.name + ".ann").write_text("T1\tCHEM 0 4\tNaCl\n", encoding="utf-8")
    lists = [
        f"{split}: [{', '.join(f'{d}-00{i}' for d in ('abs', 'pat', 'rev', 'not'))}]"
        for i, split in enumerate(["train", "dev", "test"])
    ]
    (tmp_path / "mini" / "splits.yaml").write_text("\n".join(lists), encoding="utf-8")
    documents = corpora.load("mini", split="dev", language="ru", types=["CHEM"], strict=True)
    assert [(document.id, document.language, document.domain) for document in documents] == [
        (f"{domain}/{domain[:3]}-001.ru", "ru", domain) for domain in ("abstracts", "patents", "reviews", "notes")
    ]
    assert len(corpora.load("mini")) == 24
    (tmp_path / "mini" / "splits.yaml").write_text("- abs-000", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"splits\.yaml: a list of passage ids for each split was due"):
        corpora.load("mini")


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


CADEC_ANN = "T1\tDrug 10 19\tibuprofen\nT2\tADR 30 36;45 49\tsevere pain\n#1\tAnnotatorNotes T2\tworse\n"
CADEC = {"1.txt": "I took it ibuprofen and then, severe stomach pain.\n", "1.ann": CADEC_ANN}


@pytest.mark.parametrize("apart", [True, False])
def test_cadec_from_a_folder_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool) -> None:
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    assert not corpora.available("cadec")
    folders = {".txt": "text/", ".ann": "original/"} if apart else {".txt": "", ".ann": ""}
    write(tmp_path / "cadec", {folders[name[-4:]] + name: content for name, content in CADEC.items()})
    assert corpora.available("cadec")
    (document,) = corpora.load("cadec", types=["DRUG", "DISEASE"], strict=True)
    assert document == Document(
        "1",
        CADEC["1.txt"],
        (Mention.of("DRUG", 10, 19, id="T1"), Mention("DISEASE", ((30, 36), (45, 49)), id="T2")),
        language="en",
        domain="drug reviews",
    )


def test_cadec_with_a_text_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    write(tmp_path / "cadec", {"text/1.txt": "a", "original/2.ann": ""})
    faults: list[corpora.Fault] = []
    assert corpora.load("cadec", faults=faults) == []
    assert [f"{fault.path.name}: {fault.message}" for fault in faults] == [
        "1.txt: there is no 1.ann beside it; document left out",
        "2.ann: there is no 2.txt beside it; document left out",
    ]


def test_n2c2_from_a_folder_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    note = "T1\tDrug 0 8\twarfarin\nT2\tADE 17 22\tbleed\nT3\tDosage 9 13\t5 mg\nR1\tADE-Drug Arg1:T2 Arg2:T1\n"
    files = {"100.txt": "warfarin 5 mg -> bleed", "100.ann": note}
    write(tmp_path / "n2c2" / "training_20180910", files)
    write(tmp_path / "n2c2" / "test", {"7.txt": "x", "7.ann": ""})
    write(tmp_path / "n2c2" / "test_data_Task2", {"7.txt": "x"})
    train, test = corpora.load("n2c2", types=["CHEM", "DISEASE"], strict=True)
    assert [(m.type, train.surface(m)) for m in train.mentions] == [("CHEM", "warfarin"), ("DISEASE", "bleed")]
    assert [relation.type for relation in train.relations] == ["ADE-Drug"]
    assert (train.id, test.id, train.domain) == ("training_20180910/100", "test/7", "health records")


@pytest.fixture
def tico(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "tico19", {"all.en-ru.tmx": TMX["a.tmx"]})
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    return tmp_path / "tico19" / "all.en-ru.tmx"


def test_pairs(tico: Path) -> None:
    expected = [
        Pair("a:1", "a fever", "жар", domain="medicine"),
        Pair("all.en-ru-2", "cough", "кашель", domain="medicine"),
    ]
    assert corpora.pairs("tico19", strict=True) == expected
    assert corpora.pairs("tico19", split="train", language="en-ru") == expected
    with pytest.raises(CorpusError, match="tico19 has no part test/"):
        corpora.pairs("tico19", split="test")
    tico.write_text(TMX["a.tmx"].replace("кашель", ""), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"tico19: 1 faults, the first: .*all\.en-ru\.tmx:7: all\.en-ru-2 has no text"):
        assert corpora.pairs("tico19") == expected[:1]
    faults: list[corpora.Fault] = []
    assert (corpora.pairs("tico19", faults=faults), len(faults)) == (expected[:1], 1)
    with pytest.raises(CorpusError, match="has no text in ru"):
        corpora.pairs("tico19", strict=True)


@pytest.mark.usefixtures("tico")
def test_documents_and_pairs_are_asked_for_by_their_name() -> None:
    with pytest.raises(CorpusError, match=r"tico19 is parallel text: read it with corpora\.pairs\('tico19'\)"):
        corpora.load("tico19")
    with pytest.raises(CorpusError, match=r"bc5cdr is not parallel text: read it with corpora\.load\('bc5cdr'\)"):
        corpora.pairs("bc5cdr")
    with pytest.raises(
        CorpusError, match=r"knowledge-facts is facts: read it with corpora\.facts\('knowledge-facts'\)"
    ):
        corpora.load("knowledge-facts")
    with pytest.raises(CorpusError, match=r"paramed-gold is not parallel text: read it with corpora\.alignments\("):
        corpora.pairs("paramed-gold")
    with pytest.raises(CorpusError, match=r"tico19 is not facts: read it with corpora\.pairs\('tico19'\)"):
        corpora.facts("tico19")
    with pytest.raises(CorpusError, match=r"bc5cdr is not a gold alignment: read it with corpora\.load\('bc5cdr'\)"):
        corpora.alignments("bc5cdr")
    with pytest.raises(CorpusError, match="there is no corpus 'bc6'"):
        corpora.pairs("bc6")
    with pytest.raises(CorpusError, match="kalzium is not on this machine"):
        corpora.pairs("kalzium")
    with pytest.raises(CorpusError, match="pubmedqa has no type 'CHEM'; it can give none"):
        corpora.load("pubmedqa", types=["CHEM"])


@pytest.mark.usefixtures("tico")
def test_the_command_counts_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(cli.app, ["corpora", "statistics", "tico19", "mini"]).output
    assert re.search(r"^tico19\ttrain\ten-ru\t\t2\t", shown, re.MULTILINE)
    assert re.search(r"^mini\ttest\tru\t\d+\t\t\d+\t\d+\t\w+ \d+,", shown, re.MULTILINE)
    assert "tico19 train/en-ru: differs" in CliRunner().invoke(cli.app, ["corpora", "verify", "tico19"]).output


def test_facts_and_alignments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "knowledge"
    write(folder, {f"paramed_gold/{name if name == 'align.tsv' else f'doc{name}'}": BEADS[name] for name in BEADS})
    (folder / "paramed_gold/align.tsv").write_text("document\talignment\ndoca\t1 <=> 2,1\n", encoding="utf-8")
    (folder / "facts").mkdir()
    (folder / "facts/facts.tsv.gz").write_bytes(gzip.compress(TRIPLES["a.tsv"].encode()))
    assert [fact.languages for fact in corpora.facts("knowledge-facts", strict=True)] == [("en", "ru")] * 2 + [
        ("en", "zh")
    ] * 2
    assert {fact.domain for fact in corpora.facts("knowledge-facts", language="en-zh")} == {"knowledge base"}
    first, second = corpora.alignments("paramed-gold", split="test", strict=True)
    assert (first.id, first.beads, second.beads) == ("doca", (((1, 0), (0,)),), ())
    shown = CliRunner().invoke(cli.app, ["corpora", "statistics", "knowledge-facts", "paramed-gold"]).output
    assert re.search(r"^knowledge-facts\ttrain\ten-zh\t\t\t\t2\t", shown, re.MULTILINE)
    assert re.search(r"^paramed-gold\ttest\ten-zh\t2\t1\t", shown, re.MULTILINE)
