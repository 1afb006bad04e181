"""The API described by itself: OpenAPI, and a page without scripts made from it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

router = APIRouter(include_in_schema=False)

SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of the configuration"},
}


@router.get("/api/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """The description for programs."""
    return JSONResponse(described(request.app))


@router.get("/api")
def page(request: Request) -> HTMLResponse:
    """The description for people."""
    return HTMLResponse("".join(_page(described(request.app))))


def described(app: Any) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    found: dict[str, Any] = app.openapi()
    found.setdefault("components", {})["securitySchemes"] = SECURITY
    found["security"] = [{"token": []}]
    return found


def _page(document: dict[str, Any]) -> Iterator[str]:
    title = f"{document['info']['title']} {document['info']['version']}: API"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title></head><body><main>'
        f"<h1>{html.escape(title)}</h1>"
        '<p>The same for programs: <a href="/api/openapi.json">openapi.json</a></p>'
    )
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(f"{method.upper()} {path}", operation)
    yield "</main></body></html>"


def _operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{html.escape(name)}</code></h2><p>{html.escape(operation['summary'])}</p>"
    yield f"<p>{html.escape(operation.get('description', ''))}</p>"
    if rows := [_parameter(each) for each in operation.get("parameters", ())]:
        yield "<table><thead><tr><th>parameter<th>type<th>meaning</tr></thead><tbody>"
        yield from rows
        yield "</tbody></table>"
    statuses = ", ".join(operation["responses"])
    yield f"<p>Status: {html.escape(statuses)}</p>"


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    kinds = [each.get("type", "") for each in schema.get("anyOf", [schema])]
    texts = (
        parameter["name"],
        " or ".join(kind for kind in kinds if kind),
        parameter.get("description", ""),
    )
    return f"<tr>{''.join(f'<td>{html.escape(text)}' for text in texts)}</tr>"
