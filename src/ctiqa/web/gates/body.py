"""Bodies of requests, limited in size and time while they are read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from ctiqa.web.problems import Problem

MOST_BODY = 64 << 10
"""Largest body of requests that do not upload a series, in bytes."""

MOST_DIGITS = 18
"""Most digits of a length; no body is larger."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a body.

    Attributes:
        most_bytes: Largest size, in bytes.
        idle_s: Longest time in which nothing comes, in seconds.
        whole_s: Longest time for the whole body, in seconds.
    """

    most_bytes: int = MOST_BODY
    idle_s: float = 15.0
    whole_s: float = 30.0


class BodyError(Exception):
    """A body is larger or slower than its limits.

    Args:
        problem: The answer.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def limited(scope: Scope, receive: Receive, limits: Limits) -> Receive:
    """Read a body within its limits.

    Args:
        scope: The request; one that announces too much is refused before it is read.
        receive: Reads the body.
        limits: The limits.

    Raises:
        BodyError: When a limit is exceeded, from here or from the call that reads.
    """
    announced = Headers(scope=scope).get("content-length", "")
    if announced.isdecimal() and (
        len(announced) > MOST_DIGITS or int(announced) > limits.most_bytes
    ):
        raise _too_large(limits)
    n_read, is_complete, end = 0, False, _now() + limits.whole_s

    async def reading() -> Message:
        nonlocal n_read, is_complete
        if is_complete:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), min(limits.idle_s, end - _now()))
        except TimeoutError:
            raise _too_slow() from None
        n_read += len(message.get("body", b""))
        is_complete = not message.get("more_body", False)
        if n_read > limits.most_bytes:
            raise _too_large(limits)
        return message

    return reading


def _now() -> float:
    return asyncio.get_running_loop().time()


def _too_large(limits: Limits) -> BodyError:
    rule = f"the body must have at most {limits.most_bytes} bytes"
    return BodyError(Problem(413, "too_large", rule, "send less", headers={"Connection": "close"}))


def _too_slow() -> BodyError:
    rule = "the body must arrive in time"
    headers = {"Connection": "close"}
    return BodyError(Problem(408, "too_slow", rule, "send it again, faster", headers=headers))
