"""Pages that need neither a viewer nor the database: the login, and problems."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.web.pages.parts.rendering import page
from ctiqa.web.problems import Problem

HEADINGS: Mapping[int, str] = {
    400: "That cannot be shown",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    413: "Too large",
    429: "Too many tries",
    500: "A mistake of the server",
    503: "Not available now",
}

CODES: Mapping[str, str] = {
    "database_down": "The database is down",
    "store_being_read": "The store is being read",
}
"""Headings of problems that have one of their own."""

LEAST_RETRY_S, MOST_RETRY_S = 2, 600


def login_page(
    _request: Request, *, csrf: str, next_path: str, message: str = "", status: int = 200
) -> HTMLResponse:
    """The form of the login; it posts ``name``, ``password``, ``next`` and ``csrf`` to /login.

    Args:
        _request: The request.
        csrf: Value of the hidden field ``csrf``.
        next_path: Value of the hidden field ``next``: where to go after the login.
        message: What went wrong before; empty at first.
        status: HTTP status.
    """
    context = {"csrf": csrf, "message": message, "next_path": next_path}
    return page("login.html.j2", context, status=status)


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """A page that says why a request is not served; it must not need the database.

    Args:
        request: The request.
        problem: What it says.
    """
    usual = HEADINGS.get(problem.status) or HTTPStatus(problem.status).phrase
    context = {
        "heading": CODES.get(problem.code, usual),
        "problem": problem,
        "retry": _retry(request, problem),
    }
    return page("problem.html.j2", context, status=problem.status)


def _retry(request: Request, problem: Problem) -> int:
    """After how many seconds the page is loaded again by itself; 0 for never."""
    wait = problem.headers.get("Retry-After", "")
    if request.method != "GET" or problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return 0
    return min(max(int(wait), LEAST_RETRY_S), MOST_RETRY_S) if wait.isdigit() else 0
