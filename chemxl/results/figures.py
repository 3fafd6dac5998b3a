"""Plots of rows: curves, bars, differences and matrices, drawn on :mod:`chemxl.results.canvas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import ticker
from matplotlib.axes import Axes

from chemxl.errors import ChemxlError
from chemxl.evaluation.significance import Interval, t_interval
from chemxl.results.canvas import (
    COLOURS,
    DASHES,
    HATCHES,
    INK,
    MARKERS,
    Figure,
    check,
    finish,
    ink_on,
    legend,
    name_rows,
    sheet,
)


@dataclass(frozen=True)
class Curve:
    """One line of a plot: values of y at each x, once per seed.

    Args:
        band: low and high ends of an interval at each x, where it is not that of the runs.
    """

    label: str
    x: Sequence[float]
    runs: Sequence[Sequence[float]]
    band: tuple[Sequence[float], Sequence[float]] | None = None

    @classmethod
    def of(cls, label: str, points: Mapping[float, Interval]) -> Curve:
        """A curve of recorded intervals: for each x a value and its two ends."""
        values, low, high = ([point[part] for point in points.values()] for part in range(3))
        return cls(label, list(points), [values], (low, high))

    def __post_init__(self) -> None:
        lengths = {len(run) for run in (*self.runs, *(self.band or ()))}
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
    """Mean over seeds with a 95 % Student t interval, or with the curves' own bands; the caption says so.

    Args:
        limits: what y cannot go beyond, such as (0, 1) for a score; bands end there.
        logarithmic: draw y on a logarithmic scale; mean and interval are those of the logarithms.

    Raises:
        ChemxlError: no curve, more curves than there are colours, or no alt text.
    """
    check(len(curves), "curves")
    canvas, axes = sheet(height=3.4)
    for curve, colour, marker, dash in zip(curves, COLOURS, MARKERS, DASHES, strict=False):
        values = np.asarray(curve.runs, dtype=float)  # (S, N)
        mean, low, high = np.exp(t_interval(np.log(values))) if logarithmic else t_interval(values)
        if curve.band is not None:
            low, high = np.asarray(curve.band, dtype=float)
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
    legend(canvas, axes)
    return finish(canvas, alt, f"{caption} {_bands(curves)}".strip())


def _bands(curves: Sequence[Curve]) -> str:
    """A sentence for the caption that says what lines and bands are."""
    if all(curve.band is not None for curve in curves):
        return "Lines: mean over seeds; bands: 95 % interval over documents and seeds."
    seeds = sorted({len(curve.runs) for curve in curves})
    if seeds[-1] == 1:
        return "One seed: no interval."
    counted = "–".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    return f"Lines: mean over {counted} seeds; bands: 95 % t interval over seeds."


def bars(rows: Sequence[Bar], *, xlabel: str, interval: str, alt: str, caption: str = "", fmt: str = ".3f") -> Figure:
    """Horizontal bars, one cluster a label, one colour and hatch a group, the value written beside.

    Args:
        interval: what low and high are, for the caption, e.g. ``"95 % over documents"``.
        fmt: how a value is written.

    Raises:
        ChemxlError: no row, more groups than there are colours, half an interval, or no alt text.
    """
    labels, groups = list(dict.fromkeys(row.label for row in rows)), _grouped(rows)
    canvas, axes = sheet(height=1.1 + len(labels) * (0.2 + 0.26 * len(groups)))
    thickness = 0.8 / len(groups)
    for g, (group, own) in enumerate(groups.items()):
        style: dict[str, Any] = {"color": COLOURS[g], "edgecolor": INK, "hatch": HATCHES[g], "linewidth": 0.8}
        for row in own:
            y = labels.index(row.label) + (g - (len(groups) - 1) / 2) * thickness
            axes.barh(y, row.value or 0.0, height=thickness * 0.88, **style)
            _write_value(axes, row, y, fmt)
        axes.barh(np.nan, np.nan, label=group, **style)
    name_rows(axes, labels, xlabel)
    axes.margins(x=0.14)
    if len(groups) > 1:
        legend(canvas, axes)
    whiskers = any(row.low is not None for row in rows)
    return finish(canvas, alt, " ".join(filter(None, (caption, f"Whiskers: {interval}." if whiskers else ""))))


def forest(rows: Sequence[Bar], *, xlabel: str, interval: str, alt: str, caption: str = "") -> Figure:
    """Differences as points with their intervals beside zero, those of a group together under its name.

    Args:
        interval: what low and high are, for the caption.

    Raises:
        ChemxlError: no row, more groups than there are colours, a row without an interval, or no alt text.
    """
    groups = _grouped(rows)
    canvas, axes = sheet(height=1.0 + 0.24 * (len(rows) + len(groups)))
    labels: list[str] = []
    for (group, own), colour, marker in zip(groups.items(), COLOURS, MARKERS, strict=False):
        labels.append(group)
        for row in own:
            if row.value is None or row.low is None or row.high is None:
                raise ChemxlError(f"point {row.label}: a difference has a value and an interval")
            axes.plot([row.low, row.high], [len(labels)] * 2, color=colour, linewidth=1.4)
            axes.plot([row.value], [len(labels)], color=colour, marker=marker, markersize=5)
            labels.append(row.label)
    axes.axvline(0, color=INK, linewidth=1)
    name_rows(axes, labels, xlabel)
    for tick in axes.get_yticklabels():
        if tick.get_text() in groups:
            tick.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    return finish(canvas, alt, f"{caption} Bars: {interval}.".strip())


def stacked(counts: Mapping[str, Mapping[str, float]], *, xlabel: str, alt: str, caption: str = "") -> Figure:
    """Horizontal stacked bars: one bar a key of ``counts``, one segment a class (of errors, of types).

    Raises:
        ChemxlError: nothing to draw, more classes than there are colours, or no alt text.
    """
    classes = list(dict.fromkeys(name for row in counts.values() for name in row))
    check(len(classes), "classes")
    canvas, axes = sheet(height=1.3 + 0.42 * len(counts))
    widest = max(sum(row.values()) for row in counts.values()) or 1
    left = np.zeros(len(counts))
    for name, colour, hatch in zip(classes, COLOURS, HATCHES, strict=False):
        widths = np.array([row.get(name, 0) for row in counts.values()], dtype=float)
        axes.barh(range(len(counts)), widths, left=left, height=0.7, color=colour, edgecolor=INK, hatch=hatch,
                  linewidth=0.8, label=name)  # fmt: skip
        for y, width in enumerate(widths):
            if width > 0.07 * widest:
                axes.text(left[y] + width / 2, y, f"{width:g}", ha="center", va="center", color=ink_on(colour),
                          bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.5})  # fmt: skip
        left += widths
    name_rows(axes, list(counts), xlabel)
    legend(canvas, axes)
    return finish(canvas, alt, caption)


def matrix(
    cells: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
) -> Figure:
    """The values of a frame, from 0 to 1, as numbers on colours; the larger, the darker.

    Args:
        cells: what has no value stays empty.

    Raises:
        ChemxlError: nothing to draw, or no alt text.
    """
    values = cells.to_numpy(dtype=float)  # (R, C)
    if np.isnan(values).all():
        raise ChemxlError("a matrix without a value: give at least one")
    canvas, axes = sheet(height=1.4 + 0.34 * len(cells))
    sns.heatmap(values, ax=axes, vmin=0, vmax=1, cmap="crest", annot=True, fmt=".2f", cbar=False,
                linewidths=0.8, linecolor=INK, xticklabels=False, yticklabels=False)  # fmt: skip
    colours = np.asarray(axes.collections[0].get_facecolor())[~np.isnan(values.ravel())]
    for text, colour in zip(axes.texts, colours, strict=True):
        text.set_color(ink_on(colour))
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, cells.columns, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(values.shape[0]) + 0.5, cells.index)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return finish(canvas, alt, caption)


def _grouped(rows: Sequence[Bar]) -> dict[str, list[Bar]]:
    """The rows of each group, in the order in which groups first appear.

    Raises:
        ChemxlError: no row, or more groups than there are colours.
    """
    groups: dict[str, list[Bar]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    check(len(groups), "groups")
    return groups


def _write_value(axes: Axes, row: Bar, y: float, fmt: str) -> None:
    """Write a bar's value beside it, and draw its interval."""
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
