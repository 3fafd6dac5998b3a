"""``Tagger.predict`` beside transformers' ``pipeline("token-classification")`` with the same weights and texts.

Real abstracts and a pretrained encoder where this machine has them, otherwise the mini corpus and a random one. Texts
that are longer than the pipeline reads at once are left out. The peer's time is that of its quicker aggregation; its
mentions, for the agreement, are read from its label of each word's first piece. With the best label of each word ours
are the same; ``chemxl tag`` searches the best legal sequence and so differs where the pipeline gives I after O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import BertConfig, BertForTokenClassification, BertModel, PreTrainedTokenizerFast, pipeline

from benchmarks import Row, resident_mib, seconds
from chemxl import corpora
from chemxl.documents import Document, Mention, from_bio
from chemxl.experiments.experiment import runs
from chemxl.experiments.provenance import hardware
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import MAX_TOKENS, SubwordReader
from chemxl.models.tagger import Tagger
from chemxl.models.training import accelerator, bf16_pays

AGGREGATIONS = ("simple", "first")
Found = Sequence[Sequence[Mention]]


def trained() -> Tagger | None:
    """The largest finished tagger under ``CHEMXL_RUNS``, the newest of equals, that a pipeline can be."""
    folders = [path.parent for path in runs().glob("**/metrics.json")]
    finished = [folder for folder in folders if Tagger.is_in(folder)]
    sizes = {folder: (folder / "model.safetensors").stat() for folder in finished}
    for folder in sorted(finished, key=lambda f: (sizes[f].st_size, sizes[f].st_mtime), reverse=True):
        tagger = Tagger.load(folder)
        model = tagger.model
        if isinstance(model, EncoderLabeller) and isinstance(model.encoder, BertModel) and not model.crf:
            return tagger
    return None


def untrained(name: str, documents: Sequence[Document]) -> Tagger:
    """A random head on an encoder, biased so that one word in ten is a mention of its own."""
    tokenizer, encoder = encoders.load(name)
    model = EncoderLabeller(encoder, ["O", "B-CHEM", "I-CHEM"], crf=False).eval()
    reader = SubwordReader(tokenizer)
    with torch.inference_mode():
        batches = [reader.collate([window]) for window in reader.windows(documents[:8])]
        logits = torch.cat([model.emissions(**batch)[0] for batch in batches])  # (words, 3)
    margin = (logits[:, 1] - logits[:, 0]).quantile(0.9).item()
    with torch.no_grad():
        model.head.bias.add_(torch.tensor([margin, 0.0, -100.0]))
    return Tagger(model, reader)


def peer_of(tagger: Tagger) -> Any:
    """A pipeline with a tagger's weights and tokenizer, on the same device."""
    model, reader = tagger.model, tagger.reader
    assert isinstance(model, EncoderLabeller) and isinstance(reader, SubwordReader)
    names = dict(enumerate(model.labels))
    config = BertConfig.from_dict(model.encoder.config.to_dict())
    config.id2label, config.label2id = names, {label: i for i, label in names.items()}
    twin = BertForTokenClassification(config)
    twin.bert.load_state_dict(model.encoder.state_dict())
    twin.classifier.load_state_dict(model.head.state_dict())
    # A tokenizer of its own: the pipeline switches truncation on in the one that it is given.
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=type(reader.tokenizer.backend_tokenizer).from_str(reader.tokenizer.backend_tokenizer.to_str()),
        model_max_length=MAX_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
        **reader.tokenizer.special_tokens_map,
    )
    return pipeline("token-classification", model=twin.eval(), tokenizer=tokenizer, device=accelerator("fp32").device)


def their_mentions(pipe: Any, documents: Sequence[Document]) -> list[list[Mention]]:
    """The pipeline's mentions at our units: each word has the label of its first piece."""
    found = []
    outputs = pipe([d.text for d in documents], batch_size=1, aggregation_strategy="none", ignore_labels=[])
    for document, pieces in zip(documents, outputs, strict=True):
        starts = np.array([piece["start"] for piece in pieces])
        first = np.searchsorted(starts, [start for start, _ in document.words], side="right") - 1
        found.append(from_bio([pieces[max(i, 0)]["entity"] for i in first.tolist()], document.words))
    return found


def f1(ours: Found, theirs: Found) -> float:
    """F1 between two outputs; 0 where both are empty, since that shows nothing."""
    a, b = ({(i, m.start, m.end, m.type) for i, ms in enumerate(found) for m in ms} for found in (ours, theirs))
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0


def quicker(pipe: Any, texts: Sequence[str], batch_size: int) -> Callable[[], object]:
    """The pipeline with the aggregation that takes less time."""
    calls = [partial(pipe, list(texts), batch_size=batch_size, aggregation_strategy=name) for name in AGGREGATIONS]
    samples = [partial(call.func, call.args[0][:8], **call.keywords) for call in calls]
    times = seconds(*samples, repeats=1)
    return calls[times.index(min(times))]


def subject(count: int, *, small: bool) -> tuple[str, Tagger, list[Document]]:
    """What is tagged by what, in words and as values; texts that the pipeline would cut are left out."""
    real = not small and corpora.available("bc5cdr")
    name = "e5-small" if not small and encoders.local_folder("e5-small") else encoders.MINI
    documents = corpora.load("bc5cdr" if real else "mini", split="test", language="en", faults=[])[:count]
    tagger = None if small else trained()
    kind = f"{name} with a random head" if tagger is None else "trained"
    tagger = untrained(name, documents) if tagger is None else tagger
    assert isinstance(tagger.model, EncoderLabeller) and isinstance(tagger.reader, SubwordReader)
    windows = SubwordReader(tagger.reader.tokenizer, max_tokens=10**6).windows(documents)
    short = [documents[w.document] for w in windows if len(w.ids) <= MAX_TOKENS]
    texts = f"{len(short)} {'abstracts of BC5CDR test' if real else 'mini passages'}"
    config = tagger.model.encoder.config
    kind += f", {config.num_hidden_layers} layers of {config.hidden_size}"
    return f"{texts} ({len(documents) - len(short)} too long left out), {kind}", tagger, short


def variants(tagger: Tagger) -> dict[str, Callable[[Sequence[Document]], Found]]:
    """Ours: each word's best label, as the pipeline gives it, in its precision and in ours; then as ``chemxl tag``."""
    found = {"float32, best labels": partial(tagger.predict, precision="fp32", legal=False)}
    if bf16_pays(accelerator("fp32").device):
        found["bf16, best labels"] = partial(tagger.predict, precision="bf16", legal=False)
    return found | {"as chemxl tag, legal sequences": tagger.predict}


def run(*, count: int = 100, repeats: int = 3, small: bool = False) -> list[Row]:
    """Every variant of ours against batch sizes 1 and 32; the agreement is with the pipeline's float32 labels."""
    what, tagger, documents = subject(count, small=small)
    pipe = peer_of(tagger)
    gold = their_mentions(pipe, documents)
    texts = [document.text for document in documents]
    ours = {name: partial(predict, documents) for name, predict in variants(tagger).items()}
    theirs = {size: quicker(pipe, texts, size) for size in (1, 32)}
    tasks: list[Callable[[], object]] = [*ours.values(), *theirs.values()]
    times = seconds(*tasks, repeats=repeats)
    memory = [resident_mib(task) for task in tasks]
    rows = []
    for i, (spelt, task) in enumerate(ours.items()):
        agree = f1(task(), gold)
        for k, size in enumerate(theirs, start=len(ours)):
            rows.append(
                Row(
                    name=f"tag, {spelt}: {what}, {sum(map(len, gold))} mentions",
                    peer=f"transformers pipeline, float32, batch size {size}",
                    unit="texts/s",
                    ours=len(documents) / times[i],
                    theirs=len(documents) / times[k],
                    ratio=times[k] / times[i],
                    ours_mib=memory[i],
                    theirs_mib=memory[k],
                    agree=agree,
                    hardware=hardware(),
                )
            )
    return rows
