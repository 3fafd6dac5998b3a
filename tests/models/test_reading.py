"""What reads without transformers gives what transformers gives, and is there without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from chemxl import corpora
from chemxl.documents import Document
from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import SubwordReader
from chemxl.models.reading import BertModel, FastTokenizer
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.tagger import Tagger

LABELS = ["O", "B-CHEM", "I-CHEM"]


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "crf"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that finds something in every text."""
    tokenizer, encoder = encoders.load(encoders.MINI, seed=3)
    model = EncoderLabeller(encoder, LABELS, crf=request.param)
    with torch.no_grad():
        model.head.weight.mul_(5.0)
    path = tmp_path_factory.mktemp("tagger")
    Tagger(model, SubwordReader(tokenizer)).save(path)
    return path


def test_it_finds_what_the_whole_one_finds(folder: Path) -> None:
    documents = corpora.load("mini", split="test", faults=[])[:12]
    documents += [Document("empty", ""), Document("blank", " \n"), Document("long", documents[0].text * 12)]
    quick, whole = Tagger.to_read(folder), Tagger.load(folder)
    assert isinstance(quick.model, EncoderLabeller) and isinstance(quick.model.encoder, BertModel)
    found, due = quick.predict(documents), whole.predict(documents)
    assert found == due and sum(map(len, due)) > 20
    for mine, others in zip(found, due, strict=True):
        assert [m.score for m in mine] == pytest.approx([m.score for m in others], abs=1e-5)


def test_weights_are_those_of_the_file(folder: Path) -> None:
    quick, whole = Tagger.to_read(folder).model.state_dict(), Tagger.load(folder).model.state_dict()
    assert quick.keys() == whole.keys()
    assert all(torch.equal(tensor, whole[name]) and tensor.dtype == whole[name].dtype for name, tensor in quick.items())


def test_the_tokenizer_is_the_saved_one(folder: Path) -> None:
    quick, whole = FastTokenizer(folder), mini_tokenizer()
    for name in ("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id"):
        assert getattr(quick, name) == getattr(whole, name)
    text = "Aspirin 😀 ингибирует ЦОГ-1. " * 300
    ids = [t.backend_tokenizer.encode(text, add_special_tokens=False).ids for t in (quick, whole)]
    assert ids[0] == ids[1] and len(ids[0]) > 512


@pytest.mark.parametrize("setting", [{"model_type": "roberta"}, {"hidden_act": "relu"}, {"is_decoder": True}])
def test_another_encoder_is_read_by_transformers(folder: Path, tmp_path: Path, setting: dict[str, object]) -> None:
    table = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(table | setting))
    assert BertModel.of(tmp_path) is None


def test_what_is_not_whole_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no tagger"):
        Tagger.to_read(tmp_path)
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(EncoderError, match="is not whole: train it again"):
        Tagger.to_read(tmp_path)


def test_tagging_does_without_transformers(folder: Path, tmp_path: Path) -> None:
    """What else would take seconds to load, too."""
    (tmp_path / "a.txt").write_text("Aspirin.")
    heavy = [
        "transformers",
        "pandas",
        "scipy",
        "sklearn",
        "matplotlib",
        "datasets",
        "sympy",
        "jupytext",
        "torch._dynamo",
    ]
    script = (
        "import sys\nfrom chemxl import cli\ntry:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "tag", str(tmp_path / "a.txt"), "--model", str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n") and done.stdout.startswith("T1\tCHEM")
