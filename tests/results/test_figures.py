"""Figures: alt text, intervals, both themes, the same bytes twice, nothing that leaks into the page."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from chemxl.errors import ChemxlError
from chemxl.evaluation import significance
from chemxl.results import canvas, figures
from chemxl.results.canvas import Figure
from chemxl.results.clouds import Cloud, scatter
from chemxl.results.figures import Bar, Curve

HOSTILE = "<script>alert('x')</script> & id=\"q\" #767676 $\\frac{1}{0}$ Хлорид 🧪\nвторая"


def draw_curves(label: str = "mBERT", alt: str = "two curves") -> Figure:
    runs = [[0.2, 0.4, 0.5], [0.3, 0.5, 0.6], [0.25, 0.45, 0.52]]
    return figures.curves(
        [Curve(label, [50, 100, 200], runs), Curve("LaBSE", [50, 100, 200], runs)],
        xlabel="training sentences",
        ylabel=f"F1 ({label})",
        alt=alt,
        caption=label,
    )


def draw_bars(label: str = "mBERT", alt: str = "bars") -> Figure:
    rows = [Bar(label, 0.8, group="paper"), Bar(label, 0.7, 0.6, 0.75, group=label), Bar("empty", None, group="paper")]
    return figures.bars(rows, xlabel="F1", interval="95 % bootstrap over documents", alt=alt, caption=label)


def draw_stacked(label: str = "mBERT", alt: str = "errors") -> Figure:
    return figures.stacked({label: {"missed": 12, label: 3}, "RU": {"missed": 4}}, xlabel="errors", alt=alt)


def draw_scatter(label: str = "CHEM", alt: str = "words") -> Figure:
    points = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]])
    clouds = [Cloud(label, points, np.stack([np.diag([4.0, 1.0])] * 3)), Cloud("outside", points + 1)]
    return scatter(clouds, xlabel="first", ylabel="second", alt=alt, caption=label)


def draw_matrix(label: str = "mBERT", alt: str = "cells") -> Figure:
    cells = pd.DataFrame({"RU": [0.9, None], label: [0.25, 0.8], "ES": [None, 0.31]}, index=["RU", label])
    return figures.matrix(cells, xlabel="trained on", ylabel="tested on", alt=alt, caption=label)


def draw_forest(label: str = "mBERT", alt: str = "gains") -> Figure:
    rows = [Bar(label, 0.1, 0.02, 0.2, group="one"), Bar("b", -0.1, -0.2, 0.1, group=label)]
    return figures.forest(rows, xlabel="gain", interval="95 % over documents", alt=alt, caption=label)


DRAW = pytest.mark.parametrize("draw", [draw_forest, draw_curves, draw_bars, draw_stacked, draw_scatter, draw_matrix])


@DRAW
def test_is_well_formed_and_carries_its_alt_text(draw: Callable[..., Figure]) -> None:
    figure = draw(alt=HOSTILE)
    svg = ET.fromstring(figure.svg)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == HOSTILE.replace("\n", " ")  # XML's own normalisation of an attribute


@pytest.mark.filterwarnings("ignore:constrained_layout")
@DRAW
def test_hostile_labels_stay_text(draw: Callable[..., Figure]) -> None:
    shown = draw(label=HOSTILE)._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert 'id="q" #767676 ' in shown.replace("&quot;", '"')
    assert "$\\frac{1}{0}$" in shown  # not read as mathematics
    assert "Хлорид" in shown


@DRAW
def test_same_data_same_bytes(draw: Callable[..., Figure]) -> None:
    assert draw()._repr_html_() == draw()._repr_html_()


def test_same_bytes_in_another_process() -> None:
    code = "import sys; from tests.results.test_figures import draw_bars; sys.stdout.write(draw_bars().svg)"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root).stdout
    assert other == draw_bars().svg.encode()


@DRAW
def test_follows_the_page_and_touches_nothing_else(draw: Callable[..., Figure]) -> None:
    svg = draw().svg
    assert "currentColor" in svg and canvas.INK not in svg
    assert "<style" not in svg
    assert "DejaVu" not in svg
    assert not re.search(r"stroke: #000000", svg)
    assert len(svg) < 60_000


@DRAW
def test_ids_of_two_figures_do_not_clash(draw: Callable[..., Figure]) -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', draw(label=name).svg)) for name in ("one", "two"))
    assert first and not first & second
    svg = draw().svg
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    assert used <= set(re.findall(r'\bid="([^"]+)"', svg))


@DRAW
def test_alt_text_is_asked_for(draw: Callable[..., Figure]) -> None:
    with pytest.raises(ChemxlError, match="alt text"):
        draw(alt=" ")


def test_caption_says_what_the_band_is() -> None:
    assert "mean over 3 seeds; bands: 95 % t interval" in draw_curves().caption
    one = figures.curves([Curve("a", [1, 2], [[1, 2]])], xlabel="x", ylabel="y", alt="a")
    assert one.caption == "One seed: no interval."
    mixed = [Curve("a", [1, 2], [[1, 2]] * 2), Curve("b", [1, 2], [[1, 2]] * 5)]
    assert "mean over 2–5 seeds" in figures.curves(mixed, xlabel="x", ylabel="y", alt="a").caption
    assert draw_bars().caption.endswith("Whiskers: 95 % bootstrap over documents.")
    assert "Whiskers" not in figures.bars([Bar("a", 1.0)], xlabel="x", interval="none", alt="a").caption


def test_t_interval_covers_the_mean_95_times_in_100() -> None:
    draws = np.random.default_rng(0).normal(0.7, 0.1, size=(4, 4000))
    _, low, high = significance.t_interval(draws)
    assert np.mean((low <= 0.7) & (high >= 0.7)) == pytest.approx(0.95, abs=0.012)


def test_a_bar_that_was_not_run_is_visible() -> None:
    assert "not run" in draw_bars().svg


def test_bad_input_is_refused() -> None:
    with pytest.raises(ChemxlError, match="curve a: 2 values of x"):
        Curve("a", [1, 2], [[1, 2], [1]])
    with pytest.raises(ChemxlError, match="0 curves"):
        figures.curves([], xlabel="x", ylabel="y", alt="a")
    with pytest.raises(ChemxlError, match="7 groups"):
        figures.bars([Bar("a", 1.0, group=str(i)) for i in range(7)], xlabel="x", interval="", alt="a")
    with pytest.raises(ChemxlError, match="low and a high"):
        figures.bars([Bar("a", 1.0, low=0.5)], xlabel="x", interval="", alt="a")
    with pytest.raises(ChemxlError, match="point a: a difference has"):
        figures.forest([Bar("a", 0.1, low=0.0)], xlabel="x", interval="", alt="a")
    with pytest.raises(ChemxlError, match="0 classes"):
        figures.stacked({}, xlabel="x", alt="a")
    for cells in (pd.DataFrame(), pd.DataFrame({"column": [None]})):
        with pytest.raises(ChemxlError, match="a matrix without a value"):
            figures.matrix(cells, xlabel="x", ylabel="y", alt="a")


def test_the_cells_of_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(figures, "finish", lambda canvas, *_: drawn.append(canvas))
    draw_matrix()
    axes = drawn[0].axes[0]
    texts = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["RU", "mBERT"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["RU", "mBERT", "ES"]
    assert texts == {(0.5, 0.5): "0.90", (0.5, 1.5): "0.25", (1.5, 1.5): "0.80", (1.5, 2.5): "0.31"}


LUMINANCE = (0.2126, 0.7152, 0.0722)


def luminance(colour: object) -> float:
    """WCAG 2's relative luminance."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    return float(np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ LUMINANCE)


def test_numbers_in_a_matrix_can_be_read_on_every_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(figures, "finish", lambda canvas, *_: drawn.append(canvas))
    figures.matrix(pd.DataFrame([np.linspace(0, 1, 51)]), xlabel="x", ylabel="y", alt="a")
    axes = drawn[0].axes[0]
    for text, colour in zip(axes.texts, axes.collections[0].get_facecolors(), strict=True):
        light, dark = sorted((luminance(text.get_color()), luminance(colour)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5


@pytest.mark.parametrize("colour", canvas.COLOURS)
def test_colours_can_be_told_from_the_page_in_both_themes(colour: str) -> None:
    assert canvas.ink_on(colour) in {"#000000", "#ffffff"}
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    assert 60 < 0.2126 * r + 0.7152 * g + 0.0722 * b < 200


def test_a_band_ends_where_a_score_does() -> None:
    curve = figures.Curve("a", [0.1, 0.2], [[0.9, 0.5], [1.0, 0.6]])
    free = figures.curves([curve], xlabel="x", ylabel="F1", alt="a")
    held = figures.curves([curve], xlabel="x", ylabel="F1", alt="a", limits=(0, 1))
    ticks = [max(float(t) for t in re.findall(r">(\d\.\d+)</text>", f.svg)) for f in (free, held)]
    assert ticks[1] <= 1.0 < ticks[0]


def test_a_logarithmic_axis_has_plain_numbers() -> None:
    curve = figures.Curve("a", [1, 2], [[1200.0, 40.0], [3000.0, 10.0]])
    svg = figures.curves([curve], xlabel="x", ylabel="perplexity", alt="a", logarithmic=True).svg
    assert ">1,000</text>" in svg and ">20</text>" in svg
    assert "mathdefault" not in svg
