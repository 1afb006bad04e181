"""Charts of a label audit, and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from ctiqa.evaluate.dose_relations import QUANTILES, Relation, Spread
from ctiqa.evaluate.label_audit.groups import CHALLENGE, STEPS_A_GRADE, Group
from ctiqa.evaluate.pages import html_page as page
from ctiqa.evaluate.pages.drawing import FAINT, PAGE_COLOURS, PALE, inline_svg, plot
from ctiqa.score.report.page.charts import across
from ctiqa.text.plain_text import clean
from ctiqa.types import SCORE_RANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAN = (260, 190)
"""Width and height of the chart of label against dose, in pixels."""


def histogram(counts: Sequence[int], width: float, height: float) -> Figure:
    """Histogram of labels in steps of the challenge, with the challenge's own as outline.

    Args:
        counts: Number of labels at every step.
        width: Width in pixels.
        height: Height in pixels.
    """
    shares, wanted = (np.array(each) / max(sum(each), 1) for each in (counts, CHALLENGE))
    most = max(shares.max(), wanted.max())
    step = 0.1 if most > 0.1 else 0.05
    levels = step * np.arange(1 + int(np.ceil(most / step - 1e-9)))
    figure, axes = plot(width, height)
    axes.bar(range(len(counts)), shares, 0.8, color=PAGE_COLOURS["blue"], alpha=PALE)
    edges = np.arange(len(counts) + 1) - 0.5
    axes.stairs(wanted, edges, color=PAGE_COLOURS["ink"], linewidth=1.5)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, levels[-1])
    axes.set_xticks([grade * STEPS_A_GRADE for grade in range(5)], [str(g) for g in range(5)])
    axes.set_yticks(levels, [f"{100 * level:.0f} %" for level in levels])
    return figure


def within(labels: Sequence[float]) -> tuple[float, ...]:
    """Labels as percentages of the scale, clipped to it."""
    return tuple(across(min(max(each, SCORE_RANGE[0]), SCORE_RANGE[1])) for each in labels)


def fan(rows: Sequence[Spread]) -> Figure:
    """Labels against falling dose: median, central 50 % and central 90 %."""
    quantiles = np.array([row.quantiles for row in rows]).reshape(-1, len(QUANTILES)).T
    low, lower, middle, upper, high = np.clip(quantiles, *SCORE_RANGE)
    places = range(len(rows))
    figure, axes = plot(*FAN)
    for bottom, top, opacity in ((low, high, FAINT), (lower, upper, PALE)):
        axes.fill_between(
            places, bottom, top, color=PAGE_COLOURS["blue"], alpha=opacity, linewidth=0
        )
    axes.plot(places, middle, color=PAGE_COLOURS["blue"], linewidth=2)
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.set_ylim(*SCORE_RANGE)
    axes.set_xticks(places, [row.name.replace(" %", "") for row in rows])
    axes.set_yticks(range(5), [str(grade) for grade in range(5)])
    return figure


def draw_labels(group: Group, name: str, width: float, height: float) -> Markup:
    """The histogram of a group, for the page."""
    by_grade = ", ".join(map(str, group.grades))
    return inline_svg(
        histogram(group.counts, width, height),
        name,
        f"Histogram of the labels: {clean(group.name)}",
        f"{sum(group.counts)} labels; by grade from 0 to 4: {by_grade}. "
        "The labels of the challenge, 0 to 4 in steps of 0.2, are outlined.",
    )


def draw_fall(relation: Relation, name: str) -> Markup:
    """Labels of a region against falling dose, for the page."""
    medians = ", ".join(f"{row.quantiles[2]:.1f} at {row.name}" for row in relation.rows)
    return inline_svg(
        fan(relation.rows),
        name,
        f"Label as the dose falls: {clean(relation.region)}",
        f"Median label: {medians}.",
    )


def render_charts(**context: object) -> str:
    """Render the page of an audit; all text is escaped."""
    return page.render_page("label_audit.html.j2", _FILTERS, challenge=CHALLENGE, **context)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": within,
    "draw_fall": draw_fall,
    "draw_labels": draw_labels,
}
