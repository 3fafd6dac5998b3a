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
Model = Annotated[
    Path | None,
    typer.Option(
        help="The folder of a tagger: of chemxl train, or of a finished run. By default in-the-box, which comes with "
        "chemxl."
    ),
]
TextNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE",
        help="Text files in UTF-8, folders, or globs in quotes; .gz is unpacked. By default, or for -, standard input.",
    ),
]
Kind = Annotated[
    Literal["auto", "text", "lines", "jsonl", "tsv", "csv"],
    typer.Option(
        "--input",
        help="What each file holds: text (one text), lines (one text per line), jsonl (JSON lines), tsv or csv (a "
        "table with a header). By default .jsonl, .ndjson and .json are JSON lines, .tsv and .csv tables, all else one "
        "text.",
    ),
]
Field = Annotated[str, typer.Option(help="The key (JSON lines) or column (tables) of the text.")]
Id = Annotated[str, typer.Option(help="The key or column of its id. A text without an id is called FILE-LINE.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="For brat a folder, which gets ID.txt and ID.ann of each text; for other formats a file. By default, or "
        "for -, standard output."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
SkipDone = Annotated[
    bool,
    typer.Option(
        "--skip-done",
        help="Resume a run that ended or was killed: skip texts whose results are in --out already (brat and jsonl).",
    ),
]
Clean = Annotated[
    bool,
    typer.Option(
        "--clean",
        help="Read past soft hyphens, words cut at line ends, ligatures, look-alike letters of another alphabet, and "
        "accents stored apart from their letters. Offsets are those of the original text.",
    ),
]
Least = Annotated[float, typer.Option("--min-score", min=0, max=1, help="Leave out what has a lower score.")]


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

    Results come in the order of the texts, each as soon as it is ready.

    A text that cannot be read is reported and left out; the exit status is then 1.
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
        Related, typer.Option(help="brat (.ann lines), JSON lines, one HTML page, or CSV (one relation per line).")
    ] = "brat",
    tagger: Model = None,
    model: Annotated[
        Path | None, typer.Option(help="The folder of a relation model's finished run; by default the newest run.")
    ] = None,
    out: Out = None,
    force: Force = False,
    skip_done: SkipDone = False,
    input: Kind = "auto",
    field: Field = "text",
    id: Id = "id",
    clean: Clean = False,
    least: Least = 0.0,
) -> None:
    """Find entities in texts, and relations between them. Input and output are as for tag."""
    from chemxl import extract as extraction
    from chemxl import stream

    request = stream.Request(files or [], input, field, id, out, format, force, skip_done, clean, least)
    raise typer.Exit(stream.run(request, extraction.FORMATS, lambda: extraction.finder(tagger, model)))
