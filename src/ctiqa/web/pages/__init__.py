"""The pages of the dashboard."""

from __future__ import annotations

import html

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ctiqa.web.problems import Problem

router = APIRouter()


def login_page(
    request: Request, *, csrf: str, next_path: str, message: str = "", status: int = 200
) -> HTMLResponse:
    """The form of the login; it posts ``name``, ``password``, ``next`` and ``csrf`` to /login.

    Args:
        request: The request.
        csrf: Value of the hidden field ``csrf``.
        next_path: Value of the hidden field ``next``: where to go after the login.
        message: What went wrong before; empty at first.
        status: HTTP status.
    """
    return HTMLResponse(
        "<!doctype html><html lang=en><title>ctiqa</title>"
        f"<p>{html.escape(message)}</p><form method=post action=/login>"
        f'<input type=hidden name=csrf value="{html.escape(csrf)}">'
        f'<input type=hidden name=next value="{html.escape(next_path)}">'
        "<label>Name <input name=name></label>"
        "<label>Password <input type=password name=password></label><button>Log in</button></form>",
        status,
    )


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """A page that says why a request is not served; it must not need the database.

    Args:
        request: The request.
        problem: What it says.
    """
    return HTMLResponse(
        "<!doctype html><html lang=en><title>ctiqa</title>"
        f"<h1>{problem.status}</h1><p>{html.escape(problem.rule)}</p>"
        f"<p>{html.escape(problem.remedy)}</p>",
        problem.status,
    )
