"""Addresses of sources, and how they are named in messages: without a password."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ctiqa.errors import UsageError
from ctiqa.text.plain_text import clean

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)*)://")

_LOGIN = re.compile(r"(?P<scheme>[^/]+://)(?P<user>[^/@:]*)(?::(?P<password>[^/]*))?@")

_SECRETS = re.compile(r"(?<=://)[^\s@]*@|(?<=[?&](?:sig|key)=)[^\s&]+", re.IGNORECASE)


def scheme_of(text: str) -> str | None:
    """The scheme of a URL in lower case; ``None`` for a path.

    >>> scheme_of("S3://bucket/ct"), scheme_of("/data/ct"), scheme_of("zip::s3://bucket/ct.zip")
    ('s3', None, 'zip::s3')
    """
    found = _SCHEME.match(text)
    return found[1].lower() if found else None


def shown(url: str) -> str:
    """A URL without its password; a user without a password stays, as it may name a container.

    >>> shown("sftp://me:secret@host/ct"), shown("s3://bucket/a@b")
    ('sftp://me@host/ct', 's3://bucket/a@b')
    """
    found = _LOGIN.match(url)
    if found is None or found["password"] is None:
        return url
    return f"{found['scheme']}{found['user']}@{url[found.end() :]}"


def check_url(url: str) -> None:
    """Check that a URL has a host or bucket, and that its password, if any, can be recognised.

    Raises:
        UsageError: If it has not. The message does not quote it, because it may hold a password.
    """
    scheme = scheme_of(url) or ""
    if "::" in scheme:
        raise UsageError(
            f"the address must have one scheme, got '{clean(scheme, 40)}://'; "
            "ZIP archives are read as they are, so name their folder"
        )
    place = url.partition("://")[2]
    host = place.partition("/")[0]
    if not host and scheme not in ("file", "local", "memory"):
        raise UsageError(
            f"an address '{scheme}://…' must name a host or bucket, as in {scheme}://HOST/"
        )
    _, colon, port = host.rpartition("@")[2].rpartition(":")
    if colon and not port.isdigit() and not host.endswith("]") and not host.startswith("arn:"):
        raise UsageError(
            f"the port in an address '{scheme}://USER:PASSWORD@HOST:PORT/…' must be a number, and "
            "this one is not; write special characters of the password as %XX (@ is %40, / is %2F)"
        )


def without_secrets(text: object) -> str:
    """The message of a library, without logins and signatures of URLs.

    >>> without_secrets("cannot open sftp://me:secret@host/ct")
    'cannot open sftp://host/ct'
    """
    return clean(_SECRETS.sub("", str(text)), 200)


def is_loopback(url: str) -> bool:
    """Whether a URL names this computer.

    >>> is_loopback("http://127.0.0.1:8042/x"), is_loopback("http://127.0.0.1.example.org/")
    (True, False)
    """
    host = (urlsplit(url).hostname or "").lower()
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
