"""Chapter 5's tables and figures, from rows: recorded, built, or the paper's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chemxl.evaluation.learning_curves import SHARE, Bound, Estimate, Saving, parted
from chemxl.evaluation.significance import Interval
from chemxl.results import records, show
from chemxl.results.figures import Curve as Line
from chemxl.results.records import Row
from chemxl.transfer.chapter import AS_LONG, NONE, Name
from chemxl.transfer.rows import COUNTED, CURVE, EARLY, ENOUGH, FEW, LONG, TESTS, TEXTS, ZERO, goal
from chemxl.transfer.texts import DISEASE, DRUG

SIGNIFICANT = 0.05
PAPERS = {
    DRUG: "Paper 1, tables 2 and 3 (drugs)",
    DISEASE: "Paper 1, tables 2 and 3 (diseases)",
    ENOUGH: "Paper 1, table 5",
}
Cells = list[dict[str, object]]
_LABELS = {NONE: "no pretraining", AS_LONG: "no pretraining, trained as long"}  # in figures
_STARTS = ("best", "worst", "no")  # pretraining: the order of a target's curves
_HEIGHTS = ("area", "gained", "p", "scatter")
_LEARNT = ("to learn from", "mentions in these", "read as a source")
_SCORED = ("held-out documents", "scored documents", "scored sentences", "annotated mentions", "scored mentions")
_REPEATED = ("sentences", "left out", "of these with a mention", "mentions per 100, all", "mentions per 100, left")


def board(rows: Sequence[Row]) -> dict[str, Cells]:
    """What the scoreboard shows, by table: F1 of the matrix, F1 by sentences, sentences that are enough."""
    made: dict[str, Cells] = {}
    for name in dict.fromkeys(r.table for r in rows):
        if name.startswith((ZERO, PAPERS[DRUG], PAPERS[DISEASE])):
            made[f"{name}, F1"] = wide(rows, name, "F1")
        elif name.startswith(FEW):
            made[name] = [
                {"row": r.row, "F1": records.interval(r)} for r in rows if (r.table, r.metric) == (name, "F1")
            ]
        elif name.startswith(ENOUGH):
            made[name] = summary(rows, name)
            made[f"{name}, areas"] = heights(rows, name)
        elif name == PAPERS[ENOUGH]:
            made[name] = records.wide(rows, name)
    return made


def material(rows: Sequence[Row]) -> Cells:
    """What each text gives to learn from, and what is scored."""
    return _wide(rows, (*_LEARNT, *_SCORED))


def repeated(rows: Sequence[Row]) -> Cells:
    """Sentences that are left out since they stand in a held-out document, too, and how many mentions that leaves."""
    return _wide(rows, _REPEATED)


def _wide(rows: Sequence[Row], columns: Sequence[str]) -> Cells:
    chosen = [r for column in columns for r in rows if r.table.startswith(TEXTS) and r.metric == column]
    return records.wide(chosen, chosen[0].table if chosen else TEXTS)


def wide(rows: Sequence[Row], name: str, metric: str) -> Cells:
    """One measure of the matrix, a row a test and a column a source; F1 with its interval and :func:`marks`."""
    cells: dict[str, dict[str, object]] = {}
    if not any(r.table == name for r in rows):
        return records.nothing()
    marked = marks(rows, name)
    for r in rows:
        if r.table == name and r.metric == metric:
            cell, value = Name.of(r.row), r.paper if r.value is None else r.value
            whole = f"{records.interval(r)} {marked.get(r.row, '')}".rstrip()
            line = cells.setdefault(cell.target, {"tested on": cell.target})
            line[cell.source] = whole if metric == "F1" and r.value is not None else show.value(value)
    sources = dict.fromkeys([*cells, *(name for line in cells.values() for name in line)])  # as the rows are, first
    del sources["tested on"]
    return [{"tested on": t} | {s: line.get(s) for s in sources} for t, line in cells.items()]


def marks(rows: Sequence[Row], name: str) -> dict[str, str]:
    """By row of a matrix: "+" where F1 is higher than that of the best other text by more than chance, "−" where it is
    lower."""
    return {
        row.replace(f" against {_against(row)}", ""): "+" if (found["difference"].value or 0) > 0 else "−"
        for row, found in _tests(rows, name).items()
        if (found["p"].value or 0) < SIGNIFICANT
    }


def tested(rows: Sequence[Row], name: str) -> Cells:
    """The tests of a matrix."""
    return [
        {
            "tested on": Name.of(row).target,
            "trained on": Name.of(row).source.partition(" against ")[0],
            "best other text": _against(row),
            "F1, difference": records.interval(found["difference"]),
            "p": found["p"].value,
        }
        for row, found in _tests(rows, name).items()
    ] or records.nothing()


def _tests(rows: Sequence[Row], name: str) -> dict[str, dict[str, Row]]:
    """Rows by name and metric of the tests of a matrix."""
    made: dict[str, dict[str, Row]] = {}
    for r in rows:
        if r.table.startswith(TESTS) and r.table.removeprefix(TESTS) == name.removeprefix(ZERO):
            made.setdefault(r.row, {})[r.metric] = r
    return made


def _against(row: str) -> str:
    return Name.of(row).source.partition(" against ")[2]


def lines(rows: Sequence[Row], name: str, target: str) -> list[Line]:
    """Curves of one target as they were recorded, or built: mean F1 and interval by size, after no sentence that of
    zero-shot transfer."""
    zero = name.replace(FEW, ZERO, 1)
    scored = [(Name.of(r.row), r) for r in rows if r.table in (zero, name) and r.metric == "F1"]
    found: dict[str, dict[float, Interval]] = {n.source: {} for n, _ in scored if n.target == target and n.sentences}
    for n, r in sorted(scored, key=lambda one: int(one[0].sentences or 0)):
        if n.target == target and n.source in found:
            found[n.source][int(n.sentences or 0)] = r.interval()
    return [Line.of(_LABELS.get(source, source), points) for source, points in found.items()]


def drawn(rows: Sequence[Row]) -> list[tuple[str, str, list[Line]]]:
    """Table, target and curves of every few-shot figure that the rows give."""
    pairs = dict.fromkeys((r.table, Name.of(r.row).target) for r in rows if r.table.startswith(FEW))
    return [(name, target, lines(rows, name, target)) for name, target in pairs]


def lengths(rows: Sequence[Row]) -> Cells:
    """Sentences that were read at each size without a source, and steps; those of full performance in the last column.
    What was trained as long as after a source has a line of its own."""
    cells: dict[tuple[str, str, str], dict[str, object]] = {}
    steps = {(r.table, r.row): r.value for r in rows if r.metric == "steps"}
    for r in sorted((r for r in rows if r.metric == "sentences read"), key=lambda r: not r.table.startswith(FEW)):
        name = Name.of(r.row)
        how = "as long" if name.source == AS_LONG else "as in curves"
        if (key := (name.target, name.types, how)) in cells or name.sentences:
            line = cells.setdefault(key, {"target": name.target, "type": name.types, "trained": how})
            shown = f"{r.value:,.0f} ({steps[r.table, r.row]:,.0f})"
            line[f"{int(name.sentences):,} sentences" if name.sentences else "full performance"] = shown
    return list(cells.values()) or records.nothing()


def summary(rows: Sequence[Row], name: str) -> Cells:
    """What the curves say: sentences to a goal, first crossings, sentences saved."""
    return _by_curve([r for r in rows if r.metric not in _HEIGHTS], name) or records.nothing()


def heights(rows: Sequence[Row], name: str) -> Cells:
    """How high the curves lie: areas, what is gained, scatter."""
    return _by_curve([r for r in rows if r.metric in _HEIGHTS], name) or records.nothing()


def as_long(rows: Sequence[Row]) -> Cells:
    """Starts against none, trained as long as after a source: F1 of both, the difference, p."""
    f1 = {r.row: r for r in rows if r.table.startswith(FEW) and r.metric == "F1"}
    cells: dict[str, dict[str, object]] = {}
    for r in (r for r in rows if r.table.startswith(LONG)):
        name = Name.of(r.row)
        other = f1[r.row.replace(f": {name.source} + ", f": {AS_LONG} + ", 1)]
        start = {"target": f"{name.target}, {name.types}", "sentences": int(name.sentences), "start": name.source}
        both = {"F1": f1[r.row].value, "as long": other.value}
        cells.setdefault(r.row, start | both)[r.metric] = r.value if r.metric == "p" else records.interval(r)
    return list(cells.values()) or records.nothing()


def early(rows: Sequence[Row]) -> Cells:
    """Where single runs cross first, against the curve that they scatter about."""
    tables = dict.fromkeys(r.table for r in rows if r.table.startswith(EARLY))
    return [line for name in tables for line in _by_curve(rows, name)] or records.nothing()


def _by_curve(rows: Sequence[Row], name: str) -> Cells:
    cells: dict[str, dict[str, object]] = {}
    for r in rows:
        if r.table == name:
            curve = Name.of(r.row)
            line = cells.setdefault(r.row, {"target": curve.target, "type": curve.types, "pretrained on": curve.source})
            metric, bound = parted(r.metric)
            line[metric] = _shown(r, bound, _sizes(rows))
    return list(cells.values())


def _shown(r: Row, bound: Bound, sizes: tuple[int, int]) -> object:
    """Sentences as such, shares in per cent, F1 with its interval, what has none alone."""
    value, low, high = r.interval()
    if r.metric.startswith("saved"):
        return Saving(value, low, high, bound).sentences()
    if r.metric.startswith(("neither", "too early")):
        return f"{value:.0%}"
    if r.scorer == COUNTED:
        counted = Estimate(value, low, high).sentences(*sizes)
        return counted.partition(" [")[0] if r.metric == CURVE else counted
    return value if low == value == high else records.interval(r)


def _sizes(rows: Sequence[Row]) -> tuple[int, int]:
    """The fewest and the most sentences that a few-shot tagger was trained on."""
    found = [int(Name.of(r.row).sentences) for r in rows if r.table.startswith(FEW)]
    return min(found, default=0), max(found, default=0)


def beside(built: Sequence[Row], recorded: Sequence[Row], reported: Sequence[Row]) -> Cells:
    """Paper 1's table 5: sentences to 99 % of full performance, there and here, with the name of the source."""
    cells: dict[tuple[str, str, str], dict[str, object]] = {}

    def line(target: str, types: str, start: str) -> dict[str, object]:
        empty: dict[str, object] = {
            "target": target,
            "type": types,
            "pretraining": start,
            "paper": None,
            "recorded": None,
        }
        return cells.setdefault((target, types, start), empty)

    for r in reported:
        if r.table == PAPERS[ENOUGH] and r.paper is not None:
            types, _, start = r.row.removesuffix(" pretraining").partition(", ")
            line(r.metric, types, start)["paper"] = f"{r.paper:,.0f}"
    for title, rows in {"recorded": recorded, "this build": built}.items():
        starts: dict[tuple[str, str], Iterator[str]] = {}
        for r in rows:
            if r.table.startswith(ENOUGH) and r.metric == goal(SHARE):
                curve = Name.of(r.row)
                start = next(starts.setdefault((curve.target, curve.types), iter(_STARTS)))
                shown = _shown(r, "", _sizes(rows))
                line(curve.target, curve.types, start)[title] = f"{curve.source}: {shown}".removeprefix(f"{NONE}: ")
    targets, asked = (list(dict.fromkeys(key[part] for key in cells)) for part in (0, 1))
    order = sorted(cells, key=lambda key: (asked.index(key[1]), targets.index(key[0]), _STARTS.index(key[2])))
    return [cells[key] for key in order]
