"""What ``chemxl record`` writes: the rows of a chapter's finished runs, and what is still owed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import yaml

from chemxl.active import chapter as active_chapter
from chemxl.active import compared, curves
from chemxl.collect import chapter as collect_chapter
from chemxl.contrastive import chapter as contrastive_chapter
from chemxl.contrastive import tables as contrastive_tables
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Experiment
from chemxl.ner import chapter as ner_chapter
from chemxl.pretrain import chapter as pretrain_chapter
from chemxl.results.records import SCORER, Row, book_root, measured, read, row
from chemxl.transfer import chapter as transfer_chapter
from chemxl.transfer import rows as transfer_rows

COLLECT, ACTIVE = "01_data_collection", compared.CHAPTER
PRETRAIN, NER = "03_continual_pretraining", "04_ner"
TRANSFER, CONTRASTIVE = transfer_rows.CHAPTER, contrastive_tables.CHAPTER


class Due(NamedTuple):
    """A line of a chapter's tables: its experiments, and how its rows are made once they are finished."""

    name: str
    experiments: Sequence[Any]
    rows: Callable[[], list[Row]]


def _due_of_ner(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    lines = ner_chapter.lines(profile, **{"seeds": (0, 1, 2), "sentences": 0, **settings})
    for name, values in lines.items():
        yield Due(name, values, partial(_listed, NER, ner_chapter.table(profile), name, values, profile=profile))


def _due_of_contrastive(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    seeds = settings.get("seeds", (0, 1, 2))
    grid = contrastive_chapter.Grid(**{name: item for name, item in settings.items() if name != "seeds"})
    for task in contrastive_chapter.tasks(profile):
        lines = grid.lines([task], seeds=seeds)
        for name, values in lines.items():
            yield Due(name, values, partial(contrastive_tables.scores, name, values, profile))
        every = [value for values in lines.values() for value in values]
        yield Due(task.name, every, partial(contrastive_tables.over_sizes, grid, task, lines, profile))


def active_lines(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    """Every line of chapter 2's tables.

    Args:
        settings: the parameters of its notebook.
    """
    given: dict[str, Any] = {"seeds": (0, 1, 2), "sentences": 0, "documents": 0, **settings}
    methods, seeds, *size = (given.pop(name) for name in ("methods", "seeds", "sentences", "documents"))
    loops = active_chapter.Loops(**given)
    for task in active_chapter.tasks(profile, sentences=size[0], documents=size[1]):
        yield from looped(loops, task, methods, seeds=seeds, profile=profile)


def _due_of_transfer(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    """Tests and what curves say rest on many runs: their lines have no row's name, so that no older rows are kept of
    them. They are owed until all these runs are on one machine."""
    grid = transfer_chapter.Grid(profile, **settings)
    earlier = read(TRANSFER)
    for name, value in grid.material().items():
        yield Due(name, [value], partial(transfer_rows.counted, name, value, profile))
    for type in grid.types:
        matrix: Mapping[str, Sequence[Any]] = grid.matrix(type)
        found: list[Row] = []
        for name, values in matrix.items():
            made = partial(transfer_rows.zero_shot, name, values, type, profile)
            kept = [r for r in earlier if r.row == name and r.config_hash == values[0].config_hash()]
            found += made() if all(_finished(value) for value in values) else kept
            yield Due(name, values, made)
        yield Due(f"tests, {type}", grid.evaluations(type), partial(transfer_rows.tests, matrix, type, profile))
        scores = transfer_rows.scores(found, type, profile)
        if not matrix.keys() <= scores.keys():
            continue  # the matrix says which sources the curves have
        curves = grid.curves(scores, type)
        controls = grid.controls(curves, type)
        for name, values in [*(line for curve in curves for line in curve.values.items()), *controls.items()]:
            yield Due(name, values, partial(transfer_rows.few_shot, name, values, type, profile))
        held = [value for curve in curves for value in curve.experiments]
        yield Due(f"curves, {type}", held, partial(transfer_rows.enough, curves, profile))
        if controls:
            held = [*held, *(value for values in controls.values() for value in values)]
            yield Due(f"as long, {type}", held, partial(transfer_rows.as_long, grid, curves, controls))


def _due_of_collect(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    for table, lines in collect_chapter.scored(profile, **settings).items():
        for name, values in lines.items():
            yield Due(name, values, partial(scored, {table: {name: values}}, profile=profile))
    for table, counts in collect_chapter.counted(profile).items():
        for name, value in counts.items():
            yield Due(name, [value], partial(counted, {table: {name: value}}, profile=profile))


def _due_of_pretrain(profile: Any, settings: Mapping[str, Any]) -> Iterator[Due]:
    wanted = {"runs": (0, 1, 2), **{name: settings[name] for name in settings if name in ("stages", "ablated", "runs")}}
    for table, lines in pretrain_chapter.lines(profile, **wanted).items():
        for name, values in lines.items():
            yield Due(name, values, partial(guessed, {table: {name: values}}, profile=profile))


def _listed(*args: Any, **settings: Any) -> list[Row]:
    return [row(*args, **settings)]


def looped(
    loops: active_chapter.Loops,
    task: active_chapter.Task,
    methods: Sequence[str],
    *,
    seeds: Sequence[int],
    profile: str,
) -> Iterator[Due]:
    """The lines of chapter 2 on a task: what each method's loops reached, the F1 with everything annotated, and what is
    asked of all of them."""
    lines = loops.lines(task, methods, seeds=seeds)
    for method, values in lines.items():
        name = loops.row(task, method)
        yield Due(name, values, partial(_curve, name, values, profile))
    tables, wholes = active_chapter.tables(profile), loops.wholes(task, methods, seeds=seeds)
    for head, whole in wholes.items():
        name = loops.row(task, f"all+{head}" if head else "all")
        yield Due(name, whole, partial(_listed, ACTIVE, tables["F1"], name, whole, profile=profile))
    every = [*chain(*lines.values()), *chain(*wholes.values())]
    yield Due(task.name, every, partial(compared.rows, task, lines, wholes, profile))


def _curve(name: str, values: Sequence[Any], profile: str) -> list[Row]:
    tables = active_chapter.tables(profile)

    def one(table: str, metric: str, estimator: Any, scorer: str = SCORER) -> Row:
        how: dict[str, Any] = {"metric": metric, "estimator": estimator, "scorer": scorer}
        return row(ACTIVE, tables[table], name, values, profile=profile, **how)

    rounds, told = enumerate(values[0].curve()[0]), values[0].run().metrics
    rows = [one("F1", "F1", None), one("area", "area", curves.area)]
    rows += [one("sentences", f"{units} sentences", partial(curves.after, number=i)) for i, units in rounds]
    rows += [one("words", "words a sentence", curves.sentence_lengths, "counted words")]
    for table, prefix, scorer in (("errors", "auroc.", "wrong words"), ("words", "length.", "counted words")):
        names = [key for key in told if key.startswith(prefix)]
        rows += [one(table, key.removeprefix(prefix), partial(curves.told, name=key), scorer) for key in names]
    return rows


def scored(lines: Mapping[str, Mapping[str, Sequence[Any]]], *, profile: str) -> list[Row]:
    """Rows of chapter 1's tables whose experiments are scored per document: {table: {row: one experiment a seed}}."""
    made = []
    for table, named in lines.items():
        metric, scorer = collect_chapter.SCORERS[table]
        for name, values in named.items():
            made.append(row(COLLECT, table, name, values, profile=profile, metric=metric, scorer=scorer))
    return made


def guessed(lines: Mapping[str, Mapping[str, Sequence[Any]]], *, profile: str) -> list[Row]:
    """Rows of chapter 3's tables of perplexities: {table: {row: one experiment a seed}}."""
    how: dict[str, Any] = {
        "metric": "perplexity",
        "scorer": "exp of the mean surprise of hidden pieces",
        "estimator": pretrain_chapter.estimate,
    }
    return [
        row(PRETRAIN, table, name, values, profile=profile, **how)
        for table, named in lines.items()
        for name, values in named.items()
    ]


def counted(lines: Mapping[str, Mapping[str, Experiment]], *, profile: str) -> list[Row]:
    """Rows of chapter 1's tables that count: {table: {row: experiment}}."""
    return [
        made
        for table, named in lines.items()
        for name, value in named.items()
        for made in measured(COLLECT, table, name, value, profile=profile)
    ]


_CHAPTERS = {
    COLLECT: _due_of_collect,
    ACTIVE: active_lines,
    PRETRAIN: _due_of_pretrain,
    NER: _due_of_ner,
    TRANSFER: _due_of_transfer,
    CONTRASTIVE: _due_of_contrastive,
}


def collect(chapter: str, *, profile: str) -> tuple[list[Row], list[str]]:
    """Rows of a chapter's finished runs with a profile's parameters, and the names of lines that are not finished.

    A line that is not finished on this machine keeps the rows that were recorded of it, as long as their configuration
    is the same.

    Raises:
        ChemxlError: there is no such chapter.
    """
    if chapter not in _CHAPTERS:
        raise ChemxlError(f"{chapter} keeps no records; {', '.join(_CHAPTERS)} do")
    settings = yaml.safe_load((book_root() / f"book/params/{profile}.yaml").read_text("utf-8")) or {}
    if chapter not in settings:
        raise ChemxlError(f"book/params/{profile}.yaml says nothing of {chapter}: there is nothing to record")
    earlier = read(chapter)
    rows, missing = [], []
    for due in _CHAPTERS[chapter](profile, settings[chapter]):
        if all(_finished(experiment) for experiment in due.experiments):
            rows += due.rows()
            continue
        wanted = due.experiments[0].config_hash()
        kept = [r for r in earlier if r.row == due.name and r.config_hash == wanted]
        rows += kept
        missing += [] if kept else [due.name]
    return rows, missing


def _finished(experiment: Experiment) -> bool:
    try:
        return experiment.finished()
    except ChemxlError:  # its data are not on this machine
        return False
