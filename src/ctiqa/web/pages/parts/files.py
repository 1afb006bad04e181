"""Style sheet and scripts, under addresses that change with their content."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ctiqa.trends.page.embedded import script, style
from ctiqa.web.problems import Problem, ProblemError

STATIC = Path(__file__).parents[2] / "static"

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}

router = APIRouter()


@cache
def contents() -> Mapping[str, bytes]:
    """All files, by name."""
    return MappingProxyType(
        {
            "site.css": (str(style()) + _own("site.css")).encode(),
            "site.js": _own("site.js").encode(),
            "trends.js": script().encode(),
        }
    )


@cache
def addresses() -> Mapping[str, str]:
    """Addresses of the style sheet (``style``), of the script of all pages, and of the trends."""
    names = {"style": "site.css", "script": "site.js", "trends": "trends.js"}
    return MappingProxyType({key: f"/static/{_digest(name)}/{name}" for key, name in names.items()})


@router.get("/static/{digest}/{name}")
def static_file(request: Request, digest: str, name: str) -> Response:
    """A file; nothing if the browser has it already. Files of another version are not there."""
    found = contents().get(name)
    if found is None or digest != _digest(name):
        raise ProblemError(Problem(404, "no_such_file", "there is no such file", "load the page"))
    tag = f'"{digest}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    kind = KINDS[name.rpartition(".")[2]]
    return Response(found, media_type=kind, headers={"ETag": tag})


@cache
def _digest(name: str) -> str:
    return sha256(contents()[name]).hexdigest()[:16]


def _own(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
