"""The exchange with an annotator, round by round: what is given out, what came back, what is kept of it.

A project folder has ``round-001``, ``round-002``, ..., each a brat folder (:mod:`chemxl.annotate.project`) that belongs
to the person once it is there, and ``round-001.kept-001.json``, ... with what was taken back from it. Nothing is ever
written over: taking back again, after more work, writes the next ``kept`` file, of which the last counts.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
from filelock import FileLock

from chemxl.active.reading import Aggregation, TaggerModel
from chemxl.active.strategies import DISTANCES, query
from chemxl.annotate import project
from chemxl.annotate.project import Returned
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.faults import Log
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import Value, write_json
from chemxl.files import unwritable
from chemxl.models.learner import Learner
from chemxl.models.tagger import Tagger

_ROUND = re.compile(r"round-(\d{3,9})")
_KEPT = re.compile(r"round-(\d{3,9})\.kept-(\d{3,9})\.json")


class Kept(pydantic.BaseModel):
    """A document that came back without a fault."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    id: str
    language: str
    domain: str
    text: str
    annotation: str


class Accepted(pydantic.BaseModel):
    """All documents of a round that are kept, by the name of their files."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    types: tuple[str, ...]
    documents: dict[str, Kept]


@dataclass(frozen=True)
class TakenBack:
    """What was kept when a round was read back, and where.

    Args:
        path: the file that holds it.
        replaced: documents that differ from what was kept before, which stays in the earlier file.
        stale: documents that are refused now, of which what was kept before still counts.
    """

    returned: Returned
    path: Path
    replaced: Sequence[str]
    stale: Sequence[str]


class Project:
    """A folder of rounds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rounds(self) -> list[int]:
        """The numbers of all rounds, ascending."""
        paths = self.folder.iterdir() if self.folder.is_dir() else iter(())
        return sorted(int(m[1]) for path in paths if path.is_dir() and (m := _ROUND.fullmatch(path.name)))

    def round(self, number: int) -> Path:
        """The folder of a round."""
        return self.folder / f"round-{number:03}"

    def given_out(self) -> dict[str, tuple[int, str]]:
        """For each document that was given out, by its id, its round and the SHA-256 of its text.

        Raises:
            ChemxlError: a round cannot be read.
        """
        manifests = [project.read_manifest(self.round(number)) for number in self.rounds()]
        return {given.id: (manifest.number, given.text) for manifest in manifests for given in manifest.documents}

    def pool(self, documents: Sequence[Document]) -> list[Document]:
        """The documents whose text was not given out yet, each text once.

        Raises:
            ChemxlError: two texts have one id, here or in an earlier round.
        """
        out = self.given_out()
        texts = {text for _, text in out.values()}
        seen: dict[str, str] = {id: text for id, (_, text) in out.items()}
        left = []
        for document in documents:
            digest = sha256(document.text)
            if seen.setdefault(document.id, digest) != digest:
                where = f"round {out[document.id][0]}" if document.id in out else "this pool"
                raise ChemxlError(f"{document.id} is the name of another text in {where}: rename one of them")
            if document.text.strip() and digest not in texts:
                texts.add(digest)
                left.append(document)
        return left

    def give_out(self, documents: Sequence[Document], *, types: Sequence[str], about: Mapping[str, Any]) -> Path:
        """Write the next round and return its folder.

        Args:
            documents: with the mentions to begin from.
            types, about: see :func:`chemxl.annotate.project.write`.

        Raises:
            ChemxlError: nothing to give out, a document was given out already, or one cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            if not documents or len(self.pool(documents)) < len(documents):
                raise ChemxlError("nothing to give out, or something that was given out already: take from the pool")
            number = max(self.rounds(), default=0) + 1
            project.write(self.round(number), documents, number=number, types=types, about=about)
        return self.round(number)

    def take_back(self, number: int | None = None) -> TakenBack:
        """Read a round, and keep what has no fault in it.

        Args:
            number: the number of the round; the last one by default.

        Raises:
            ChemxlError: no such round, or its ``round.json`` was changed.
        """
        rounds = self.rounds()
        if not rounds or (number is not None and number not in rounds):
            raise ChemxlError(f"{self.folder} has no such round: there are {', '.join(map(str, rounds)) or 'none'}")
        number = rounds[-1] if number is None else number
        with FileLock(self.folder / ".lock"):
            returned = project.read(self.round(number))
            versions = self._versions(number)
            before = _load(versions[-1]).documents if versions else {}
            now = {
                name: Kept(
                    id=d.id, language=d.language, domain=d.domain, text=d.text, annotation=returned.annotations[name]
                )
                for name, d in returned.documents.items()
            }
            if not versions or before != before | now:
                last = max((int(path.name.split("-")[-1].split(".")[0]) for path in versions), default=0)
                path = self.folder / f"round-{number:03}.kept-{last + 1:03}.json"
                accepted = Accepted(types=returned.manifest.types, documents=before | now)
                write_json(path, accepted.model_dump(mode="json"))
                versions.append(path)
        replaced = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
        return TakenBack(returned, versions[-1], replaced, sorted(before.keys() - now.keys()))

    def annotated(self) -> list[Document]:
        """The documents that were kept of all rounds, in the order in which they were given out.

        Raises:
            ChemxlError: a file of what was kept is not what was written.
        """
        numbers = {int(m[1]) for path in self.folder.glob("*.json") if (m := _KEPT.fullmatch(path.name))}
        return [document for number in sorted(numbers) for document in _documents(self._versions(number)[-1])]

    def _versions(self, number: int) -> list[Path]:
        """The files of what was kept of a round, oldest first."""
        paths = self.folder.glob(f"round-{number:03}.kept-*.json")
        return sorted(path for path in paths if _KEPT.fullmatch(path.name))


class Brought(Corpus):
    """What a person has annotated in a project so far, as a corpus to train on.

    Args:
        name: the project's folder.
        types: the types of mentions to learn, out of those of the rounds.
    """

    def load(self) -> list[Document]:
        """See :meth:`Project.annotated`."""
        wanted = {type_: type_ for type_ in self.types}
        return [document.retyped(wanted) for document in self.free(Project(Path(self.name)).annotated())]

    def data_digest(self) -> str:
        """A digest of all that is kept, so that a model trained after another round is another experiment."""
        return sha256("".join(map(repr, Project(Path(self.name)).annotated())))


def _load(path: Path) -> Accepted:
    """What a file keeps of a round."""
    try:
        return Accepted.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):
        raise ChemxlError(f"{path} is not what was written: remove it, and take the round back again") from None


def _documents(path: Path) -> Iterator[Document]:
    """The annotated documents that a file keeps."""
    accepted = _load(path)
    for _, kept in sorted(accepted.documents.items()):
        blank = Document(kept.id, kept.text, language=kept.language, domain=kept.domain)
        data = kept.annotation.encode()
        yield project.annotated(blank, data, path, types=accepted.types, log=Log(strict=True))


def give_out(
    into: Project,
    documents: Sequence[Document],
    *,
    model: Path,
    count: int,
    strategy: str | None = None,
    aggregate: Aggregation = "mean",
    seed: int = 0,
) -> Path:
    """Write the next round: documents that a trained tagger chooses, with the mentions that it finds.

    Distances are to what the tagger was trained on and what earlier rounds brought.

    Args:
        model: the folder of a finished run.
        strategy: Mahalanobis distances by default where there is something to measure them from, else entropy.

    Raises:
        ChemxlError: all was given out already, or see :func:`chemxl.active.strategies.query`.
    """
    pool = into.pool(documents)
    if not pool:
        raise ChemxlError("every text was given out already, or is blank: add others")
    if reason := unwritable(into.folder / "round"):
        raise ChemxlError(f"{into.folder} cannot be written ({reason}): name another folder")
    tagger = Tagger.load(model)
    strategy, labelled = _settled(strategy, into, model)
    rng = np.random.default_rng([seed, len(into.rounds())])
    order = query(strategy, TaggerModel(tagger), pool, count, rng=rng, labelled=labelled, aggregate=aggregate)
    chosen = [pool[i] for i in order]
    found = tagger.predict(chosen)
    about = {"strategy": strategy, "aggregate": aggregate, "seed": seed, "pool": len(pool)}
    both = zip(chosen, found, strict=True)
    given = [replace(d, mentions=tuple(mentions), relations=()) for d, mentions in both]  # those of others' mentions
    return into.give_out(given, types=tagger.model.types, about=about)


def _settled(strategy: str | None, into: Project, model: Path) -> tuple[str, list[Document]]:
    """The strategy to use, and the annotated documents that it needs."""
    if strategy is not None:
        return strategy, [*trained_on(model), *into.annotated()] if strategy in DISTANCES else []
    try:
        labelled = [*trained_on(model), *into.annotated()]
    except ChemxlError:  # what it was trained on is not here any more
        labelled = into.annotated()
    if any(document.mentions for document in labelled):
        return "mahalanobis", labelled
    print("Chosen by entropy: no annotated text is here to measure distances from", file=sys.stderr)
    return "entropy", []


def trained_on(run: Path) -> list[Document]:
    """The documents that a finished run of a tagger was trained on; none where the folder does not say.

    Raises:
        ChemxlError: they are not on this machine, or the module that trained it was not imported.
    """
    path = run / "experiment.json"
    if not path.exists():
        return []
    about = json.loads(path.read_text("utf-8"))
    about.pop("digest", None)  # which chemxl train adds
    value = Value.from_config(about)
    return [document for corpus in value.train for document in corpus.load()] if isinstance(value, Learner) else []
