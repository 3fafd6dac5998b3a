"""The ``chemxl`` command."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chemxl import book, corpora
from chemxl.corpora import brat
from chemxl.documents import Document
from chemxl.errors import BookError, ChemxlError, CorpusError
from chemxl.experiments import Profile

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
corpora_app = typer.Typer(help="The corpora: what there is, whether it is whole, what it holds.", no_args_is_help=True)
app.add_typer(corpora_app, name="corpora")
annotate_app = typer.Typer(
    help="Give texts to a person who annotates in brat, and take them back.", no_args_is_help=True
)
app.add_typer(annotate_app, name="annotate")


class Format(StrEnum):
    """What ``chemxl tag`` writes."""

    brat = "brat"
    jsonl = "jsonl"
    html = "html"


class Aggregate(StrEnum):
    """How ``chemxl annotate out`` scores a text."""

    max = "max"
    mean = "mean"
    sum = "sum"
    entity = "entity"


ProfileOption = Annotated[Profile, typer.Option(help="Parameters to run with: book/params/PROFILE.yaml.")]
NotebookNames = Annotated[list[str] | None, typer.Argument(metavar="[NN]...", help="04 or 04_ner; all by default.")]
Values = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A value in place of the profile's."),
]
CorpusNames = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Corpora; all by default.")]


@app.command()
def run(
    notebooks: NotebookNames = None,
    profile: ProfileOption = "small",
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at a time.")] = 2,
    parameter: Values = None,
    again: Annotated[bool, typer.Option("--again", help="Run those too that are up to date.")] = False,
) -> None:
    """Run the notebooks whose inputs have changed."""
    given = dict(_assignment(text) for text in parameter or [])
    book.run(notebooks or [], profile=profile, jobs=jobs, parameters=given, again=again)


@app.command()
def check(profile: ProfileOption = "small") -> None:
    """Say whether every notebook may be published as it is."""
    book.check(profile=profile)
    typer.echo("Every notebook may be published.")


@app.command()
def build(profile: ProfileOption = "small") -> None:
    """Check the notebooks and build the HTML."""
    page = book.build(profile=profile)
    typer.echo(f"The book is in {page}")


@app.command()
def tag(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="UTF-8 texts; standard input by default.")
    ] = None,
    format: Annotated[Format, typer.Option(help="brat (.ann lines), JSON lines, or one HTML page.")] = Format.brat,
    model: Annotated[Path | None, typer.Option(help="The folder of a finished run; by default the best here.")] = None,
    out: Annotated[Path | None, typer.Option(help="brat: write FILE.txt and FILE.ann into this folder.")] = None,
) -> None:
    """Find entities in texts."""
    from chemxl import tag as tagging  # loads torch, which no other command needs

    documents = tagging.read(files or [])
    if format == Format.brat and out is None and len(documents) > 1:
        raise ChemxlError("brat keeps one file per text: name a folder with --out, or take --format jsonl")
    tagged = tagging.tag(documents, model=model)
    if out is not None and format == Format.brat:
        for document in tagged:
            typer.echo(brat.write(document, out))
        return
    lines = "".join(tagging.FORMATS[format](tagged))
    if out is None:
        typer.echo(lines, nl=False)
    else:
        out.write_text(lines, "utf-8")


@app.command()
def record(
    chapter: Annotated[str, typer.Argument(help="For example 04_ner.")],
    profile: ProfileOption = "real",
    drop: Annotated[bool, typer.Option("--drop", help="Leave out rows that no line stands for.")] = False,
) -> None:
    """Write book/recorded/CHAPTER.csv from the chapter's finished runs; nothing else that stands there is lost."""
    from chemxl.results import chapters, records

    found = chapters.record(chapters.named(chapter), profile=profile, drop=drop)
    path = records.write(chapter, found.recorded)
    typer.echo(f"{len(found.recorded.rows)} rows in {path.name}, {found.fresh} of them from this machine's runs")
    for keys in found.owed:
        typer.echo(
            f"not finished: {', '.join(f'{name} {item}' for name, item in keys.items()) or 'all together'}", err=True
        )
    if found.loose:
        became = "are left out" if drop else "are kept; --drop leaves them out"
        typer.echo(f"{len(found.loose)} rows rest on settings that are gone; they {became}", err=True)


@corpora_app.command("list")
def list_() -> None:
    """Every corpus in the catalogue."""
    table = Table("name", "languages", "domain", "licence", "here", "what it is")
    for name, entry in corpora.catalog().items():
        here = "yes" if corpora.available(name) else "no"
        table.add_row(name, " ".join(entry.languages), entry.domain, entry.licence, here, entry.title)
    Console().print(table)


@corpora_app.command()
def verify(names: CorpusNames = None) -> None:
    """Compare the files on this machine with the catalogue's checksums."""
    wrong = []
    for name in _known(names):
        if not corpora.available(name):
            typer.echo(f"{name}: not on this machine")
            continue
        for part in corpora.catalog()[name].parts:
            if part.sha256 is None:
                continue
            whole = corpora.digest(name, split=part.split, language=part.language) == part.sha256
            typer.echo(f"{name} {part.split}/{part.language}: {'whole' if whole else 'differs'}")
            wrong += [] if whole else [f"{name} {part.split}/{part.language}"]
    if wrong:
        raise CorpusError(f"not the files that the catalogue means: {', '.join(wrong)}; fetch them again")


@corpora_app.command()
def statistics(
    names: CorpusNames = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make the first fault in a file an error.")] = False,
) -> None:
    """What the corpora on this machine hold, documents, pairs or facts, with every fault in their files."""
    table = Table("corpus", "split", "language", "documents", "pairs", "mentions", "relations", "by type")
    for name in filter(corpora.available, _known(names)):
        for split, language in dict.fromkeys((part.split, part.language) for part in corpora.catalog()[name].parts):
            faults: list[corpora.Fault] = []
            kind = corpora.catalog()[name].kind
            if kind == "pairs":
                pairs = corpora.pairs(name, split=split, language=language, strict=strict, faults=faults)
                table.add_row(name, split, language, "", str(len(pairs)))
            elif kind == "facts":
                facts = corpora.facts(name, language=language, strict=strict, faults=faults)
                table.add_row(name, split, language, "", "", "", str(len(facts)))
            elif kind == "alignments":
                aligned = corpora.alignments(name, split=split, strict=strict, faults=faults)
                table.add_row(name, split, language, str(len(aligned)), str(sum(len(one.beads) for one in aligned)))
            else:
                documents = corpora.load(name, split=split, language=language, strict=strict, faults=faults)
                table.add_row(name, split, language, *_counts(documents))
            for fault in faults:
                typer.echo(fault, err=True)
    Console().print(table)


@annotate_app.command("out")
def annotate_out(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="UTF-8 texts to choose from.")],
    project: Annotated[Path, typer.Option(help="The folder of all rounds.")],
    count: Annotated[int, typer.Option(min=1, help="How many to give out.")] = 20,
    strategy: Annotated[str, typer.Option(help="How they are chosen: mahalanobis, entropy, badge, random, ...")] = (
        "mahalanobis"
    ),
    aggregate: Annotated[Aggregate, typer.Option(help="How words' uncertainties become a text's.")] = Aggregate.mean,
    model: Annotated[Path | None, typer.Option(help="The folder of a finished run; by default the best here.")] = None,
    seed: Annotated[int, typer.Option(help="Of what is random.")] = 0,
) -> None:
    """Write the texts that a tagger is least sure of, with what it finds in them, as the next brat folder."""
    from chemxl import tag as tagging  # loads torch, which no other command needs
    from chemxl.annotate import rounds

    written = rounds.give_out(
        rounds.Project(project),
        tagging.read(files),
        model=model or tagging.best_model(),
        count=count,
        strategy=strategy,
        aggregate=aggregate.value,
        seed=seed,
    )
    typer.echo(f"Annotate in {written}")


@annotate_app.command("in")
def annotate_in(
    project: Annotated[Path, typer.Option(help="The folder of all rounds.")],
    number: Annotated[int | None, typer.Option("--round", help="Which one; the last by default.")] = None,
) -> None:
    """Read a round back: say what was changed, keep what is well formed, refuse the rest with file and line."""
    from chemxl.annotate import rounds

    taken = rounds.Project(project).take_back(number)
    back = taken.returned
    texts = {document.id: document.text for document in back.documents.values()}
    for change in back.changes:
        typer.echo(change.said(texts[change.document]))
    for fault in back.faults:
        typer.echo(fault, err=True)
    typer.echo(f"{len(back.documents)} of {len(back.manifest.documents)} documents are kept in {taken.path}")
    if taken.replaced:
        typer.echo(f"not as they were when they were last kept, which stays there: {', '.join(taken.replaced)}")
    if taken.stale:
        typer.echo(f"refused now, so an earlier state of them still counts: {', '.join(taken.stale)}", err=True)
    if back.faults:
        raise CorpusError(
            f"{len(back.faults)} faults: mend them in {project}, where nothing was changed, and try again"
        )


def main() -> None:
    """Run the command; an error that the reader can mend is a message, not a traceback."""
    try:
        app()
    except ChemxlError as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(1)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BookError(f"the command line: {text!r} is no parameter: write -p name=value")
    return name, value


def _counts(documents: list[Document]) -> list[str]:
    types = Counter(mention.type for document in documents for mention in document.mentions)
    relations = sum(len(document.relations) for document in documents)
    listed = ", ".join(f"{type} {count}" for type, count in types.most_common())
    return [str(len(documents)), "", str(types.total()), str(relations), listed]


def _known(names: list[str] | None) -> list[str]:
    known = corpora.catalog()
    for name in names or []:
        if name not in known:
            raise CorpusError(f"there is no corpus {name!r}; the catalogue has {', '.join(known)}")
    return list(names or known)


if __name__ == "__main__":
    main()
