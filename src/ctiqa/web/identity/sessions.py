"""Signed cookies: who has logged in, since when, with which password."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ctiqa.clinic.config.web import User
from ctiqa.clinic.records.clock import Clock
from ctiqa.web.identity.ended import Ended
from ctiqa.web.identity.signed import Signed, password_digest

AHEAD = timedelta(minutes=5)
"""A session from further in the future than this was signed by a wrong clock."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login.

    Attributes:
        id: Random name; requests of forms are bound to it.
        user: Name of the user.
        began: When.
    """

    id: str
    user: str
    began: datetime


class Sessions:
    """Sessions of users; they end after a time, with the password, and with the user.

    Args:
        key: Signs the cookies.
        users: Who may log in.
        length: A session ends after so long.
        now: The clock.
        ended: Sessions that were ended before their time.
    """

    def __init__(
        self, key: bytes, users: tuple[User, ...], length: timedelta, now: Clock, ended: Ended
    ) -> None:
        self._signed = Signed(key, "session")
        self._passwords = {user.name: password_digest(user.password) for user in users}
        self._length = length
        self._now = now
        self._ended = ended

    def begin(self, user: str) -> str:
        """The cookie of a new session of a user who has shown the password."""
        began = int(self._now().timestamp())
        content = {
            "id": secrets.token_urlsafe(16),
            "user": user,
            "password": self._passwords[user],
            "began": began,
        }
        return self._signed.text(content)

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; ``None`` if it is forged, over, or of another password."""
        content = self._signed.content(cookie)
        if content is None:
            return None
        session = _session(content)
        password = self._passwords.get(session.user)
        if password is None or not hmac.compare_digest(password, content["password"]):
            return None
        age = self._now() - session.began
        if not -AHEAD <= age < self._length or session.id in self._ended:
            return None
        return session

    def end(self, session: Session) -> None:
        """End a session before its time."""
        self._ended.add(session.id, session.began + self._length)


class Visits:
    """Cookies of browsers that have not logged in, to which the form of the login is bound.

    Args:
        key: Signs the cookies.
    """

    def __init__(self, key: bytes) -> None:
        self._signed = Signed(key, "visit")

    def begin(self) -> str:
        """A new cookie."""
        return self._signed.text({"id": secrets.token_urlsafe(16)})

    def read(self, cookie: str | None) -> str | None:
        """The name of the visit; ``None`` if the cookie is forged."""
        content = self._signed.content(cookie)
        return None if content is None else str(content["id"])


def form_token(key: bytes, session_id: str) -> str:
    """What forms of a session must carry, so that no other site can send them."""
    return hmac.new(key, f"form:{session_id}".encode(), hashlib.sha256).hexdigest()


def _session(content: dict[str, Any]) -> Session:
    began = datetime.fromtimestamp(content["began"], UTC)
    return Session(content["id"], content["user"], began)
