"""Routes of the first page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from ctiqa.clinic.config.checks.ports import is_loopback
from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.result import Outlier
from ctiqa.web.context import Site, record, site_of
from ctiqa.web.pages.parts.asked import day_of, wrong
from ctiqa.web.pages.parts.fields import text_of
from ctiqa.web.pages.parts.outliers import unusual
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.rows import COLUMNS, SCANNER, counted, scan_rows
from ctiqa.web.pages.parts.who import CheckedForm, Reviewer, Seer
from ctiqa.web.pages.today.attention import concerns, of_queue
from ctiqa.web.pages.today.days import Day, day_between
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.reading.queue import Queue

MOST_NEWEST = 15
"""Rows of the newest scans."""

MOST_STATIONS = 12

MOST_LISTED = 50
"""Rows of a list of failed work."""

MOST_REASONS = 20

MOST_NAME = 128
"""Longest name of a series, in characters."""

REFRESH_S = 60
"""Time between two looks at the page, in seconds."""

router = APIRouter()


@router.get("/")
def today(request: Request, who: Seer) -> HTMLResponse:
    """What came on a day, the queue, and what needs attention."""
    site = site_of(request)
    record(request, who.name, "view_today")
    day, refresh, done = _asked(request.query_params, site.clock())
    view, state = site.scans.of(who), site.scans.trends_of(who)
    queue = site.lately((_queue, who.where, day), lambda: _queue(site.queue(who), day))
    found = site.lately((concerns, who.where, day), lambda: concerns(site, who, state, day.date))
    context = {
        "columns": COLUMNS,
        "concerns": [*of_queue(queue), *found],
        "computing": state.trends is None and state.failure is None,
        "day": day,
        "done": done,
        "failure": state.failure,
        "is_empty": view.frame.is_empty(),
        "is_local": is_loopback(site.config.listen.host),
        "is_whole": not who.where,
        "listen": site.config.listen,
        "quiet_seconds": site.config.score.quiet_seconds,
        "queue": queue,
        "refresh": REFRESH_S if refresh and day.is_today else 0,
        **_of_day(site, view.frame, day, unusual(state)),
    }
    return page("today.html.j2", context, who, current="/")


@router.post("/again/series")
def score_again(
    request: Request,
    form: CheckedForm,
    who: Reviewer,
) -> RedirectResponse:
    """Score a series once more that was set aside."""
    site = site_of(request)
    series = text_of(form, "series", MOST_NAME)
    if not site.queue(who).has(series) or not site.jobs.try_again(series):
        raise ProblemError(_nothing_to_repeat())
    site.moments.clear()
    record(request, who.name, "score_again", series)
    return RedirectResponse("/?done=series#failed", 303)


@router.post("/again/result")
def send_again(
    request: Request,
    form: CheckedForm,
    who: Reviewer,
) -> RedirectResponse:
    """Send a result once more that was given up."""
    site = site_of(request)
    series, delivery = text_of(form, "series", MOST_NAME), text_of(form, "delivery", 9)
    found = site.deliveries.of_series(series) if site.queue(who).has(series) else []
    theirs = {str(each.id) for each in found}
    if delivery not in theirs or not site.deliveries.try_again(int(delivery)):
        raise ProblemError(_nothing_to_repeat())
    site.moments.clear()
    record(request, who.name, "send_again", series)
    return RedirectResponse("/?done=result#undelivered", 303)


DONE: Mapping[str, str] = {
    "series": "The series waits to be scored once more.",
    "result": "The result waits to be sent once more.",
}
"""What the page says after something was tried again."""


def _asked(query: Mapping[str, str], now: datetime) -> tuple[Day, bool, str]:
    """Day, whether the page is loaded again, and what was done before."""
    for key, value in query.items():
        if key not in {"day", "refresh", "done"}:
            raise wrong(key, value, "is not a condition of this page")
    day = query.get("day", "")
    asked = day_of("day", day) if day else now.astimezone().date()
    return (
        day_between(asked, now),
        query.get("refresh") != "off",
        DONE.get(query.get("done", ""), ""),
    )


def _queue(queue: Queue, day: Day) -> dict[str, Any]:
    """The queue now, and what came on a day."""
    waiting = [each for each in queue.deliveries("waiting", MOST_LISTED) if each.error]
    return {
        "aside": queue.jobs("aside", MOST_LISTED),
        "counts": queue.job_counts(("open", "waiting", "running", "aside")),
        "deliveries": queue.delivery_counts(("waiting", "failed")),
        "received": queue.received(day.start, day.end),
        "undelivered": [*queue.deliveries("failed", MOST_LISTED), *waiting],
        "unscored": queue.unscored(day.start, day.end).most_common(MOST_REASONS),
    }


def _of_day(
    site: Site, frame: pl.DataFrame, day: Day, odd: Mapping[ScanName, Outlier]
) -> dict[str, Any]:
    """The scans of a day: how many, by station, and the newest."""
    stored = pl.col("stored")
    scored = frame.filter("current", stored >= day.start, stored < day.end)
    stations = list(counted(scored, SCANNER))
    return {
        "last_day": frame["stored"][0].astimezone().date() if frame.height else None,
        "more_stations": max(0, len(stations) - MOST_STATIONS),
        "n_scored": scored.height,
        "n_without": int(scored["score"].is_null().sum()),
        "newest": scan_rows(scored.head(MOST_NEWEST), site.notes, odd),
        "stations": stations[:MOST_STATIONS],
    }


def _nothing_to_repeat() -> Problem:
    return Problem(
        404,
        "nothing_to_repeat",
        "there is nothing of this name that has failed",
        "go back to the first page, which shows what has failed now",
    )
