"""JSON for programs, below ``/api/v1``; ``POST /score``; metrics and probes."""

from __future__ import annotations

from fastapi import APIRouter

from ctiqa.web.api import courses, documentation, metrics, probes, scans, scoring, system
from ctiqa.web.api.models import ProblemOut

PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": ProblemOut, "description": text}
    for status, text in (
        (400, "A parameter breaks a rule"),
        (401, "No token, or no login"),
        (403, "The token or user may not do this"),
        (404, "There is no such thing, or the caller may not see it"),
        (422, "A parameter has the wrong form"),
        (503, "The database cannot be reached"),
    )
}

v1 = APIRouter(prefix="/api/v1", responses=PROBLEMS)
for part in (scans, system, courses):
    v1.include_router(part.router)

router = APIRouter()
router.include_router(v1)
for part in (scoring, metrics, probes, documentation):
    router.include_router(part.router)
