"""Problems as answers: a page for people, JSON for programs, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ctiqa.errors import CtiqaError, UsageError
from ctiqa.text.plain_text import clean
from ctiqa.web.gates.body import BodyError
from ctiqa.web.pages import problem_page
from ctiqa.web.problems import Problem, ProblemError

LOG = logging.getLogger("ctiqa.web")

FOR_PROGRAMS = ("/api/", "/score", "/metrics", "/healthz", "/readyz")
"""Paths whose problems are answered as JSON."""

DATABASE_DOWN = Problem(
    503,
    "database_down",
    "the database cannot be reached",
    "wait a moment and load the page again; the log of the server says why",
    headers={"Retry-After": "5"},
)

CODES = {400: "bad_request", 404: "not_found", 405: "wrong_method", 413: "too_large"}

RULES = {
    400: ("the request must be well-formed", "check what was sent"),
    404: ("there is no such page", "check the address, or go back to the first page"),
    405: ("the page must be asked for in another way", "see the documentation of the API"),
}

MOST_VALUE = 100


def answer(request: Request, problem: Problem) -> Response:
    """The answer for a problem."""
    if problem.status == 303:
        to = problem.headers["Location"]
        if not _is_program(request):
            return RedirectResponse(to, 303)
        problem = Problem(401, problem.code, problem.rule, "log in, or use a token")
    if _is_program(request):
        found: Response = JSONResponse(
            problem.as_json(), problem.status, media_type="application/problem+json"
        )
    else:
        found = problem_page(request, problem)
    found.headers.update(problem.headers)
    return found


def handle_problems(app: FastAPI) -> None:
    """Answer every exception of a route with a problem."""
    handlers: dict[type[Exception], Callable[..., Response]] = {
        ProblemError: _known,
        BodyError: _known,
        HTTPException: _http,
        RequestValidationError: _invalid,
        UsageError: _usage,
        CtiqaError: _database,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _is_program(request: Request) -> bool:
    return request.url.path.startswith(FOR_PROGRAMS)


def _known(request: Request, error: ProblemError | BodyError) -> Response:
    return answer(request, error.problem)


def _http(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    rule, remedy = RULES.get(status, RULES[400])
    headers = dict(error.headers or {})
    code = CODES.get(status, CODES[400])
    return answer(request, Problem(status, code, rule, remedy, headers=headers))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    rule = f"'{clean(place, 64)}': {clean(first['msg'], 200)}"
    value = first.get("input")
    shown = clean(value, MOST_VALUE) if isinstance(value, str) else None
    return answer(request, Problem(422, "invalid", rule, "see the documentation of the API", shown))


def _usage(request: Request, error: Exception) -> Response:
    rule, _, remedy = str(error).partition("; ")
    return answer(request, Problem(400, "usage", rule, remedy))


def _database(request: Request, error: Exception) -> Response:
    LOG.error("%s", error)
    return answer(request, DATABASE_DOWN)
