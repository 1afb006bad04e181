"""Headers of all answers."""

from __future__ import annotations

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
"""Nothing from elsewhere, no script or style inside a page, no page inside another one."""

STATIC = "/static/"

YEAR_S = 31_536_000


def safe_headers(path: str, *, https: bool) -> dict[str, str]:
    """Headers of the answer to a request.

    Args:
        path: What is asked for; only static files may be kept by the browser.
        https: Whether browsers reach the site by HTTPS.
    """
    found = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        # With no-referrer browsers would send forms with the origin "null", which is refused.
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-cache" if path.startswith(STATIC) else "no-store",
    }
    return found | ({"strict-transport-security": f"max-age={YEAR_S}"} if https else {})
