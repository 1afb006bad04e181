"""Requests that change something must come from the own pages, or from no browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_SITE = frozenset({"same-origin", "none"})


def is_from_browser(headers: Headers) -> bool:
    """Whether a browser has sent a request; programs have no reason to send these headers."""
    return "origin" in headers or any(name.startswith("sec-fetch-") for name in headers)


def is_own_origin(method: str, headers: Headers) -> bool:
    """Whether a request may change something, as far as its origin is concerned.

    Browsers say where a request comes from: ``Sec-Fetch-Site``, or older ones ``Origin``. Both
    must be right if both are there.

    >>> is_own_origin("POST", Headers({"host": "a", "origin": "https://b"}))
    False
    >>> is_own_origin("POST", Headers({"host": "a", "origin": "https://a"}))
    True
    """
    if method in SAFE:
        return True
    own = headers.get("host", "").lower()
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    return all(site in OWN_SITE for site in sites) and all(_host(each) == own for each in origins)


def _host(origin: str) -> str | None:
    """Host and port of an origin; ``None`` for ``null`` and everything else."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in {"http", "https"} and parts.netloc else None
