"""Encrypted connections: who cannot show a valid certificate gets nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.clinic.sending.certificates import Authority
from tests.clinic.sending.conftest import Outbox, dicom, stow
from tests.clinic.sending.peers import archive, site


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_both_show_certificates(outbox: Outbox, authority: Authority) -> None:
    outbox.put("1.2.1")
    own, pacs_pair = authority.signed("ctiqa"), authority.signed("pacs")
    tls = {
        "authorities": str(authority.file),
        "certificate": str(own.certificate),
        "key": str(own.key),
    }
    with archive(tls=pacs_pair.server(authority.file)) as pacs:
        outbox.turn(dicom(pacs.port, tls=tls))
        assert pacs.uids == ["1.2.1"]
    assert outbox.states() == [("sent", 1)]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("expired", "certificate has expired"),
        ("other host", "IP address mismatch"),
        ("other authority", "unable to get local issuer certificate"),
    ],
)
def test_a_target_with_a_wrong_certificate_gets_nothing(
    outbox: Outbox, authority: Authority, tmp_path: Path, what: str, words: str
) -> None:
    outbox.put("1.2.1")
    pair = {
        "expired": lambda: authority.signed("pacs", valid=timedelta(days=-1)),
        "other host": lambda: authority.signed("pacs", address="10.1.2.3"),
        "other authority": lambda: Authority(tmp_path, "stranger").signed("pacs"),
    }[what]()
    with archive(tls=pair.server()) as pacs:
        outbox.turn(dicom(pacs.port, tls={"authorities": str(authority.file)}))
        assert pacs.stored == []
    assert outbox.states() == [("waiting", 1)]
    assert words in outbox.error()
    assert "renew it" in outbox.error()


def test_a_target_that_asks_for_a_certificate(outbox: Outbox, authority: Authority) -> None:
    outbox.put("1.2.1")
    with archive(tls=authority.signed("pacs").server(authority.file)) as pacs:
        outbox.turn(dicom(pacs.port, tls={"authorities": str(authority.file)}))
    assert outbox.states() == [("waiting", 1)]
    assert "TLS" in outbox.error()


def test_a_target_without_tls(outbox: Outbox, authority: Authority) -> None:
    outbox.put("1.2.1")
    with archive() as pacs:
        pacs_without = dicom(pacs.port, tls={"authorities": str(authority.file)})
        outbox.turn(pacs_without)
        assert pacs.stored == []
    assert outbox.states() == [("waiting", 1)]


@pytest.mark.parametrize("missing", ["authorities", "certificate"])
def test_a_file_that_cannot_be_used_is_said(
    outbox: Outbox, authority: Authority, tmp_path: Path, missing: str
) -> None:
    outbox.put("1.2.1")
    own = authority.signed("ctiqa")
    tls = {"authorities": str(authority.file), "certificate": str(own.certificate)}
    tls |= {"key": str(own.key), missing: str(tmp_path / "none.pem")}
    with archive() as pacs:
        outbox.turn(dicom(pacs.port, tls=tls))
    assert outbox.states() == [("waiting", 1)]
    assert "cannot be used (No such file or directory)" in outbox.error()


def test_dicomweb_with_an_authority_of_its_own(outbox: Outbox, authority: Authority) -> None:
    outbox.put("1.2.1", target="web")
    with site(authority.signed("web").server()) as server:
        outbox.turn(stow(server.url))
        assert outbox.states() == [("waiting", 1)]
        assert "must be valid and trusted" in outbox.error()
        assert server.requests == []
        outbox.watch.move(seconds=30)
        outbox.turn(stow(server.url, authorities=str(authority.file)))
    assert outbox.states() == [("sent", 2)]
