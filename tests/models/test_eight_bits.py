"""Weights in 8 bits: how far off they are, and that nothing takes the integers for weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import write_tensors
from chemxl.experiments.digests import sha256
from chemxl.models import eight_bits, encoders
from chemxl.models.box import ENCODER


@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 9),
    scale=st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e6]),
    seed=st.integers(0, 9),
)
@settings(max_examples=60)
def test_a_weight_is_off_by_half_a_step_of_its_row_at_most(
    tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, scale: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(seed)
    given = {"table": torch.randn(rows, columns) * scale * torch.rand(rows, 1), "bias": torch.randn(columns)}
    eight_bits.write(folder, given)
    read = eight_bits.read(folder)
    assert read.keys() == given.keys() and torch.equal(read["bias"], given["bias"])
    steps = given["table"].abs().amax(1, keepdim=True) / 127
    assert ((read["table"] - given["table"]).abs() <= steps * 0.5001).all()
    assert read["table"].dtype == torch.float32


def test_what_is_written_is_a_quarter_as_large_and_the_same_each_time(tmp_path: Path) -> None:
    torch.manual_seed(0)
    table = {"table": torch.randn(400, 300)}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        eight_bits.write(tmp_path / name, table)
    first, second = ((tmp_path / name / eight_bits.FILE).read_bytes() for name in ("a", "b"))
    assert first == second and len(first) < 0.27 * table["table"].nbytes
    assert load_file(tmp_path / "a" / eight_bits.FILE)["table"].dtype == torch.int8


def test_a_folder_without_eight_bits_is_read_as_it_is(tmp_path: Path) -> None:
    save_file({"table": torch.eye(2), "b.scale": torch.ones(2)}, tmp_path / "model.safetensors")
    assert eight_bits.read(tmp_path).keys() == {"table", "b.scale"}


def test_an_encoder_in_eight_bits_is_read_by_its_folder(tmp_path: Path) -> None:
    whole = encoders.load("mini", seed=1)
    whole.tokenizer.save_pretrained(tmp_path)
    whole.model.config.save_pretrained(tmp_path)
    eight_bits.write(tmp_path, whole.model.state_dict())
    read = encoders.load(str(tmp_path))
    state, near = whole.model.state_dict(), read.model.state_dict()
    assert all(torch.allclose(near[name], state[name], atol=float(state[name].abs().max()) / 250) for name in state)
    fewer = encoders.load(str(tmp_path), num_hidden_layers=1).model.state_dict()
    assert fewer and all(torch.equal(fewer[name], near[name]) for name in fewer)
    masked = encoders.load(str(tmp_path), masked=True).model
    table = masked.get_input_embeddings().weight
    assert torch.equal(table, near["embeddings.word_embeddings.weight"])
    assert masked.get_output_embeddings().weight is table
    (tmp_path / eight_bits.FILE).write_bytes(b"broken")
    with pytest.raises(EncoderError, match="is not whole"):
        encoders.load(str(tmp_path))


@pytest.mark.parametrize("shared", ["{", "[]", '{"table": "unheard"}', '{"table": []}'])
def test_what_is_shared_must_be_there(tmp_path: Path, shared: str) -> None:
    about = {"bits": "8", "shared": shared, "encoder": sha256((ENCODER / eight_bits.FILE).read_bytes())}
    write_tensors(tmp_path / eight_bits.FILE, {"own": torch.zeros(2)}, about)
    with pytest.raises(EncoderError, match="does not say which weights"):
        eight_bits.read(tmp_path)
    write_tensors(tmp_path / eight_bits.FILE, {"own": torch.zeros(2)}, {"shared": "{}"})
    with pytest.raises(EncoderError, match="another version"):
        eight_bits.read(tmp_path)


def test_what_the_encoder_in_the_box_has_is_not_stored_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "embeddings.word_embeddings.weight"
    torch.manual_seed(0)
    table = eight_bits.read(ENCODER)[name]
    given = {"encoder.table": table, "own": torch.randn(3, 4), "other": table * 2, "places": torch.arange(3)}
    eight_bits.write(tmp_path, given, shared=True)
    assert load_file(tmp_path / eight_bits.FILE).keys() == {
        "own", "own.scale", "other", "other.scale", "places"
    }  # fmt: skip
    read = eight_bits.read(tmp_path)
    assert read.keys() == given.keys() and torch.equal(read["encoder.table"], table)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / eight_bits.FILE).write_bytes((tmp_path / eight_bits.FILE).read_bytes())
    assert torch.equal(eight_bits.read(moved)["encoder.table"], table)
    eight_bits.write(moved, given)
    assert "encoder.table" in load_file(moved / eight_bits.FILE)
    eight_bits.write(tmp_path / "elsewhere", {"table": table + 1})
    monkeypatch.setattr(eight_bits, "ENCODER", moved)
    with pytest.raises(EncoderError, match="another version"):
        eight_bits.read(tmp_path)
