"""Encoders by short names: from a local folder first, pinned on the hub, or made on the spot.

``CHEMXL_MODELS`` names a folder with one folder per encoder; weights are read from safetensors only.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
import transformers
from pydantic import Field
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import write_tensors
from chemxl.experiments.experiment import Experiment
from chemxl.models import eight_bits
from chemxl.models.box import ENCODER, IN_THE_BOX
from chemxl.models.reading import specials as specials
from chemxl.models.subwords import cut_at_units, mini_tokenizer


class Pin(NamedTuple):
    """A repository of the model hub at one commit, and names of folders that take its place."""

    repository: str
    revision: str | None
    folders: tuple[str, ...] = ()


ALIASES = {
    "mbert": Pin("google-bert/bert-base-multilingual-cased", "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"),
    "labse-en-ru": Pin("cointegrated/LaBSE-en-ru", "cf0714e606d4af551e14ad69a7929cd6b0da7f7e"),
    "labse": Pin("sentence-transformers/LaBSE", "e34fab64a3011d2176c99545a93d5cbddc9a91b7"),
    "xlm-r": Pin("FacebookAI/xlm-roberta-base", "e73636d4f797dec63c3081bb6ed5c7b0bb3f2089"),
    "biobert": Pin("dmis-lab/biobert-base-cased-v1.1", "924f12e0c3db7f156a765ad53fb6b11e7afedbc8"),
    "chemberta": Pin("seyonec/ChemBERTa-zinc-base-v1", "761d6a18cf99db371e0b43baf3e2d21b3e865a20"),
    "bert": Pin("google-bert/bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594"),
    "minilm": Pin(
        "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf", ("all-MiniLM-L6-v2",)
    ),
    "e5-small": Pin(
        "intfloat/multilingual-e5-small",
        "fd1525a9fd15316a2d503bf26ab031a61d056e98",
        ("multilingual-e5-small-trimmed", "multilingual-e5-small"),
    ),
}
MINI = "mini"
# Dropout inside an encoder takes a fifth of a step on a processor, and a few epochs do not overfit.
WITHOUT_DROPOUT: dict[str, Any] = {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}


class Encoder(NamedTuple):
    """A tokenizer and a model in float32."""

    tokenizer: PreTrainedTokenizerFast
    model: PreTrainedModel


class Pretrained(Experiment):
    """An experiment that leaves an encoder in its folder, written by :func:`save`."""


class FromEncoder(Experiment):
    """An experiment that starts from an encoder.

    Args:
        encoder: see :func:`load`.
    """

    encoder: str | Pretrained = MINI

    def data_digest(self) -> str:
        """The encoder's files."""
        return file_digest(self.encoder)


class FirstLayers(Pretrained, FromEncoder):
    """The first layers of an encoder, small enough to be trained hundreds of times on a processor.

    Args:
        layers: how many are kept.

    Raises:
        EncoderError: it has fewer.
    """

    layers: int = Field(ge=1)

    def compute(self, folder: Path) -> dict[str, float]:
        """Load the encoder, cut it, save it."""
        whole = load(self.encoder).model.config.num_hidden_layers
        if whole < self.layers:
            raise EncoderError(f"{self.encoder} has {whole} layers: keep so many or fewer, not {self.layers}")
        cut = load(self.encoder, num_hidden_layers=self.layers)
        save(cut, folder)
        return {"layers": self.layers, "of": whole, "parameters": cut.model.num_parameters()}


def local_folder(name: str) -> Path | None:
    """The folder of an encoder: the package's own, one under ``CHEMXL_MODELS``, or a given path; None if there is
    none."""
    if name == IN_THE_BOX:
        return ENCODER
    if Path(name, "config.json").exists():
        return Path(name)
    root = os.environ.get("CHEMXL_MODELS")
    if not root:
        return None
    folders = [Path(root, folder) for folder in (name, *(ALIASES[name].folders if name in ALIASES else ()))]
    return next((folder for folder in folders if (folder / "config.json").exists()), None)


def available(name: str) -> bool:
    """Whether an encoder is on this machine: made here, in a local folder, or in the hub's cache."""
    if name == MINI or local_folder(name):
        return True
    from huggingface_hub import try_to_load_from_cache

    pin = ALIASES.get(name)
    return pin is not None and isinstance(
        try_to_load_from_cache(pin.repository, "config.json", revision=pin.revision), str
    )


def load(name: str | Pretrained, *, seed: int = 0, masked: bool = False, **config: Any) -> Encoder:
    """Load an encoder.

    Args:
        name: ``mini``, ``in-the-box``, an alias of ``ALIASES``, a local folder, ``OWNER/NAME`` or
            ``OWNER/NAME@REVISION`` of the hub, or an experiment that makes one.
        seed: initialises what is not in the file (all of ``mini``).
        masked: with a head for masked language modelling; a fresh one where the file has none.
        config: settings of the model's configuration, such as ``hidden_dropout_prob``.

    Raises:
        EncoderError: it is neither on this machine nor to be had from the hub.
    """
    name = str(name.run().folder) if isinstance(name, Pretrained) else name
    torch.manual_seed(seed)
    if name == MINI:
        tokenizer = mini_tokenizer()
        size: dict[str, Any] = {
            "hidden_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 512,
        }
        settings = BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **(size | config))
        return Encoder(tokenizer, BertForMaskedLM(settings) if masked else BertModel(settings, add_pooling_layer=False))
    return _pretrained(name, masked=masked, **config)


def _pretrained(name: str, *, masked: bool, **config: Any) -> Encoder:
    """An encoder from a folder or from the hub."""
    folder, pin = local_folder(name), ALIASES.get(name) or _on_hub(name)
    if folder is None and pin is None:
        raise EncoderError(
            f"{name!r} is no encoder: take one of {', '.join([MINI, IN_THE_BOX, *ALIASES])}, "
            "a folder with a config.json, or OWNER/NAME or OWNER/NAME@REVISION of the hub"
        )
    source, revision = (str(folder), None) if folder else (cast("Pin", pin).repository, cast("Pin", pin).revision)
    options: dict[str, Any] = {"revision": revision, "dtype": torch.float32, "use_safetensors": True, **config}
    try:
        loaded = AutoTokenizer.from_pretrained(source, revision=revision, use_fast=True)
        with _quiet():
            if folder and (folder / eight_bits.FILE).exists():
                model = _of_eight_bits(folder, masked=masked, **config)
            elif masked:
                model = AutoModelForMaskedLM.from_pretrained(source, **options)
            else:
                model = AutoModel.from_pretrained(source, add_pooling_layer=False, **options)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        where = f"{source} is not whole" if folder else f"{source} is neither in CHEMXL_MODELS nor on the hub in reach"
        place = folder or f"$CHEMXL_MODELS/{name}"
        raise EncoderError(
            f"no encoder {name!r}: {where}; it needs config.json, tokenizer.json, model.safetensors in {place}"
        ) from error
    return Encoder(cut_at_units(cast("PreTrainedTokenizerFast", loaded)), model)


def _on_hub(name: str) -> Pin | None:
    """The repository that ``OWNER/NAME`` or ``OWNER/NAME@REVISION`` names; None if it names none."""
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)(?:@([\w.-]+))?", name)
    return Pin(found[1], found[2]) if found else None


def _of_eight_bits(folder: Path, *, masked: bool, **config: Any) -> PreTrainedModel:
    """The model in a folder whose weights have eight bits."""
    settings = AutoConfig.from_pretrained(folder, **config)
    if masked:
        model: PreTrainedModel = AutoModelForMaskedLM.from_config(settings).float()
    else:
        model = AutoModel.from_config(settings, add_pooling_layer=False).float()
    base, weights = model.base_model, eight_bits.read(folder)
    base.load_state_dict({name: weights[name] for name in base.state_dict()})  # of fewer layers, the first ones
    model.tie_weights()
    return model


def with_head(encoder: Encoder) -> Encoder:
    """The encoder with a fresh head for masked language modelling."""
    whole = AutoModelForMaskedLM.from_config(encoder.model.config).float()
    whole.base_model.load_state_dict(encoder.model.state_dict())
    whole.tie_weights()
    return Encoder(encoder.tokenizer, whole)


def save(encoder: Encoder, folder: Path) -> None:
    """Write an encoder so that :func:`load` and ``from_pretrained`` of transformers can read it; weights as
    safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.tokenizer.save_pretrained(folder)
    encoder.model.config.architectures = [type(encoder.model).__name__]
    encoder.model.config.save_pretrained(folder)
    tied = set(encoder.model.all_tied_weights_keys)  # they are their source's, which is written
    tensors = {name: tensor for name, tensor in encoder.model.state_dict().items() if name not in tied}
    write_tensors(folder / "model.safetensors", tensors, {"format": "pt"})


def unfilled(folder: Path) -> PreTrainedModel:
    """An encoder as a folder's configuration describes it, with arbitrary weights."""
    return cast(
        "PreTrainedModel",
        AutoModel.from_config(AutoConfig.from_pretrained(folder), add_pooling_layer=False).float(),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bar and no notice of a missing pooler while weights are loaded."""
    level, bar = transformers.logging.get_verbosity(), transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
        if bar:
            transformers.logging.enable_progress_bar()


def file_digest(name: str | Pretrained) -> str:
    """A digest that tells encoders apart: a pinned revision; names, sizes and beginnings of local files; or the text
    that ``mini`` is made of. An experiment has a digest of its own."""
    if isinstance(name, Pretrained):
        return ""
    if name == MINI:
        from chemxl import corpora

        return corpora.read_digest("mini", split="train")  # its tokenizer is trained on these
    folder = local_folder(name)
    if folder is None:
        return ALIASES[name].revision or name if name in ALIASES else name

    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size} ".encode() + file.read(1 << 20))
    return digest.hexdigest()
