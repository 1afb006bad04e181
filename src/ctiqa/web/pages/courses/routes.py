"""Routes of trends and limits."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.trends.result import label_of
from ctiqa.web.context import record, site_of
from ctiqa.web.pages.courses.drawn import LATEST, protocol_part, trends_sections
from ctiqa.web.pages.courses.links import rows_of
from ctiqa.web.pages.parts.asked import UNKNOWN, Asked, asked, wrong
from ctiqa.web.pages.parts.choices import choices
from ctiqa.web.pages.parts.outliers import unusual
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.rows import COLUMNS, scan_rows
from ctiqa.web.pages.parts.who import Seer

CONDITIONS = {"protocol", "scanner", "since", "until"}

CHOSEN = ("protocol", "scanner")
"""Conditions that are chosen from a list."""

router = APIRouter()


@router.get("/trends")
def trends_now(request: Request, who: Seer) -> HTMLResponse:
    """Courses, limits, alarms and outliers."""
    site = site_of(request)
    record(request, who.name, "view_trends")
    wanted = _asked(request)
    view, state = site.scans.of(who), site.scans.trends_of(who)
    context = {
        "asked": wanted,
        "is_empty": view.frame.is_empty(),
        "selection": choices(view, wanted, CHOSEN),
        "state": state,
        "sections": trends_sections(view, state, wanted),
    }
    return page("trends_now.html.j2", context, who, current="/trends")


@router.get("/protocol")
def protocol(request: Request, who: Seer) -> HTMLResponse:
    """One protocol on one scanner."""
    site = site_of(request)
    record(request, who.name, "view_protocol")
    given = _asked(request)
    wanted = Asked(protocol=given.protocol or UNKNOWN, scanner=given.scanner or UNKNOWN)
    view, state = site.scans.of(who), site.scans.trends_of(who)
    odd, part = unusual(state), protocol_part(state, wanted)
    places = wanted.places(view.frame)
    names = [None if each == UNKNOWN else each for each in (wanted.protocol, wanted.scanner)]
    context = {
        "asked": wanted,
        "columns": COLUMNS,
        "label": label_of(*names),
        "latest": scan_rows(view.frame[places[:LATEST]], site.notes, odd),
        "n": len(places),
        "outliers": part and scan_rows(rows_of(view.frame, part.outliers), site.notes, odd),
        "part": part,
        "state": state,
    }
    return page("protocol.html.j2", context, who, current="/trends")


def _asked(request: Request) -> Asked:
    for key, value in request.query_params.items():
        if key not in CONDITIONS:
            raise wrong(key, value, "is not a condition of this page")
    return asked(request.query_params)
