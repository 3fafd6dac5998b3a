"""Alignment: the exact optimum, in a band too, and the beads that are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks import alignment as benchmark
from chemxl import corpora
from chemxl.collect import alignment, margin
from chemxl.collect.alignment import MOVES, SHAPES, Band, Bead, Gains, Step, align, align_documents, around, search
from chemxl.collect.disturbance import disturb, strict_and_lax, strict_f1
from chemxl.corpora import Log
from chemxl.corpora.aligned import COLUMNS, read_tsv, write_tsv
from chemxl.documents import Document, Pair
from chemxl.errors import ChemxlError, CorpusError
from chemxl.models import encoders
from chemxl.models.embeddings import Embedder

Table = dict[tuple[int, int], np.ndarray]  # gains of beads that end before row i and column j, by their shape


def looked_up(table: Table) -> Gains:
    return lambda i, low, high: np.stack([table[shape][i, low:high] for shape in SHAPES])


def cell_by_cell(table: Table, n: int, m: int) -> tuple[float, list[Step]]:
    """The reference: every cell, every move, the first of equally good ones."""
    sums = np.full((n + 1, m + 1), -np.inf)
    moves: dict[tuple[int, int], tuple[int, int]] = {}
    sums[0, 0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            for a, b in MOVES:
                if a <= i and b <= j:
                    value = sums[i - a, j - b] + (table[a, b][i, j] if a and b else 0.0)
                    if value > sums[i, j]:
                        sums[i, j], moves[i, j] = value, (a, b)
    steps = []
    i, j = n, m
    while i or j:
        a, b = moves[i, j]
        i, j = i - a, j - b
        steps.append(Step(i, j, a, b))
    return float(sums[n, m]), steps[::-1]


def whole(n: int, m: int) -> Band:
    return around([], n, m, radius=0)


def random_table(n: int, m: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    table = {shape: rng.normal(size=(n + 1, m + 1)) for shape in SHAPES}
    for (a, b), gains in table.items():
        gains[:a], gains[:, :b] = -np.inf, -np.inf
    return table


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 7), st.integers(0, 7), st.data())
def test_the_path_is_the_exact_optimum_ties_included(n: int, m: int, data: st.DataObject) -> None:
    few = st.sampled_from([-1.0, 0.0, 0.5, 1.0])  # so that many paths are equally good
    table = {shape: data.draw(arrays(float, (n + 1, m + 1), elements=few)) for shape in SHAPES}
    for (a, b), gains in table.items():
        gains[:a], gains[:, :b] = -np.inf, -np.inf
    assert search(looked_up(table), whole(n, m)) == cell_by_cell(table, n, m)[1]


@pytest.mark.parametrize(("n", "m"), [(40, 40), (1, 30), (30, 1), (0, 5), (5, 0), (0, 0), (25, 60)])
def test_sums_of_the_path_are_the_references_to_the_last_bit(n: int, m: int) -> None:
    table = random_table(n, m, seed=n + m)
    best, steps = cell_by_cell(table, n, m)
    found = search(looked_up(table), whole(n, m))
    assert found == steps
    total = 0.0
    for i, j, a, b in found:
        total += table[a, b][i + a, j + b] if a and b else 0.0
    assert total == best


@pytest.mark.parametrize("seed", range(5))
def test_a_band_that_holds_the_optimum_gives_it(seed: int) -> None:
    n, m = 30, 37
    table = random_table(n, m, seed)
    steps = cell_by_cell(table, n, m)[1]
    coarse = [Step(i // 2, j // 2, (i + a) // 2 - i // 2, (j + b) // 2 - j // 2) for i, j, a, b in steps]
    band = around(coarse, n, m, radius=3)
    assert search(looked_up(table), band) == steps
    assert (band.high - band.low).sum() < (n + 1) * (m + 1) / 2
    assert (band.low[0], band.high[-1]) == (0, m + 1)
    assert (np.diff(band.low) >= 0).all() and (np.diff(band.high) >= 0).all()


def test_every_shape_is_taken_where_it_is_best() -> None:
    table = {shape: np.full((11, 11), -1.0) for shape in SHAPES}
    table[1, 1][1, 1] = table[1, 2][2, 3] = table[2, 1][4, 4] = table[2, 2][6, 6] = 1.0
    table[1, 3][7, 9] = table[3, 1][10, 10] = 1.0
    steps = search(looked_up(table), whole(10, 10))
    assert [step[2:] for step in steps] == [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1)]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1000), st.sampled_from([1, 9, 40, 2**16]), st.data())
def test_gains_of_some_rows_at_once_are_those_of_each_bead(
    n: int, m: int, seed: int, cells: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    x, y = (
        margin.Spans(margin.unit(rng.normal(size=(size, 5))), margin.unit(rng.normal(size=(max(0, size - 1), 5))))
        for size in (n, m)
    )
    margins = margin.Margins(x, y, k=2)
    low = sorted(data.draw(st.lists(st.integers(0, m), min_size=n, max_size=n)))
    band = Band(np.array([0, *low]), np.maximum.accumulate(np.array([0, *low]) + 1 + rng.integers(0, 3, n + 1)))
    band = Band(band.low, np.minimum(band.high, m + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "_CELLS", cells)
        gains = alignment.margin_gains(margins, band, skip=0.5)
        for i in range(1, n + 1):
            first, last = int(band.low[i]), int(band.high[i])
            found = gains(i, first, last)
            assert found.shape == (len(SHAPES), last - first)
            for row, (a, b) in zip(found, SHAPES, strict=True):
                for j, gain in zip(range(first, last), row, strict=True):
                    if a > i or b > j:
                        assert gain == -np.inf
                    else:
                        (score,) = alignment.scores(margins, [Step(i - a, j - b, a, b)])
                        expected = alignment.gain(np.array(score), a, b, skip=0.5)
                        assert gain == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize("count", range(1, 6))
def test_spans_of_three(count: int) -> None:
    rng = np.random.default_rng(count)
    one = margin.unit(rng.normal(size=(count, 4)))
    centred = margin.Centred(margin.Spans(one, margin.unit(one[:-1] + one[1:])))
    for width in (1, 2):
        found = centred.vectors(width, np.arange(count + 1 - width))
        raw = centred.spans[width - 1]
        np.testing.assert_allclose(found, margin.unit(raw - one.sum(0) / (count + 1)))
    two = centred.spans.two
    for i, three in enumerate(centred.vectors(3, np.arange(max(0, count - 2)))):
        whole = two[i] + two[i + 1] - one[i + 1] / 2
        expected = whole / np.linalg.norm(whole) - one.sum(0) / (count + 1)
        np.testing.assert_allclose(three, expected / np.linalg.norm(expected))


def test_beads_of_three_sentences_on_one_side() -> None:
    source = ["one two", "three four five six seven eight", "nine ten", "alpha beta", "gamma delta", "epsilon zeta"]
    target = ["ONE TWO", "THREE FOUR", "FIVE SIX", "SEVEN EIGHT", "NINE TEN", "ALPHA BETA GAMMA DELTA EPSILON ZETA"]
    beads = align(source, target, embed=bag)
    assert beads == [
        Bead((0,), (0,)),
        Bead((1,), (1, 2, 3)),
        Bead((2,), (4,)),
        Bead((3, 4, 5), (5,)),
    ]


def test_what_is_usual_lies_some_deviations_below_the_median() -> None:
    values = [1.02, 1.04, 0.0, 1.05, 1.06, 1.08]
    assert alignment.usual(values) == pytest.approx(1.05 - 4 * 1.4826 * 0.01)
    assert alignment.usual([*values, 0.2]) == pytest.approx(1.045 - 4 * 1.4826 * 0.02)  # an outlier moves it little
    assert alignment.usual([value + 1 for value in values]) == alignment.MOST
    assert alignment.usual([1.0, 1.2, 0.8, 1.3, 0.9]) == 0.8
    assert alignment.usual([]) == alignment.usual([1.0, 0.0, 2.0, 0.0, 3.0]) == alignment.SKIP


@pytest.mark.parametrize("seed", range(3))
def test_a_band_changes_nothing_in_texts_that_go_together(seed: int) -> None:
    text, embed = benchmark.texts(260, seed=seed)
    exact = align(text.source, text.target, embed=embed)
    banded = align(text.source, text.target, embed=embed, whole=1000, radius=12)
    assert banded == exact
    assert [bead.score for bead in banded] == [bead.score for bead in exact]
    assert benchmark.by_cells(text, benchmark.known(text, embed)) == exact
    assert strict_f1(exact, text.gold).f1 > 0.95


def test_a_long_stretch_without_a_translation_stays_within_the_band() -> None:
    text, embed = benchmark.texts(400)
    cut = tuple(s for i, s in enumerate(text.target) if not 120 <= i < 300)
    exact = align(text.source, cut, embed=embed)
    assert align(text.source, cut, embed=embed, whole=1000, radius=12) == exact
    assert sum(not bead.target for bead in exact) > 150


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1000), st.sampled_from([1, 10**6]))
def test_every_sentence_is_in_one_bead(n: int, m: int, seed: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    beads = align(
        [str(i) for i in range(n)],
        [str(i) for i in range(m)],
        embed=lambda texts: margin.unit(rng.normal(size=(len(texts), 5))),
        whole=cells,
        radius=1,
    )
    assert [i for bead in beads for i in bead.source] == list(range(n))
    assert [j for bead in beads for j in bead.target] == list(range(m))
    assert {(len(bead.source), len(bead.target)) for bead in beads} <= set(MOVES)
    assert all(math.isfinite(bead.score) for bead in beads)


def bag(texts: Sequence[str]) -> np.ndarray:
    """Vectors in which a word has a direction, case aside; a toy language of which a translation is the capitals."""
    made = np.zeros((len(texts), 64), dtype=np.float32)
    for row, text in zip(made, texts, strict=True):
        for word in text.lower().replace(".", "").split():
            row[int.from_bytes(word.encode(), "big") % 61] += 1
    return margin.unit(made + 0.2)


def test_the_beads_of_a_small_text() -> None:
    source = ["one two", "three four five six", "seven eight", "nothing here", "nine ten"]
    target = ["ONE TWO", "THREE FOUR", "FIVE SIX", "SEVEN EIGHT", "NINE TEN"]
    beads = align(source, target, embed=bag)
    assert beads == [
        Bead((0,), (0,)),
        Bead((1,), (1, 2)),
        Bead((2,), (3,)),
        Bead((3,), ()),
        Bead((4,), (4,)),
    ]
    assert [bead.score > 1 for bead in beads] == [True, True, True, False, True]


def test_one_sentence_is_the_translation_of_one_sentence() -> None:
    assert align(["one"], ["ONE"], embed=bag) == [Bead((0,), (0,))]
    assert align(["one two"], ["ONE", "TWO"], embed=bag) == [Bead((0,), (0, 1))]


def test_a_high_skip_pairs_nothing() -> None:
    beads = align(["a", "b"], ["A", "B"], embed=bag, skip=9.0)
    assert {(b.source, b.target) for b in beads} == {((0,), ()), ((1,), ()), ((), (0,)), ((), (1,))}


@pytest.mark.parametrize(("n", "m"), [(7, 4), (4, 7), (1, 8), (8, 1), (5, 5)])
def test_the_band_of_an_odd_text_reaches_its_end(n: int, m: int) -> None:
    half_n, half_m = (n + 1) // 2, (m + 1) // 2
    across = [Step(i, 0, 1, 0) for i in range(half_n)] + [Step(half_n, j, 0, 1) for j in range(half_m)]
    band = around(across, n, m, radius=0)
    assert band.low.tolist() == [0] * (n + 1)
    assert (int(band.high[n]), band.high[0]) == (m + 1, 1)


def test_documents_become_scored_pairs() -> None:
    a = Document("7", "One two. Three four\nfive six. Seven eight.", language="en", domain="abstracts")
    b = Document("7", "ONE TWO. THREE FOUR. FIVE SIX. SEVEN EIGHT.", language="ru")
    pairs = align_documents(a, b, embed=bag)
    assert [(p.id, p.source, p.target) for p in pairs] == [
        ("7:1", "One two.", "ONE TWO."),
        ("7:2", "Three four\nfive six.", "THREE FOUR. FIVE SIX."),
        ("7:3", "Seven eight.", "SEVEN EIGHT."),
    ]
    assert all(p.languages == ("en", "ru") and p.domain == "abstracts" and p.score and p.score > 1 for p in pairs)
    assert align_documents(a, b, embed=bag, minimum=99.0) == []
    other = Document("8", b.text, language="ru")
    assert align_documents(a, other, embed=bag)[0].id == "7|8:1"
    with pytest.raises(ChemxlError, match="the language ''"):
        align_documents(Document("7", "One."), b, embed=bag)


def test_neighbourhoods_are_means_of_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = (margin.unit(rng.normal(size=(size, 6))) for size in (23, 31))
    expected = np.sort((1 + x @ y.T) / 2, axis=1)[:, -4:].mean(1)
    np.testing.assert_allclose(margin.neighbourhood(x, y, k=4), expected)
    monkeypatch.setattr(margin, "_BLOCK", 5)
    np.testing.assert_allclose(margin.neighbourhood(x, y, k=4), expected)
    np.testing.assert_allclose(margin.neighbourhood(x, y, k=99), ((1 + x @ y.T) / 2).mean(1))
    # With a reach, what lies far from the diagonal is not seen.
    near = margin.neighbourhood(x, y, k=1, reach=3)
    for i, mean in enumerate(near):
        block = i // 5 * 5
        low, high = max(0, int(block * 31 / 23) - 3), int(min(block + 5, 23) * 31 / 23) + 4
        assert mean == pytest.approx(((1 + x[i] @ y[low:high].T) / 2).max())


def test_strict_f1_counts_beads_that_are_right_on_both_sides() -> None:
    gold = [Bead((0,), (0,)), Bead((1,), (1, 2)), Bead((2,), ()), Bead((3,), (3,))]
    found = [Bead((0,), (0,), 1.2), Bead((1,), (1,)), Bead((), (2,)), Bead((2,), ()), Bead((3,), (3,))]
    assert strict_f1(found, gold) == (2 / 3, 2 / 3, 2 / 3)
    assert strict_f1(found[:1], gold) == (1.0, 1 / 3, 0.5)
    assert strict_f1([], gold) == strict_f1(gold, []) == (0.0, 0.0, 0.0)


def made_pairs(count: int) -> list[Pair]:
    texts = [f"a{i} b{i} c{i}, d{i} e{i} f{i}" for i in range(count)]
    return [Pair(str(i), text, text.upper()) for i, text in enumerate(texts)]


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 10**6), st.tuples(*[st.sampled_from([0.0, 0.1, 0.25])] * 4))
def test_disturbed_texts_hold_what_their_gold_says(
    count: int, seed: int, rates: tuple[float, float, float, float]
) -> None:
    merge, split, drop, swap = rates
    made = disturb(made_pairs(count), seed=seed, merge=merge, split=split, drop=drop, swap=swap)
    assert made == disturb(made_pairs(count), seed=seed, merge=merge, split=split, drop=drop, swap=swap)
    assert [i for bead in made.gold for i in bead.source] == list(range(len(made.source)))
    assert [j for bead in made.gold for j in bead.target] == list(range(len(made.target)))
    allowed = {(1, 1)}
    allowed |= {(1, 2), (2, 1)} if merge or split else set()
    allowed |= {(1, 0), (0, 1)} if drop else set()
    allowed |= {(2, 2)} if swap else set()
    for bead in made.gold:
        assert (len(bead.source), len(bead.target)) in allowed
        left, right = (
            sorted(" ".join(t[i] for i in at).split())
            for t, at in ((made.source, bead.source), (made.target, bead.target))
        )
        assert not left or not right or [word.upper() for word in left] == right


def test_each_disturbance_has_about_its_rate() -> None:
    pairs = made_pairs(2000)
    for name, shapes, per_pair in (
        ("merge", {(1, 2), (2, 1)}, 0.2 / 1.2),  # of pairs drawn; a merge uses two
        ("split", {(1, 2), (2, 1)}, 0.2),
        ("drop", {(1, 0), (0, 1)}, 0.2),
        ("swap", {(2, 2)}, 0.2 / 1.2),
    ):
        rates = dict.fromkeys(("merge", "split", "drop", "swap"), 0.0) | {name: 0.2}
        beads = [(len(b.source), len(b.target)) for b in disturb(pairs, seed=1, **rates).gold]
        for shape in shapes:
            assert beads.count(shape) / 2000 == pytest.approx(per_pair / len(shapes), abs=0.03)


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("a b c, d e f", ["a b c,", "d e f"]),
        ("a b c, d e f; g h i j k", ["a b c, d e f;", "g h i j k"]),
        ("a b, c d e f", None),  # a half of two words
        ("a b c 1,5 d e f", None),  # no space behind the comma
        ("a b c d e f", None),
    ],
)
def test_a_sentence_is_split_at_the_sign_nearest_the_middle(text: str, halves: list[str] | None) -> None:
    made = disturb([Pair("1", text, text)], seed=0, merge=0, split=1, drop=0)
    assert sorted([list(made.source), list(made.target)], key=len) == [[text], halves or [text]]


@pytest.mark.parametrize("rates", [(0.5, 0.5, 0.1), (-0.1, 0.0, 0.0)])
def test_rates_that_are_no_probabilities(rates: tuple[float, float, float]) -> None:
    with pytest.raises(ChemxlError, match="sum at most 1"):
        disturb(made_pairs(3), seed=0, merge=rates[0], split=rates[1], drop=rates[2])


TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["\t", "\n", "\r", "\r\n", "\\", "\\t", "\\\\n", "\x85\u2028", "\ufeff", "\x00", '"', ""]
)
SCORE = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(pairs=st.lists(st.builds(Pair, TEXT, TEXT, TEXT, st.tuples(TEXT, TEXT), SCORE, TEXT), max_size=5))
def test_a_table_is_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> None:
    path = tmp_path_factory.mktemp("tables") / "pairs.tsv"
    assert write_tsv(path, pairs) == len(pairs)
    log = Log()
    found = read_tsv(path, log)
    assert log.faults == []
    assert found == pairs
    assert [repr(pair.score) for pair in found] == [repr(pair.score) for pair in pairs]
    assert [p.name for p in path.parent.iterdir()] == ["pairs.tsv"]


def test_faulty_lines_of_a_table_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    good = "1\ten\tru\t\t1.25\tone\tодин"
    bad = ["1\ten\tru\t\t1.0\tone", "1\ten\tru\t\tnan\to\tо", "1\ten\tru\t\t1_0\to\tо", "1\ten\tru\t\t\t\\x\tо"]
    bad += ["1\ten\tru\t\t1e999\to\tо", "1\ten\tru\t\t\to\tо\\"]
    path.write_text("\n".join(["\t".join(COLUMNS), good, *bad, good, ""]), "utf-8")
    log = Log()
    assert read_tsv(path, log) == [Pair("1", "one", "один")] * 2
    assert [fault.line for fault in log.faults] == [3, 4, 5, 6, 7, 8]
    path.write_text(good, "utf-8")
    log = Log()
    assert read_tsv(path, log) == [] and "the columns are not id, " in log.faults[0].message
    with pytest.raises(CorpusError, match=r"pairs\.tsv:1"):
        read_tsv(path, Log(strict=True))


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (Pair("p1", "\ud800", "x"), "half a surrogate"),
        (Pair("p1", "x", "y", score=math.nan), "score of pair 'p1' is nan"),
    ],
)
def test_what_a_table_cannot_say_is_not_written(tmp_path: Path, pair: Pair, message: str) -> None:
    (tmp_path / "pairs.tsv").write_text("before", "utf-8")
    with pytest.raises(CorpusError, match=message):
        write_tsv(tmp_path / "pairs.tsv", [pair])
    assert (tmp_path / "pairs.tsv").read_text("utf-8") == "before"


def gale_church(source: Sequence[str], target: Sequence[str]) -> list[Bead]:
    """By length alone (Gale and Church 1993), as a gain over skipping the same sentences."""
    priors = {(1, 1): 0.89, (1, 2): 0.0445, (2, 1): 0.0445, (2, 2): 0.011, (1, 0): 0.00495, (0, 1): 0.00495}
    lengths = [[len(text) for text in side] for side in (source, target)]
    ratio = sum(lengths[1]) / sum(lengths[0])

    def cost(shape: tuple[int, int], left: int, right: int) -> float:
        delta = (right - left * ratio) / math.sqrt(6.8 * (left + right / ratio) / 2)
        return -math.log(priors[shape]) - math.log(max(1e-300, math.erfc(abs(delta) / math.sqrt(2))))

    n, m = len(source), len(target)
    table = {shape: np.full((n + 1, m + 1), -np.inf) for shape in SHAPES}
    for a, b in priors.keys() & table.keys():  # for beads of three they have none
        gains = table[a, b]
        for i in range(a, n + 1):
            for j in range(b, m + 1):
                left, right = lengths[0][i - a : i], lengths[1][j - b : j]
                skipped = sum(cost((1, 0), k, 0) for k in left) + sum(cost((0, 1), 0, k) for k in right)
                gains[i, j] = skipped - cost((a, b), sum(left), sum(right))
    steps = search(looked_up(table), whole(n, m))
    return [Bead(tuple(range(i, i + a)), tuple(range(j, j + b))) for i, j, a, b in steps]


def test_disturbed_tico_with_e5(real: Callable[[str], str]) -> None:
    if not encoders.available("e5-small"):
        pytest.skip("the encoder e5-small is not on this machine: set CHEMXL_MODELS")
    pairs = [p for p in corpora.pairs(real("tico19")) if "PubMed_10:" in p.id][:50]
    assert len(pairs) == 50
    made = disturb(pairs, seed=0)
    found = align(made.source, made.target, embed=Embedder("e5-small", prefix="query: "))
    assert strict_f1(found, made.gold).f1 >= 0.95
    assert strict_f1(gale_church(made.source, made.target), made.gold).f1 < 0.9


def test_strict_and_lax_are_those_of_vecaligns_own_script() -> None:
    gold = [Bead((0,), (0,)), Bead((1, 2), (1,)), Bead((3,), ()), Bead((4,), (2, 3))]
    found = [Bead((0,), (0,)), Bead((1,), (1,)), Bead((2,), ()), Bead((3,), ()), Bead((4,), (2, 3))]
    strict, lax = strict_and_lax([(found, gold)])
    # A bead with an empty side counts for precision alone; one that overlaps with its gold is right, laxly.
    assert strict == (3 / 5, 2 / 3, pytest.approx(12 / 19))
    assert lax == (4 / 5, 1.0, pytest.approx(8 / 9))
    assert strict_and_lax([]) == strict_and_lax([([], [])]) == ((0, 0, 0), (0, 0, 0))


def test_natural_translations_with_e5(real: Callable[[str], str]) -> None:
    """Short documents of those that nothing was chosen on."""
    texts = {text.id: text for text in corpora.alignments(real("paramed-gold"), faults=[])}
    if not encoders.available("e5-small"):
        pytest.skip("the encoder e5-small is not on this machine: set CHEMXL_MODELS")
    embed = Embedder("e5-small", prefix="query: ")
    chosen = [texts["doc9"], texts["doc12"]]
    gold = [[Bead(*bead) for bead in text.beads] for text in chosen]
    found = [align(text.source, text.target, embed=embed) for text in chosen]
    strict, lax = strict_and_lax(zip(found, gold, strict=True))
    assert strict.f1 > 0.85 and lax.f1 > 0.95
