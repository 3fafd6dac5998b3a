"""Training of relation extraction as values; the systems of paper 2 are settings of one class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from typing import ClassVar, Literal

import torch
import yaml
from pydantic import Field, model_validator

from chemxl.documents import Document, Relation
from chemxl.errors import ChemxlError, CorpusError
from chemxl.models import encoders
from chemxl.models.learner import Evaluation, Prediction, SavedLearner
from chemxl.relations.candidates import Scheme
from chemxl.relations.extractor import NONE, Extractor
from chemxl.relations.markers import Encoding, Markers
from chemxl.relations.network import MarkedNetwork
from chemxl.relations.predictors import Typer


def definitions(labels: Sequence[str], language: str) -> list[str]:
    """The definitions of relations, in our own words.

    Raises:
        ChemxlError: one has no definition in this language.
    """
    known = yaml.safe_load(files("chemxl.relations").joinpath("definitions.yaml").read_text("utf-8"))
    if missing := [label for label in labels if language not in known.get(label, {})]:
        raise ChemxlError(f"{missing[0]} has no definition in {language!r}: write one into relations/definitions.yaml")
    return [str(known[label][language]) for label in labels]


class EntityTyping(SavedLearner, encoders.FromEncoder):
    """An encoder that gives mentions of a coarse type a fine one, trained by cross entropy (paper 2, section III.C)."""

    predictor: ClassVar[type[Typer]] = Typer

    scheme: Scheme = Scheme()
    encoding: Encoding = "packed"

    def untrained(self, documents: Sequence[Document]) -> Typer:
        """The encoder with a fresh head.

        Raises:
            ChemxlError: no coarse type of the scheme has several fine ones.
        """
        finer = self.scheme.finer()
        if not finer:
            raise ChemxlError("no type is finer than another: give the scheme's `coarse`")
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        labels = [fine for kinds in finer.values() for fine in kinds]
        model = MarkedNetwork(encoder, labels=labels, markers=len(Markers(list(finer))), mentions=1)
        return Typer(model, tokenizer, scheme=self.scheme, types=list(finer), encoding=self.encoding)


class RelationModel(SavedLearner, encoders.FromEncoder):
    """An encoder that classifies pairs of marked mentions (paper 2).

    Args:
        scheme: which mentions are paired.
        encoding: the encoding of markers, see :mod:`chemxl.relations.markers`.
        gamma: the exponent of the focal loss, equation 4; 0 is the cross entropy.
        attention: the language of the definitions that relation attention reads, equations 1 and 2; empty: none.
        share: lambda, equation 3; below 1, the type of each mention is a second task. It is the corpus's own, fine one:
            the coarse one could be read off the marker.
        typer: replaces coarse types by fine ones, in training those that the corpus has (section III.C).
        unrelated: for each related pair of a sentence, so many others are trained on at most; 0: all.
    """

    predictor: ClassVar[type[Extractor]] = Extractor

    scheme: Scheme = Scheme()
    encoding: Encoding = "packed"
    gamma: float = Field(default=0.0, ge=0)
    attention: Literal["", "en", "ru"] = ""
    share: float = Field(default=1.0, gt=0, le=1)
    typer: EntityTyping | None = None
    unrelated: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _alike(self) -> RelationModel:
        """Check that the typer and the model have the same coarse types."""
        if self.typer is not None and self.typer.scheme.coarse != self.scheme.coarse:
            raise ChemxlError("fine types are the typer's: give it and the model one scheme")
        return self

    def untrained(self, documents: Sequence[Document]) -> Extractor:
        """The encoder with fresh heads; classes are the relations in the documents.

        Raises:
            CorpusError: they have none.
        """
        labels = sorted({relation.type for document in documents for relation in document.relations})
        if not labels:
            raise CorpusError(f"no relation to learn from in {', '.join(corpus.name for corpus in self.train)}")
        signatures = self.scheme.signatures(documents)
        types = sorted({type for signature in signatures for type in signature})
        fine = {t: self.scheme.finer().get(t, (t,)) if self.typer else (t,) for t in types}
        marked = [name for type in types for name in fine[type]]
        known = {m.type for document in documents for m in document.mentions if self.scheme.coarsened(m.type) in types}
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        loaded = encoders.Encoder(tokenizer, encoder)
        model = MarkedNetwork(
            encoder,
            labels=[NONE, *labels],
            markers=len(Markers(marked)),
            definitions=first_tokens(loaded, definitions(labels, self.attention)) if self.attention else None,
            kinds=sorted(known) if self.share < 1 else (),
            gamma=self.gamma,
            share=self.share,
        )
        return Extractor(
            model,
            tokenizer,
            signatures=signatures,
            typer=self.typer.load() if self.typer else None,
            unrelated=self.unrelated,
            seed=self.seed,
            scheme=self.scheme,
            types=marked,
            encoding=self.encoding,
        )


@torch.no_grad()
def first_tokens(encoder: encoders.Encoder, texts: Sequence[str]) -> torch.Tensor:
    """The encoder's output at the first token of each text, (K, d)."""
    first, last = encoders.specials(encoder.tokenizer)
    encoded = encoder.tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
    encoder.model.eval()
    rows = [torch.tensor([[first, *one.ids, last]]) for one in encoded]  # (1, T) each
    return torch.cat([encoder.model(input_ids=row).last_hidden_state[:, 0] for row in rows])


class Typed(Evaluation):
    """A model with a typer, tested on a corpus whose mentions have fine types: what perfect types would bring."""

    model: RelationModel

    def found(self, documents: Sequence[Document]) -> list[list[Relation]]:
        """The predictions with these types."""
        predicted: list[list[Relation]] = self.model.load().predict(documents, typed=True)
        return predicted


class Vote(Prediction):
    """The relations that most of several models find, by hard voting (paper 2, section IV.A).

    How ties are broken the paper does not say: here a relation goes before none, and then the one of which those that
    voted for it are surer in all.
    """

    models: tuple[RelationModel, ...]

    @property
    def seed(self) -> int:
        """The seed of the first model."""
        return self.models[0].seed

    def learners(self) -> tuple[SavedLearner, ...]:
        """The models that vote."""
        return self.models

    def found(self, documents: Sequence[Document]) -> list[list[Relation]]:
        """The relations that they agree on."""
        each = [model.load().predict(documents) for model in self.models]
        return [elected(ballots) for ballots in zip(*each, strict=True)]


def elected(ballots: Sequence[Sequence[Relation]]) -> list[Relation]:
    """The relations of a document that most models found; a model without a relation for a pair votes for none."""
    votes: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for ballot in ballots:
        for relation in ballot:
            votes[relation.head, relation.tail][relation.type].append(relation.score or 0.0)
    made = []
    for (head, tail), found in votes.items():
        type, scores = max(found.items(), key=lambda item: (len(item[1]), sum(item[1]), item[0]))
        if len(scores) >= len(ballots) - sum(map(len, found.values())):
            made.append(Relation(type, head, tail, score=sum(scores) / len(ballots)))
    return made
