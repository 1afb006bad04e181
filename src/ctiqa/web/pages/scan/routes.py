"""Routes of the page of a scan: the page, its pictures, and notes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ctiqa.clinic.records.notes import MOST_NOTE
from ctiqa.score.maps.colours import LIMITS_HU
from ctiqa.web.context import record, site_of
from ctiqa.web.pages.parts.fields import text_of
from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.pages.parts.who import CheckedForm, Reviewer, Seer
from ctiqa.web.pages.parts.words import address, scan_address
from ctiqa.web.pages.scan.context import scan_context
from ctiqa.web.pages.scan.picture import GONE, KINDS, Pictures, Wanted
from ctiqa.web.pages.scan.stored import slices_of, stored_scan, worst_slice
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.security.viewer import Viewer

NO_SCAN = Problem(
    404,
    "no_such_scan",
    "there is no such scan, or you may not see it",
    "look for it in the list of scans",
)

router = APIRouter()


@router.get("/scan/{scan}")
def one_scan(request: Request, scan: str, who: Seer) -> HTMLResponse:
    """One scan with everything that is known about it."""
    site = site_of(request)
    row = _row(request, who, scan)
    record(request, who.name, "view_scan", row["series_uid"])
    context = scan_context(site, site.scans.of(who), site.scans.trends_of(who), row)
    worst = worst_slice(context["verdict"])
    is_there = worst is not None and pictures_of(request).is_there(row["series_uid"])
    shown = {
        "done": request.query_params.get("done") == "note",
        "map_limits": LIMITS_HU,
        "most_note": MOST_NOTE,
        "pictures": [(kind, f"/picture/{scan}/{kind}.png") for kind in KINDS] if is_there else [],
        "protocol_address": address(
            "/protocol", protocol=row["protocol"], scanner=row["station"] or row["model"]
        ),
        "scan": scan,
        "worst": worst,
    }
    return page("scan.html.j2", context | shown, who, current="/scans")


@router.get("/picture/{scan}/{kind}.png")
def picture(request: Request, scan: str, kind: str, who: Seer) -> Response:
    """A picture of the worst slice of a scan."""
    site = site_of(request)
    row = _row(request, who, scan)
    slices = slices_of(site.store, row)
    worst = worst_slice(stored_scan(row, slices))
    if worst is None or kind not in KINDS:
        raise ProblemError(GONE)
    record(request, who.name, "view_picture", row["series_uid"])
    wanted = Wanted(scan, row["series_uid"], worst, slices.height)
    made = pictures_of(request).get(wanted, "map" if kind == "map" else "slice", site.store.privacy)
    return Response(made, media_type="image/png")


@router.post("/scan/{scan}/note")
def write_note(
    request: Request,
    scan: str,
    form: CheckedForm,
    who: Reviewer,
) -> RedirectResponse:
    """Write a note on a scan, and perhaps explain what is unusual."""
    site = site_of(request)
    row = _row(request, who, scan)
    # Browsers send an end of line as two characters, which the counter of the form does not count.
    text = " ".join(text_of(form, "note", 2 * MOST_NOTE).split())
    name = (row["series_uid"], row["content"])
    site.notes.write(name, text, author=who.name, is_explained=form.get("explained") == "yes")
    site.moments.clear()
    record(request, who.name, "write_note", row["series_uid"])
    return RedirectResponse(f"{scan_address(scan)}?done=note#notes", 303)


def pictures_of(request: Request) -> Pictures:
    """What makes the pictures of this site; made when the first one is wanted."""
    state = request.app.state
    if not hasattr(state, "pictures"):
        state.pictures = Pictures(site_of(request).config)
    found: Pictures = state.pictures
    return found


def _row(request: Request, who: Viewer, scan: str) -> dict[str, Any]:
    row = site_of(request).scans.of(who).one(scan)
    if row is None:
        raise ProblemError(NO_SCAN)
    return row
