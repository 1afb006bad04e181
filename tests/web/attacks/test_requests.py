"""Requests that try to be taken for something else: hosts, origins, lengths, forms."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from tests.web.conftest import USERS, Site, field_of
from tests.web.test_server import answered, served

from ctiqa.web.gates.hosts import is_own_host
from ctiqa.web.gates.origin import is_own_origin

BOUNDARY = "5c9e"

CHARACTER_SETS = ["unicode_escape", "utf-7", "idna", "punycode", "undefined"]
"""Sets that make halves of characters, take long, or fail in ways of their own."""


@pytest.mark.parametrize(
    "host",
    [
        "ct.example:1@evil.example",
        "ct.example:80/evil",
        "ct.example:",
        "ct.example:x",
        "ct.example:123456",
        "ct.example:80#",
        "ct.example, evil.example",
        "[::1]8080",
        "ct.example.",
        "ct.example:\u0661",
    ],
)
def test_a_host_is_a_name_and_a_port(host: str) -> None:
    def is_own(name: str) -> bool:
        headers = [(b"host", name.encode())]
        scope = {"type": "http", "headers": headers, "server": ("127.0.0.1", 8080)}
        return is_own_host(scope, {"ct.example"})

    assert is_own("ct.example:8443")
    assert not is_own(host)


def test_a_second_origin_is_read_too() -> None:
    own, evil = "https://ct.example", "https://evil.example"
    host = [(b"host", b"ct.example")]

    def may(*given: tuple[str, str]) -> bool:
        more = [(name.encode(), value.encode()) for name, value in given]
        return is_own_origin("POST", Headers(raw=host + more))

    assert may(("origin", own), ("sec-fetch-site", "same-origin"))
    assert not may(("origin", own), ("origin", evil))
    assert not may(("origin", own), ("origin", "null"))
    assert not may(("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site"))


def test_a_body_with_two_lengths_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        host = f"Host: {place[0]}:{place[1]}\r\n".encode()
        lengths = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        hidden = b"GET /readyz HTTP/1.1\r\n" + host + b"\r\n"
        answer = answered(place, b"POST /login HTTP/1.1\r\n" + host + lengths + hidden)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"two_lengths" in answer or b"both" in answer
        assert answer.count(b"HTTP/1.1 ") == 1


def test_no_redirect_is_made_from_the_host_of_a_request(local: TestClient) -> None:
    for path in ("/scans/", "/api/v1/scans/", "/score/"):
        answer = local.get(path)
        assert answer.status_code == 404
        assert "location" not in answer.headers


def parts_of(fields: dict[str, bytes]) -> bytes:
    """Fields as a multipart body."""
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n'
    return b"".join(
        b"--%b\r\n%b%b\r\n" % (BOUNDARY.encode(), head.format(name).encode(), value)
        for name, value in fields.items()
    ) + (b"--%b--\r\n" % BOUNDARY.encode())


@pytest.mark.parametrize("charset", CHARACTER_SETS)
def test_character_sets_of_a_form_do_not_count(
    guarded: TestClient, charset: str, caplog: pytest.LogCaptureFixture
) -> None:
    csrf = field_of(guarded.get("/login").text, "csrf").encode()
    hostile = {"unicode_escape": b"\\ud800", "utf-7": b"+2AA-"}.get(charset, b"xn--a\xff")
    body = parts_of({"csrf": csrf, "name": b"ann", "password": hostile, "next": hostile})
    kind = f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"
    with caplog.at_level(logging.ERROR):
        answer = guarded.post("/login", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 403
    assert not caplog.records


@pytest.mark.parametrize("text", ["%ED%A0%80", "%00", "%FF", "\xff", "%"])
def test_any_bytes_in_a_form_are_a_text(guarded: TestClient, text: str) -> None:
    csrf = field_of(guarded.get("/login").text, "csrf")
    body = f"csrf={csrf}&name={text}&password={text}&next={text}".encode("latin-1")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert guarded.post("/login", content=body, headers=kind).status_code == 401


def test_a_form_with_many_fields(serve: Site) -> None:
    client = serve(users=USERS)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "&".join(f"a{number}=1" for number in range(5000))
    answer = client.post("/login", content=body, headers=kind)
    assert answer.status_code == 400
    assert "32 fields" in answer.text
