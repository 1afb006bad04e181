"""All scans, filtered, sorted and page by page."""

from __future__ import annotations

from typing import Any

import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.clinic.records.notes import ScanName
from ctiqa.web.context import record, site_of
from ctiqa.web.pages.parts.asked import SORTED_BY, Asked, asked
from ctiqa.web.pages.parts.choices import choices
from ctiqa.web.pages.parts.outliers import NAME, names_frame, unexplained, unusual
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.rows import COLUMNS, scan_rows
from ctiqa.web.pages.parts.who import Seer
from ctiqa.web.pages.parts.words import address

ROWS = 50
"""Scans of a page."""

CHOSEN = ("protocol", "scanner", "region", "flag")
"""Conditions that are chosen from a list."""

TEXTS_FIRST = ("protocol", "scanner", "region")
"""Columns that are first sorted upwards; numbers and days are first sorted downwards."""

router = APIRouter()


@router.get("/scans")
def scans(request: Request, who: Seer) -> HTMLResponse:
    """A list of scans."""
    site = site_of(request)
    record(request, who.name, "view_scans")
    wanted = asked(request.query_params)
    view, state = site.scans.of(who), site.scans.trends_of(who)
    places = wanted.places(view.frame)
    if wanted.unexplained:
        places = _among(view.frame, places, unexplained(site.store, state))
    first, n = ROWS * (wanted.page - 1), len(places)
    context = {
        "asked": wanted,
        "choices": choices(view, wanted, CHOSEN),
        "columns": COLUMNS,
        "first": first,
        "heads": _heads(wanted),
        "is_empty": view.frame.is_empty(),
        "n": n,
        "next": _page(wanted, wanted.page + 1) if ROWS * wanted.page < n else None,
        "previous": _page(wanted, wanted.page - 1) if wanted.page > 1 else None,
        "sorts": [(key, title) for key, title, _ in COLUMNS],
        "rows": scan_rows(view.frame[places[first : first + ROWS]], site.notes, unusual(state)),
        "trends_known": state.trends is not None,
    }
    return page("scans.html.j2", context, who, current="/scans")


def _among(frame: pl.DataFrame, places: pl.Series, scans: list[ScanName]) -> pl.Series:
    """Those of some rows that are of some scans."""
    names = frame.select(NAME)[places].with_columns(place=places)
    kept = names.join(names_frame(scans), on=NAME, how="semi", maintain_order="left")
    return kept["place"]


def _heads(wanted: Asked) -> dict[str, dict[str, str]]:
    """By column, how it is sorted now, and where a click on it leads."""
    return {
        key: {
            "sorted": _direction(wanted.order) if key == wanted.sort else "",
            "address": address(
                "/scans", **wanted.facts(sort=key, order=_turn(wanted, key), page=1)
            ),
        }
        for key in SORTED_BY
    }


def _direction(order: str) -> str:
    return "ascending" if order == "up" else "descending"


def _turn(wanted: Asked, key: str) -> str:
    if key == wanted.sort:
        return "up" if wanted.order == "down" else "down"
    return "up" if key in TEXTS_FIRST else "down"


def _page(wanted: Asked, number: int) -> Any:
    return address("/scans", **wanted.facts(page=number))
