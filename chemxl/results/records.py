"""Recorded results: ``book/recorded/CHAPTER.csv``, and beside it the configurations that its rows rest on.

The table opens in a spreadsheet. ``CHAPTER.configs.json`` holds, by hash, each configuration once, with commit,
hardware, date and seconds of the run; a part that several configurations hold stands there once, too. A row names the
set of its experiments. ``CHAPTER.counts.npz`` has the counts by document of those that are compared.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from chemxl.errors import ChemxlError
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import Experiment, Value, project, write_json
from chemxl.experiments.plain import read_yaml
from chemxl.results import tallies
from chemxl.results.rows import COLUMNS, Key, Row

RECORDED = Path("book/recorded")
PAPERS = Path("book/papers.yaml")
_KEPT = ("commit", "hardware", "date")  # of a run's provenance
_OWN = tuple(name for name in COLUMNS if name not in ("source", "chapter"))
Config = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """The configuration of an experiment, and where and when it was run.

    Args:
        seconds: how long it took, trainings included.
    """

    config: Config
    commit: str
    hardware: str
    date: str
    seconds: float

    @classmethod
    def of(cls, experiment: Experiment) -> Origin:
        """The origin of a finished run."""
        own = experiment.run().provenance()
        parts = {part: part.run().provenance() for part in (experiment, *experiment.trained())}
        seconds = round(sum(provenance["seconds"] for provenance in parts.values()), 1)
        return cls(experiment.config(), **{name: own[name] for name in _KEPT}, seconds=seconds)

    def hash(self) -> str | None:
        """The hash of the experiment as the code describes it now; None if it cannot, since a setting is gone or has
        another type.

        A setting that was not recorded is at its default.
        """
        try:
            return Value.from_config(self.config).config_hash()
        except (ChemxlError, ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Recorded:
    """A chapter's recorded rows, and the experiments that they rest on, by their hashes, with the counts of some."""

    rows: list[Row] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    counts: tallies.ByHash = field(default_factory=dict, compare=False)

    @cached_property
    def hashes(self) -> dict[str, str | None]:
        """For each recorded hash the hash of now, see :meth:`Origin.hash`."""
        return {name: origin.hash() for name, origin in self.origins.items()}

    def of(self, rows: Iterable[Row]) -> dict[str, Origin]:
        """The experiments that some rows rest on."""
        return {name: self.origins[name] for row in rows for name in row.of}


def read(chapter: str, *, root: Path | None = None) -> Recorded:
    """A chapter's recorded rows; nothing if none were recorded.

    Raises:
        ChemxlError: the files are not as :func:`write` makes them.
    """
    table = (root or book_root() / RECORDED) / f"{chapter}.csv"
    if not table.exists():
        return Recorded()
    try:
        kept = json.loads(_beside(table).read_text("utf-8"))
        origins = {
            name: Origin(**{**one, "config": _whole(one["config"], kept["parts"])})
            for name, one in kept["origins"].items()
        }
        with table.open(encoding="utf-8", newline="") as file:
            rows = [_row(chapter, line, kept["sets"]) for line in csv.DictReader(file)]
        counts = {name: one for name, one in tallies.read(_counts(table)).items() if name in origins}
        found = Recorded(rows, origins, counts)
        found.of(rows)
        return found
    except (KeyError, OSError, TypeError, ValueError) as error:
        mend = f"restore them, or write them with `chemxl record {chapter}`"
        raise ChemxlError(
            f"{table} and the files beside it are not as they were written: {mend} ({error!r})"
        ) from error


def write(chapter: str, recorded: Recorded, *, root: Path | None = None) -> Path:
    """Write a chapter's table, configurations and counts; each file takes its place when it is whole.

    Raises:
        ChemxlError: two rows say the same of the same, or a row cannot be read back.
    """
    folder = root or book_root() / RECORDED
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{chapter}.csv"
    sets, parts = {}, dict[str, Config]()
    keys = list(dict.fromkeys(key for row in recorded.rows for key in row.keys))
    seen: dict[object, Row] = {}
    lines = []
    for row in recorded.rows:
        if seen.setdefault(row.identity, row) is not row:
            raise ChemxlError(f"{chapter}: two rows are {row.identity}: give them keys that tell them apart")
        name = sha256(" ".join(row.of))[:16] if row.of else ""
        sets[name] = list(row.of)
        lines.append(
            {**row.keys, **row.model_dump(include=set(_OWN)), "seeds": " ".join(map(str, row.seeds)), "of": name}
        )
        back = _row(chapter, {k: "" if v is None else str(v) for k, v in lines[-1].items()}, sets)
        if back != row.model_copy(update={"source": back.source, "chapter": chapter}):
            raise ChemxlError(f"{chapter}: {row} would not be read back as it is: is a text a number?")
    rested_on = recorded.of(recorded.rows)
    origins = {name: {**vars(one), "config": _parted(one.config, parts)} for name, one in rested_on.items()}
    sets.pop("", None)
    tallies.write(_counts(path), {name: one for name, one in recorded.counts.items() if name in rested_on})
    write_json(_beside(path), {"origins": origins, "parts": parts, "sets": sets})
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [*keys, *_OWN], lineterminator="\n")
        table.writeheader()
        table.writerows(lines)
    part.replace(path)
    return path


def _beside(table: Path) -> Path:
    """The file of the configurations beside a table."""
    return table.with_suffix(".configs.json")


def _counts(table: Path) -> Path:
    """The file of counts beside a table."""
    return table.with_suffix(".counts.npz")


def _row(chapter: str, line: Mapping[str, str], sets: Mapping[str, Sequence[str]]) -> Row:
    """The row of a line of the table."""
    given = {name: text for name, text in line.items() if text != ""}
    seeds = tuple(int(seed) for seed in given.pop("seeds", "").split())
    of = tuple(sets[given.pop("of")]) if "of" in given else ()
    keys: dict[str, Key] = {name: _key(text) for name, text in given.items() if name not in COLUMNS}
    own: dict[str, Any] = {name: text for name, text in given.items() if name in COLUMNS}
    own["scorer"] = own.get("scorer", "")
    return Row(source="recorded", chapter=chapter, keys=keys, seeds=seeds, of=of, **own)


def _key(text: str) -> Key:
    """A key from its text, as a number if Python would write it so."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and math.isfinite(number):
            return number
    return text


def _parted(config: Config, parts: dict[str, Config]) -> Config:
    """A configuration in which each value that it holds is replaced by that value's hash, which is added to
    ``parts``."""

    def kept(item: Any) -> Any:
        """An item with each value replaced by its hash."""
        if isinstance(item, dict) and "kind" in item:
            small = _parted(item, parts)
            name = sha256(json.dumps(small, sort_keys=True, ensure_ascii=False))[:16]
            parts[name] = small
            return {"part": name}
        return [kept(one) for one in item] if isinstance(item, list) else item

    return {name: kept(item) for name, item in config.items()}


def _whole(config: Config, parts: Mapping[str, Config]) -> Config:
    """The inverse of :func:`_parted`."""

    def held(item: Any) -> Any:
        """An item with each hash replaced by its value."""
        if isinstance(item, dict) and set(item) == {"part"}:
            return _whole(parts[item["part"]], parts)
        return [held(one) for one in item] if isinstance(item, list) else item

    return {name: held(item) for name, item in config.items()}


def papers(chapter: str, *, path: Path | None = None) -> list[Row]:
    """The numbers that the papers report, as rows; their source is the place in the paper.

    Raises:
        ChemxlError: a line of ``book/papers.yaml`` has more or fewer fields than its table has columns.
    """
    place = path or book_root() / PAPERS
    return [row for table in read_yaml(place).get(chapter, []) for row in _reported(table, chapter, place)]


def _reported(table: Mapping[str, Any], chapter: str, place: Path) -> Iterator[Row]:
    """The rows of one table of a paper."""
    keys, metrics = table["keys"], table["metrics"]
    for line in table["rows"]:
        if len(line) != len(keys) + len(metrics):
            wanted = ", ".join([*keys, *metrics])
            raise ChemxlError(f"{place}, {chapter}, {table['source']}: {line} is not {wanted}")
        shared = {**table.get("shared", {}), **{k: v for k, v in zip(keys, line, strict=False) if v is not None}}
        for metric, value in zip(metrics, line[len(keys) :], strict=True):
            if value is not None:
                how: dict[str, Any] = {"source": table["source"], "scorer": table["scorer"]}
                yield Row(chapter=chapter, keys=shared, metric=metric, value=value, **how)


def book_root() -> Path:
    """The book's folder: the nearest one from the working directory up that holds a ``_config.yml``.

    Raises:
        ChemxlError: there is none.
    """
    if (found := project()) is None:
        raise ChemxlError(f"{Path.cwd()} is in no book: go to the folder with _config.yml, or into one below it")
    return found
