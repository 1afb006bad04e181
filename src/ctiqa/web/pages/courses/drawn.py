"""Charts and tables of trends, drawn once for each set of conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.page.attention import shown_alarms, shown_violations
from ctiqa.trends.page.boxes import box_columns
from ctiqa.trends.page.choices import choices_of
from ctiqa.trends.page.course_drawing import drawing_of
from ctiqa.trends.page.outliers import MOST_ROWS
from ctiqa.trends.page.page import section_context
from ctiqa.trends.page.words import TITLES
from ctiqa.trends.result import Trends
from ctiqa.web.pages.courses.links import link_to
from ctiqa.web.pages.courses.part import limits_of, part_of
from ctiqa.web.pages.parts.asked import Asked
from ctiqa.web.pages.parts.rendering import fragment
from ctiqa.web.reading.view import ScanView, TrendsState

LATEST = 20
"""Scans and outliers of the page of a protocol."""


@dataclass(frozen=True, slots=True)
class Sections:
    """Sections of the page of trends.

    Attributes:
        trends: What they show.
        text: The sections.
        data: What the script draws, as JSON; empty if there is nothing to draw.
    """

    trends: Trends
    text: Markup
    data: Markup | str


@dataclass(frozen=True, slots=True)
class ProtocolPart:
    """What the trends say of one protocol and scanner.

    Attributes:
        text: Alarms, courses, distributions.
        outliers: Names of the worst outliers, the worst first.
        n_outliers: Number of all of them.
    """

    text: Markup
    outliers: tuple[ScanName, ...]
    n_outliers: int


def trends_sections(view: ScanView, state: TrendsState, wanted: Asked) -> Sections | None:
    """The sections of the page of trends; ``None`` if there are no trends yet.

    Args:
        view: The scans that the viewer sees.
        state: Their trends.
        wanted: Which of them are shown.
    """
    if (trends := state.trends) is None:
        return None
    return state.memo.get((trends_sections, wanted), lambda: _sections(view, state, trends, wanted))


def protocol_part(state: TrendsState, wanted: Asked) -> ProtocolPart | None:
    """What the trends say of one protocol and scanner; ``None`` if there are no trends yet."""
    if (trends := state.trends) is None:
        return None
    return state.memo.get((protocol_part, wanted), lambda: _protocol(state, trends, wanted))


def _sections(view: ScanView, state: TrendsState, trends: Trends, wanted: Asked) -> Sections:
    part = part_of(trends, wanted)
    link = link_to(view.frame, part, part.outliers[:MOST_ROWS])
    context: dict[str, Any] = section_context(part, limits_of(state.limits, wanted), link=link)
    text = fragment("trends_sections.html.j2", context)
    return Sections(part, text, context["data"] if part.groups else "")


def _protocol(state: TrendsState, trends: Trends, wanted: Asked) -> ProtocolPart:
    part, checked = part_of(trends, wanted), limits_of(state.limits, wanted)
    choices = choices_of(part)
    context = {
        "alarms": shown_alarms(part, choices),
        "boxes": box_columns(part.groups),
        "checked": checked,
        "courses": [drawing_of(chart) for chart in part.charts if chart.points],
        "groups": part.groups,
        "rest": "",
        "titles": TITLES,
        "violations": shown_violations(checked, choices),
    }
    worst = tuple((each.series_uid, each.content) for each in part.outliers[:LATEST])
    return ProtocolPart(fragment("protocol_part.html.j2", context), worst, len(part.outliers))
