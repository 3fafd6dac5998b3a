"""Tables of rows: pivots over keys, with numbers as a reader expects them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import itables
import pandas as pd

from chemxl.evaluation.learning_curves import Estimate, Saving
from chemxl.experiments.provenance import provenance as environment
from chemxl.results import show
from chemxl.results.records import Recorded

Cells = list[dict[str, object]]
Cell = Callable[[Mapping[str, Any]], object]


def interval(row: Mapping[str, Any], *, digits: int | None = None) -> str:
    """A row's value with its interval.

    Args:
        digits: by default three of a share, and one of what is larger, such as a perplexity.
    """
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    digits = digits or (3 if abs(value) <= 1 else 1)
    return show.value(value, digits=digits) if pd.isna(low) else show.value(value, low, high, digits=digits)


short = partial(interval, digits=2)  # where many stand in a line


def sentences(row: Mapping[str, Any], sizes: Iterable[float] = ()) -> str:
    """A number of sentences that are needed or saved: "≤" the fewest, ">" the most of the sizes that were run."""
    ends = row["value"], row["low"], row["high"]
    if row["metric"] == "sentences saved":
        return Saving(*ends, row["bound"]).sentences()
    return Estimate(*ends).sentences(int(min(sizes)), int(max(sizes)))


def number(row: Mapping[str, Any]) -> object:
    """A row's value alone, as an integer if it is one."""
    value = float(row["value"])
    return int(value) if value.is_integer() else value


def pivot(
    rows: pd.DataFrame, index: str | Sequence[str], columns: str | Sequence[str], *, cell: Cell = interval
) -> Cells:
    """A line for each value of ``index`` and a column for each of ``columns``, in the order in which rows have them.

    Args:
        rows: at most one for each cell.
        cell: what stands there.

    Raises:
        ValueError: two rows belong in one cell.
    """
    index, columns = ([names] if isinstance(names, str) else list(names) for names in (index, columns))
    made: dict[tuple[object, ...], dict[str, object]] = {}
    heads = dict.fromkeys(_head(row, columns) for row in rows.to_dict("records"))
    for row in rows.to_dict("records"):
        place = tuple(plain(row[name]) for name in index)  # plain: one missing key is not equal to another
        line = made.setdefault(place, dict(zip(index, place, strict=True)) | dict.fromkeys(heads))
        if line[_head(row, columns)] is not None:
            raise ValueError(f"two rows in one cell: {place}, {_head(row, columns)}")
        line[_head(row, columns)] = cell(row)
    return list(made.values()) or nothing(index[0])


def with_columns(rows: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The rows with these columns, whether any row has them or not."""
    return rows.reindex(columns=list(dict.fromkeys([*rows.columns, *names])))


def _head(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """The head of a row's column."""
    return ", ".join(f"{plain(row[name])}" for name in columns if not pd.isna(row[name]))


def plain(item: Any) -> object:
    """A key as a table shows it: empty if missing, large numbers with separated thousands."""
    if pd.isna(item):
        return ""
    return f"{item:,}" if isinstance(item, int) else item


def one(rows: pd.DataFrame) -> dict[str, Any] | None:
    """The only row; None if there is none.

    Raises:
        ValueError: there are several.
    """
    found = rows.to_dict("records")
    if len(found) > 1:
        raise ValueError(f"{len(found)} rows where one was asked for: ask for more keys")
    return found[0] if found else None


def value(rows: pd.DataFrame) -> str:
    """A row in prose: its value with its interval, a dash if there is no row."""
    row = one(rows)
    return show.value(None) if row is None else interval(row)


def bar(rows: pd.DataFrame) -> tuple[float | None, float | None, float | None]:
    """Value, low and high of the only row; all None if there is none."""
    row = one(rows)
    return (None, None, None) if row is None else (row["value"], row["low"], row["high"])


def origin(recorded: Recorded) -> Cells:
    """Where recorded rows come from: for each commit, machine and day, how much was run."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for one in recorded.origins.values():
        groups.setdefault((one.commit[:10], one.hardware, one.date), []).append(one.seconds)
    return [
        {"commit": commit, "hardware": hardware, "date": date, "experiments": len(spent), "hours": sum(spent) / 3600}
        for (commit, hardware, date), spent in sorted(groups.items(), key=lambda group: group[0][2])
    ] or nothing("commit")


def nothing(column: str) -> Cells:
    """The line of an empty table."""
    return [{column: "nothing is recorded yet"}]


def board(chapters: Iterable[pd.DataFrame]) -> show.Html:
    """All rows in one table that sorts, filters and can be saved; it needs no network."""
    itables.init_notebook_mode(connected=False)
    numbers = [rows.assign(seeds=rows["seeds"].map(len), of=rows["of"].map(len)) for rows in chapters]
    shown = pd.concat(numbers, ignore_index=True).rename(columns={"of": "experiments"}).astype(object)
    html = itables.to_html_datatable(
        shown.where(shown.notna(), ""),
        connected=False,
        table_id="chemxl-board",
        showIndex=False,
        maxBytes=0,
        column_filters="footer",
        buttons=["copyHtml5", "csvHtml5"],
        layout={"topStart": "buttons", "topEnd": "search", "bottomStart": "info", "bottomEnd": "paging"},
        classes="display compact",
    )
    return show.Html(html, text=f"{len(shown)} rows")


def tally(chapters: Mapping[str, pd.DataFrame]) -> Cells:
    """How many rows of each chapter are from this build, recorded, or from a paper."""
    made: Cells = []
    for stem, rows in chapters.items():
        kinds = rows["source"].where(rows["source"].isin(["this build", "recorded"]), "papers")
        counts = kinds.value_counts()
        made.append(
            {"chapter": stem} | {name: int(counts.get(name, 0)) for name in ("recorded", "this build", "papers")}
        )
    return made


def parts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows of this build, the recorded rows, and what the papers report."""
    ours = rows["source"].isin(["this build", "recorded"])
    return rows[rows["source"] == "this build"], rows[rows["source"] == "recorded"], rows[~ours]


def listed(rows: pd.DataFrame, keys: Sequence[str]) -> Cells:
    """One line for each row: its keys, its value with the interval, and p if it has one, which no rounding makes 0."""
    made: Cells = []
    for row in rows.to_dict("records"):
        line = {name: plain(row[name]) for name in keys}
        p = {} if pd.isna(row["p"]) else {"p": row["p"] if row["p"] >= 0.001 else "<\N{NO-BREAK SPACE}0.001"}
        made.append({**line, row["metric"]: interval(row), **p})
    return made or nothing(keys[0])


def differences(rows: pd.DataFrame, keys: Sequence[str], *, metric: str = "difference of F1") -> Cells:
    """All differences of a metric: their keys, the other side as ``less``, the interval and p."""
    found = rows[rows["metric"] == metric]
    sides = found.filter(like="less_").itertuples(index=False)
    return listed(found.assign(less=[" ".join(map(str, filter(pd.notna, side))) for side in sides]), [*keys, "less"])


def provenance(rows: pd.DataFrame, recorded: Recorded) -> show.Html:
    """The origin of a chapter's numbers: recorded ones by commit, machine and day; those of this build by versions."""
    built = rows[rows["source"] == "this build"]
    hashes = {name for of in built["of"] for name in of}
    versions = ", ".join(f"{package} {version}" for package, version in environment()["versions"].items())
    note = f"This build: {len(built)} rows from {len(hashes)} experiments, made with {versions}."
    return show.table(origin(recorded), caption="Where the recorded numbers come from", note=note, digits=1)
