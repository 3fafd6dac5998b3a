"""The ``chemxl`` command."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal, NoReturn, cast

import typer

from chemxl import commands, console, corpora
from chemxl.corpora import overview
from chemxl.errors import BookError, ChemxlError, CorpusError
from chemxl.experiments import Profile
from chemxl.own import commands as own

app = typer.Typer(
    help="Find entities and relations in chemical and biomedical texts, train taggers, and run the book.",
    no_args_is_help=True,
    add_completion=False,
)
corpora_app = typer.Typer(help="List corpora, compare their files, count what they hold.", no_args_is_help=True)
app.add_typer(corpora_app, name="corpora")
annotate_app = typer.Typer(
    help="Choose texts for a person to annotate in brat, and read them back.", no_args_is_help=True
)
app.add_typer(annotate_app, name="annotate")


# typer has no name for it
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])


Aggregate = Literal["max", "mean", "sum", "entity"]
ProfileOption = Annotated[Profile, typer.Option(help="Take parameters from book/params/PROFILE.yaml.")]
NotebookNames = Annotated[
    list[str] | None, typer.Argument(metavar="NN", help="Notebooks, as 4, 04_ner or a file; all by default.")
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        "-p",
        metavar="NAME=VALUE",
        help="A parameter's value in place of the profile's; may be repeated.",
    ),
]
CorpusNames = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Corpora; all by default.")]


@app.command()
def run(
    notebooks: NotebookNames = None,
    profile: ProfileOption = "small",
    jobs: Annotated[int, typer.Option(min=1, help="How many notebooks run at once.")] = 2,
    parameter: Values = None,
    again: Annotated[bool, typer.Option("--again", help="Also run notebooks that are up to date.")] = False,
) -> None:
    """Run the notebooks whose inputs have changed."""
    from chemxl import book  # loads what shows notebooks

    given = dict(_assignment(text) for text in parameter or [])
    book.run(notebooks or [], profile=profile, jobs=jobs, parameters=given, again=again)


@app.command()
def check(profile: ProfileOption = "small") -> None:
    """Say whether every notebook may be published as it is."""
    from chemxl import book

    book.check(profile=profile)
    typer.echo("Every notebook may be published.")


@app.command()
def build(profile: ProfileOption = "small") -> None:
    """Check the notebooks and build the HTML."""
    from chemxl import book

    page = book.build(profile=profile)
    typer.echo(f"The book is in {page}")


app.command(epilog=commands.EXAMPLES)(commands.tag)
app.command()(commands.extract)


@app.command()
def record(
    chapter: Annotated[str, typer.Argument(help="The chapter, as 4, 04_ner or a file.")],
    profile: ProfileOption = "real",
    drop: Annotated[bool, typer.Option("--drop", help="Remove recorded rows that no longer hold.")] = False,
) -> None:
    """Write book/recorded/CHAPTER.csv from the chapter's finished runs; rows of other runs are kept."""
    from chemxl.results import chapters, records

    found = chapters.record(chapters.named(chapter), profile=profile, drop=drop)
    path = records.write(chapters.named(chapter).stem, found.recorded)
    typer.echo(f"{len(found.recorded.rows)} rows in {path.name}, {found.fresh} of them new")
    for keys in found.owed:
        typer.echo(
            f"not finished: {', '.join(f'{name} {item}' for name, item in keys.items()) or 'all together'}", err=True
        )
    if found.loose:
        became = "are left out" if drop else "are kept; --drop leaves them out"
        typer.echo(f"{len(found.loose)} rows rest on settings that are gone; they {became}", err=True)


app.command()(own.train)
app.command()(own.evaluate)
app.command()(own.export)
corpora_app.command()(own.check)


@corpora_app.command("list")
def list_() -> None:
    """List every corpus in the catalogue, its licence, and whether it is on this machine."""
    rows = []
    for name, entry in corpora.catalog().items():
        here = "yes" if corpora.available(name) else "no"
        rows.append((name, " ".join(entry.languages), entry.domain, entry.licence, here, entry.title))
    console.table(("name", "languages", "domain", "licence", "here", "what it is"), rows)


@corpora_app.command()
def verify(names: CorpusNames = None) -> None:
    """Compare the files on this machine with the catalogue's checksums."""
    wrong = []
    for name in _here(names):
        parts = corpora.entry(name).parts
        for split, language, sha256 in dict.fromkeys((part.split, part.language, part.sha256) for part in parts):
            said = f"{name} {split}/{language or '*'}"
            if sha256 is None:
                typer.echo(f"{said}: not compared, the catalogue has no checksum of it")
                continue
            whole = corpora.digest(name, split=split, language=language) == sha256
            typer.echo(f"{said}: {'whole' if whole else 'differs'}")
            wrong += [] if whole else [said]
    if wrong:
        raise CorpusError(f"not the files that the catalogue means: {', '.join(wrong)}; fetch them again")


@corpora_app.command()
def statistics(
    names: CorpusNames = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop with an error at the first fault.")] = False,
) -> None:
    """Count what the corpora on this machine hold, and report every fault in their files."""
    rows: list[Sequence[str]] = []
    for name in _here(names):
        faults: list[corpora.Fault] = []
        rows += overview.rows(name, strict=strict, faults=faults)
        for fault in faults:
            typer.echo(fault, err=True)
    console.table(overview.HEAD, rows)


@annotate_app.command("out")
def annotate_out(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="The texts to choose from; files as for tag.")],
    project: Annotated[Path, typer.Option(help="The folder of all rounds; each round gets a folder in it.")],
    count: Annotated[int, typer.Option(min=1, help="How many texts to choose.")] = 20,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="How they are chosen: mahalanobis, entropy, badge, random, ... By default mahalanobis if annotated "
            "texts are at hand, the model's own or those of earlier rounds, else entropy."
        ),
    ] = None,
    aggregate: Annotated[
        Aggregate, typer.Option(help="How a text's uncertainty is made from those of its words.")
    ] = "mean",
    model: commands.Model = None,
    field: commands.Field = "text",
    id: commands.Id = "id",
    seed: Annotated[int, typer.Option(min=0, help="The seed of all randomness.")] = 0,
) -> None:
    """Write the texts that a tagger is least sure of, with the mentions that it finds, as the next round's folder."""
    from chemxl import best  # loads torch, which no other command needs
    from chemxl import tag as tagging
    from chemxl.annotate import rounds

    import_module("chemxl.own.train")  # which knows what a model of chemxl train learnt from
    written = rounds.give_out(
        rounds.Project(project),
        tagging.read(files, field=field, id=id),
        model=best.named(model),
        count=count,
        strategy=strategy,
        aggregate=aggregate,
        seed=seed,
    )
    typer.echo(f"Annotate in {written}")


@annotate_app.command("in")
def annotate_in(
    project: Annotated[Path, typer.Option(help="The folder of all rounds.")],
    number: Annotated[int | None, typer.Option("--round", help="The number of the round; the last by default.")] = None,
) -> None:
    """Read a round back: say what was changed, keep what is well formed, refuse the rest with file and line."""
    from chemxl.annotate import rounds

    taken = rounds.Project(project).take_back(number)
    back = taken.returned
    texts = {document.id: document.text for document in back.documents.values()}
    for change in back.changes:
        typer.echo(change.in_words(texts[change.document]))
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not in UTF-8 shows what it can
    if "" in sys.argv[1:] or any(re.fullmatch("--[a-z-]+=", given) for given in sys.argv):
        _end("An argument is empty, as of a variable that is not set. See chemxl --help", 2)
    try:
        sys.exit(app(prog_name="chemxl", standalone_mode=False))
    except _UsageError as error:
        if message := error.format_message():  # else the help was shown
            _end(f"{message} See {error.ctx.command_path if error.ctx else 'chemxl'} --help", 2)
        sys.exit(2)
    except ChemxlError as error:
        _end(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except OSError as error:
        _end(f"{error.filename or 'standard output'}: {error.strerror or error}", 1)


def _end(message: str, status: int) -> NoReturn:
    """Print an error and leave with a status."""
    typer.secho(f"Error: {message}", fg="red", err=True)
    sys.exit(status)


def _assignment(text: str) -> tuple[str, str]:
    """The name and the value of ``name=value``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise BookError(f"the command line: {text!r} is no parameter: write -p name=value")
    return name, value


def _here(names: list[str] | None) -> list[str]:
    """The corpora that are on this machine. One that was asked for by name and is missing is an error."""
    absent = {name: reason for name in names or corpora.catalog() if (reason := corpora.absent(name))}
    if names and absent:
        raise CorpusError("; ".join(absent.values()))
    for name in absent:
        typer.echo(f"{name}: not on this machine", err=True)
    return [name for name in names or corpora.catalog() if name not in absent]


if __name__ == "__main__":
    main()
