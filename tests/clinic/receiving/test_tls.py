"""TLS: only senders with a certificate of the authority, version 1.2 or later."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clinic.receiving.tools.certificates import Authority, Pair
from tests.clinic.receiving.tools.objects import EXAMPLE, ct, encoded
from tests.clinic.receiving.tools.raw import ACCEPT, Raw, connected, request
from tests.clinic.receiving.tools.running import Running, configured, receiving
from tests.clinic.receiving.tools.senders import dcmtk, files_in

from ctiqa.clinic.receiving.listener import Listener
from ctiqa.clinic.receiving.signs import state
from ctiqa.errors import UsageError


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority."""
    return Authority(tmp_path)


def section(server: Pair, authority: Authority) -> dict[str, str]:
    """The section of the configuration."""
    return {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "clients": str(authority.file),
    }


@pytest.fixture
def running(tmp_path: Path, authority: Authority) -> Iterator[Running]:
    """A listener with TLS."""
    tls = section(authority.sign("server"), authority)
    with receiving(tmp_path, tls=tls, idle_seconds=1) as started:
        yield started


def client(authority: Authority, pair: Pair | None) -> ssl.SSLContext:
    """How a sender encrypts."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def is_served(port: int, context: ssl.SSLContext) -> bool:
    """Whether a sender gets an association, and its instance is kept."""
    try:
        with (
            connected(port) as plain,
            context.wrap_socket(plain.sock, server_hostname="localhost") as sock,
        ):
            raw = Raw(sock)
            return raw.associate()[0] == ACCEPT and raw.store("1.2.3", encoded(ct("1.2.3"))) == 0
    except OSError:
        return False


def test_a_sender_with_a_certificate_is_served(running: Running, authority: Authority) -> None:
    assert is_served(running.port, client(authority, authority.sign("sender")))
    assert len(running.files()) == 1


def test_storescu_with_tls(running: Running, authority: Authority) -> None:
    pair = authority.sign("sender")
    tls = ["+tls", str(pair.key), str(pair.certificate), "+cf", str(authority.file)]
    status, said = dcmtk("storescu", running.port, *tls, "-xt", "+sd", str(EXAMPLE))
    assert status == 0, said
    assert len(running.files()) == len(files_in(EXAMPLE))


def test_others_are_not_served(running: Running, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    assert not is_served(running.port, client(authority, None))
    assert not is_served(running.port, client(authority, stranger.sign("foreign")))
    assert not is_served(running.port, client(authority, authority.sign("old", -10, -1)))
    with connected(running.port) as plain:
        plain.send(request())
        assert plain.pdu()[0] != ACCEPT
    assert running.files() == []
    assert is_served(running.port, client(authority, authority.sign("sender")))


def test_old_versions_are_refused(running: Running, authority: Authority) -> None:
    context = client(authority, authority.sign("sender"))
    # TLS 1.1 is offered if the library still has it; the listener must not take it.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not is_served(running.port, context)


def test_a_handshake_that_does_not_come_keeps_nobody_out(
    running: Running, authority: Authority
) -> None:
    context = client(authority, authority.sign("sender"))
    with connected(running.port) as silent:
        assert is_served(running.port, context)
        assert silent.pdu()[0] in (0, 21), "the connection is closed, perhaps after an alert"


def test_a_stop_does_not_end_the_encryption(running: Running, authority: Authority) -> None:
    context = client(authority, authority.sign("sender"))
    with (
        connected(running.port) as plain,
        context.wrap_socket(plain.sock, server_hostname="localhost") as sock,
    ):
        raw = Raw(sock)
        raw.associate()
        running.listener.seats.interrupt_all()
        # What comes now is an abort, encrypted: in plain text, this would be a failure of TLS.
        assert raw.pdu()[0] == 7


@pytest.mark.parametrize(
    ("begins", "ends", "said"), [(-10, -1, "expired"), (1, 10, "not valid before")]
)
def test_a_certificate_that_is_not_valid_today(
    tmp_path: Path, authority: Authority, begins: int, ends: int, said: str
) -> None:
    tls = section(authority.sign("server", begins, ends), authority)
    with pytest.raises(UsageError, match=said):
        Listener(configured(tmp_path, tls=tls))


def test_a_wrong_key(tmp_path: Path, authority: Authority) -> None:
    server, other = authority.sign("server"), authority.sign("other")
    tls = section(Pair(server.certificate, other.key), authority)
    with pytest.raises(UsageError, match="not the key of the certificate"):
        Listener(configured(tmp_path, tls=tls))


@pytest.mark.parametrize("key", ["certificate", "key", "clients"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_files_that_cannot_be_read(
    tmp_path: Path, authority: Authority, key: str, content: bytes | None
) -> None:
    tls = section(authority.sign("server"), authority)
    file = Path(tls[key])
    file.unlink()
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(UsageError, match=r"listen\.tls\."):
        Listener(configured(tmp_path, tls=tls))


def test_a_certificate_that_ends_soon_is_shown(tmp_path: Path, authority: Authority) -> None:
    tls = section(authority.sign("server", ends=10), authority)
    with receiving(tmp_path, tls=tls) as running:
        sentence, is_well = state(running.config, running.listener)
    assert is_well
    assert "expires on" in sentence
    assert "renew it" in sentence


def test_a_certificate_that_has_expired_meanwhile_is_no_reason_to_fail(
    tmp_path: Path, authority: Authority
) -> None:
    server = authority.sign("server")
    with receiving(tmp_path, tls=section(server, authority)) as running:
        server.certificate.unlink()
        sentence, is_well = state(running.config, running.listener)
    assert not is_well
    assert "cannot be read" in sentence
