"""Routes of trends and limits."""

from __future__ import annotations

from typing import Any

import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.page.attention import shown_alarms, shown_violations
from ctiqa.trends.page.boxes import box_columns
from ctiqa.trends.page.choices import choices_of
from ctiqa.trends.page.course_drawing import drawing_of
from ctiqa.trends.page.outliers import MOST_ROWS
from ctiqa.trends.page.page import section_context
from ctiqa.trends.page.words import TITLES
from ctiqa.trends.result import Outlier, Trends, label_of
from ctiqa.web.context import Site, record, site_of
from ctiqa.web.pages.courses.links import link_to
from ctiqa.web.pages.courses.part import limits_of, part_of
from ctiqa.web.pages.parts.asked import UNKNOWN, Asked, asked, wrong
from ctiqa.web.pages.parts.outliers import unusual
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.rows import COLUMNS, SCANNER, current, scan_rows, texts_of
from ctiqa.web.pages.parts.who import Seer
from ctiqa.web.reading.view import ScanView, TrendsState

CONDITIONS = {"protocol", "scanner", "since", "until"}

MOST_CHOICES = 200

LATEST = 20
"""Scans and outliers of the page of a protocol."""

router = APIRouter()


@router.get("/trends")
def trends_now(request: Request, who: Seer) -> HTMLResponse:
    """Courses, limits, alarms and outliers."""
    site = site_of(request)
    record(request, who.name, "view_trends")
    wanted = _asked(request)
    view, state = site.scans.of(who), site.scans.trends_of(who)
    context = {"asked": wanted, "selection": _choices(view.frame, wanted), "state": state}
    sections = _sections(view, state, wanted)
    return page("trends_now.html.j2", context | sections, who, current="/trends")


@router.get("/protocol")
def protocol(request: Request, who: Seer) -> HTMLResponse:
    """One protocol on one scanner."""
    site = site_of(request)
    record(request, who.name, "view_protocol")
    given = _asked(request)
    wanted = Asked(protocol=given.protocol or UNKNOWN, scanner=given.scanner or UNKNOWN)
    view, state = site.scans.of(who), site.scans.trends_of(who)
    odd = unusual(state)
    frame = wanted.rows(current(view.frame))
    names = [None if each == UNKNOWN else each for each in (wanted.protocol, wanted.scanner)]
    context = {
        "asked": wanted,
        "columns": COLUMNS,
        "label": label_of(*names),
        "latest": scan_rows(frame.head(LATEST), site.notes, odd),
        "n": frame.height,
        "part": state.trends and _one_protocol(site, frame, part_of(state.trends, wanted), odd),
        "checked": limits_of(state.limits, wanted),
        "state": state,
        "titles": TITLES,
        "rest": "",
    }
    shown = {"violations": _violations(context, state, wanted)}
    return page("protocol.html.j2", context | shown, who, current="/trends")


def _asked(request: Request) -> Asked:
    for key, value in request.query_params.items():
        if key not in CONDITIONS:
            raise wrong(key, value, "is not a condition of this page")
    return asked(request.query_params)


def _choices(frame: pl.DataFrame, wanted: Asked) -> dict[str, list[tuple[str, str]]]:
    columns = {"protocol": pl.col("protocol"), "scanner": SCANNER}
    found = {}
    for name, column in columns.items():
        texts = [*texts_of(frame, column, MOST_CHOICES), UNKNOWN]
        chosen = getattr(wanted, name)
        texts = texts if chosen is None or chosen in texts else [chosen, *texts]
        found[name] = [(each, each) for each in texts]
    return found


def _sections(view: ScanView, state: TrendsState, wanted: Asked) -> dict[str, Any]:
    """What the sections of the page of trends show; nothing if there are no trends yet."""
    if state.trends is None:
        return {}
    part = part_of(state.trends, wanted)
    link = link_to(view.frame, part, part.outliers[:MOST_ROWS])
    return section_context(part, limits_of(state.limits, wanted), link=link)


def _one_protocol(
    site: Site, frame: pl.DataFrame, part: Trends, odd: dict[ScanName, Outlier]
) -> dict[str, Any]:
    """Courses, distributions and outliers of one protocol and scanner."""
    names = [(each.series_uid, each.content) for each in part.outliers[:LATEST]]
    mine = pl.DataFrame(
        {"series_uid": [each[0] for each in names], "content": [each[1] for each in names]},
        schema={"series_uid": pl.String, "content": pl.String},
    )
    rows = mine.join(frame, on=["series_uid", "content"], how="inner", maintain_order="left")
    return {
        "alarms": shown_alarms(part, choices_of(part)),
        "boxes": box_columns(part.groups),
        "courses": [drawing_of(chart) for chart in part.charts if chart.points],
        "groups": part.groups,
        "n_outliers": len(part.outliers),
        "outliers": scan_rows(rows, site.notes, odd),
    }


def _violations(context: dict[str, Any], state: TrendsState, wanted: Asked) -> list[Any]:
    if state.trends is None:
        return []
    return shown_violations(context["checked"], choices_of(part_of(state.trends, wanted)))
