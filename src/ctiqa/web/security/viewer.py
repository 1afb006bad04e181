"""Who makes a request, for routes: ``Depends(viewer)``, ``Depends(reviewer)``, ``caller(scope)``.

``viewer`` is a person with a browser; ``caller`` also a program with a token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request

from ctiqa.clinic.config.web import Role, Scope
from ctiqa.store.where import Condition, parse_conditions
from ctiqa.web.context import site_of
from ctiqa.web.identity.guard import Guard
from ctiqa.web.problems import Problem, ProblemError

COOKIE = "ctiqa_session"

HOST_PREFIX = "__Host-"
"""With it, browsers take a cookie from this host by HTTPS alone, not from hosts beside it."""

LOCAL = "local"
"""Name of everybody on a computer without users."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who makes a request.

    Attributes:
        name: Name of the user or token; ``local`` on a computer without users.
        role: What may be done; programs are readers.
        where: Conditions of scans that may be seen; empty for all.
        csrf: What forms must carry in the field ``csrf``; empty for programs.
        has_session: Whether there is a login that can be ended.
    """

    name: str
    role: Role
    where: tuple[Condition, ...]
    csrf: str
    has_session: bool = False

    @property
    def may_review(self) -> bool:
        """Whether scans may be marked and failed work tried again."""
        return self.role == "reviewer"


def viewer(request: Request) -> Viewer:
    """Who looks at a page.

    Raises:
        ProblemError: 303 to the login for pages, 401 for others.
    """
    found = known_viewer(request)
    if found is None:
        raise ProblemError(_login_first(request))
    return found


def reviewer(request: Request) -> Viewer:
    """Who marks a scan or tries something again.

    Raises:
        ProblemError: As :func:`viewer`; 403 for readers.
    """
    found = viewer(request)
    if not found.may_review:
        raise ProblemError(
            Problem(
                403,
                "reviewers_only",
                "only reviewers may do this",
                "ask for the role 'reviewer' in the configuration",
                found.name,
            )
        )
    return found


def known_viewer(request: Request) -> Viewer | None:
    """Who looks at a page; ``None`` if nobody has logged in."""
    guard = site_of(request).guard
    if guard.is_open:
        return Viewer(LOCAL, "reviewer", (), guard.form_token(LOCAL))
    session = guard.sessions.read(request.cookies.get(cookie_name(request, COOKIE)))
    if session is None:
        return None
    user = guard.user(session)
    where = parse_conditions(user.where)
    return Viewer(user.name, user.role, where, guard.form_token(session.id), has_session=True)


def cookie_name(request: Request, name: str) -> str:
    """The name of a cookie as browsers have it."""
    return HOST_PREFIX + name if site_of(request).config.web.https else name


def caller(scope: Scope) -> Callable[[Request], Viewer]:
    """A dependency for routes that programs call, with a token that has a scope.

    Without token, people may call ``read`` with their session, and everything on a computer
    without users.

    Args:
        scope: What the token must be for.
    """

    def found(request: Request) -> Viewer:
        header = request.headers.get("authorization")
        if header is not None:
            return _program(site_of(request).guard, header, scope)
        person = known_viewer(request)
        if person is None or (person.has_session and scope != "read"):
            raise ProblemError(_token_needed(scope))
        return person

    return found


def _program(guard: Guard, header: str, scope: Scope) -> Viewer:
    kind, _, text = header.partition(" ")
    token = guard.token(text.strip()) if kind.lower() == "bearer" else None
    if token is None:
        raise ProblemError(_token_needed(scope))
    if scope not in token.scopes:
        raise ProblemError(
            Problem(
                403,
                "wrong_scope",
                f"the token must have the scope '{scope}'",
                "use another token, or add the scope in the configuration",
                token.name,
            )
        )
    return Viewer(token.name, "reader", parse_conditions(token.where), "")


def _token_needed(scope: Scope) -> Problem:
    return Problem(
        401,
        "token_needed",
        f"this needs a token with the scope '{scope}'",
        "send it as 'Authorization: Bearer TOKEN'; make one with 'ctiqa config token'",
        headers={"WWW-Authenticate": 'Bearer realm="ctiqa"'},
    )


def _login_first(request: Request) -> Problem:
    if request.method in {"GET", "HEAD"}:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        to = f"/login?next={quote(path, safe='')}"
        return Problem(303, "login_first", "log in first", headers={"Location": to})
    return Problem(401, "login_first", "you must be logged in", "log in, and try again")
