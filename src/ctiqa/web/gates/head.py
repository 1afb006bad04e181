"""The head of a request, limited in size."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from ctiqa.web.problems import Problem

MOST_HEAD = 16 << 10
"""Largest headers of a request together, in bytes."""

MOST_TARGET = 8 << 10
"""Longest path and query of a request, in bytes."""

HEAD_TOO_LARGE = Problem(
    431,
    "head_too_large",
    f"the headers of a request must have at most {MOST_HEAD} bytes",
    "remove the cookies of this site, and try again",
    headers={"Connection": "close"},
)

TARGET_TOO_LONG = Problem(
    414,
    "address_too_long",
    f"path and query must have at most {MOST_TARGET} bytes",
    "ask for less",
    headers={"Connection": "close"},
)

TWO_LENGTHS = Problem(
    400,
    "two_lengths",
    "a request must not have both 'Content-Length' and 'Transfer-Encoding'",
    "send one of them",
    headers={"Connection": "close"},
)
"""A proxy could take another end of the body than this server (RFC 9112, 6.3, 2022)."""


def head_problem(scope: Scope) -> Problem | None:
    """What is too large in the head of a request, or leaves open where its body ends.

    The server limits what it keeps of a head that is not complete; one that comes in one piece can
    be larger.

    Args:
        scope: The request.
    """
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEAD:
        return HEAD_TOO_LARGE
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if target > MOST_TARGET:
        return TARGET_TOO_LONG
    headers = Headers(scope=scope)
    is_doubtful = "content-length" in headers and "transfer-encoding" in headers
    return TWO_LENGTHS if is_doubtful else None
