"""Drawings of the pages: matplotlib's, as inline SVG in the colours of the page.

The same figure always gives the same text: no date, no random identifiers.
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
"""Colours of a page by daylight, as in ``report.css``; the page has others for the dark."""

FONT_SIZE = 12
"""Of all words, in units of a figure, which are pixels of a page that is wide enough."""

PALE, FAINT = 0.45, 0.16
"""Opacity of what there is much of, and of what lies behind it."""

UNITS_PER_INCH = 72
"""Of matplotlib's SVG."""

SUPERFLUOUS = (
    r"<metadata>.*?</metadata>",
    r"<!--.*?-->",
    r"<style.*?</style>",
    r' id="[\w.]+_\w+"',
    r"<g/>",
    r"font-family: [^;\"]*; ",
)
"""Parts of matplotlib's SVG that a page needs not, or must not have: its maker, rules for the whole
page, names of groups, which are alike in every figure and which nothing refers to, its fonts."""

DOT_SIZE = 4
"""Diameter of a dot in units of a figure."""


def plot(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one plot that has horizontal lines alone.

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
    """One dot a pair, all of them one path: lines of no length with round ends."""
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
    """A figure as an SVG element that takes the width and the colours of the page around it.

    Args:
        figure: The figure.
        name: Its identifier on the page.
        title: What it shows.
        description: What there is to see, for those who cannot see it.
    """
    from matplotlib import rc_context  # noqa: PLC0415 - slow to import

    # Clipping takes a mask with a name; all that is drawn lies inside.
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
    # Every part was made here or by matplotlib, which escapes the words of a figure.
    return Markup(  # noqa: S704
        f'<svg class="drawing" role="img" viewBox="{box}" stroke-linejoin="round" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{inside}'
    )
