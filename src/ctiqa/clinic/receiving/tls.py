"""TLS of the listener: version 1.2 or later, and only senders with a certificate."""

from __future__ import annotations

import ssl

from ctiqa.clinic.config.checks.certificates import check_certificates
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import TlsServer
from ctiqa.errors import UsageError, bulleted, counted

PLACE = "listen."
"""Beginning of the places of the checks that are about the listener."""


def server_context(config: Config) -> ssl.SSLContext | None:
    """How connections are encrypted; ``None`` if they are not.

    Raises:
        UsageError: If a certificate or key cannot be read or used today.
    """
    if config.listen.tls is None:
        return None
    broken = [
        f"{each.what}: {each.sentence}" for each in tls_checks(config) if each.state == "broken"
    ]
    if broken:
        raise UsageError(bulleted(f"TLS of the listener has {counted(broken)}:", broken))
    return _context(config.listen.tls)


def tls_checks(config: Config) -> list[Check]:
    """What is to be done about the certificates of the listener, such as renewing them."""
    return [
        each
        for each in check_certificates(config)
        if each.state != "ok" and each.what.startswith(PLACE)
    ]


def _context(tls: TlsServer) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    # PDUs state their length, so that a cut needs no detection by TLS; an abort can still be sent.
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.load_cert_chain(tls.certificate, tls.key)
    context.load_verify_locations(tls.clients)
    return context
