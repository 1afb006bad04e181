"""All scans, filtered, sorted and page by page."""

from __future__ import annotations

from typing import Any

import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.web.context import Site, record, site_of
from ctiqa.web.pages.parts.asked import SORTED_BY, UNKNOWN, Asked, asked
from ctiqa.web.pages.parts.outliers import unusual
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.rows import (
    COLUMNS,
    SCANNER,
    current,
    explained_scans,
    scan_rows,
    texts_of,
)
from ctiqa.web.pages.parts.who import Seer
from ctiqa.web.pages.parts.words import address, flag_name

ROWS = 50
"""Scans of a page."""

MOST_CHOICES = 200
"""Texts of a list to choose from, the most frequent ones."""

TEXTS_FIRST = ("protocol", "scanner", "region")
"""Columns that are first sorted upwards; numbers and days are first sorted downwards."""

router = APIRouter()


@router.get("/scans")
def scans(request: Request, who: Seer) -> HTMLResponse:
    """A list of scans."""
    site = site_of(request)
    record(request, who.name, "view_scans")
    wanted = asked(request.query_params)
    state = site.scans.trends_of(who)
    odd = unusual(state)
    frame = current(site.scans.of(who).frame)
    found = wanted.rows(frame)
    if wanted.unexplained:
        found = _unexplained(site, found, list(odd))
    first = ROWS * (wanted.page - 1)
    shown = wanted.sorted(found)[first : first + ROWS]
    context = {
        "asked": wanted,
        "choices": _choices(frame, wanted),
        "columns": COLUMNS,
        "first": first,
        "heads": _heads(wanted),
        "n": found.height,
        "next": _next(wanted, found.height),
        "previous": _page(wanted, wanted.page - 1) if wanted.page > 1 else None,
        "sorts": [(key, title) for key, title, _ in COLUMNS],
        "rows": scan_rows(shown, site.notes, odd),
        "trends_known": state.trends is not None,
    }
    return page("scans.html.j2", context, who, current="/scans")


def _unexplained(site: Site, found: pl.DataFrame, odd: list[tuple[str, str]]) -> pl.DataFrame:
    """Outliers that no reviewer has explained."""
    explained = explained_scans(site.notes, odd)
    names = [scan for scan in odd if scan not in explained]
    left = pl.DataFrame(
        {"series_uid": [each[0] for each in names], "content": [each[1] for each in names]},
        schema={"series_uid": pl.String, "content": pl.String},
    )
    return found.join(left, on=["series_uid", "content"], how="semi")


def _choices(frame: pl.DataFrame, wanted: Asked) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, as (value, text); what is chosen is always there."""
    columns = {"protocol": pl.col("protocol"), "scanner": SCANNER, "region": pl.col("region")}
    found = {name: texts_of(frame, column, MOST_CHOICES) for name, column in columns.items()}
    choices = {
        name: [(each, each) for each in _with([*texts, UNKNOWN], getattr(wanted, name))]
        for name, texts in found.items()
    }
    flags = frame.select(pl.col("scan_flags").drop_nulls().unique()).to_series()
    codes = flags.str.extract_all(r'"[^"\\]+"').explode().drop_nulls().unique().str.strip_chars('"')
    known = _with(sorted(codes.to_list()), wanted.flag)
    return choices | {"flag": [(code, flag_name(code)) for code in known]}


def _with(texts: list[str], chosen: str | None) -> list[str]:
    return texts if chosen is None or chosen in texts else [chosen, *texts]


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


def _sorted_by(wanted: Asked, key: str) -> str:
    return address("/scans", **wanted.facts(sort=key, order=_turn(wanted, key), page=1))


def _direction(order: str) -> str:
    return "ascending" if order == "up" else "descending"


def _turn(wanted: Asked, key: str) -> str:
    if key == wanted.sort:
        return "up" if wanted.order == "down" else "down"
    return "up" if key in TEXTS_FIRST else "down"


def _next(wanted: Asked, n: int) -> str | None:
    return _page(wanted, wanted.page + 1) if ROWS * wanted.page < n else None


def _page(wanted: Asked, number: int) -> Any:
    return address("/scans", **wanted.facts(page=number))
