"""The commands that find in texts: ``chemxl tag`` and ``chemxl extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

EXAMPLES = (
    "chemxl tag notes --out tagged\n\n"
    "chemxl tag pubmed.jsonl.gz --field abstract --id pmid --format jsonl --out found.jsonl\n\n"
    "cut -f 2 posts.tsv | chemxl tag --input lines --format jsonl --clean | head"
)
Format = Literal["brat", "jsonl", "html"]
Related = Literal["brat", "jsonl", "html", "csv"]
Model = Annotated[Path | None, typer.Option(help="A tagger's finished run; by default the one in the box.")]
TextNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...",
        help="Files in UTF-8, folders, or globs in quotes; .gz is unpacked. Standard input by default, or as -.",
    ),
]
Kind = Annotated[
    Literal["auto", "text", "lines", "jsonl", "tsv", "csv"],
    typer.Option(
        "--input",
        help="What they hold: text (one in a file), lines (one a line), jsonl (JSON lines), tsv or csv (a table with a "
        "head). By default, .jsonl, .ndjson, .json, .tsv and .csv say so themselves, and all else is one text.",
    ),
]
Field = Annotated[str, typer.Option(help="Where JSON lines and tables have the text.")]
Id = Annotated[str, typer.Option(help="Where they have its id; where there is none, a text is FILE-LINE.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="A folder for ID.txt and ID.ann of brat; a file for the others. Standard output by default, or as -."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]
SkipDone = Annotated[
    bool,
    typer.Option(
        "--skip-done", help="Go on where a run ended or was killed: leave out texts whose results are in --out."
    ),
]
Clean = Annotated[
    bool,
    typer.Option(
        "--clean",
        help="Read over soft hyphens, words cut at line ends, ligatures, letters of another alphabet that look alike, "
        "and accents apart from their letters. Offsets are still those of the text as it is.",
    ),
]
Least = Annotated[float, typer.Option("--min-score", min=0, max=1, help="Leave out what is less sure.")]


def tag(
    files: TextNames = None,
    format: Annotated[Format, typer.Option(help="brat (.ann lines), JSON lines, or one HTML page.")] = "brat",
    model: Model = None,
    out: Out = None,
    force: Force = False,
    skip_done: SkipDone = False,
    input: Kind = "auto",
    field: Field = "text",
    id: Id = "id",
    clean: Clean = False,
    least: Least = 0.0,
) -> None:
    """Find entities in texts.

    Results come in the order of the texts, each as soon as it is there.

    A text that cannot be read is named and left out; then the exit status is 1.
    """
    from chemxl import outputs, stream

    def load() -> stream.Find:
        """The function that finds entities."""
        from chemxl import tag as tagging  # loads torch, which reading does without

        return tagging.finder(model)

    request = stream.Request(files or [], input, field, id, out, format, force, skip_done, clean, least)
    raise typer.Exit(stream.run(request, outputs.FORMATS, load))


def extract(
    files: TextNames = None,
    format: Annotated[
        Related, typer.Option(help="brat (.ann lines), JSON lines, one HTML page, or CSV, a line a relation.")
    ] = "brat",
    tagger: Model = None,
    model: Annotated[Path | None, typer.Option(help="A relation model's run; by default the newest here.")] = None,
    out: Out = None,
    force: Force = False,
    skip_done: SkipDone = False,
    input: Kind = "auto",
    field: Field = "text",
    id: Id = "id",
    clean: Clean = False,
    least: Least = 0.0,
) -> None:
    """Find entities in texts, and relations between them; else as tag."""
    from chemxl import extract as extraction
    from chemxl import stream

    request = stream.Request(files or [], input, field, id, out, format, force, skip_done, clean, least)
    raise typer.Exit(stream.run(request, extraction.FORMATS, lambda: extraction.finder(tagger, model)))
