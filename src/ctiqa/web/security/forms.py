"""Forms that only the own pages can have sent."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.security.viewer import Viewer, viewer

FIELD = "csrf"
HEADER = "x-csrf-token"

MOST_FIELDS = 32


async def checked_form(request: Request, who: Annotated[Viewer, Depends(viewer)]) -> FormData:
    """The fields of a form, for routes: ``form: Annotated[FormData, Depends(checked_form)]``.

    Raises:
        ProblemError: 403 if the token of the form is missing or wrong.
    """
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    check_token(who.csrf, form.get(FIELD))
    return form


def check_token(expected: str, shown: object) -> None:
    """Compare the token of a form with that of the session.

    Raises:
        ProblemError: 403 if they differ.
    """
    given = shown if isinstance(shown, str) else ""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise ProblemError(
            Problem(
                403,
                "stale_form",
                "the form must come from this page and this login",
                "load the page again, and send the form once more",
            )
        )
