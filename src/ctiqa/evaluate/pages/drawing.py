"""Drawings of the pages: matplotlib figures as inline SVG in the colours of the page.

The output is deterministic: no date, no random identifiers.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ctiqa.types import Floats


PAGE_COLOURS = {
    "ink": "#17212b",
    "soft": "#55626f",
    "rule": "#d5dbe1",
    "blue": "#1d5a86",
    "rust": "#a3401f",
}
"""Light-theme colours of a page, as in ``report.css``."""

FONT_SIZE = 12
"""Font size in units of a figure: pixels, if the page is wide enough."""

PALE, FAINT = 0.45, 0.16
"""Opacity of dense marks, and of what lies behind them."""

UNITS_PER_INCH = 72
"""Units of matplotlib's SVG."""

SUPERFLUOUS = (
    r"<metadata>.*?</metadata>",
    r"<!--.*?-->",
    r"<style.*?</style>",
    r' id="[\w.]+_\w+"',
    r"<g/>",
    r"font-family: [^;\"]*; ",
)
"""Parts of matplotlib's SVG to remove: metadata, style rules (they would apply to the whole page),
unused group identifiers (the same in every figure), and fonts."""

DOT_SIZE = 4
"""Diameter of a dot in units of a figure."""


def plot(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one plot and horizontal grid lines only.

    Args:
        width: Width in pixels.
        height: Height in pixels.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(width / UNITS_PER_INCH, height / UNITS_PER_INCH), layout="constrained")
    axes = figure.subplots()
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    axes.grid(axis="y", color=PAGE_COLOURS["rule"], linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=6, labelsize=FONT_SIZE, labelcolor=PAGE_COLOURS["soft"])
    return figure, axes


def dots(axes: Axes, x: Floats, y: Floats) -> None:
    """One dot per pair, all in one path of zero-length lines with round caps."""
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - slow to import
    from matplotlib.path import Path  # noqa: PLC0415 - slow to import

    places = np.repeat(np.column_stack([x, y]), 2, axis=0)
    path = Path(places, [Path.MOVETO, Path.LINETO] * len(x))
    path.should_simplify = False
    look = {"linewidth": DOT_SIZE, "alpha": PALE}
    axes.add_patch(
        PathPatch(path, fill=False, edgecolor=PAGE_COLOURS["blue"], capstyle="round", **look)
    )


def inline_svg(figure: Figure, name: str, title: str, description: str) -> Markup:
    """A figure as an SVG element with the width and the colours of the surrounding page.

    Args:
        figure: The figure.
        name: Its identifier on the page.
        title: What it shows.
        description: Text alternative.
    """
    from matplotlib import rc_context  # noqa: PLC0415 - slow to import

    # Clipping would add named masks; everything drawn lies inside the axes.
    for artist in figure.findobj():
        artist.set_clip_on(False)
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    for part in SUPERFLUOUS:
        text = re.sub(part, "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    text = re.sub(r"\s+", " ", text).replace("xlink:href", "href")
    for colour, value in PAGE_COLOURS.items():
        text = text.replace(value, f"var(--{colour})")
    (box,) = re.findall(r'viewBox="([^"]*)"', text)
    inside = text[text.index(">", text.index("<svg")) + 1 :]
    # Every part comes from here or from matplotlib, which escapes the text of a figure.
    return Markup(  # noqa: S704
        f'<svg class="drawing" role="img" viewBox="{box}" stroke-linejoin="round" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{inside}'
    )
