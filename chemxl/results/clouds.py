"""Plots of points in the plane, drawn on :mod:`chemxl.results.canvas`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from chemxl.results.canvas import COLOURS, MARKERS, Figure, check, finish, legend, sheet


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
