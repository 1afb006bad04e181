"""Route of the health of the system."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.web.context import record, site_of
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.who import Seer
from ctiqa.web.pages.system.facts import machine, store_facts
from ctiqa.web.pages.system.parts import parts_of

REFRESH_S = 30

router = APIRouter()


@router.get("/health")
def health(request: Request, who: Seer) -> HTMLResponse:
    """How each part is, and what to do; details only for those who may see all scans."""
    site = site_of(request)
    record(request, who.name, "view_health")
    now, is_whole = site.clock(), not who.where
    view, queue = site.scans.of(who), site.queue(who)
    parts = parts_of(site.config, site.health, now, is_whole=is_whole)
    context = {
        "facts": [*(machine(site, now) if is_whole else ()), *store_facts(view.frame)],
        "ill": [each for each in parts if each.state != "well"],
        "is_whole": is_whole,
        "parts": parts,
        "queue": queue.job_counts() if is_whole else None,
        "read": view.read,
        "refresh": REFRESH_S,
        "results": queue.delivery_counts() if is_whole else None,
    }
    return page("health.html.j2", context, who, current="/health")
