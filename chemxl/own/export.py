"""A tagger as a folder that transformers' ``pipeline("token-classification")`` loads, with its model card."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForTokenClassification, PreTrainedModel

from chemxl import documents
from chemxl.best import named
from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import write_tensors
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Tagger
from chemxl.own import pipeline
from chemxl.own.train import REPORT, check_out

CARD = "README.md"


def export(model: Path, out: Path, *, force: bool = False) -> None:
    """Write a tagger for transformers: weights as safetensors, tokenizer, labels, pipeline and model card.

    transformers' own pipeline cannot give the entities of :meth:`chemxl.models.tagger.Tagger.predict`: it knows no
    words where the tokenizer is SentencePiece's, takes the best label of each piece by itself, though no legal sequence
    may have it, and has no CRF. So a pipeline of 100 lines comes with the model, which does all of it in the same way.

    Raises:
        ChemxlError: the folder holds no tagger, or one that has no encoder; something is in the way.
    """
    out = out.resolve()
    check_out(out, force=force, holds=Path(pipeline.__file__).name)  # a README.md may be anyone's
    model = named(model)
    tagger = Tagger.load(model)
    if not isinstance(tagger.model, EncoderLabeller) or not isinstance(tagger.reader, SubwordReader):
        raise EncoderError(
            f"the tagger in {model} has no encoder that transformers knows (it is a BiLSTM): train another"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as made:
        folder = Path(made) / out.name
        folder.mkdir()
        _write(tagger.model, tagger.reader, folder, joins=tagger.joins)
        (folder / CARD).write_text(_card(model, tagger.model), "utf-8")
        if out.exists():
            shutil.rmtree(out)
        folder.replace(out)


def _write(model: EncoderLabeller, reader: SubwordReader, folder: Path, *, joins: bool) -> None:
    """Write all files except the model card."""
    twin = classifier(model)
    begin, follow = model.head_crf.scores()
    first, last = encoders.specials(reader.tokenizer)
    twin.config.entities = {
        "word": documents._WORD.pattern,  # the name stays private: a digest of every reader covers that module
        "first": first,
        "last": last,
        "max_tokens": reader.max_tokens,
        "overlap": reader.overlap,
        "begin": begin.tolist(),
        "follow": follow.tolist(),
        "joins": joins,
    }
    place = Path(pipeline.__file__)
    entry = {"impl": f"{place.stem}.{pipeline.EntityPipeline.__name__}", "pt": ["AutoModelForTokenClassification"]}
    twin.config.custom_pipelines = {"token-classification": entry}
    twin.config.architectures = [type(twin).__name__]
    twin.config.save_pretrained(folder)
    write_tensors(folder / "model.safetensors", twin.state_dict(), {"format": "pt"})
    reader.tokenizer.save_pretrained(folder)
    shutil.copyfile(place, folder / place.name)


def classifier(model: EncoderLabeller) -> PreTrainedModel:
    """transformers' token classifier with a tagger's weights.

    Raises:
        EncoderError: for this kind of encoder there is none, or it has another head than one linear layer.
    """
    config = model.encoder.config
    labels = dict(enumerate(model.labels))
    settings = {**config.to_dict(), "id2label": labels, "label2id": {label: i for i, label in labels.items()}}
    settings = {name: value for name, value in settings.items() if name not in {"architectures", "num_labels"}}
    try:
        twin: Any = AutoModelForTokenClassification.from_config(type(config).from_dict(settings)).float().eval()
        twin.base_model.load_state_dict(model.encoder.state_dict())
        head: nn.Linear = twin.classifier
        head.load_state_dict(model.head.state_dict())
    except (ValueError, AttributeError, RuntimeError) as error:
        raise EncoderError(
            f"transformers has no token classifier of one linear layer for a {config.model_type}: {str(error)[:200]}"
        ) from error
    made: PreTrainedModel = twin
    return made


def _card(model: Path, labeller: EncoderLabeller) -> str:
    """The model card: what the tagger finds, what it was trained on, how to call it, and what it cannot do."""
    report = (model / REPORT).read_text("utf-8").partition("\n")[2].strip() if (model / REPORT).exists() else ""
    return _CARD.format(
        types=", ".join(sorted(labeller.types)),
        trained=_trained(model),
        report=report or "Its scores were not kept with it: `chemxl evaluate` gives them on any corpus.",
        head="CRF" if labeller.crf else "softmax",
        encoder=labeller.encoder.config.model_type,
        layers=labeller.encoder.config.num_hidden_layers,
        version=metadata.version("chemxl"),
        torch=torch.__version__.partition("+")[0],
        transformers=metadata.version("transformers"),
        code=Path(pipeline.__file__).name,
    )


def _trained(model: Path) -> str:
    """The corpora by name and the encoder, as far as the run's configuration tells them; never a path."""
    try:
        config = json.loads((model / "experiment.json").read_text("utf-8"))
        corpora = dict.fromkeys(Path(one["name"]).name for one in config["train"])
        encoder = config.get("encoder")
        start = Path(encoder).name if isinstance(encoder, str) else "an encoder of its own"
        return f"trained on {', '.join(corpora)}, starting from {start}"
    except (OSError, ValueError, KeyError, TypeError):
        return "trained with chemxl"


_CARD = """---
library_name: transformers
pipeline_tag: token-classification
tags: [chemistry, biomedicine, named-entity-recognition]
---

# A tagger for {types}

It finds {types} in text. It was {trained}: {encoder}, {layers} layers, {head} head.

```python
from transformers import pipeline

tagger = pipeline("token-classification", model="THIS FOLDER", trust_remote_code=True)
tagger("Aspirin inhibits COX-1. Аспирин ингибирует ЦОГ-1.")
```

gives the entities of `chemxl tag`: `entity_group`, `score` (the least probability of its words), `word`, `start` and
`end`, in characters. There is no `aggregation_strategy` to choose: words are joined in the one way that the model was
trained for. Texts of any length are read whole, in windows that overlap.

`trust_remote_code=True` lets transformers run `{code}` in this folder: a hundred lines, which you can read first. They
are needed because transformers' own pipeline, which `pipeline_class=TokenClassificationPipeline` chooses and for which
no code is run, gives other entities: it takes the label of each piece by itself, so that I may follow O; it knows what
a word is only where pieces are marked with `##` (there take `aggregation_strategy="first"`); it cuts texts off at the
encoder's limit; and it has no CRF. Weights and labels are the same for both: `AutoModelForTokenClassification` loads
them without any code.

## Scores

{report}

## Limits

Entities do not overlap and are not in pieces. Scores are not calibrated on other kinds of text. What the training texts
do not have, such as other languages, other types or other ways of writing, it may miss.

Made with chemxl {version}, torch {torch}, transformers {transformers}.
"""
