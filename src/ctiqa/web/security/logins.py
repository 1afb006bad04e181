"""Log in and out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ctiqa.web.context import Site, record, site_of
from ctiqa.web.identity.clients import client_address, limited_by
from ctiqa.web.identity.limiter import Limiter
from ctiqa.web.pages import login_page
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.security.forms import FIELD, check_token, checked_form, read_form
from ctiqa.web.security.viewer import COOKIE, cookie_name, known_viewer

VISIT = "ctiqa_visit"

DEVICE = "ctiqa_device"

DEVICE_S = 90 * 86400
"""A browser is known for so many seconds after a login."""

WRONG = "The name or the password is wrong."

FORGOTTEN = "The form was too old. Log in once more."

MOST_NAME = 64

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - name of the field
    """The form; whoever is logged in goes on."""
    if known_viewer(request) is not None:
        return RedirectResponse(own_path(next), 303)
    return _form(request, own_path(next))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Check the password and begin a session."""
    form = await read_form(request)
    # Passwords take long on purpose; those that wait for their turn hold no thread of the pages.
    return await to_thread.run_sync(_tried, request, form, limiter=site_of(request).guard.turns)


@router.post("/logout", dependencies=[Depends(checked_form)])
def log_out(request: Request) -> Response:
    """End the session."""
    site = site_of(request)
    session = site.guard.sessions.read(request.cookies.get(cookie_name(request, COOKIE)))
    if session is not None:
        site.guard.sessions.end(session)
        record(request, session.user, "logout")
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(request, COOKIE), **_cookie_options(site))
    return answer


def own_path(text: str) -> str:
    r"""A path on this site; the first page in place of anything else.

    >>> own_path("/scans?where=kvp%3D100"), own_path("//evil.example"), own_path("/\\evil.example")
    ('/scans?where=kvp%3D100', '/', '/')
    """
    parts = urlsplit(text) if text.isascii() and text.isprintable() else None
    if parts is None or parts.scheme or parts.netloc or "\\" in text:
        return "/"
    return text if text.startswith("/") and not text.startswith(("//", "/login")) else "/"


def _tried(request: Request, form: FormData) -> Response:
    """The answer to a try to log in."""
    site = site_of(request)
    to = own_path(_text(form, "next"))
    visit = site.guard.visits.read(request.cookies.get(cookie_name(request, VISIT)))
    try:
        check_token("" if visit is None else site.guard.form_token(visit), form.get(FIELD))
    except ProblemError:
        return _form(request, to, FORGOTTEN, 403)
    name = _text(form, "name")[: MOST_NAME + 1]
    _slow_down(request, site, name)
    if not site.guard.passwords.is_right(name, _text(form, "password")):
        record(request, name if name in site.guard.users else "unknown", "login_failed")
        return _form(request, to, WRONG, 401)
    return _logged_in(request, site, name, to)


def _slow_down(request: Request, site: Site, name: str) -> None:
    """Refuse a try too many, whether the password is right or not."""
    waits = (limiter.wait_s(key) for limiter, key in _counted(request, site, name))
    # A try that one limit refuses is not counted by the next.
    wait = next(filter(None, waits), 0)
    if wait:
        record(request, name if name in site.guard.users else "unknown", "login_refused")
        raise ProblemError(
            Problem(
                429,
                "too_many_logins",
                "too many logins were tried",
                f"wait {wait} s, and try again",
                headers={"Retry-After": str(wait)},
            )
        )


def _counted(request: Request, site: Site, name: str) -> list[tuple[Limiter, str]]:
    """What a try is counted by; who has logged in from this browser is not locked out by others."""
    guard = site.guard
    device = guard.devices.known(request.cookies.get(cookie_name(request, DEVICE)), name)
    if device is not None:
        return [(guard.by_device, device)]
    address = limited_by(client_address(request, site.config.web.proxies))
    return [(guard.by_address, address), (guard.by_name, name)]


def _logged_in(request: Request, site: Site, name: str, to: str) -> Response:
    for limiter, key in _counted(request, site, name):
        limiter.take_back(key)
    record(request, name, "login")
    answer = RedirectResponse(to, 303)
    length = timedelta(hours=site.config.web.session_hours)
    cookie = site.guard.sessions.begin(name)
    age = int(length.total_seconds())
    options = _cookie_options(site)
    answer.set_cookie(cookie_name(request, COOKIE), cookie, max_age=age, **options)
    device = site.guard.devices.mark(name)
    answer.set_cookie(cookie_name(request, DEVICE), device, max_age=DEVICE_S, **options)
    answer.delete_cookie(cookie_name(request, VISIT), **options)
    return answer


def _form(request: Request, to: str, message: str = "", status: int = 200) -> Response:
    """The form, bound to the browser by a cookie."""
    site = site_of(request)
    cookie = request.cookies.get(cookie_name(request, VISIT))
    visit = site.guard.visits.read(cookie)
    if cookie is None or visit is None:
        cookie = site.guard.visits.begin()
        visit = site.guard.visits.read(cookie)
    csrf = site.guard.form_token(str(visit))
    answer = login_page(request, csrf=csrf, next_path=to, message=message, status=status)
    answer.set_cookie(cookie_name(request, VISIT), cookie, **_cookie_options(site))
    return answer


def _cookie_options(site: Site) -> dict[str, Any]:
    return {
        "path": "/",
        "httponly": True,
        "samesite": "strict",
        "secure": site.config.web.https,
    }


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
