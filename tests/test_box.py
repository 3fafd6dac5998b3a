"""What comes with the package: whole, small, the same each time, and of use without anything else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from chemxl import box, corpora
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.models import eight_bits, encoders
from chemxl.models.box import ENCODER, FOLDER, IN_THE_BOX, TAGGER
from chemxl.models.embeddings import Embedder
from chemxl.models.encoders import FirstLayers
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.ner import chapter as recognition
from chemxl.ner.varied import VariedFineTune
from chemxl.own.export import export

ROOT = Path(box.__file__).parents[1]
MIB = 2**20


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load(TAGGER)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_both_are_small_and_have_what_they_need_beside_them() -> None:
    assert size(ENCODER) < 12 * MIB and size(TAGGER) < 12 * MIB and size(FOLDER) < 24 * MIB
    assert {path.name for path in (ENCODER).iterdir()} == {
        "config.json", "tokenizer.json", "tokenizer_config.json", eight_bits.FILE
    }  # fmt: skip
    licence = (FOLDER / "LICENSE").read_text("utf-8")
    assert "MIT License" in licence and "CC BY 4.0" in licence


def test_the_wheel_has_them() -> None:
    """Every file of the folder is of a kind that pyproject.toml takes into the package."""
    import tomllib

    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    taken = {path for pattern in patterns["chemxl"] for path in (ROOT / "chemxl").glob(pattern)}
    needed = {path for path in FOLDER.rglob("*") if path.is_file() and "py" not in path.suffix}
    assert len(needed) > 5 and needed <= taken


def test_the_encoder_is_there_without_a_folder_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHEMXL_MODELS", raising=False)
    assert encoders.available(IN_THE_BOX) and len(encoders.file_digest(IN_THE_BOX)) == 64
    first, second = encoders.load(IN_THE_BOX), encoders.load(IN_THE_BOX, seed=5)
    state = first.model.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in second.model.state_dict().items())
    assert first.model.dtype == torch.float32 and first.model.config.num_hidden_layers == 3
    assert len(first.tokenizer) == first.model.config.vocab_size == len(state["embeddings.word_embeddings.weight"])


def test_its_vectors_know_a_translation() -> None:
    embed = Embedder(IN_THE_BOX, prefix="query: ", precision="fp32")
    english = ["Aspirin inhibits platelets.", "The patient had a headache.", "The solution was heated to 80 °C."]
    russian = ["Аспирин угнетает тромбоциты.", "У пациента болела голова.", "Раствор нагрели до 80 °C."]
    a, b = embed(english), embed(russian)
    assert (a @ b.T).argmax(1).tolist() == [0, 1, 2]


def test_any_chapter_can_begin_from_it() -> None:
    """As ``encoder: in-the-box`` in a chapter's parameters: its layers, its words, its files' digest."""
    settings = recognition.Settings(models=(IN_THE_BOX,), sentences=20, seeds=(0,), epochs=1)
    way = recognition.ways("small", sentences=20)[0]
    [value] = recognition.evaluations(settings, IN_THE_BOX, way, way.tests[0][1])
    assert value.model.data_digest() == encoders.file_digest(IN_THE_BOX)
    cut = FirstLayers(encoder=IN_THE_BOX, layers=1)
    assert cut.run().metrics["layers"] == 1 and cut.run().metrics["of"] == 3
    train = (Corpus(name="mini", types=("CHEM",), split="dev", language="en"),)
    trained = FineTune(encoder=cut, train=train, training=Training(epochs=1, tokens=512)).tagger()
    assert trained.model.encoder.config.num_hidden_layers == 1
    assert trained.predict(corpora.load("mini", split="test", language="en")[:2])


def test_the_tagger_finds_what_it_is_for(tagger: Tagger) -> None:
    texts = {
        "Aspirin and ibuprofen may cause gastric ulcer.": {("CHEM", "Aspirin"), ("CHEM", "ibuprofen")},
        "Парацетамол вызывает гепатотоксичность.": {("CHEM", "Парацетамол")},
        "Смесь обработали уксусным ангидридом.": {("CHEM", "уксусным ангидридом")},
        "The solution was treated with K2CO3.": {("CHEM", "K2CO3")},
        "ASPIRIN REDUCES FEVER.": {("CHEM", "ASPIRIN")},
        "The patient had hypertension.": {("DISEASE", "hypertension")},
    }
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    for document, mentions in zip(documents, tagger.predict(documents, precision="fp32"), strict=True):
        found = {(m.type, document.surface(m)) for m in mentions}
        assert texts[document.text] <= found, (document.text, found)
    assert set(tagger.model.labels) == {"O", *(f"{p}-{t}" for p in "BI" for t in ("CHEM", "DISEASE", "GENE"))}


def test_the_command_needs_nothing_else(tmp_path: Path) -> None:
    """In another folder, with no runs, corpora, models or network, twice to the same bytes."""
    away = {"CHEMXL_DATA", "CHEMXL_MODELS", "CHEMXL_RUNS"}
    environment = {name: value for name, value in os.environ.items() if name not in away}
    environment |= {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "chemxl.cli", "tag", "--format", "jsonl"]
    text = "Аспирин 😀 помогает. Aspirin helps."
    runs = [
        subprocess.run(
            command, input=text.encode(), capture_output=True, check=True, cwd=tmp_path, env=environment, timeout=300
        )
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    found = {(m["start"], m["end"], m["text"]) for m in json.loads(runs[0].stdout)["mentions"]}
    assert {(0, 7, "Аспирин"), (20, 27, "Aspirin")} <= found
    assert runs[0].stderr.decode().splitlines() == ["Using the tagger in the box; --model names another"]
    assert not list(tmp_path.iterdir()), "nothing is trained and nothing is kept"


def test_what_is_packed_is_what_is_read(tmp_path: Path) -> None:
    encoder = encoders.load("mini", seed=2)
    box.put(encoder, tmp_path / "encoder")
    again = encoders.load(str(tmp_path / "encoder"))
    text = "Acetylsalicylic acid, 2-хлорфенол"
    assert again.tokenizer(text)["input_ids"] == encoder.tokenizer(text)["input_ids"]
    made = FineTune(
        encoder="mini", train=(Corpus(name="mini", types=("CHEM",), split="dev"),), training=Training(epochs=1)
    ).tagger()
    box.pack(made, tmp_path / "tagger")
    read = Tagger.load(tmp_path / "tagger")
    documents = corpora.load("mini", split="test")[:3]
    assert read.reader.windows(documents) == made.reader.windows(documents)
    state = made.model.state_dict()
    for name, tensor in read.model.state_dict().items():
        assert torch.allclose(tensor, state[name], atol=float(state[name].abs().max()) / 250), name
    again_read = Tagger.load(tmp_path / "tagger").model.state_dict()
    assert all(torch.equal(tensor, again_read[name]) for name, tensor in read.model.state_dict().items())


def test_a_tagger_with_the_vectors_of_the_encoder_beside_it_is_whole_wherever_it_is(tmp_path: Path) -> None:
    train = (Corpus(name="mini", types=("CHEM",), split="dev", language="en"),)
    value = VariedFineTune(
        encoder=IN_THE_BOX, train=train, copies=(1,), frozen=True, training=Training(steps=2, tokens=256)
    )
    made = value.tagger()
    box.pack(made, tmp_path / "box")
    table = "encoder.embeddings.word_embeddings.weight"
    assert size(tmp_path / "box") < size(ENCODER) - 4 * MIB
    shutil.copytree(tmp_path / "box", tmp_path / "elsewhere" / "copy")
    documents = corpora.load("mini", split="test", language="ru")[:3]
    expected = Tagger.load(tmp_path / "box")
    for read in (Tagger.load(tmp_path / "elsewhere" / "copy"), Tagger.to_read(tmp_path / "elsewhere" / "copy")):
        assert torch.equal(read.model.state_dict()[table], made.model.state_dict()[table])
        assert read.predict(documents, precision="fp32") == expected.predict(documents, precision="fp32")
    export(tmp_path / "box", tmp_path / "exported")
    whole = load_file(tmp_path / "exported" / "model.safetensors")
    [name] = [name for name in whole if name.endswith("word_embeddings.weight")]
    assert torch.equal(whole[name], made.model.state_dict()[table]), "an exported one needs no box"


def test_the_recipe_learns_from_what_may_be_passed_on_and_from_no_test() -> None:
    models = box.tagger().models
    learnt = [corpus for model in models for corpus in model.train]
    assert len({model.config_hash() for model in models}) == box.DRAWS and len({model.seed for model in models}) == 1
    assert {corpus.name for corpus in learnt} == {"bc5cdr", "drugprot", "mini"}
    licences = {corpora.catalog()[corpus.name].licence for corpus in learnt}
    assert all(licence.startswith(("public domain", "CC BY 4.0", "CC0")) for licence in licences)
    for name, test in box.tests().items():
        for corpus in learnt:
            same = corpus.name == test.name and corpus.split == test.split
            assert not same, name
    for corpus in learnt:
        held_out = {(other.name, other.language) for other in corpus.without}
        assert corpus.name == "mini" or held_out >= {("bc5cdr", None), ("bionne-r", "en"), ("bionne-r", "ru")}
    chemprot = box.tests()["ChemProt, abstracts, EN"]  # DrugProt's abstracts are ChemProt's: either one leaves them out
    left = {(corpus.name, corpus.split) for corpus in chemprot.without}
    apart = {(c.name, c.split) for c in learnt if c.name == "drugprot" and box.CHEMPROT not in c.without}
    assert apart == {("drugprot", "dev")} and apart <= left and ("drugprot", "train") not in left


def test_the_card_has_scores_of_every_test() -> None:
    card = box.CARD.read_text("utf-8")
    table = card.partition(box.BEGIN)[2].partition(box.END)[0]
    assert all(f"| {name} |" in table for name in box.tests())
    assert all(table.count(f"| the same, {form} |") == len(box.UNTIDY) for form in box.FORMS)


def test_scores_are_measured_and_written_between_the_marks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(f"before\n{box.BEGIN}\nold\n{box.END}\nafter\n")
    monkeypatch.setattr(box, "CARD", card)
    few = Corpus(name="mini", split="dev", language="ru", types=("DRUG",))  # a chemical is a drug there
    monkeypatch.setattr(box, "tests", lambda: {"mini, RU": few})
    monkeypatch.setattr(box, "UNTIDY", {"mini, RU": 2})
    box.main(["scores"])
    lines = card.read_text("utf-8").splitlines()
    assert lines[:2] == ["before", box.BEGIN] and lines[-2:] == [box.END, "after"] and "old" not in lines
    [row] = [line for line in lines if line.startswith("| mini")]
    due = sum(len(document.mentions) for document in few.load())
    score = float(row.split("|")[3].split("(")[0])
    assert row.split("|")[2].strip() == f"DRUG ({due})" and score > 0.3
    forms = [line.split("|")[1].strip() for line in lines if line.startswith(("| 2 documents", "| the same"))]
    assert forms == ["2 documents of mini, RU", *(f"the same, {form}" for form in box.FORMS)]


class Proteins(Corpus):
    """A corpus that has no type for genes and counts them among the chemicals."""

    def load(self) -> list[Document]:
        whole = Corpus(name=self.name, split=self.split, language=self.language, types=("CHEM", "GENE"))
        return [document.retyped({"CHEM": "CHEM", "GENE": "CHEM"}) for document in whole.load()]


def test_where_proteins_are_chemicals_both_readings_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Proteins(name="mini", split="dev", language="ru", types=("CHEM",))
    monkeypatch.setattr(box, "PROTEINS", ("mini",))
    monkeypatch.setattr(box, "tests", lambda: {"mini, RU": wide})
    monkeypatch.setattr(box, "UNTIDY", {})
    due = sum(len(document.mentions) for document in wide.load())
    found = {said: float(score.split()[0]) for _, said, score in box.scored()}
    assert list(found) == [f"CHEM ({due})", f"CHEM, or found as GENE ({due})"]
    apart, together = found.values()
    assert together > apart + 0.05


def test_every_form_changes_the_text_and_keeps_its_mentions(monkeypatch: pytest.MonkeyPatch) -> None:
    english = Corpus(name="mini", split="dev", language="en", types=("CHEM",))
    monkeypatch.setattr(box, "tests", lambda: {"mini, EN": english})
    monkeypatch.setattr(box, "UNTIDY", {"mini, EN": 6})
    (_, _, tidy), *others = box.untidy()
    assert len(others) == len(box.FORMS)
    for _, _, changed in others:
        assert [d.id for d in changed] == [d.id for d in tidy] and changed != tidy
        assert [len(d.mentions) for d in changed] == [len(d.mentions) for d in tidy]
