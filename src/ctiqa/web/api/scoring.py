"""``POST /score``: one series in, its report out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ctiqa.web.api.callers import Uploader, check_browser
from ctiqa.web.api.models import ProblemOut
from ctiqa.web.context import record, site_of
from ctiqa.web.problems import ProblemError

router = APIRouter(tags=["score"])

SCORE = "/score"

BINARY = {"schema": {"type": "string", "format": "binary"}}

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One CT series: a ZIP archive, files, or one DICOM file",
        "content": {
            "application/zip": BINARY,
            "application/dicom": BINARY,
            "multipart/form-data": {"schema": {"type": "object"}},
            "multipart/related": {"schema": {"type": "object"}},
        },
    }
}

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report of `ctiqa score --out report.json`",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    **{
        status: {"model": ProblemOut, "description": text}
        for status, text in (
            (401, "No token with the scope score"),
            (403, "The token has another scope"),
            (413, "The upload is too large, also after unpacking"),
            (415, "Not a type that can be scored"),
            (422, "Nothing can be scored, or it is several series; `reasons` has codes"),
            (503, "Other uploads are being scored; see Retry-After"),
        )
    },
}


@router.post(
    SCORE,
    summary="Score one series",
    openapi_extra=BODY,
    responses=ANSWERS,
    response_class=Response,
)
async def score_series(request: Request, who: Uploader) -> Response:
    """The report of one series; nothing of it is stored."""
    site = site_of(request)
    check_browser(request, who)
    await run_in_threadpool(record, request, who.name, "score")
    try:
        with site.uploads.turn():
            report = await site.uploads.report(
                request.stream(), request.headers.get("content-type", ""), request.is_disconnected
            )
    except ProblemError as error:
        site.meters.upload(error.problem.code)
        raise
    site.meters.upload("scored")
    return Response(report, media_type="application/json")
