"""Forms that only the own pages can have sent."""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.security.viewer import Viewer, viewer

FIELD = "csrf"
HEADER = "x-csrf-token"

MOST_FIELDS = 32

ENCODING = "application/x-www-form-urlencoded"
"""How the own pages send forms."""

TOO_MANY_FIELDS = Problem(
    400,
    "bad_form",
    f"a form must have at most {MOST_FIELDS} fields",
    "load the page, and send the form again",
)


async def checked_form(request: Request, who: Annotated[Viewer, Depends(viewer)]) -> FormData:
    """The fields of a form, for routes: ``form: Annotated[FormData, Depends(checked_form)]``.

    Raises:
        ProblemError: 403 if the token of the form is missing or wrong.
    """
    form = await read_form(request)
    check_token(who.csrf, form.get(FIELD))
    return form


async def read_form(request: Request) -> FormData:
    """The fields of a form as the own pages send it; other bodies have none.

    Multipart bodies state their character set, and some sets take long or make characters that
    cannot be stored.

    Raises:
        ProblemError: 400 for too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != ENCODING:
        return FormData()
    text = (await request.body()).decode("ascii", "replace")
    try:
        return FormData([*parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)])
    except ValueError:
        raise ProblemError(TOO_MANY_FIELDS) from None


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
