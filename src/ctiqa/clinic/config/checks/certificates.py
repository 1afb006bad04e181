"""Checks of certificates: readable, valid today, with their key, for the right host."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ctiqa.clinic.config.checks.check import Check, Placed, sections_of
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import TlsServer
from ctiqa.system.extras import require_extra

SOON = timedelta(days=30)
"""A certificate that ends within this time is to be renewed."""

AUTHORITIES = ("authorities", "clients")
"""Keys whose file holds certificates of authorities."""

_OTHERS = {"KEY": "key", "CERTIFICATE": "certificate"}
"""What a file in PEM may hold instead, by the last word of its first line."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def check_certificates(config: Config, now: datetime | None = None) -> Iterator[Check]:
    """Check all certificates and keys.

    Args:
        config: The configuration.
        now: The time; by default that of this computer.
    """
    now = now or datetime.now(UTC)
    for each in sections_of(config):
        for key in AUTHORITIES:
            if (file := getattr(each.section, key, None)) is not None:
                yield from _validity(each.at(key), file, now)
        if getattr(each.section, "certificate", None) is not None:
            yield from _own(each, config.listen.host, now)


def _own(placed: Placed, host: str, now: datetime) -> Iterator[Check]:
    """A certificate of ctiqa, and its key."""
    file, key = placed.section.certificate, placed.section.key  # type: ignore[attr-defined]
    found = [*_validity(placed.at("certificate"), file, now)]
    yield from found
    if any(each.state == "broken" for each in found):
        return
    yield _key(placed.at("key"), file, key)
    if isinstance(placed.section, TlsServer):
        yield _host(placed.at("certificate"), file, host)


def _validity(place: str, file: Path, now: datetime) -> Iterator[Check]:
    """Whether the certificates in a file can be read and are valid today."""
    require_extra("a check of certificates", "cryptography")
    from cryptography import x509  # noqa: PLC0415 - optional

    try:
        certificates = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        yield Check(place, "broken", f"'{file}' cannot be read: {error.strerror}")
        return
    except ValueError:
        yield Check(
            place, "broken", f"'{file}' must be a certificate in PEM; {_remedy(file, 'KEY')}"
        )
        return
    for each in certificates:
        name = each.subject.rfc4514_string() or "without a name"
        dates = each.not_valid_before_utc, each.not_valid_after_utc
        yield _dated(place, f"the certificate '{name[:80]}'", *dates, now)


def _dated(place: str, name: str, begin: datetime, end: datetime, now: datetime) -> Check:
    if now < begin:
        why = f"{name} is not valid before {begin:%Y-%m-%d}; check the clock of this computer"
        return Check(place, "broken", why)
    if now > end:
        return Check(place, "broken", f"{name} has expired on {end:%Y-%m-%d}; renew it")
    if end - now < SOON:
        return Check(place, "warning", f"{name} expires on {end:%Y-%m-%d}; renew it")
    return Check(place, "ok", f"{name} is valid until {end:%Y-%m-%d}")


def _key(place: str, certificate: Path, key: Path | None) -> Check:
    """Whether the key is that of the certificate, and private."""
    try:
        # A password would be asked for on the terminal.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        return Check(place, "broken", _why_not(key or certificate, error))
    file = key or certificate
    if os.name == "posix" and file.stat().st_mode & 0o007:
        return Check(place, "broken", f"everybody may read '{file}'; run: chmod o= '{file}'")
    return Check(place, "ok", "the key belongs to the certificate")


def _why_not(file: Path, error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            return f"'{file}' is not the key of the certificate; take the one it was made with"
        remedy = _remedy(file, "CERTIFICATE")
        return f"'{file}' must be a private key in PEM without password; {remedy}"
    return f"'{file}' cannot be read: {error.strerror}; name the key of the certificate"


def _remedy(file: Path, other: str) -> str:
    """What to do about a file of the wrong kind; two paths are easily swapped."""
    with suppress(OSError):
        if f"{other}-----".encode() in file.read_bytes():
            return f"it holds a {_OTHERS[other]}: are the paths swapped?"
    return "convert or replace it"


def _host(place: str, file: Path, host: str) -> Check:
    """Whether the certificate of the listener names the address that it listens on."""
    names = _names(file)
    if not names:
        why = "the certificate names no host (subjectAltName), so that senders may refuse it"
        return Check(place, "warning", f"{why}; have one made that does")
    listed = ", ".join(sorted(names))
    if host in names or host in EVERYWHERE:
        return Check(place, "ok", f"the certificate is for {listed}")
    why = f"the certificate is for {listed}, and the listener for {host}"
    return Check(place, "warning", f"{why}; senders must call it by a name of the certificate")


def _names(file: Path) -> set[str]:
    from cryptography import x509  # noqa: PLC0415 - optional

    own = x509.load_pem_x509_certificates(file.read_bytes())[0]
    try:
        found = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return {*found.get_values_for_type(x509.DNSName), *addresses}
