"""Every plot of the book, drawn on :mod:`chemxl.results.canvas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from chemxl.errors import ChemxlError
from chemxl.evaluation.significance import Interval, t_interval
from chemxl.results.canvas import COLOURS, DASHES, HATCHES, INK, MARKERS, Figure, check, finish, legend, sheet


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


@dataclass(frozen=True)
class Cloud:
    """Points of one class in two dimensions.

    Args:
        points: (n, 2)
        covariances: (n, 2, 2); each is drawn as the ellipse of one standard deviation around its point.
    """

    label: str
    points: np.ndarray
    covariances: np.ndarray | None = None


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
    seeds = sorted({len(curve.runs) for curve in curves})
    counted = "–".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    if all(curve.band is not None for curve in curves):
        how = "Lines: mean over seeds; bands: 95 % interval over documents and seeds."
    elif seeds[-1] == 1:
        how = "One seed: no interval."
    else:
        how = f"Lines: mean over {counted} seeds; bands: 95 % t interval over seeds."
    return finish(canvas, alt, f"{caption} {how}".strip())


def bars(rows: Sequence[Bar], *, xlabel: str, interval: str, alt: str, caption: str = "", fmt: str = ".3f") -> Figure:
    """Horizontal bars, one cluster a label, one colour and hatch a group, the value written beside.

    Args:
        interval: what low and high are, for the caption, e.g. ``"95 % over documents"``.
        fmt: how a value is written.

    Raises:
        ChemxlError: no row, more groups than there are colours, half an interval, or no alt text.
    """
    labels = list(dict.fromkeys(row.label for row in rows))
    groups = list(dict.fromkeys(row.group for row in rows))
    check(len(groups), "groups")
    canvas, axes = sheet(height=1.1 + len(labels) * (0.2 + 0.26 * len(groups)))
    thickness = 0.8 / len(groups)
    for g, group in enumerate(groups):
        style: dict[str, Any] = {"color": COLOURS[g], "edgecolor": INK, "hatch": HATCHES[g], "linewidth": 0.8}
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
    groups = list(dict.fromkeys(row.group for row in rows))
    check(len(groups), "groups")
    canvas, axes = sheet(height=1.0 + 0.24 * (len(rows) + len(groups)))
    labels: list[str] = []
    for group, colour, marker in zip(groups, COLOURS, MARKERS, strict=False):
        labels.append(group)
        for row in (row for row in rows if row.group == group):
            if row.value is None or row.low is None or row.high is None:
                raise ChemxlError(f"point {row.label}: a difference has a value and an interval")
            axes.plot([row.low, row.high], [len(labels)] * 2, color=colour, linewidth=1.4)
            axes.plot([row.value], [len(labels)], color=colour, marker=marker, markersize=5)
            labels.append(row.label)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(labels)), labels)
    for tick in axes.get_yticklabels():
        if tick.get_text() in groups:
            tick.set_fontweight("bold")
    axes.set(xlabel=xlabel, ylim=(len(labels) - 0.5, -0.5))
    axes.grid(visible=False, axis="y")
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
                axes.text(left[y] + width / 2, y, f"{width:g}", ha="center", va="center", color=_on(colour),
                          bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.5})  # fmt: skip
        left += widths
    axes.set_yticks(range(len(counts)), list(counts))
    axes.set(xlabel=xlabel, ylim=(len(counts) - 0.5, -0.5))
    axes.grid(visible=False, axis="y")
    legend(canvas, axes)
    return finish(canvas, alt, caption)


def matrix(
    cells: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    limits: tuple[float, float] = (0, 1),
    fmt: str = ".2f",
) -> Figure:
    """The values of a frame as numbers on colours; the larger, the darker.

    Args:
        cells: what has no value stays empty.
        limits: the values of the lightest and of the darkest colour.
        fmt: how a value is written.

    Raises:
        ChemxlError: nothing to draw, or no alt text.
    """
    values = cells.to_numpy(dtype=float)  # (R, C)
    if np.isnan(values).all():
        raise ChemxlError("a matrix without a value: give at least one")
    canvas, axes = sheet(height=1.4 + 0.34 * len(cells))
    sns.heatmap(values, ax=axes, vmin=limits[0], vmax=limits[1], cmap="crest", annot=True, fmt=fmt, cbar=False,
                linewidths=0.8, linecolor=INK, xticklabels=False, yticklabels=False)  # fmt: skip
    colours = np.asarray(axes.collections[0].get_facecolor())[~np.isnan(values.ravel())]
    for text, colour in zip(axes.texts, colours, strict=True):
        text.set_color(_on(colour))
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, cells.columns, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(values.shape[0]) + 0.5, cells.index)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return finish(canvas, alt, caption)


def scatter(
    clouds: Sequence[Cloud], *, xlabel: str, ylabel: str, alt: str, caption: str = "", beside: Sequence[Cloud] = ()
) -> Figure:
    """Points in the plane, one colour and marker a class, on axes of one scale.

    Args:
        beside: clouds of another figure, whose points the axes hold, too, so that both can be compared.

    Raises:
        ChemxlError: no class, more classes than there are colours, or no alt text.
    """
    check(len(clouds), "classes")
    canvas, axes = sheet(height=4.2)
    for cloud, colour, marker in zip(clouds, COLOURS, MARKERS, strict=False):
        x, y = cloud.points.T
        axes.scatter(x, y, s=16, color=colour, marker=marker, linewidths=0, alpha=0.8, label=cloud.label)
        _ellipses(axes, cloud, colour)
    if beside:
        axes.update_datalim(np.concatenate([cloud.points for cloud in beside]))
        axes.autoscale_view()
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_aspect("equal", adjustable="datalim")
    legend(canvas, axes)
    return finish(canvas, alt, caption)


def _ellipses(axes: Axes, cloud: Cloud, colour: str) -> None:
    """Draw the ellipse of each covariance around its point."""
    if cloud.covariances is None:
        return
    for point, covariance in zip(cloud.points, cloud.covariances, strict=True):
        spread, turned = np.linalg.eigh(covariance)  # (2,), (2, 2)
        angle = float(np.degrees(np.arctan2(turned[1, 0], turned[0, 0])))
        axes.add_patch(Ellipse(tuple(point), *2 * np.sqrt(spread), angle=angle, fill=False, edgecolor=colour, lw=0.5))


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


def _on(colour: Any) -> str:
    """Black or white, whichever has more contrast on a colour of matplotlib's (WCAG relative luminance)."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"
