"""Why no association could be made, found out by a connection of its own."""

from __future__ import annotations

import socket
import ssl

from ctiqa.clinic.config.sending import DicomTarget
from ctiqa.clinic.sending.tls import TlsError, client_context, untrusted


def why_no_association(target: DicomTarget, timeout_s: float) -> str:
    """What keeps a target from answering, in plain words.

    Args:
        target: The target.
        timeout_s: How long to wait for a connection.
    """
    try:
        with socket.create_connection((target.host, target.port), timeout_s) as plain:
            if target.tls is not None:
                return _why_no_tls(client_context(target.tls), plain, target.host)
    except TlsError as error:
        return str(error)
    except OSError as error:
        return unreachable(error)
    return (
        "it takes the connection but not the association; see whether the port is that of its "
        "DICOM service, and whether it asks for TLS"
    )


def unreachable(error: OSError) -> str:
    """Why there is no connection.

    >>> unreachable(ConnectionRefusedError())
    'nothing listens at its address and port; see whether it runs'
    >>> unreachable(socket.gaierror())
    'the name of its host is unknown; correct it, or see the name server'
    """
    if isinstance(error, socket.gaierror):
        return "the name of its host is unknown; correct it, or see the name server"
    if isinstance(error, TimeoutError):
        return "it does not answer; see the network, the firewall and whether it runs"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at its address and port; see whether it runs"
    if isinstance(error, ConnectionError):
        return "it closes the connection; see its log, and whether it asks for TLS"
    return f"it cannot be reached ({error.strerror or type(error).__name__}); see the network"


def _why_no_tls(context: ssl.SSLContext, plain: socket.socket, host: str) -> str:
    try:
        with context.wrap_socket(plain, server_hostname=host) as encrypted:
            # In TLS 1.3, a certificate of ctiqa is refused only after the handshake.
            encrypted.settimeout(1.0)
            encrypted.recv(1)
    except ssl.SSLError as error:
        return untrusted(error)
    except TimeoutError:
        pass
    except OSError as error:
        return unreachable(error)
    return "it takes the connection with TLS but not the association; see its log"
