"""Run the benchmarks, print one table, write ``.runs/bench.json``."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks import Row
from chemxl.experiments.experiment import runs, write_json


def names() -> list[str]:
    """Every benchmark module."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def table(rows: Sequence[Row]) -> Table:
    """What a person reads."""
    made = Table("name", "peer", "unit", "ours", "theirs", "ratio", "ours MiB", "theirs MiB", "agree")
    for column in made.columns[3:]:
        column.justify = "right"
    for row in rows:
        memory = ["—" if mib is None else f"{mib:,.1f}" for mib in (row.ours_mib, row.theirs_mib)]
        speed = (f"{row.ours:,.1f}", f"{row.theirs:,.1f}", f"{row.ratio:.2f}")
        made.add_row(row.name, row.peer, row.unit, *speed, *memory, f"{row.agree:.4f}")
    return made


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks of these names, all by default."""
    known = names()
    if unknown := [name for name in wanted if name not in known]:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in wanted or known:
        rows += importlib.import_module(f"benchmarks.{name}").run()
    runs().mkdir(parents=True, exist_ok=True)
    write_json(runs() / "bench.json", [dataclasses.asdict(row) for row in rows])
    console = Console(width=None if sys.stdout.isatty() else 240)
    console.print(table(rows))
    console.print("\n".join(sorted({row.hardware for row in rows})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
