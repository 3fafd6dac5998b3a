"""Weights as 8-bit integers with a scale for every row: a quarter of the size, for what is passed on.

Symmetric quantisation by the greatest magnitude of a row (Jacob et al. 2018, arXiv:1712.05877, equation 1 with zero
point 0; rows by themselves as in Krishnamoorthi 2018, arXiv:1806.08342, section 3). Reading gives float32, each weight
off by half a step of its row at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file

from chemxl.experiments.checkpoints import write_tensors

FILE = "model.8bit.safetensors"  # not the name that transformers reads: it would take the integers for weights
SCALE = ".scale"  # behind a weight's name: the step of each of its rows
_MOST = 127


def write(folder: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write ``FILE``: matrices in 8 bits, what has one dimension, such as a bias, in float32."""
    stored: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2 or not tensor.is_floating_point():
            stored[name] = tensor.float() if tensor.is_floating_point() else tensor
            continue
        steps = tensor.float().abs().amax(1) / _MOST  # (rows,)
        whole = (tensor.float() / steps.clamp(min=torch.finfo(torch.float32).tiny)[:, None]).round()
        stored |= {name: whole.clamp(-_MOST, _MOST).to(torch.int8), name + SCALE: steps}
    write_tensors(folder / FILE, stored, {"bits": "8"})


def read(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of a folder by name, in float32 what :func:`write` wrote; of ``model.safetensors`` where there are no
    others."""
    if not (folder / FILE).exists():
        return load_file(folder / "model.safetensors")
    stored = load_file(folder / FILE)
    steps = {name.removesuffix(SCALE): stored.pop(name) for name in list(stored) if name.endswith(SCALE)}
    return {name: tensor.float() * steps[name][:, None] if name in steps else tensor for name, tensor in stored.items()}
