"""Browsers from which a user has logged in before: wrong tries of others do not lock them out."""

from __future__ import annotations

import hmac
import secrets

from ctiqa.clinic.config.web import User
from ctiqa.web.identity.signed import Signed, password_digest


class Devices:
    """Cookies of browsers from which somebody has logged in; they allow nothing by themselves.

    Args:
        key: Signs the cookies.
        users: Who may log in.
    """

    def __init__(self, key: bytes, users: tuple[User, ...]) -> None:
        self._signed = Signed(key, "device")
        self._passwords = {user.name: password_digest(user.password) for user in users}

    def mark(self, user: str) -> str:
        """The cookie for a browser from which a user has just logged in."""
        device = secrets.token_urlsafe(16)
        content = {"id": device, "user": user, "password": self._passwords[user]}
        return self._signed.text(content)

    def known(self, cookie: str | None, user: str) -> str | None:
        """Name of the browser, if the user has logged in from it with the present password."""
        content = self._signed.content(cookie)
        if content is None or content["user"] != user or user not in self._passwords:
            return None
        is_same = hmac.compare_digest(self._passwords[user], content["password"])
        return str(content["id"]) if is_same else None
