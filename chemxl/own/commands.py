"""The commands for a person's own corpus: ``chemxl train``, ``evaluate``, ``export`` and ``corpora check``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chemxl import console, corpora
from chemxl.corpora import overview, paths
from chemxl.errors import CorpusError

if TYPE_CHECKING:
    from chemxl.own.report import Report

CorpusName = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="A folder or file of brat, PubTator, BioC, CoNLL or JSON lines; or a name from chemxl corpora list.",
    ),
]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="The folder of a tagger, as chemxl train writes it, or in-the-box.")
]
Language = Annotated[str | None, typer.Option(help="Only texts in this language: en, ru, ...")]
Force = Annotated[bool, typer.Option("--force", help="Replace what an earlier call wrote there.")]


def train(
    corpus: CorpusName,
    out: Annotated[Path, typer.Option(help="The folder to write the model into; it must not exist yet.")],
    start: Annotated[
        str,
        typer.Option(
            metavar="ENCODER",
            help="The encoder to start from: in-the-box (the default), mini, e5-small or another name that the book "
            "uses, a folder, or OWNER/NAME of the model hub.",
        ),
    ] = "",
    types: Annotated[
        list[str] | None, typer.Option(help="The types to learn, separated by commas; all by default.")
    ] = None,
    language: Language = None,
    epochs: Annotated[
        int, typer.Option(min=0, help="Passes over the texts, at most; 0: 5 to 50, fewer for more texts.")
    ] = 0,
    rate: Annotated[float, typer.Option(min=0, max=1, help="The learning rate; 0: one that suits the encoder.")] = 0.0,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The seed of all randomness, also of which texts are tested on.")
    ] = 0,
    force: Force = False,
) -> None:
    """Train a tagger on annotated texts of your own.

    Without folders train, dev and test, the texts are divided: 65 % to learn
    from, 15 % to decide when to stop, 20 % to test on.

    The scores shown are those of the test, with 95 % intervals.
    OUT/errors.html shows the errors.

    Ctrl-C stops the training; the same command resumes it.
    """
    from chemxl.own import train as training  # loads torch, which no other command needs

    request = training.TrainingRequest(corpus, start, _split(types), language, epochs, rate, seed)
    _show(training.train(request, out, force=force))
    typer.echo(
        f"The model is in {out}, its report in {out / training.REPORT}, errors in {out / training.PAGE}", err=True
    )


def evaluate(
    model: ModelFolder,
    corpus: CorpusName,
    split: Annotated[
        str | None, typer.Option(help="train, dev or test; by default test if there is one, else all.")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            help="The types to score, separated by commas: as the model names them, or CORPUS_TYPE=MODEL_TYPE; "
            "CHEM=CHEM+GENE where the corpus has one type for two of the model's. By default all that both have."
        ),
    ] = None,
    language: Language = None,
    errors: Annotated[
        Path | None, typer.Option(metavar="PAGE", help="An HTML file to write, with the errors in the texts.")
    ] = None,
    force: Force = False,
) -> None:
    """Score a tagger on annotated texts: precision, recall and F1 by type, with 95 % intervals.

    Texts that a model of chemxl train learnt from are left out.
    """
    from chemxl.files import replaced
    from chemxl.own import evaluate as evaluation
    from chemxl.own import train as training

    if errors:
        training.check_file(errors, force=force)
    report = evaluation.evaluate(model, corpus, split=split, language=language, types=_split(types))
    _show(report)
    if errors:
        errors.parent.mkdir(parents=True, exist_ok=True)
        with replaced(errors) as beside:
            beside.write_text(report.page(), "utf-8")


def export(
    model: ModelFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; it must not exist yet.")],
    force: Force = False,
) -> None:
    """Write a tagger as a folder that transformers' pipeline("token-classification") loads; its README.md says how."""
    from chemxl.own import export as exporting

    exporting.export(model, out, force=force)
    typer.echo(f"How to load it stands in {out / exporting.CARD}")


def check(corpus: CorpusName) -> None:
    """Show what is read from a corpus, and every fault with file and line; exit status 1 if there are any."""
    faults: list[corpora.Fault] = []
    rows = overview.rows(corpus, faults=faults)
    console.table(overview.HEAD, rows)
    if corpora.is_own(corpus):
        there = paths.found(Path(corpus))
        typer.echo(f"{paths.FORMATS[there.reader]}, {sum(map(len, there.splits.values()))} files", err=True)
        for path in there.unread:
            typer.echo(f"{path}: not read, since it is no {paths.FORMATS[there.reader]}", err=True)
        for path in sorted(Path(corpus).rglob("*")):
            if path.is_symlink() and not path.is_file():
                what = "a folder: put the folder there" if path.is_dir() else "what is not here: fetch it"
                typer.echo(f"{path}: not read, since it is a link to {what}", err=True)
    for note in overview.notes(corpus):
        typer.echo(note, err=True)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise CorpusError(f"{len(faults)} faults in {corpus}: what they name is left out; mend the files")


def _split(names: list[str] | None) -> tuple[str, ...]:
    """The names in arguments, which may hold several, separated by commas."""
    parts = [part.strip() for name in names or () for part in name.split(",")]
    return tuple(dict.fromkeys(filter(None, parts)))


def _show(report: Report) -> None:
    """Print a report's table, and its errors by class."""
    from chemxl.own import report as reports

    console.table(*reports.table(report.rows(), apart=not console.on_terminal()))
    tally = ", ".join(f"{count} {name}" for name, count in report.errors().items() if count)
    print(f"Mentions: {tally or 'none'}", file=sys.stderr)
