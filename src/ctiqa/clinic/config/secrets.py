"""Hashes of passwords and tokens, as the configuration has them."""

from __future__ import annotations

import hashlib
import secrets

from ctiqa.errors import UsageError

LEAST_PASSWORD = 12
"""Shortest password, in characters."""

MOST_PASSWORD = 1024
"""Longest password, in characters; hashing a longer one would only take time."""

TOKEN_BYTES = 32
"""Randomness of a token."""


def hash_password(password: str) -> str:
    """The hash of a password, argon2id with the parameters of RFC 9106 for little memory.

    Args:
        password: The password.

    Raises:
        UsageError: If it is too short or too long.

    >>> hash_password("correct horse battery").startswith("$argon2id$")
    True
    >>> hash_password("short")
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: a password must have 12 to 1024 characters, got 5; choose several words
    """
    from argon2 import PasswordHasher  # noqa: PLC0415 - optional

    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise UsageError(
            f"a password must have {LEAST_PASSWORD} to {MOST_PASSWORD} characters, got "
            f"{len(password)}; choose several words"
        )
    return PasswordHasher().hash(password)


def new_token() -> tuple[str, str]:
    """A new token, and its SHA-256 for the file.

    >>> token, digest = new_token()
    >>> len(token) >= 43, digest == hashlib.sha256(token.encode()).hexdigest()
    (True, True)
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, hashlib.sha256(token.encode()).hexdigest()
