"""Trends as one self-contained HTML page for screen, phone and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from ctiqa.score.report.facts import NOTICE
from ctiqa.score.report.page.templating import render_template
from ctiqa.trends.page.attention import shown_alarms, shown_violations
from ctiqa.trends.page.boxes import box_columns
from ctiqa.trends.page.choices import Choices, choices_of
from ctiqa.trends.page.course_drawing import drawing_of
from ctiqa.trends.page.courses import course_data
from ctiqa.trends.page.embedded import HERE, as_json, content_policy, script, style
from ctiqa.trends.page.outliers import MOST_ROWS, outlier_rows
from ctiqa.trends.page.scatter import (
    DOSES,
    QUALITIES,
    Sample,
    lines_data,
    sample_of,
    scatter_data,
)
from ctiqa.trends.page.scatter_drawing import MOST_DOTS, scatter_drawings
from ctiqa.trends.page.words import TITLES, number, quantity, sentence
from ctiqa.trends.result import ControlChart, Outlier, Trends
from ctiqa.version import __version__

if TYPE_CHECKING:
    from ctiqa.trends.limits import LimitsChecked

TEMPLATES = HERE / "templates"

MOST_DRAWINGS = 6
"""Charts of a kind for readers without the script; as many as the script shows at once."""

MEASURES = ("noise", "score", "dose")
"""Measures of the courses, in the order in which they can be chosen."""


def trends_page(
    trends: Trends,
    limits: LimitsChecked | None = None,
    thumbnails: Mapping[str, bytes | str] | None = None,
    *,
    command: str = "",
    created: datetime | None = None,
) -> str:
    """The page, which needs no other file and no network.

    It shows what needs attention, the courses with their control limits, quality against dose,
    distributions, what is left out, and how all of it is computed. Charts are interactive; without
    scripts, the most important ones are drawings. The page of 500 scans takes 0.3 MB, that of
    50,000 scans from 1 MB (by week) to 9 MB (by day, of 500 protocols and scanners).

    Args:
        trends: Trends of an archive.
        limits: Outcome of a check of limits; ``None`` if there are none.
        thumbnails: Pictures of outliers by series UID as stored, each the bytes of a PNG or a
            ``data:`` URI of one, of at most 100 kB. The worst outliers come first, until 3 MB.
        command: Command that was run; empty if there was none.
        created: Time that the page states; now if ``None``.

    Returns:
        HTML 5.

    Raises:
        UsageError: If a thumbnail is not a PNG, or is too large.
    """
    context = {
        "created": created or datetime.now().astimezone(),
        "notice": NOTICE,
        "policy": content_policy([script()], [style()]),
        "script": script(),
        "style": style(),
        "version": __version__,
        **section_context(trends, limits, thumbnails),
        "command": command,
    }
    return render_template("trends.html.j2", FILTERS, context, TEMPLATES)


def section_context(
    trends: Trends,
    limits: LimitsChecked | None = None,
    thumbnails: Mapping[str, bytes | str] | None = None,
    link: Callable[[Outlier], str] | None = None,
) -> dict[str, Any]:
    """What the templates of the sections show, in this page or in another one.

    Args:
        trends: Trends of an archive.
        limits: Outcome of a check of limits; ``None`` if there are none.
        thumbnails: Pictures of outliers, as for :func:`trends_page`.
        link: Address of the page of an outlier; ``None`` for a page on its own, which stands in a
            folder with tables.

    Raises:
        UsageError: If a thumbnail is not a PNG, or is too large.
    """
    return {
        "checked": limits,
        "command": "",
        "facts": _facts(trends),
        "link": link,
        "rest": "" if link else "; trends.json has all",
        "titles": TITLES,
        "trends": trends,
        **_parts(trends, limits, thumbnails or {}),
    }


def _parts(
    trends: Trends, limits: LimitsChecked | None, thumbnails: Mapping[str, bytes | str]
) -> dict[str, Any]:
    """What the sections show."""
    choices = choices_of(trends)
    violations = shown_violations(limits, choices)
    if not trends.groups:
        return {"shown_violations": violations}
    sample = sample_of(trends, choices)
    outliers = outlier_rows(trends, choices, thumbnails)
    groups = trends.groups[:MOST_ROWS]
    courses = [chart for chart in _ordered(trends.charts, choices) if chart.points]
    noises = [chart for chart in courses if chart.measure == "noise"][:MOST_DRAWINGS]
    return {
        "alarms": shown_alarms(trends, choices),
        "choices": choices,
        "courses": courses,
        "columns": box_columns(groups),
        "data": as_json(_data(trends, choices, courses, sample)),
        "doses": DOSES,
        "drawings": [drawing_of(chart) for chart in noises],
        "groups": groups,
        "measures": MEASURES,
        "most_dots": MOST_DOTS,
        "outliers": outliers,
        "pictured": sum(row.picture is not None for row in outliers),
        "qualities": QUALITIES,
        "sample": sample,
        "scatters": scatter_drawings(trends, choices, sample, MOST_DRAWINGS),
        "shown_violations": violations,
    }


def _data(
    trends: Trends, choices: Choices, courses: Sequence[ControlChart], sample: Sample
) -> dict[str, Any]:
    """What the script needs."""
    return {
        "courses": [course_data(chart, choices) for chart in courses],
        "groups": [{"title": group.label, **choices.of_group(group)} for group in trends.groups],
        "lines": lines_data(trends, choices),
        "pairs": choices.of_pairs(),
        "scatters": sample.groups,
        "scatter": scatter_data(trends, choices, sample),
    }


def _ordered(charts: Sequence[ControlChart], choices: Choices) -> list[ControlChart]:
    """Those with alarms first."""
    return sorted(charts, key=lambda chart: choices.pairs[chart.protocol, chart.scanner])


def _facts(trends: Trends) -> list[tuple[str, str]]:
    """What the page was made from, as (label, text)."""
    digest = trends.model_digest
    model = f"{trends.model} ({digest[:12]})" if trends.model and digest else trends.model
    days = f"{trends.first} to {trends.last}" if trends.first else "unknown"
    found = [("Scans", f"{trends.n:,}"), ("Days", days), ("Store", trends.store), ("Model", model)]
    return [(label, text) for label, text in found if text]


def _attributes(facts: Mapping[str, int | str]) -> Markup:
    """Numbers as ``data-`` attributes of an element."""
    return Markup("").join(
        Markup(' data-{}="{}"').format(escape(name), value) for name, value in facts.items()
    )


FILTERS: Mapping[str, Callable[..., Any]] = {
    "attributes": _attributes,
    "number": number,
    "quantity": quantity,
    "sentence": sentence,
}
"""Filters that the templates use."""
