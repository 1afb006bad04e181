"""Bodies of requests, limited while they are read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from ctiqa.web.problems import Problem

MOST_BODY = 64 << 10
"""Largest body of requests that do not upload a series, in bytes."""


class BodyTooLargeError(Exception):
    """A body is larger than its limit.

    Args:
        most: The limit, in bytes.
    """

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.problem = Problem(
            413,
            "too_large",
            f"the body must have at most {most} bytes",
            "send less",
            headers={"Connection": "close"},
        )


def limited(scope: Scope, receive: Receive, most: int | None) -> Receive:
    """Read a body up to its limit.

    Args:
        scope: The request; one that announces too much is refused before it is read.
        receive: Reads the body.
        most: The limit in bytes; ``None`` for that of all other routes.

    Raises:
        BodyTooLargeError: When the limit is exceeded, from the call that reads.
    """
    limit = MOST_BODY if most is None else most
    announced = Headers(scope=scope).get("content-length", "")
    # More digits than any file has; int() would take long.
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise BodyTooLargeError(limit)
    n_read = 0

    async def reading() -> Message:
        nonlocal n_read
        message = await receive()
        n_read += len(message.get("body", b""))
        if n_read > limit:
            raise BodyTooLargeError(limit)
        return message

    return reading
