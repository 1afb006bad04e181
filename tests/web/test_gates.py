"""What every request passes: host, origin, size; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from tests.web.conftest import USERS, Site, log_in

from ctiqa.web.gates.body import MOST_BODY
from ctiqa.web.gates.hosts import is_own_host, own_names
from ctiqa.web.gates.origin import is_own_origin

PATHS = ["/", "/api/v1/scans", "/healthz", "/no/such/page", "/api", "/static/none.css", "/login"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_locked_down(shared_local: TestClient, path: str) -> None:
    headers = shared_local.get(path).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if "/static/" in path else "no-store")
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1:9999", "127.0.0.1", "localhost", "",
     "127.0.0.1.evil.example:8080", "127.0.0.1:8080@evil.example", "[::1]", "0.0.0.0:8080"],
)  # fmt: skip
def test_a_name_that_another_site_has_pointed_here(shared_local: TestClient, host: str) -> None:
    answer = shared_local.get("/api/v1/scans", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080"])
def test_names_of_this_computer(shared_local: TestClient, host: str) -> None:
    assert shared_local.get("/api/v1/scans", headers={"Host": host}).status_code == 200


def test_names_of_the_configuration(serve: Site) -> None:
    client = serve(users=USERS, names=["ct.example", "ct.example.org:8443"])
    accepted = ["ct.example", "ct.example:8443", "CT.EXAMPLE", "ct.example.org:8443"]
    for host, status in [*((each, 200) for each in accepted), ("ct.example.org", 400)]:
        assert client.get("/login", headers={"Host": host}).status_code == status, host


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_no_other_text_is_a_name_of_this_computer(host: str) -> None:
    scope = {"server": ("127.0.0.1", 8080), "headers": [(b"host", host.encode("latin-1"))]}
    own = {f"{name}:8080" for name in ("localhost", "127.0.0.1", "[::1]")}
    assert is_own_host(scope, own_names("127.0.0.1", [])) is (host.lower() in own)


def test_the_address_that_was_connected_to_is_a_name() -> None:
    for server, own in (("10.0.0.9", b"10.0.0.9:8080"), ("2001:db8::9", b"[2001:db8::9]:8080")):
        for host, expected in ((own, True), (b"10.0.0.10:8080", False), (own[:-1], False)):
            scope = {"server": (server, 8080), "headers": [(b"host", host)]}
            assert is_own_host(scope, own_names("0.0.0.0", [])) is expected  # noqa: S104


def test_two_host_headers_are_refused() -> None:
    headers = [(b"host", b"127.0.0.1:8080"), (b"host", b"127.0.0.1:8080")]
    assert not is_own_host({"server": ("127.0.0.1", 8080), "headers": headers}, frozenset())


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/login", "/logout", "/score", "/api/v1/scans/x/notes"])
def test_a_post_of_another_site(
    shared_local: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = shared_local.post(path, headers=headers)
    assert answer.status_code == 403
    assert "must come from this site" in answer.text


def test_a_form_without_token_is_refused_even_from_the_same_site(guarded: TestClient) -> None:
    log_in(guarded)
    own = {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}
    assert guarded.post("/logout", headers=own).status_code == 403
    assert guarded.post("/logout", headers=own, data={"csrf": "0" * 64}).status_code == 403


@given(st.text(max_size=30))
def test_only_the_own_origin_may_change_something(origin: str) -> None:
    headers = Headers({"host": "ct.example", "origin": origin.encode().decode("latin-1")})
    own = origin.lower().removeprefix("https://").removeprefix("http://") == "ct.example"
    assert is_own_origin("POST", headers) <= own
    assert is_own_origin("GET", headers)


@pytest.mark.parametrize("path", ["/login", "/logout", "/api/v1/scans/x/notes"])
def test_a_body_that_is_too_large(shared_local: TestClient, path: str) -> None:
    assert shared_local.post(path, content=b"x" * (MOST_BODY + 1)).status_code == 413

    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 1024] * (MOST_BODY // 1024 + 1)

    unannounced = shared_local.post(
        path, content=pieces(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert unannounced.status_code in {400, 403, 404, 413}


def test_a_length_of_many_digits(shared_local: TestClient) -> None:
    answer = shared_local.post("/logout", headers={"Content-Length": "9" * 5000}, content=b"")
    assert answer.status_code == 413


def test_a_mistake_of_the_server_is_no_traceback(
    local: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ctiqa.web.api.scans.record", broken)
    answer = local.get("/api/v1/scans")
    assert (answer.status_code, answer.json()["code"]) == (500, "bug")
    assert "secret detail" not in answer.text
    assert "content-security-policy" in answer.headers
    assert any(record.exc_info for record in caplog.records)
