"""Run benchmarks: each row is shown, and ``.runs/bench.json`` written, as soon as it is measured; then one table.

The table goes to standard output, all else to standard error.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import sys
import time
import traceback
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


def measure(name: str, rows: list[Row]) -> str:
    """Add a benchmark's rows to those that there are, each at once; why it broke off, if it did."""
    try:
        for row in importlib.import_module(f"benchmarks.{name}").run():
            rows.append(row)
            runs().mkdir(parents=True, exist_ok=True)
            write_json(runs() / "bench.json", [dataclasses.asdict(row) for row in rows])
            say(f"  {row.name}; {row.peer}: {row.ours:,.1f} and {row.theirs:,.1f} {row.unit}, ratio {row.ratio:.2f}")
    except Exception as error:
        traceback.print_exc()
        return f"{name} failed ({type(error).__name__}: {error})"
    return ""


def say(line: str) -> None:
    """To whoever waits."""
    print(line, file=sys.stderr, flush=True)


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks of these names, all by default; one that fails does not keep the others from running."""
    known = names()
    if unknown := [name for name in wanted if name not in known]:
        say(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    chosen = list(dict.fromkeys(wanted)) or known
    rows: list[Row] = []
    failures = []
    for i, name in enumerate(chosen, 1):
        say(f"{name}, {i} of {len(chosen)}" + (f"; then {', '.join(chosen[i:])}" if chosen[i:] else ""))
        began = time.monotonic()
        failures.append(measure(name, rows))
        say(f"  {time.monotonic() - began:.0f} s")
    if rows:
        console = Console(width=None if sys.stdout.isatty() else 240)
        console.print(table(rows))
        console.print("\n".join(sorted({row.hardware for row in rows})))
    say("\n".join(filter(None, failures)))
    return int(any(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
