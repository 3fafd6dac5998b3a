"""The inputs that chapter 1 shows its steps on."""

from __future__ import annotations

from pathlib import Path

from chemxl.collect import examples


def test_a_weekly_file_is_read_back(tmp_path: Path) -> None:
    count = examples.weekly_file(tmp_path / "weekly.xml")
    kept = examples.russian_priority(tmp_path / "weekly.xml")
    assert len(kept) == -(-count // 3) and {row["priority"] for row in kept} == {"RU"}


def test_every_trap_is_seen_and_mended() -> None:
    rows = examples.trapped()
    assert len(rows) == len(examples.traps().mentions)
    assert all(row["before"] != row["after"] for row in rows)
    assert all(" and " not in str(row["after"]) and "[" not in str(row["after"]) for row in rows)
