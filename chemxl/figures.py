"""Every plot of the book, as inline SVG that follows the page.

Ink (text, axes, grid) is drawn in ``currentColor``, so that a figure is readable in a light and in a dark theme, in
Jupyter and in print; data are drawn in the colours of Okabe and Ito, with a marker, dash or hatch each, so that no
reader depends on colour. Text stays text. The same data give the same bytes.

``Figure.svg`` alone is a whole file: ``Path("f.svg").write_text(figure.svg)`` for a paper.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from scipy import stats

from chemxl.errors import ChemxlError

INK = "#767676"
"""Mid grey: readable on white and on black. In a finished figure it becomes ``currentColor``."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette without black and yellow, which vanish on one of the two themes."""

_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
_HATCHES = ("", "////", "\\\\\\\\", "xxxx", "----", "||||")  # lines only: dots make an SVG of 250 kB
_WIDTH = 4.6  # inches: drawn for the width of a phone, so that ten points stay ten pixels there
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "chemxl",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the layout does not depend on the machine's fonts
    "font.size": 10,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.transparent": True,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
}


def use_style() -> None:
    """Set matplotlib's defaults to the book's style; done when this module is imported."""
    matplotlib.rcParams.update(_STYLE)


@dataclass(frozen=True)
class Figure:
    """A finished figure; a notebook shows it as ``<figure>`` with its caption.

    Args:
        svg: a whole SVG document.
        alt: what a reader who cannot see it needs to know.
        caption: shown below.
    """

    svg: str = field(repr=False)
    alt: str
    caption: str = ""

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="chemxl-figure">{self.svg}{caption}</figure>'


@dataclass(frozen=True)
class Curve:
    """One line of a plot: values of y at each x, once per seed."""

    label: str
    x: Sequence[float]
    runs: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        lengths = {len(run) for run in self.runs}
        if lengths != {len(self.x)}:
            raise ChemxlError(f"curve {self.label}: {len(self.x)} values of x, but runs of length {sorted(lengths)}")


@dataclass(frozen=True)
class Bar:
    """One bar: a value with its interval; ``value=None`` is an experiment that has not been run."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    group: str = ""


def curves(
    curves: Sequence[Curve],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    limits: tuple[float, float] | None = None,
    logarithmic: bool = False,
) -> Figure:
    """Mean over seeds with a 95 % Student t interval; the caption says so.

    Args:
        limits: what y cannot go beyond, such as (0, 1) for a score; bands end there.
        logarithmic: draw y on a logarithmic scale; mean and interval are those of the logarithms.

    Raises:
        ChemxlError: no curve, more curves than there are colours, or no alt text.
    """
    _check(len(curves), "curves")
    canvas, axes = _canvas(height=3.4)
    for curve, colour, marker, dash in zip(curves, COLOURS, _MARKERS, _DASHES, strict=False):
        values = np.asarray(curve.runs, dtype=float)  # (S, N)
        mean, low, high = np.exp(_t_interval(np.log(values))) if logarithmic else _t_interval(values)
        if limits is not None:
            low, high = np.clip([low, high], *limits)
        axes.plot(curve.x, mean, color=colour, marker=marker, linestyle=dash, markersize=5, label=curve.label)
        axes.fill_between(curve.x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axes.yaxis.set_major_formatter("{x:,.6g}")  # numbers as they are, and not powers of ten
        axes.yaxis.set_minor_locator(ticker.NullLocator())
    _legend(canvas, axes)
    seeds = sorted({len(curve.runs) for curve in curves})
    counted = "–".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    if seeds[-1] == 1:
        how = "One seed: no interval."
    else:
        how = f"Lines: mean over {counted} seeds; bands: 95 % t interval over seeds."
    return _finish(canvas, alt, f"{caption} {how}".strip())


def bars(rows: Sequence[Bar], *, xlabel: str, interval: str, alt: str, caption: str = "", fmt: str = ".3f") -> Figure:
    """Horizontal bars, one cluster a label, one colour and hatch a group, the value written beside.

    Args:
        interval: what low and high are, for the caption, e.g. ``"95 % bootstrap over documents"``.
        fmt: how a value is written.

    Raises:
        ChemxlError: no row, more groups than there are colours, half an interval, or no alt text.
    """
    labels = list(dict.fromkeys(row.label for row in rows))
    groups = list(dict.fromkeys(row.group for row in rows))
    _check(len(groups), "groups")
    canvas, axes = _canvas(height=1.1 + len(labels) * (0.2 + 0.26 * len(groups)))
    thickness = 0.8 / len(groups)
    for g, group in enumerate(groups):
        style: dict[str, Any] = {"color": COLOURS[g], "edgecolor": INK, "hatch": _HATCHES[g], "linewidth": 0.8}
        for row in (row for row in rows if row.group == group):
            y = labels.index(row.label) + (g - (len(groups) - 1) / 2) * thickness
            axes.barh(y, row.value or 0.0, height=thickness * 0.88, **style)
            _write_value(axes, row, y, fmt)
        axes.barh(np.nan, np.nan, label=group, **style)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel=xlabel, ylim=(len(labels) - 0.45, -0.55))
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.14)
    if len(groups) > 1:
        _legend(canvas, axes)
    whiskers = any(row.low is not None for row in rows)
    return _finish(canvas, alt, " ".join(filter(None, (caption, f"Whiskers: {interval}." if whiskers else ""))))


def stacked(counts: Mapping[str, Mapping[str, float]], *, xlabel: str, alt: str, caption: str = "") -> Figure:
    """Horizontal stacked bars: one bar a key of ``counts``, one segment a class (of errors, of types).

    Raises:
        ChemxlError: nothing to draw, more classes than there are colours, or no alt text.
    """
    classes = list(dict.fromkeys(name for row in counts.values() for name in row))
    _check(len(classes), "classes")
    canvas, axes = _canvas(height=1.3 + 0.42 * len(counts))
    widest = max(sum(row.values()) for row in counts.values()) or 1
    left = np.zeros(len(counts))
    for name, colour, hatch in zip(classes, COLOURS, _HATCHES, strict=False):
        widths = np.array([row.get(name, 0) for row in counts.values()], dtype=float)
        axes.barh(range(len(counts)), widths, left=left, height=0.7, color=colour, edgecolor=INK, hatch=hatch,
                  linewidth=0.8, label=name)  # fmt: skip
        for y, width in enumerate(widths):
            if width > 0.07 * widest:
                axes.text(left[y] + width / 2, y, f"{width:g}", ha="center", va="center", color=_on(colour),
                          bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.5})  # fmt: skip
        left += widths
    axes.set_yticks(range(len(counts)), list(counts))
    axes.set(xlabel=xlabel, ylim=(len(counts) - 0.5, -0.5))
    axes.grid(visible=False, axis="y")
    _legend(canvas, axes)
    return _finish(canvas, alt, caption)


def _t_interval(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % interval over the first axis; both bounds are the mean where there is one run."""
    mean = runs.mean(axis=0)
    n = len(runs)
    if n == 1:
        return mean, mean, mean
    half = stats.t.ppf(0.975, n - 1) * runs.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def _write_value(axes: Axes, row: Bar, y: float, fmt: str) -> None:
    if row.value is None:
        axes.annotate("not run", (0, y), xytext=(4, 0), textcoords="offset points", va="center", style="italic")
        return
    if (row.low is None) != (row.high is None):
        raise ChemxlError(f"bar {row.label}: an interval has a low and a high end")
    end = row.value
    if row.low is not None and row.high is not None:
        end = row.high
        axes.hlines(y, row.low, row.high, color=INK, linewidth=1.4)
        axes.plot([row.low, row.high], [y, y], color=INK, marker="|", linestyle="", markersize=5)
    axes.annotate(f"{row.value:{fmt}}", (end, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)


def _on(colour: str) -> str:
    """Black or white, whichever has more contrast on a colour (WCAG relative luminance)."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"


def _check(n: int, what: str) -> None:
    if not 0 < n <= len(COLOURS):
        raise ChemxlError(f"{n} {what}: a figure has 1 to {len(COLOURS)}; split it")


def _canvas(*, height: float) -> tuple[Canvas, Axes]:
    """An empty figure that pyplot knows nothing of: nothing is shown twice and nothing has to be closed."""
    use_style()
    canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
    return canvas, canvas.subplots()


def _legend(canvas: Canvas, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(3, 48 // (max(map(len, labels)) + 6)))
    canvas.legend(handles, labels, loc="outside upper left", ncols=columns, handlelength=2.6)


def _at_home(tag: str, prefix: str) -> str:
    """A tag with the page's ink and fonts, and with ids that cannot clash with those of another figure."""
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag.replace(INK, "currentColor"))
    return re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{prefix}", tag)


def _finish(canvas: Canvas, alt: str, caption: str) -> Figure:
    if not alt.strip():
        raise ChemxlError("a figure needs alt text")
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # the page's fonts draw it, not ours
        canvas.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = stream.getvalue()
    # Left in, matplotlib's style sheet would reach every element of the page.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg[svg.index("<svg") :], count=1, flags=re.S)
    prefix = f"c{hashlib.sha256(svg.encode()).hexdigest()[:8]}-"
    svg = re.sub(r"<[^>]+>", lambda tag: _at_home(tag[0], prefix), svg)  # only tags: a label stays what it is
    start = (
        f'<svg role="img" aria-label="{html.escape(alt)}" style="width:100%;max-width:34rem;height:auto;'
        'font-family:inherit,sans-serif;stroke-linejoin:round;stroke-linecap:butt"'
    )
    return Figure(svg=svg.replace("<svg", start, 1).strip(), alt=alt, caption=caption)


use_style()
