"""The gate: what every request passes before its route, and every answer after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctiqa.clinic.config.web import Web
from ctiqa.text.plain_text import clean
from ctiqa.web.gates.body import BodyError, Limits, limited
from ctiqa.web.gates.head import head_problem
from ctiqa.web.gates.headers import safe_headers
from ctiqa.web.gates.hosts import is_own_host, own_names
from ctiqa.web.gates.origin import is_own_origin
from ctiqa.web.problems import Problem

Answer = Callable[[Request, Problem], Response]

LOG = logging.getLogger("ctiqa.web")

MOST_PATH = 100
"""Longest path in the log, in characters."""

BUG = Problem(
    500,
    "bug",
    "the server has made a mistake",
    "report it with the time; the log of the server says more",
)

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
        limits: Limits of bodies by path; all others have 64 kB.
        answer: Makes the answer for a problem.
    """

    def __init__(
        self, app: ASGIApp, web: Web, limits: Mapping[str, Limits], answer: Answer
    ) -> None:
        self._app = app
        self._names = own_names(web.host, web.names)
        self._https = web.https
        self._limits = limits
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = _Answered(send, safe_headers(scope["path"], https=self._https))
        problem = self._problem(scope)
        if problem is None:
            problem = await self._passed(scope, receive, answered)
        if problem is not None:
            await self._answer(Request(scope), problem)(scope, receive, answered)

    async def _passed(self, scope: Scope, receive: Receive, answered: _Answered) -> Problem | None:
        """Let a request through; a problem if there is no answer yet."""
        try:
            limits = self._limits.get(scope["path"], Limits())
            await self._app(scope, limited(scope, receive, limits), answered)
        except BodyError as error:
            return None if answered.is_begun else error.problem
        except ClientDisconnect:
            # Nobody reads an answer.
            LOG.info("a client of %s has gone", clean(scope["path"], MOST_PATH))
        except Exception:
            LOG.exception("a request to %s failed", clean(scope["path"], MOST_PATH))
            return None if answered.is_begun else BUG
        return None

    def _problem(self, scope: Scope) -> Problem | None:
        if (problem := head_problem(scope)) is not None:
            return problem
        if not is_own_host(scope, self._names):
            return WRONG_HOST
        return None if is_own_origin(scope["method"], Headers(scope=scope)) else CROSS_SITE


class _Answered:
    """Sends an answer with the headers that all have, and remembers that it has begun."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.is_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
        await self._send(message)
