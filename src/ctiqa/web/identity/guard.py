"""Everything that says who somebody is, made once from the configuration."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from pathlib import Path

from anyio import CapacityLimiter

from ctiqa.clinic.config.web import Token, User, Web
from ctiqa.clinic.records.clock import Clock
from ctiqa.web.identity.devices import Devices
from ctiqa.web.identity.ended import SUFFIX, Ended
from ctiqa.web.identity.limiter import Limiter
from ctiqa.web.identity.passwords import Passwords
from ctiqa.web.identity.secret import signing_key
from ctiqa.web.identity.sessions import Session, Sessions, Visits, form_token

BY_ADDRESS = (10, timedelta(minutes=1))
"""Wrong passwords of one address, in this time."""

BY_NAME = (30, timedelta(minutes=15))
"""Wrong passwords for one name, in this time; from a known browser, they count for it alone."""

AT_ONCE = 2
"""Number of passwords that are checked at the same time; each may take 64 MiB."""

MOST_TOKEN = 512
"""Longest token that is looked at, in characters."""


class Guard:
    """Sessions, passwords, tokens and limits.

    Args:
        web: The section of the configuration.
        now: The clock.

    Raises:
        UsageError: If the file with the key is empty, or everybody may read it.
        OutputError: If it cannot be made.
    """

    def __init__(self, web: Web, now: Clock) -> None:
        # Without users there are no logins to outlive the process.
        self._key = signing_key(web.secret_file) if web.users else secrets.token_bytes(32)
        self.users = {user.name: user for user in web.users}
        length = timedelta(hours=web.session_hours)
        ended = Ended(_beside(web.secret_file) if web.users else None, now)
        self.sessions = Sessions(self._key, web.users, length, now, ended)
        self.devices = Devices(self._key, web.users)
        self.visits = Visits(self._key)
        self.passwords = Passwords(web.users)
        self.turns = CapacityLimiter(AT_ONCE)
        self.by_address = Limiter(*BY_ADDRESS, now)
        self.by_name = Limiter(*BY_NAME, now)
        self.by_device = Limiter(*BY_NAME, now)
        self._tokens = {token.sha256: token for token in web.tokens}

    @property
    def is_open(self) -> bool:
        """Whether there are no users: everybody on this computer may look and mark."""
        return not self.users

    def user(self, session: Session) -> User:
        """The user of a session."""
        return self.users[session.user]

    def form_token(self, session_id: str) -> str:
        """What forms of a session or visit must carry."""
        return form_token(self._key, session_id)

    def token(self, text: str) -> Token | None:
        """The token that a program has shown; all are compared, to take equally long."""
        shown = hashlib.sha256(text[:MOST_TOKEN].encode()).hexdigest()
        found = [
            token for stored, token in self._tokens.items() if hmac.compare_digest(stored, shown)
        ]
        return found[0] if found else None


def _beside(secret_file: Path) -> Path:
    """The file with sessions that were ended, beside that with the key."""
    return secret_file.with_name(secret_file.name + SUFFIX)
