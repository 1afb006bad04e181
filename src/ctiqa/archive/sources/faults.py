"""What goes wrong with object stores, in words and without secrets.

Every library of a store has exceptions of its own. They are recognised by name, so that none of
these libraries needs to be installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ctiqa.archive.sources.addresses import without_secrets
from ctiqa.errors import CtiqaError, OutputError, Reason, RefusedError, UsageError

NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "NoAuthTokenError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
        "ProfileNotFound",
        "DefaultCredentialsError",
        "RefreshError",
        "ClientAuthenticationError",
    }
)
"""Exceptions that mean that there are no credentials, or only a part of them."""

REFUSED = frozenset({"PermissionError", "AuthenticationException", "HttpError401", "Forbidden"})
"""Exceptions that mean that credentials are wrong or do not suffice."""

ABSENT = frozenset({"FileNotFoundError", "NotADirectoryError", "ResourceNotFoundError"})

UNREACHABLE = frozenset(
    {
        "EndpointConnectionError",
        "HTTPClientError",
        "ConnectionError",
        "ClientConnectionError",
        "TimeoutError",
        "gaierror",
        "SSHException",
        "ServiceRequestError",
    }
)
"""Exceptions that mean that the network or the server does not answer."""

_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or what your store uses, or "
    "FSSPEC_S3_ANON=true for a public bucket"
)


def is_absent(error: BaseException) -> bool:
    """Whether an exception means that a file or folder is not there."""
    return bool(_kinds(error) & ABSENT)


def explain(error: BaseException, name: str) -> CtiqaError:
    """The error to raise for an exception of a library.

    Args:
        error: The exception.
        name: What was to be read, without a password.

    Returns:
        A ``UsageError`` if credentials are missing, otherwise an ``OutputError``.

    >>> print(explain(PermissionError("Access Denied"), "s3://bucket/ct"))
    's3://bucket/ct' must be readable, and permission is denied (Access Denied); ask for
    permission, or check the credentials and the endpoint
    """
    kinds, detail = _kinds(error), without_secrets(error)
    if kinds & NO_CREDENTIALS:
        return UsageError(f"'{name}' needs credentials ({detail}); {_CREDENTIALS}")
    if kinds & REFUSED:
        return OutputError(
            f"'{name}' must be readable, and permission is denied ({detail}); ask for permission, "
            "or check the credentials and the endpoint"
        )
    if kinds & ABSENT:
        return OutputError(f"'{name}' must exist, and is not there; check the address")
    if kinds & UNREACHABLE:
        return OutputError(
            f"'{name}' cannot be reached ({detail}); check the network, and the endpoint "
            "(AWS_ENDPOINT_URL or the configuration of fsspec)"
        )
    return OutputError(f"'{name}' cannot be read ({type(error).__name__}: {detail}); try again")


@contextmanager
def listing(name: str) -> Iterator[None]:
    """Turn exceptions of a library while listing into errors with a remedy.

    Raises:
        UsageError: If credentials are missing.
        OutputError: If the store cannot be read.
    """
    try:
        yield
    except CtiqaError:
        raise
    except Exception as error:
        raise explain(error, name) from error


@contextmanager
def fetching(name: str) -> Iterator[None]:
    """Turn exceptions of a library while fetching into the refusal of one unit.

    Raises:
        RefusedError: With ``NOT_FETCHED``.
    """
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        if is_absent(error):
            raise gone(name) from error
        text = error if isinstance(error, CtiqaError) else explain(error, name)
        raise RefusedError(Reason.NOT_FETCHED, str(text)) from error


def gone(name: str) -> RefusedError:
    """The refusal of a unit of which a part has vanished since it was listed."""
    return RefusedError(
        Reason.NOT_FETCHED, f"'{name}' was listed, and a part of it is gone; survey it again"
    )


def _kinds(error: BaseException) -> set[str]:
    """Names of the classes of an exception and of its causes."""
    names: set[str] = set()
    cause: BaseException | None = error
    while cause is not None and len(names) < 100:
        names.update(each.__name__ for each in type(cause).__mro__)
        cause = cause.__cause__
    return names
