"""Addresses of clients, also behind proxies that may be believed and others that may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ctiqa.web.identity.clients import UNKNOWN, client_address, limited_by


def request(peer: str | None, *forwarded: str) -> Request:
    """A request from an address."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    client = None if peer is None else (peer, 1)
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.1", ["10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["127.0.0.1", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["evil"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, evil"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        (None, ["198.51.100.7"], UNKNOWN),
        ("testclient", ["198.51.100.7"], UNKNOWN),
    ],
)
def test_addresses(peer: str | None, forwarded: list[str], expected: str) -> None:
    assert client_address(request(peer, *forwarded), ["10.0.0.0/24"]) == expected


@given(st.lists(st.text(st.characters(codec="latin-1"), max_size=20), max_size=4))
def test_nobody_else_changes_the_address(forwarded: list[str]) -> None:
    assert client_address(request("198.51.100.1", *forwarded), ["10.0.0.0/24"]) == "198.51.100.1"


def test_a_customer_of_ipv6_is_one() -> None:
    assert limited_by("2001:db8::1") == limited_by("2001:db8::ffff:1")
    assert limited_by("2001:db8:0:1::1") != limited_by("2001:db8::1")
