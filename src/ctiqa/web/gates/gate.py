"""The gate: what every request passes before its route, and every answer after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctiqa.clinic.config.web import Web
from ctiqa.web.gates.body import BodyTooLargeError, limited
from ctiqa.web.gates.headers import safe_headers
from ctiqa.web.gates.hosts import is_own_host, own_names
from ctiqa.web.gates.origin import is_own_origin
from ctiqa.web.problems import Problem

Answer = Callable[[Request, Problem], Response]

WRONG_HOST = Problem(
    400,
    "wrong_host",
    "the site must be called by one of its names",
    "use the address that the server has printed, or add the name to 'web.names'",
)

CROSS_SITE = Problem(
    403,
    "cross_site",
    "requests that change something must come from this site",
    "open the page itself, and send the form from there",
)


class Gate:
    """ASGI middleware that refuses wrong hosts, cross-site requests and bodies that are too large.

    Args:
        app: What is behind.
        web: The section of the configuration.
        most_bytes: Largest body by path; other bodies have 64 kB.
        answer: Makes the answer for a problem.
    """

    def __init__(self, app: ASGIApp, web: Web, most_bytes: dict[str, int], answer: Answer) -> None:
        self._app = app
        self._names = own_names(web.host, web.names)
        self._https = web.https
        self._most_bytes = most_bytes
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self._with_headers(scope, send)
        if (problem := self._problem(scope)) is not None:
            await self._answer(Request(scope), problem)(scope, receive, send)
            return
        most = self._most_bytes.get(scope["path"])
        try:
            await self._app(scope, limited(scope, receive, most), send)
        except BodyTooLargeError as error:
            await self._answer(Request(scope), error.problem)(scope, receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        if not is_own_host(scope, self._names):
            return WRONG_HOST
        return None if is_own_origin(scope["method"], Headers(scope=scope)) else CROSS_SITE

    def _with_headers(self, scope: Scope, send: Send) -> Callable[[Message], Awaitable[None]]:
        safe = safe_headers(scope["path"], https=self._https)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in safe.items():
                    headers[name] = value
            await send(message)

        return sending
