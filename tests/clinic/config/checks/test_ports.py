"""Ports, senders and AE titles."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.config.checks.made import Found, config, found

from ctiqa.clinic.config.checks.ports import check_ports

EVERYWHERE = "0.0.0.0"  # noqa: S104 - checked, and free at once


def checked(folder: Path, **values: Any) -> Found:
    return found(check_ports(config(folder, **values)))


def test_a_free_port(tmp_path: Path) -> None:
    checks = checked(tmp_path)
    assert checks["listen.port"][0] == checks["web.port"][0] == "ok"


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        port = stream.getsockname()[1]
        state, sentence = checked(tmp_path, listen={"port": port})["listen.port"]
    assert state == "warning"
    assert f"127.0.0.1:{port} is in use; this is fine if 'ctiqa listen' is running" in sentence


def test_an_address_of_another_computer(tmp_path: Path) -> None:
    state, sentence = checked(tmp_path, web={"host": "192.0.2.77"})["web.host"]
    assert (state, "is not an address of this computer" in sentence) == ("broken", True)


def test_a_name_is_not_looked_up(tmp_path: Path) -> None:
    checks = checked(tmp_path, web={"host": "ct.example.org"})
    assert checks["web.host"][0] == "note"
    assert "web.port" not in checks


ANYBODY = {"ae_title": "CT1"}
ONE = {"ae_title": "CT2", "addresses": ["192.0.2.1"]}


@pytest.mark.parametrize(
    ("listen", "place", "state", "says"),
    [
        ({}, "listen.peers", "broken", "nobody may send"),
        ({"any_peer": True}, "listen.any_peer", "note", "every program on this computer"),
        (
            {"any_peer": True, "peers": [ONE]},
            "listen.any_peer",
            "warning",
            "not listed are accepted too",
        ),
        (
            {"any_peer": True, "host": EVERYWHERE},
            "listen.any_peer",
            "warning",
            "everybody in the network",
        ),
        ({"peers": [ANYBODY, ONE]}, "listen.peers", "ok", "may send: CT1, CT2"),
        ({"peers": [ANYBODY, ONE], "host": EVERYWHERE}, "listen.peers", "warning", "CT1 may send"),
        ({"peers": [ONE], "host": EVERYWHERE}, "listen.peers", "ok", "may send: CT2"),
    ],
)
def test_who_may_send(listen: Any, place: str, state: str, says: str, tmp_path: Path) -> None:
    got, sentence = checked(tmp_path, listen=listen)[place]
    assert (got, says in sentence) == (state, True)


@pytest.mark.parametrize(
    ("target", "key", "state"),
    [
        ({}, "ae_title", "ok"),
        ({"ae_title": "CTIQA"}, "ae_title", "warning"),
        ({"host": "127.0.0.1", "port": 11112}, "port", "broken"),
        ({"host": "localhost", "port": 11112}, "port", "broken"),
    ],
)
def test_results_do_not_come_back(target: Any, key: str, state: str, tmp_path: Path) -> None:
    pacs = {"kind": "dicom", "name": "a", "ae_title": "PACS", "host": "192.0.2.1", "port": 104}
    checks = checked(tmp_path, listen={"port": 11112}, send=[pacs | target])
    assert checks[f"send[1].{key}"][0] == state
