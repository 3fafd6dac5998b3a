"""The canvas of every plot in the book: its style, and how it becomes inline SVG that follows the page's theme.

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
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from chemxl.errors import ChemxlError

INK = "#767676"
"""Mid grey: readable on white and on black. In a finished figure it becomes ``currentColor``."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette without black and yellow, which vanish on one of the two themes."""

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
HATCHES = ("", "////", "\\\\\\\\", "xxxx", "----", "||||")  # lines only: dots make an SVG of 250 kB
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
        """The figure as a notebook shows it."""
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="chemxl-figure">{self.svg}{caption}</figure>'


def check(n: int, what: str) -> None:
    """Raise an error unless a figure has colours for ``n`` things.

    Raises:
        ChemxlError: there are none, or too many.
    """
    if not 0 < n <= len(COLOURS):
        raise ChemxlError(f"{n} {what}: a figure has 1 to {len(COLOURS)}; split it")


def sheet(*, height: float) -> tuple[Canvas, Axes]:
    """An empty figure that pyplot does not know of, so that nothing is shown twice and nothing has to be closed."""
    use_style()
    canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
    return canvas, canvas.subplots()


def legend(canvas: Canvas, axes: Axes) -> None:
    """Draw the legend above the plot, where it covers no data."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(3, 48 // (max(map(len, labels)) + 6)))
    canvas.legend(handles, labels, loc="outside upper left", ncols=columns, handlelength=2.6)


def name_rows(axes: Axes, labels: Sequence[str], xlabel: str) -> None:
    """Name rows from top to bottom, without lines of the grid between them."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel=xlabel, ylim=(len(labels) - 0.5, -0.5))
    axes.grid(visible=False, axis="y")


def ink_on(colour: Any) -> str:
    """Black or white, whichever has more contrast on a colour of matplotlib's (WCAG relative luminance)."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"


def _at_home(tag: str, prefix: str) -> str:
    """An SVG tag with the page's ink and fonts, and with ids that no other figure has."""
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag.replace(INK, "currentColor"))
    return re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{prefix}", tag)


def finish(canvas: Canvas, alt: str, caption: str) -> Figure:
    """The finished figure of a drawing.

    Raises:
        ChemxlError: no alt text.
    """
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
