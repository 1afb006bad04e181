"""Whether the server works, for whoever watches it; no login, no details."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse

from ctiqa.errors import CtiqaError
from ctiqa.web.api.metrics import EVERYTHING
from ctiqa.web.context import Site, site_of

router = APIRouter(tags=["system"])

DATABASE = "database"


@router.get("/healthz", summary="Whether all parts work")
def healthz(request: Request) -> JSONResponse:
    """200 if the database answers and no part is down; else 503 with the parts that are down."""
    down = parts_down(site_of(request))
    return JSONResponse({"ok": not down, **({"down": down} if down else {})}, 503 if down else 200)


@router.get("/readyz", summary="Whether the server answers requests")
def readyz(request: Request) -> JSONResponse:
    """200 once the scans are read and the database answers."""
    try:
        site_of(request).scans.of(EVERYTHING)
        _ask(site_of(request))
    except CtiqaError:
        return JSONResponse({"ok": False, "down": [DATABASE]}, 503)
    return JSONResponse({"ok": True})


def parts_down(site: Site) -> list[str]:
    """Names of the parts that say that they do not work, or that say nothing."""
    try:
        _ask(site)
        health = site.health
        return [sign.part for sign in health.signs() if not sign.is_well or health.is_silent(sign)]
    except CtiqaError:
        return [DATABASE]


def _ask(site: Site) -> None:
    with site.store.reading() as connection:
        connection.execute(select(1))
