"""Checks of users of the dashboard."""

from __future__ import annotations

from collections.abc import Iterator

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.checks.ports import is_loopback
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.web import Web

REMEDY = "make one with: ctiqa config password"


def check_dashboard(config: Config) -> Iterator[Check]:
    """Check who may look, and whether that is safe at this address."""
    web = config.web
    yield _access(web)
    for n, user in enumerate(web.users, start=1):
        yield _password(f"web.users[{n}].password", user.password)


def _access(web: Web) -> Check:
    if is_loopback(web.host):
        who = "with a login" if web.users else "everybody on this computer may look and mark scans"
        return Check("web.host", "ok", f"{web.host}: {who}")
    if not web.users:
        why = f"{web.host} can be reached by others, and there are no users: 'ctiqa serve' refuses"
        return Check("web.host", "broken", f"{why}; add a table [[web.users]]")
    if not web.https:
        why = f"{web.host}: passwords and pages cross the network unencrypted"
        remedy = "put a proxy with HTTPS before it and set https = true"
        return Check("web.https", "warning", f"{why}; {remedy}")
    return Check("web.host", "ok", f"{web.host}: by HTTPS, with a login")


def _password(place: str, hashed: str) -> Check:
    """Whether a hash can be verified and is strong enough."""
    hasher = PasswordHasher()
    try:
        hasher.verify(hashed, "")
    except VerifyMismatchError:
        if hasher.check_needs_rehash(hashed):
            return Check(place, "warning", f"the hash is weaker than today's; {REMEDY}")
        return Check(place, "ok", "a hash of argon2id")
    except (InvalidHashError, VerificationError):
        return Check(
            place, "broken", f"the hash is a placeholder or damaged, nobody can log in; {REMEDY}"
        )
    return Check(place, "broken", f"the password is empty; {REMEDY}")
