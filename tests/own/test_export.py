"""transformers' pipeline gives the entities of ours, from the exported folder alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import TokenClassificationPipeline, pipeline

from chemxl import corpora
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, from_bio, words
from chemxl.errors import ChemxlError, EncoderError
from chemxl.models import encoders
from chemxl.models.crf import CRF
from chemxl.models.labellers import BiLstmLabeller, EncoderLabeller, Vocabulary
from chemxl.models.readers import SubwordReader, WordReader
from chemxl.models.tagger import Tagger, bio_labels, joined
from chemxl.models.windows import cuts
from chemxl.own import export as exporting
from chemxl.own import pipeline as exported
from chemxl.own.export import export

Found = list[list[tuple[str, int, int]]]
LABELS = bio_labels(["CHEM", "GENE"])
ODD = ["", " \n ", "🙂", "(ASA)\u00ad-х", "Са2+/К+ и e\u0301", "阿司匹林", "a" * 300]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers copies a model's code to its cache, which is the test's own."""
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])


def texts() -> list[Document]:
    """In both languages; one that takes several windows, and some that are odd."""
    both = [
        d for language in ("ru", "en") for d in Corpus(name="mini", split="test", language=language, types=()).load()
    ]
    long = Document("long", "\n".join(document.text for document in both[:12]))
    return [*both, long, *(Document(f"odd-{i}", text) for i, text in enumerate(ODD))]


def saved(folder: Path, *, encoder: str | Path, crf: bool) -> Path:
    """A tagger with a random head, whose best labels are often no legal sequence."""
    tokenizer, network = encoders.load(str(encoder), seed=1)
    model = EncoderLabeller(network, LABELS, crf=crf).eval()
    torch.manual_seed(2)
    torch.nn.init.normal_(model.head.weight, std=0.2)
    if crf:
        torch.nn.init.normal_(model.head_crf.transitions, std=2.0)
        torch.nn.init.normal_(model.head_crf.begin)
    Tagger(model, SubwordReader(tokenizer), joins=not crf).save(folder)
    return folder


def sentencepiece(folder: Path) -> Path:
    """A small encoder with a Unigram tokenizer, as e5's and XLM-R's are."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=600, special_tokens=special, unk_token="<unk>", show_progress=False)
    backend.train_from_iterator([document.text for document in corpora.load("mini", split="train")], trainer)
    backend.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), special, strict=True))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, cls_token="<s>", sep_token="</s>", **names
    )
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    torch.manual_seed(0)
    encoders.save(encoders.Encoder(tokenizer, transformers.XLMRobertaModel(config, add_pooling_layer=False)), folder)
    return folder


def ours(model: Path, documents: list[Document]) -> Found:
    found = Tagger.load(model).predict(documents, precision="fp32")
    return [[(m.type, m.start, m.end) for m in mentions] for mentions in found]


def theirs(rows: list[list[dict[str, object]]]) -> Found:
    return [[(one["entity_group"], one["start"], one["end"]) for one in row] for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
def test_the_pipeline_gives_the_same_entities(tmp_path: Path, kind: str, crf: bool) -> None:
    encoder = encoders.MINI if kind == "wordpiece" else sentencepiece(tmp_path / "encoder")
    model = saved(tmp_path / "model", encoder=encoder, crf=crf)
    export(model, tmp_path / f"out-{kind}-{crf}")
    documents = texts()
    expected = ours(model, documents)
    assert sum(map(len, expected)) > 300 and all(expected[:16])
    tagger = pipeline("token-classification", model=str(tmp_path / f"out-{kind}-{crf}"), trust_remote_code=True)
    raw = [document.text for document in documents]
    assert theirs(tagger(raw)) == expected
    assert theirs(tagger(raw[14:], batch_size=4, aggregation_strategy="simple")) == expected[14:]
    assert theirs([tagger(raw[0])]) == expected[:1]
    one = tagger(raw[0])[0]
    assert (
        list(one) == ["entity_group", "score", "word", "start", "end"]
        and one["word"] == raw[0][one["start"] : one["end"]]
    )
    best = Tagger.load(model).predict(documents[:1], precision="fp32")[0]
    assert [one["score"] for one in tagger(raw[0])] == pytest.approx([m.score for m in best], abs=1e-5)
    with pytest.raises(ValueError, match="without stride"):
        tagger(raw[0], stride=4)


def test_a_trained_model_and_what_its_folder_holds(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(model, out)
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "pipeline.py",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert (out / "pipeline.py").read_bytes() == Path(exported.__file__).read_bytes()
    tagger = pipeline("ner", model=str(out), trust_remote_code=True, pipeline_class=None)
    assert tagger.model.config.id2label[3] == "B-CHEM"
    documents = texts()[4:12]
    tagger = pipeline("token-classification", model=str(out), trust_remote_code=True)
    assert theirs(tagger([document.text for document in documents])) == ours(model, documents)
    with pytest.raises(ValueError, match="trust_remote_code"):  # no code runs unless one says so
        pipeline("token-classification", model=str(out))
    plain = pipeline("token-classification", model=str(out), pipeline_class=TokenClassificationPipeline)
    assert {one["entity"] for one in plain(documents[0].text, ignore_labels=[])} <= set(plain.model.config.label2id)
    card = (out / "README.md").read_text("utf-8")
    assert card.startswith("---\nlibrary_name: transformers\n") and "trust_remote_code=True" in card
    assert "trained on texts, starting from mini" in card and "| DISEASE |" in card and "softmax head" in card
    assert str(model.parent) not in card + (out / "config.json").read_text("utf-8")


def test_no_chemxl_is_needed(model: Path, tmp_path: Path) -> None:
    export(model, tmp_path / "out")
    code = (
        "import sys\nsys.modules['chemxl'] = None\nfrom transformers import pipeline\n"
        f"p = pipeline('token-classification', model={str(tmp_path / 'out')!r}, trust_remote_code=True)\n"
        "print(type(p).__name__, p('Aspirin') is not None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "EntityPipeline True\n", done.stderr


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    network = BiLstmLabeller(LABELS, words=3, characters=3)
    Tagger(network, WordReader(Vocabulary(["a"], ["a"]))).save(tmp_path / "bilstm")
    with pytest.raises(EncoderError, match="has no encoder that transformers knows"):
        export(tmp_path / "bilstm", tmp_path / "out")
    with pytest.raises(EncoderError, match="holds no tagger"):
        export(tmp_path / "nothing", tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    (tmp_path / "hub").mkdir()
    for name in ("README.md", "config.json", "model.safetensors"):  # of another model: --force does not drop it
        (tmp_path / "hub" / name).write_text("x")
    model = saved(tmp_path / "model", encoder=encoders.MINI, crf=False)
    for force in (False, True):
        with pytest.raises(ChemxlError, match="mine is there already"):
            export(model, tmp_path / "mine", force=force)
        with pytest.raises(ChemxlError, match="hub is there already"):
            export(model, tmp_path / "hub", force=force)
    export(model, tmp_path / "new" / "deep")
    export(model, tmp_path / "new" / "deep", force=True)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["deep"]
    assert "scores were not kept" in (tmp_path / "new" / "deep" / exporting.CARD).read_text("utf-8")


def test_a_head_that_transformers_lacks(tmp_path: Path) -> None:
    config = transformers.CLIPTextConfig(
        vocab_size=10, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    model = EncoderLabeller(transformers.CLIPTextModel(config), LABELS, crf=False)
    with pytest.raises(EncoderError, match="no token classifier of one linear layer for a clip_text_model"):
        exporting.classifier(model)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 9), learned=st.booleans())
def test_the_best_sequence_is_the_crfs(seed: int, count: int, learned: bool) -> None:
    torch.manual_seed(seed)
    crf = CRF(LABELS, learned=learned)
    if learned:
        torch.nn.init.normal_(crf.transitions, std=2.0)
    emissions = torch.randn(1, count, len(LABELS))
    begin, follow = (scores.detach().numpy() for scores in crf.scores())
    best = crf.decode(emissions, torch.tensor([count]))[0].tolist()
    assert exported.viterbi(emissions[0].numpy(), begin, follow).tolist() == best


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=12),
    gaps=st.lists(st.sampled_from([" ", "  ", "\n", ""]), min_size=12, max_size=12),
    joins=st.booleans(),
)
def test_labels_become_the_same_entities(labels: list[str], gaps: list[str], joins: bool) -> None:
    text = "".join(
        f"w{'x' * i}-{gap}" if not gap else f"w{'x' * i}{gap}" for i, gap in zip(range(len(labels)), gaps, strict=False)
    )
    spans = [span for span in words(text)][: len(labels)]
    labels = labels[: len(spans)]
    scores = list(np.linspace(0.1, 0.9, len(spans)))
    given_ = exported.entities(text, spans, labels, scores, joins=joins)
    due = from_bio(joined(labels, spans, text) if joins else labels, spans, scores)
    assert [Mention.of(one["entity_group"], one["start"], one["end"]) for one in given_] == due
    assert [one["score"] for one in given_] == [m.score for m in due]


@given(total=st.integers(0, 3000), size=st.integers(2, 600), overlap=st.integers(0, 100))
def test_windows_are_the_same(total: int, size: int, overlap: int) -> None:
    assert exported.cuts(total, size, overlap) == cuts(total, size, overlap)


def test_the_configuration_says_how_it_reads(tmp_path: Path) -> None:
    export(saved(tmp_path / "model", encoder=encoders.MINI, crf=False), tmp_path / "out")
    about = json.loads((tmp_path / "out" / "config.json").read_text())["entities"]
    assert (about["max_tokens"], about["overlap"]) == (512, 64) and about["first"] != about["last"]
