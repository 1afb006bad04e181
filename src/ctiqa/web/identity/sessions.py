"""Signed cookies: who has logged in, since when, with which password."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from ctiqa.clinic.config.web import User
from ctiqa.clinic.records.clock import Clock

MOST_ENDED = 10_000
"""Number of sessions that were ended before their time and that are remembered."""

MOST_COOKIE = 1024
"""Longest cookie that is looked at, in characters."""

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
    """

    def __init__(self, key: bytes, users: tuple[User, ...], length: timedelta, now: Clock) -> None:
        self._signer = _signer(key, "session")
        self._passwords = {user.name: _digest(user.password) for user in users}
        self._length = length
        self._now = now
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, user: str) -> str:
        """The cookie of a new session of a user who has shown the password."""
        began = int(self._now().timestamp())
        content = {
            "id": secrets.token_urlsafe(16),
            "user": user,
            "password": self._passwords[user],
            "began": began,
        }
        return _text(self._signer.dumps(content))

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; ``None`` if it is forged, over, or of another password."""
        content = _loaded(self._signer, cookie)
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
        self._ended[session.id] = None
        while len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)


class Visits:
    """Cookies of browsers that have not logged in, to which the form of the login is bound.

    Args:
        key: Signs the cookies.
    """

    def __init__(self, key: bytes) -> None:
        self._signer = _signer(key, "visit")

    def begin(self) -> str:
        """A new cookie."""
        return _text(self._signer.dumps({"id": secrets.token_urlsafe(16)}))

    def read(self, cookie: str | None) -> str | None:
        """The name of the visit; ``None`` if the cookie is forged."""
        content = _loaded(self._signer, cookie)
        return None if content is None else str(content["id"])


def form_token(key: bytes, session_id: str) -> str:
    """What forms of a session must carry, so that no other site can send them."""
    return hmac.new(key, f"form:{session_id}".encode(), hashlib.sha256).hexdigest()


def _signer(key: bytes, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _loaded(signer: URLSafeSerializer, cookie: str | None) -> dict[str, Any] | None:
    if not cookie or len(cookie) > MOST_COOKIE:
        return None
    try:
        content: dict[str, Any] = signer.loads(cookie)
    except BadData:
        return None
    return content


def _session(content: dict[str, Any]) -> Session:
    began = datetime.fromtimestamp(content["began"], UTC)
    return Session(content["id"], content["user"], began)


def _digest(password: str) -> str:
    """What tells passwords apart, without the hash itself."""
    return hashlib.sha256(f"session:{password}".encode()).hexdigest()[:16]


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
