"""Packed markers beside one pair a row, of the same model and with the same predictions; our scorer beside DrugProt's.

The peers read every pair with its text, through the encoder's own forward pass and with the same mask: in batches of
similar length, and padded to 256 tokens as the paper's code does. Real abstracts and a pretrained encoder where this
machine has them. The official scorer is not in any registry: ``DRUGPROT_SCORER`` names the folder ``src`` of its
repository (github.com/tonifuc3m/drugprot-evaluation-library); without it that row is left out.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks import Row, resident_mib, seconds, traced_mib
from chemxl import corpora
from chemxl.documents import Document
from chemxl.evaluation import metrics
from chemxl.experiments.provenance import hardware
from chemxl.models import encoders
from chemxl.models.training import token_batches
from chemxl.relations import scores
from chemxl.relations.candidates import Scheme
from chemxl.relations.extractor import NONE, Extractor
from chemxl.relations.markers import PADDING, TEXT, MarkedRow, Markers, collate
from chemxl.relations.network import MarkedNetwork

TOKENS = 2048
PADDED = 256


def extractor(name: str) -> Extractor:
    """A random head on an encoder."""
    tokenizer, encoder = encoders.load(name, **({} if name == encoders.MINI else {"num_hidden_layers": 6}))
    types = ("CHEM", "GENE")
    model = MarkedNetwork(encoder, labels=[NONE, *scores.DRUGPROT], markers=len(Markers(types)))
    return Extractor(model.eval(), tokenizer, signatures=(types,), scheme=Scheme(), types=types, encoding="packed")


def alone(rows: Sequence[MarkedRow]) -> list[MarkedRow]:
    """Each pair with its text in a row of its own."""
    made = []
    for row in rows:
        for i, item in enumerate(row.items):
            kept = [j for j, owner in enumerate(row.owners) if owner in (TEXT, i)]
            ids, markers, places = ([column[j] for j in kept] for column in (row.ids, row.markers, row.places))
            owners = [0 if row.owners[j] == i else TEXT for j in kept]
            made.append(MarkedRow([item], ids, markers, places, owners, [[kept.index(j) for j in row.starts[i]]]))
    return made


@torch.inference_mode()
def theirs(made: Extractor, rows: Sequence[MarkedRow], *, padded: int = 0) -> torch.Tensor:
    """The probabilities of pairs (I, L), each through the encoder's own forward pass.

    Args:
        padded: the length of every row; 0: that of the longest of its batch.
    """
    model, pad = made.model, int(made.tokenizer.pad_token_id)
    found = torch.zeros(1 + max(row.items[0] for row in rows), len(model.labels))
    lengths = [max(padded, len(row.ids)) for row in rows]
    for chosen in token_batches(lengths, tokens=TOKENS):
        batch = collate([rows[i] for i in chosen], pad=pad)
        width = batch["input_ids"].shape[1]
        empty = {"input_ids": pad, "markers": 0, "places": 0, "owners": PADDING}
        for name, value in empty.items():
            batch[name] = torch.nn.functional.pad(batch[name], (0, max(0, padded - width)), value=value)
        owners = batch["owners"]
        mask = (owners[:, None, :] == TEXT) | (owners[:, None, :] == owners[:, :, None])  # (B, T, T)
        words = model.encoder.get_input_embeddings()(batch["input_ids"])
        embedded = torch.where(batch["markers"][..., None] > 0, model.marker_vectors(batch["markers"]), words)
        hidden = model.encoder(
            inputs_embeds=embedded, attention_mask=mask[:, None], position_ids=batch["places"]
        ).last_hidden_state  # (B, T, d)
        starts = batch["starts"][:, 0]  # (B, k)
        pairs = hidden.gather(1, starts[..., None].expand(-1, -1, hidden.shape[-1])).flatten(1)  # (B, k * d)
        logits = model.head(pairs).softmax(dim=-1)
        for i, row in zip(chosen, logits, strict=True):
            found[rows[i].items[0]] = row
    return found


def _equal(a: torch.Tensor, b: torch.Tensor) -> float:
    """The share of pairs with the same class and probabilities that differ by no more than 1e-4."""
    same = (a.argmax(1) == b.argmax(1)) & ((a - b).abs().amax(1) <= 1e-4)
    return float(same.float().mean())


def packing(count: int, *, small: bool, repeats: int) -> Iterator[Row]:
    """Pairs read per second."""
    real = not small and corpora.available("drugprot")
    name = "e5-small" if not small and encoders.local_folder("e5-small") else encoders.MINI
    corpus, split = ("drugprot", "dev") if real else ("mini", "test")
    documents = corpora.load(corpus, split=split, language="en", types=("CHEM", "GENE"), faults=[])[:count]
    made = extractor(name)
    places, rows = made.rows(documents)
    single = alone(rows)

    def ours() -> torch.Tensor:
        return made.probabilities(documents, tokens=TOKENS, precision="fp32")[1]

    expected, mib = ours(), resident_mib(ours)
    for peer, padded in (
        ("one pair a row, batches of similar length", 0),
        (f"one pair a row, padded to {PADDED}", PADDED),
    ):
        few = single if not padded else single[:: 8 if real else 1]  # padded rows all take alike
        own, other = seconds(ours, lambda few=few, padded=padded: theirs(made, few, padded=padded), repeats=repeats)
        numbers = [row.items[0] for row in few]
        other *= len(single) / len(few)
        yield Row(
            name=f"relations: {len(places):,} pairs of {len(documents)} documents, {name}",
            peer=peer,
            unit="pairs/s",
            ours=len(places) / own,
            theirs=len(places) / other,
            ratio=other / own,
            ours_mib=mib,
            theirs_mib=resident_mib(lambda few=few, padded=padded: theirs(made, few, padded=padded)),
            agree=_equal(expected[numbers], theirs(made, few, padded=padded)[numbers]),
            hardware=hardware(),
        )


def written(folder: Path, documents: Sequence[Document]) -> list[Path]:
    """DrugProt's files of documents: gold, every second relation of it and as many wrong ones, entities, ids."""
    names = {"CHEM": "CHEMICAL", "GENE": "GENE"}
    entities = [(d.id, m.id, names[m.type], str(m.start), str(m.end), "x") for d in documents for m in d.mentions]
    rows = [(d.id, r.type, f"Arg1:{r.head}", f"Arg2:{r.tail}") for d in documents for r in d.relations]
    gold = list({(row[0], *row[2:]): row for row in rows}.values())  # one of a pair: the script may count no more
    found = [*gold[::2], *((id, "AGONIST", head, tail) for id, _, head, tail in gold[1::2])]
    tables = {"gold": gold, "found": found, "entities": entities, "documents": [(d.id,) for d in documents]}
    paths = []
    for name, lines in tables.items():
        path = folder / f"{name}.tsv"
        path.write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")
        paths.append(path)
    return paths


def scoring(count: int, source: Path, *, repeats: int) -> Row:
    """Files scored per second, ours and the official scorer's, which is imported from where it lies."""
    documents = corpora.load("drugprot", split="dev", types=("CHEM", "GENE"), faults=[])[:count]
    sys.path.insert(0, str(source))
    official: Any = import_module("main")
    with TemporaryDirectory() as folder:
        gold, found, entities, ids = written(Path(folder), documents)
        given = Namespace(gs_path=str(gold), pred_path=str(found), ent_path=str(entities), pmids=str(ids))

        def peer() -> str:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                official.main(given)
            return said.getvalue()

        def ours() -> metrics.Counts:
            return scores.drugprot(gold, found, entities, ids)

        own, other = seconds(ours, peer, repeats=repeats)
        micro = ours().scores()[metrics.MICRO]
        said = dict(line.split("=") for line in peer().splitlines() if "=" in line)
        apart = [
            abs(float(said[f"{name}_micro"]) - number)
            for name, number in (("p", micro.precision), ("r", micro.recall), ("f1", micro.f1))
        ]
        return Row(
            name=f"relations: DrugProt's score of {len(documents)} documents",
            peer="the official script",
            unit="files/s",
            ours=1 / own,
            theirs=1 / other,
            ratio=other / own,
            ours_mib=traced_mib(ours),
            theirs_mib=None,  # tracing would take the script many minutes
            agree=1 - max(apart),  # the script gives two pairs of neighbouring documents one cell
            hardware=hardware(),
        )


def run(*, count: int = 200, small: bool = False, repeats: int = 3) -> Iterator[Row]:
    """Packing against both peers, and the scorer where the official one is at hand."""
    yield from packing(count, small=small, repeats=repeats)
    source = os.environ.get("DRUGPROT_SCORER")
    if source and not small:
        yield scoring(20, Path(source), repeats=1)
