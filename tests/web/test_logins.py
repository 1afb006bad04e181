"""Logins: passwords, sessions, brute force, cookies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.conftest import USERS, Site, field_of, log_in
from tests.web.made import user

from ctiqa.web.identity.guard import BY_ADDRESS, BY_NAME
from ctiqa.web.identity.limiter import MOST_KEYS, Limiter
from ctiqa.web.security.logins import own_path
from ctiqa.web.security.viewer import COOKIE


def is_in(client: TestClient) -> bool:
    """Whether the browser may read."""
    return client.get("/api/v1/scans").status_code == 200


def test_without_users_everybody_on_this_computer_may_look(local: TestClient) -> None:
    assert is_in(local)
    assert local.get("/login").headers["location"] == "/"


def test_a_page_leads_to_the_login_and_back(guarded: TestClient) -> None:
    refused = guarded.get("/?since=2026-01-01")
    assert refused.status_code == 303
    assert refused.headers["location"] == "/login?next=%2F%3Fsince%3D2026-01-01"
    answer = log_in(guarded, to="/?since=2026-01-01")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?since=2026-01-01")
    assert is_in(guarded)


def test_a_program_without_login_gets_401(guarded: TestClient) -> None:
    answer = guarded.get("/api/v1/scans")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("nobody", "wrong"), ("", "")])
def test_a_wrong_password(guarded: TestClient, name: str, password: str) -> None:
    answer = log_in(guarded, name, password)
    assert answer.status_code == 401
    assert "name or the password is wrong" in answer.text
    assert not is_in(guarded)


def test_an_unknown_user_takes_a_check_of_a_password_too(
    guarded: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored.rpartition("$")[0].rpartition("$")[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    log_in(guarded, "ann", "wrong")
    log_in(guarded, "nobody", "wrong")
    known, unknown = checked
    assert known == unknown


def test_the_cookie_is_for_this_site_alone(serve: Site) -> None:
    answer = log_in(serve(users=USERS))
    cookie = next(each for each in answer.headers.get_list("set-cookie") if COOKIE in each).lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie


def test_behind_https_the_cookie_is_for_https_alone(serve: Site) -> None:
    client = serve("https://ct.example", users=USERS, names=["ct.example"], https=True)
    answer = log_in(client)
    cookies = answer.headers.get_list("set-cookie")
    assert cookies
    assert all("secure" in cookie.lower() for cookie in cookies)
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_a_session_ends_after_its_time_however_it_is_used(
    guarded: TestClient, clock: Watch
) -> None:
    log_in(guarded)
    for _ in range(7):
        clock.move(hours=1)
        assert is_in(guarded)
    clock.move(hours=1)
    assert not is_in(guarded)


def test_after_logout_the_cookie_is_worth_nothing(guarded: TestClient) -> None:
    log_in(guarded)
    stolen = guarded.cookies[COOKIE]
    csrf = guarded.app.state.site.guard.form_token(  # type: ignore[attr-defined]
        guarded.app.state.site.guard.sessions.read(stolen).id  # type: ignore[attr-defined]
    )
    assert guarded.post("/logout").status_code == 403
    answer = guarded.post("/logout", data={"csrf": csrf})
    assert answer.headers["location"] == "/login"
    assert COOKIE not in guarded.cookies
    guarded.cookies.set(COOKIE, stolen)
    assert not is_in(guarded)


def test_a_new_password_and_a_removed_user_end_sessions(serve: Site) -> None:
    before = serve(users=USERS)
    log_in(before)
    changed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("another one")
    same, other, gone = (
        serve(users=users) for users in (USERS, [user("ann", password=changed)], [user("bob")])
    )
    for client, may in ((same, True), (other, False), (gone, False)):
        client.cookies.set(COOKIE, before.cookies[COOKIE])
        assert is_in(client) is may


def test_a_forged_cookie(guarded: TestClient) -> None:
    log_in(guarded)
    real = guarded.cookies[COOKIE]
    body, _, signature = real.rpartition(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    forged = [f"{body}.{flipped}", f"x{real}", body, "", "a.b.c", "." * 2000, "ann", real[:-1]]
    for cookie in forged:
        guarded.cookies.clear()
        guarded.cookies.set(COOKIE, cookie)
        assert not is_in(guarded), cookie


def test_the_cookie_of_the_form_is_no_session(guarded: TestClient) -> None:
    guarded.get("/login")
    visit = guarded.cookies["ctiqa_visit"]
    guarded.cookies.set(COOKIE, visit)
    assert not is_in(guarded)


def test_a_login_that_another_site_has_prepared(guarded: TestClient) -> None:
    form = guarded.get("/login")
    csrf = field_of(form.text, "csrf")
    guarded.cookies.clear()
    fields = {"csrf": csrf, "name": "ann", "password": "correct horse battery"}
    assert guarded.post("/login", data=fields).status_code == 403


def test_brute_force_of_one_address(guarded: TestClient, clock: Watch) -> None:
    allowed, window = BY_ADDRESS
    statuses = [log_in(guarded, f"user{n}", "x").status_code for n in range(allowed + 1)]
    assert statuses == [401] * allowed + [429]
    # Not even with the right password.
    answer = log_in(guarded)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= window.total_seconds()
    clock.move(seconds=window.total_seconds())
    assert log_in(guarded).status_code == 303


def test_brute_force_from_many_addresses(serve: Site, clock: Watch) -> None:
    client = serve(users=USERS, proxies=["0.0.0.0/0", "::/0"])
    allowed, _ = BY_NAME
    page = client.get("/login")
    fields = {"csrf": field_of(page.text, "csrf"), "name": "ann", "password": "x"}
    statuses = []
    for _ in range(allowed + 1):
        statuses.append(client.post("/login", data=fields).status_code)
        # The limit of one address is not the one that is met.
        client.app.state.site.guard.by_address.take_back("unknown")  # type: ignore[attr-defined]
    assert statuses == [401] * allowed + [429]


def test_the_memory_of_tries_is_bounded(clock: Watch) -> None:
    limiter = Limiter(1, BY_ADDRESS[1], clock)
    for number in range(MOST_KEYS + 10):
        limiter.wait_s(str(number))
    assert len(limiter._tries) == MOST_KEYS
    # A clock that is set back locks nobody out for good.
    clock.move(days=-1)
    assert limiter.wait_s(str(MOST_KEYS)) == 0


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "x",
     "/login", "///evil.example", "\t//evil.example", "/\tx"],
)  # fmt: skip
def test_the_way_after_the_login_stays_on_this_site(to: str) -> None:
    assert own_path(to) == "/"


def test_the_audit_of_logins(guarded: TestClient, tmp_path: Path) -> None:
    log_in(guarded, "ann", "wrong")
    log_in(guarded, "my password by mistake", "x")
    log_in(guarded)
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(each["action"], each["who"]) for each in lines] == [
        ("login_failed", "ann"),
        ("login_failed", "unknown"),
        ("login", "ann"),
    ]


def test_the_key_is_kept_and_private(serve: Site, tmp_path: Path) -> None:
    serve(users=USERS)
    key = (tmp_path / "web.key").read_text()
    assert (tmp_path / "web.key").stat().st_mode & 0o777 == 0o600
    serve(users=USERS)
    assert (tmp_path / "web.key").read_text() == key
