"""Route of the health of the system."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.web.context import record, site_of
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.who import Seer
from ctiqa.web.pages.system.facts import facts_of
from ctiqa.web.pages.system.parts import parts_of

REFRESH_S = 30

router = APIRouter()


@router.get("/health")
def health(request: Request, who: Seer) -> HTMLResponse:
    """How each part is, and what to do."""
    site = site_of(request)
    record(request, who.name, "view_health")
    now = site.clock()
    view = site.scans.of(who)
    parts = parts_of(site.config, site.health, now)
    context = {
        "facts": facts_of(site.config, site.store, view.frame, now),
        "ill": [each for each in parts if each.state != "well"],
        "parts": parts,
        "queue": site.jobs.counts(),
        "read": view.read,
        "refresh": REFRESH_S,
        "results": site.deliveries.counts(),
    }
    return page("health.html.j2", context, who, current="/health")
