"""TLS towards a target or receiver: its certificate and the name of its host are verified."""

from __future__ import annotations

import ssl
from pathlib import Path

from ctiqa.clinic.config.sending import TlsClient


class TlsError(Exception):
    """A certificate that ctiqa needs cannot be used; the message says which and why."""


def client_context(tls: TlsClient) -> ssl.SSLContext:
    """Certificates of a DICOM target; read again for each connection, so that a new one counts.

    Raises:
        TlsError: If a file cannot be read or is not a certificate.
    """
    context = trusting(tls.authorities)
    if tls.certificate is not None:
        try:
            # Without a password, a key with one is refused instead of asked for.
            context.load_cert_chain(tls.certificate, tls.key, password="")
        except OSError as error:
            raise TlsError(
                "the certificate of ctiqa for this target cannot be used "
                f"({_why(error)}); see 'certificate' and 'key' in its table 'tls'"
            ) from None
    return context


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """A context that trusts the authorities in a file, or those of the system.

    Raises:
        TlsError: If the file cannot be read or has no certificates.
    """
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise TlsError(
            f"the certificates in 'authorities' cannot be used ({_why(error)}); name a file in PEM"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def untrusted(error: ssl.SSLError) -> str:
    """Why a connection with TLS failed, in plain words.

    >>> untrusted(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"))
    'it does not answer with TLS; see whether its port is the one with TLS'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not valid here: {error.verify_message}; renew it, or name its "
            "authority in 'authorities'"
        )
    if "WRONG_VERSION" in str(error):
        return "it does not answer with TLS; see whether its port is the one with TLS"
    return "the connection with TLS fails; see whether the target asks for a certificate of ctiqa"


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "it is not valid PEM, or does not fit its key"
    return error.strerror or type(error).__name__
