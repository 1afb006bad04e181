"""Attacks on logins: locking others out, guessing beside one's own login, cookies of the past."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.conftest import USERS, Site, field_of, log_in
from tests.web.made import configured, user

from ctiqa.clinic.records.clock import Clock
from ctiqa.errors import UsageError
from ctiqa.web.identity.ended import SUFFIX, Ended
from ctiqa.web.identity.guard import BY_ADDRESS, BY_NAME
from ctiqa.web.security.logins import DEVICE
from ctiqa.web.security.viewer import COOKIE


def tried(client: TestClient, name: str, password: str = "wrong password") -> int:  # noqa: S107
    """Status of a try to log in."""
    status: int = log_in(client, name, password).status_code
    return status


def lock(client: TestClient, name: str) -> None:
    """Try wrong passwords for a name from many addresses, until no more are taken."""
    guard = client.app.state.site.guard  # type: ignore[attr-defined]
    while not guard.by_name.wait_s(name):
        pass
    assert tried(client, name) == 429


def log_out(client: TestClient) -> str:
    """Log out; the cookie that was valid before."""
    cookie = client.cookies[COOKIE]
    form = field_of(client.get("/health").text, "csrf")
    assert client.post("/logout", data={"csrf": form}).status_code == 303
    return str(cookie)


def is_in(client: TestClient, cookie: str) -> bool:
    """Whether a cookie opens the site."""
    client.cookies.clear()
    client.cookies.set(COOKIE, cookie)
    return client.get("/api/v1/scans").status_code == 200


def test_others_cannot_lock_out_who_has_logged_in_before(serve: Site) -> None:
    known, attacker = serve(users=USERS), serve(users=USERS)
    attacker.app.state.site = known.app.state.site  # type: ignore[attr-defined]
    assert log_in(known).status_code == 303
    log_out(known)
    lock(attacker, "ann")
    assert log_in(known).status_code == 303


def test_a_known_browser_may_not_guess_for_ever(guarded: TestClient) -> None:
    log_in(guarded)
    log_out(guarded)
    allowed, _ = BY_NAME
    statuses = [tried(guarded, "ann") for _ in range(allowed + 1)]
    assert statuses == [401] * allowed + [429]


def test_a_known_browser_is_known_for_its_user_and_password_alone(serve: Site) -> None:
    known = serve(users=USERS)
    log_in(known)
    cookie = known.cookies[DEVICE]
    log_out(known)
    lock(known, "bob")
    changed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("another one")
    other = serve(users=[user("ann", password=changed)])
    other.cookies.set(DEVICE, cookie)
    lock(other, "ann")


@pytest.mark.parametrize("cookie", ["", "x", "eyJ1c2VyIjoiYW5uIn0.x", "a" * 5000])
def test_a_forged_cookie_of_a_browser(guarded: TestClient, cookie: str) -> None:
    guarded.cookies.set(DEVICE, cookie)
    lock(guarded, "ann")


def test_an_own_login_does_not_forgive_guesses(guarded: TestClient) -> None:
    allowed, _ = BY_ADDRESS
    for _ in range(allowed - 1):
        assert tried(guarded, "ann") == 401
    assert log_in(guarded, "bob").status_code == 303
    log_out(guarded)
    guarded.cookies.clear()
    assert tried(guarded, "ann") == 401
    assert tried(guarded, "ann") == 429


def test_a_stolen_cookie_is_worth_nothing_after_a_restart(serve: Site, tmp_path: Path) -> None:
    before = serve(users=USERS)
    log_in(before)
    stolen = log_out(before)
    log_in(before)
    valid = before.cookies[COOKIE]
    after = serve(users=USERS)
    assert not is_in(after, stolen)
    assert is_in(after, valid)
    file = tmp_path / f"web.key{SUFFIX}"
    assert file.stat().st_mode & 0o077 == 0


def test_a_logout_counts_for_all_servers_of_a_key(serve: Site) -> None:
    one, other = serve(users=USERS), serve(users=USERS)
    log_in(one)
    stolen = one.cookies[COOKIE]
    assert is_in(other, stolen)
    log_out(one)
    assert not is_in(other, stolen)


def test_the_file_of_ended_sessions_does_not_grow_for_ever(tmp_path: Path, clock: Watch) -> None:
    file = tmp_path / "ended"
    ended = made(file, clock)
    ended.add("old", clock() + timedelta(hours=1))
    ended.add("new", clock() + timedelta(hours=8))
    with file.open("ab") as stream:
        stream.write(b"\xff no line\n12")
    clock.move(hours=2)
    again = made(file, clock)
    assert "new" in again
    assert "old" not in again
    assert b"old" not in file.read_bytes()
    again.add("last", clock() + timedelta(hours=8))
    assert "last" in made(file, clock)


def made(file: Path, clock: Clock) -> Ended:
    """The sessions in a file."""
    return Ended(file, clock)


def test_behind_https_cookies_belong_to_this_host_alone(serve: Site) -> None:
    client = serve("https://ct.example", users=USERS, names=["ct.example"], https=True)
    answer = log_in(client)
    cookies = answer.headers.get_list("set-cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Path=/" in cookie
        assert "Domain" not in cookie
    assert client.get("/api/v1/scans").status_code == 200
    # A cookie that a host beside this one has set is not taken.
    client.cookies.set(COOKIE, client.cookies[f"__Host-{COOKIE}"])
    client.cookies.delete(f"__Host-{COOKIE}")
    assert client.get("/api/v1/scans").status_code == 401


def test_metrics_are_those_of_all_scans(tmp_path: Path) -> None:
    digest = 64 * "a"
    token = {"name": "t", "sha256": digest, "scopes": ["metrics"], "where": ["station=CT1"]}
    with pytest.raises(UsageError, match="must not be limited by 'where'"):
        configured(tmp_path, tokens=[token])
    configured(tmp_path, tokens=[token | {"where": []}])
    configured(tmp_path, tokens=[token | {"scopes": ["read"]}])
