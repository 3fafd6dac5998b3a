"""Weights as 8-bit integers with a scale for every row: a quarter of the size, for what is passed on.

Symmetric quantisation by the greatest magnitude of a row (Jacob et al. 2018, arXiv:1712.05877, equation 1 with zero
point 0; rows by themselves as in Krishnamoorthi 2018, arXiv:1806.08342, section 3). Reading gives float32, each weight
off by half a step of its row at most. What a model has unchanged from the encoder in the box need not be stored again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import write_tensors
from chemxl.models.box import ENCODER

FILE = "model.8bit.safetensors"  # not the name that transformers reads: it would take the integers for weights
SCALE = ".scale"  # behind a weight's name: the step of each of its rows
_MOST = 127


def write(folder: Path, tensors: Mapping[str, torch.Tensor], *, shared: bool = False) -> None:
    """Write ``FILE``: matrices in 8 bits, what has one dimension, such as a bias, in float32.

    Args:
        shared: leave out matrices that the encoder in the box has too; :func:`read` takes them from there.
    """
    stored: dict[str, torch.Tensor] = {}
    there = {name: tensor for name, tensor in read(ENCODER).items() if tensor.ndim == 2} if shared else {}
    taken: dict[str, str] = {}
    for name, tensor in tensors.items():
        if same := next(
            (n for n, t in there.items() if t.dtype == tensor.dtype and torch.equal(t, tensor.cpu())), None
        ):
            taken[name] = same
        elif tensor.ndim != 2 or not tensor.is_floating_point():
            stored[name] = tensor.float() if tensor.is_floating_point() else tensor
        else:
            steps = tensor.float().abs().amax(1) / _MOST  # (rows,)
            whole = (tensor.float() / steps.clamp(min=torch.finfo(torch.float32).tiny)[:, None]).round()
            stored |= {name: whole.clamp(-_MOST, _MOST).to(torch.int8), name + SCALE: steps}
    about = {"shared": json.dumps(taken), "encoder": _digest()} if taken else {}
    write_tensors(folder / FILE, stored, {"bits": "8", **about})


def read(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of a folder by name, in float32 what :func:`write` wrote; of ``model.safetensors`` where there are no
    others.

    Raises:
        EncoderError: it shares weights with another encoder in the box than the one that is there.
    """
    if not (folder / FILE).exists():
        return load_file(folder / "model.safetensors")
    with safe_open(folder / FILE, "pt") as file:
        about = file.metadata() or {}
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if "shared" in about and about.get("encoder") != _digest():
        raise EncoderError(f"{folder} shares weights with the encoder in the box of another version of chemxl")
    there = read(ENCODER) if "shared" in about else {}
    steps = {name.removesuffix(SCALE): stored.pop(name) for name in list(stored) if name.endswith(SCALE)}
    made = {name: tensor.float() * steps[name][:, None] if name in steps else tensor for name, tensor in stored.items()}
    try:
        shared = {name: there[other] for name, other in json.loads(about.get("shared", "{}")).items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise EncoderError(f"{folder / FILE} does not say which weights the encoder in the box has") from error
    return made | shared


def _digest() -> str:
    return hashlib.sha256((ENCODER / FILE).read_bytes()).hexdigest()
