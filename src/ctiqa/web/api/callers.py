"""Who may call the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from ctiqa.web.gates.origin import is_from_browser
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.security.forms import HEADER, check_token
from ctiqa.web.security.viewer import Viewer, caller

Reader = Annotated[Viewer, Depends(caller("read"))]
"""Whoever may read: a program with a token, or a person who has logged in."""

Uploader = Annotated[Viewer, Depends(caller("score"))]

Metrics = Annotated[Viewer, Depends(caller("metrics"))]


def writer(request: Request, who: Reader) -> Viewer:
    """A reviewer; scripts of pages show the token of forms in the header ``X-CSRF-Token``.

    Raises:
        ProblemError: 403 for readers and programs, and for a missing token.
    """
    if not who.may_review:
        raise ProblemError(
            Problem(403, "reviewers_only", "only reviewers may do this", "log in as one", who.name)
        )
    check_browser(request, who)
    return who


def check_browser(request: Request, who: Viewer) -> None:
    """Check the token of forms, where a browser could have been made to send a request.

    Raises:
        ProblemError: 403 if it is missing or wrong.
    """
    if who.has_session or (who.csrf and is_from_browser(request.headers)):
        check_token(who.csrf, request.headers.get(HEADER))
