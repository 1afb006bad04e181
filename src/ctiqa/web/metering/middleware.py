"""Counts every request."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctiqa.web.metering.meters import Meters

METHODS = frozenset({"GET", "HEAD", "POST"})

OTHER = "other"


class Metered:
    """ASGI middleware that counts requests by route, and measures how long they take.

    Args:
        app: What is behind.
        meters: Where it is counted.
    """

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            taken = time.perf_counter() - began
            self._meters.request(_route(scope), method, status, taken)


def _route(scope: Scope) -> str:
    """The path of the route with the names of its parameters, not what was asked for.

    A route knows its path below the router that it was included by; parameters are in that part.
    """
    inner = str(getattr(scope.get("route"), "path", "")).split("/")
    asked = scope["path"].split("/")
    if len(inner) < 2 or len(inner) > len(asked):
        return OTHER
    return "/".join(asked[: len(asked) - len(inner) + 1] + inner[1:])
