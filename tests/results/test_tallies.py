"""Counts by document that are recorded: read back as they were, and what recorded rows of F1 are computed from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from chemxl.evaluation import metrics
from chemxl.evaluation.metrics import Counts
from chemxl.results import chapters, records, tallies
from chemxl.results.chapters import Line
from chemxl.results.rows import Row, scored

RECORDED = Path(__file__).parents[2] / "book" / "recorded"
CHAPTERS = sorted(path.name.removesuffix(".counts.npz") for path in RECORDED.glob("*.counts.npz"))


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    types = tuple(sorted(draw(st.sets(st.text(min_size=1).filter(lambda t: "\0" not in t), max_size=3))))
    shape = (draw(st.integers(0, 4)), len(types), 3)
    return Counts(types, draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 2**31 - 1))))


@given(st.dictionaries(st.text("0123456789abcdef", min_size=4), counts(), max_size=3))
def test_counts_are_read_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, given: dict[str, Counts]) -> None:
    path = tmp_path_factory.mktemp("recorded") / "04.counts.npz"
    tallies.write(path, given)
    found = tallies.read(path)
    assert found.keys() == given.keys() and path.exists() == bool(given)
    assert all(one.types == given[name].types for name, one in found.items())
    assert all(np.array_equal(one.values, given[name].values) for name, one in found.items())
    before = path.read_bytes() if given else b""
    tallies.write(path, dict(reversed(found.items())))
    assert (path.read_bytes() if given else b"") == before, "the same bytes for the same counts"


def saved(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def alone() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


NOT_WHOLE = {
    "empty": b"",
    "cut": saved(abcd=np.zeros((2, 1, 3)))[:90],
    "text": b"1,2",
    "one array": alone(),
    "no types": saved(abcd=np.zeros((2, 1, 3))),
    "another shape": saved(**{"abcd": np.zeros((2, 3)), "abcd.types": np.array(["A"])}),
}


@pytest.mark.parametrize("content", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "04.counts.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        tallies.read(path)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "04.counts.npz"
    np.savez(path, abcd=np.array([{}], dtype=object), **{"abcd.types": np.array(["A"])})
    with pytest.raises(ValueError, match="allow_pickle"):
        tallies.read(path)


def recorded_lines(stem: str, profile: str) -> list[Line]:
    """The lines of a chapter whose rows were recorded."""
    recorded, found = records.read(stem), list[Line]()

    def answer(batch: Sequence[Line]) -> list[Row]:
        rows = {id(line): chapters.kept(recorded, line, profile=profile) for line in batch}
        found.extend(line for line in batch if rows[id(line)])
        return [row for line in batch for row in rows[id(line)]]

    chapter = chapters.named(stem)
    chapters.drive(chapter.lines(chapters.settled(chapter, profile)), answer)
    return found


def same(made: Row, kept: Row) -> bool:
    """Whether two rows have the same numbers, up to the last digit that is recorded."""
    numbers = [[np.nan if x is None else x for x in (one.value, one.low, one.high, one.p)] for one in (made, kept)]
    return np.allclose(*numbers, rtol=0, atol=2e-4, equal_nan=True)


@pytest.mark.parametrize("stem", CHAPTERS)
def test_recorded_scores_and_tests_follow_from_recorded_counts(stem: str) -> None:
    recorded = records.read(stem)
    checked = 0
    for profile in dict.fromkeys(row.profile for row in recorded.rows):
        for line in recorded_lines(stem, profile):
            if not {one.config_hash() for one in line.experiments} <= recorded.counts.keys():
                continue
            own = {row.identity: row for row in chapters.kept(recorded, line, profile=profile)}
            with tallies.given(recorded.counts):
                made = line.rows() if line.compared else scored(line.experiments, scores=metrics.SCORES)
            for row in made:
                row = row.model_copy(update={"keys": line.keys | row.keys, "profile": profile})
                kept = own.get(row.identity)
                if line.compared or (kept and kept.scorer == row.scorer):
                    assert kept and same(row, kept), row
                    checked += 1
    assert checked
