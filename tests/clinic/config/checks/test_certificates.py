"""Certificates: valid, with their key, for the right host."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.config.checks.certificates import NOW, write
from tests.clinic.config.checks.made import Found, config, found

from ctiqa.clinic.config.checks.certificates import check_certificates


def checked(folder: Path, certificate: Path, key: Path, **listen: Any) -> Found:
    tls = {"certificate": str(certificate), "key": str(key), "clients": str(certificate)}
    made = config(folder, listen={"tls": tls, **listen})
    return found(check_certificates(made, NOW))


def test_a_good_one(tmp_path: Path) -> None:
    checks = checked(tmp_path, *write(tmp_path))
    assert {each for each, _ in checks.values()} == {"ok"}
    assert checks["listen.tls.key"][1] == "the key belongs to the certificate"
    assert "localhost" in checks["listen.tls.certificate"][1]


@pytest.mark.parametrize(
    ("begin", "days", "state", "says"),
    [
        (-20, 10, "broken", "has expired on 2026-11-16; renew it"),
        (-20, 40, "warning", "expires on 2026-12-16; renew it"),
        (+5, 90, "broken", "is not valid before 2026-12-01; check the clock"),
    ],
)
def test_dates(begin: float, days: float, state: str, says: str, tmp_path: Path) -> None:
    files = write(tmp_path, begin=NOW + timedelta(days=begin), days=days)
    checks = checked(tmp_path, *files)
    assert checks["listen.tls.clients"][0] == state
    assert says in checks["listen.tls.clients"][1]


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    certificate, _ = write(tmp_path, "one")
    _, key = write(tmp_path, "other")
    state, sentence = checked(tmp_path, certificate, key)["listen.tls.key"]
    assert state == "broken"
    assert "is not the key of the certificate" in sentence


def test_a_key_that_everybody_may_read(tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    key.chmod(0o604)
    state, sentence = checked(tmp_path, certificate, key)["listen.tls.key"]
    assert (state, "chmod o=" in sentence) == ("broken", True)


def test_files_that_are_none(tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    key.write_text("no key")
    assert "must be a private key" in checked(tmp_path, certificate, key)["listen.tls.key"][1]
    key.unlink()
    assert "cannot be read" in checked(tmp_path, certificate, key)["listen.tls.key"][1]
    certificate.write_text("no certificate")
    checks = checked(tmp_path, certificate, key)
    assert "must be a certificate in PEM" in checks["listen.tls.certificate"][1]
    assert "listen.tls.key" not in checks


def test_swapped_paths(tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    sentence = checked(tmp_path, key, certificate)["listen.tls.certificate"][1]
    assert sentence.endswith("it holds a key: are the paths swapped?")
    sentence = checked(tmp_path, certificate, certificate)["listen.tls.key"][1]
    assert sentence.endswith("it holds a certificate: are the paths swapped?")


@pytest.mark.parametrize(
    ("host", "addresses", "state"),
    [
        ("192.0.2.1", ("192.0.2.1",), "ok"),
        ("192.0.2.2", ("192.0.2.1",), "warning"),
        ("0.0.0.0", ("192.0.2.1",), "ok"),  # noqa: S104
        ("192.0.2.1", (), "warning"),
    ],
)
def test_hosts(host: str, addresses: tuple[str, ...], state: str, tmp_path: Path) -> None:
    files = write(tmp_path, hosts=(), addresses=addresses)
    assert checked(tmp_path, *files, host=host)["listen.tls.certificate"][0] == state


def test_those_of_targets_and_archives_are_checked_too(tmp_path: Path) -> None:
    old, key = write(tmp_path, begin=NOW - timedelta(days=9), days=1)
    pem = {"authorities": str(old), "certificate": str(old), "key": str(key)}
    target = {"kind": "dicom", "name": "a", "ae_title": "A", "host": "h", "port": 1, "tls": pem}
    source = {"kind": "orthanc", "name": "a", "url": "https://h", "authorities": str(old)}
    checks = found(check_certificates(config(tmp_path, send=[target], fetch=[source]), NOW))
    assert {place: state for place, (state, _) in checks.items()} == {
        "send[1].tls.authorities": "broken",
        "send[1].tls.certificate": "broken",
        "fetch[1].authorities": "broken",
    }
