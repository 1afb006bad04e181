"""Check passwords; an unknown user takes as long as a wrong password."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from ctiqa.clinic.config.web import User

MOST_PASSWORD = 1024
"""Longest password, in characters."""


class Passwords:
    """Passwords of the users.

    Args:
        users: Who may log in.
    """

    def __init__(self, users: tuple[User, ...]) -> None:
        self._hashes = {user.name: user.password for user in users}
        self._nobody = _like(users[0].password) if users else ""

    def is_right(self, name: str, password: str) -> bool:
        """Whether a password is that of a user; call it in a thread."""
        stored = self._hashes.get(name)
        is_right = _verified(stored or self._nobody, password[:MOST_PASSWORD])
        return is_right and stored is not None and len(password) <= MOST_PASSWORD


def _like(stored: str) -> str:
    """The hash of a password that nobody knows, with the same effort."""
    return PasswordHasher.from_parameters(extract_parameters(stored)).hash(secrets.token_hex(16))


def _verified(stored: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
