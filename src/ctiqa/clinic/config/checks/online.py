"""Checks of other servers, made only when asked for: each is called once."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.section import read_secret
from ctiqa.clinic.config.sending import DicomTarget, Login, Mail, Syslog, TlsClient, Webhook
from ctiqa.errors import CtiqaError
from ctiqa.text.plain_text import clean

WAIT_S = 10
"""Time to wait for an answer, in seconds."""

REFUSED = (401, 403)
"""Answers of HTTP that mean: not with this login."""


def check_online(config: Config) -> Iterator[Check]:
    """Call every target (C-ECHO or HTTP HEAD), source and receiver of alerts once.

    No alert and no result is sent.
    """
    for n, target in enumerate(config.send, start=1):
        if isinstance(target, DicomTarget):
            yield _echoed(f"send[{n}]", target, config.listen.ae_title)
        else:
            yield _asked(f"send[{n}]", f"{target.url}/studies?limit=1", target)
    for n, source in enumerate(config.fetch, start=1):
        path = "/system" if source.kind == "orthanc" else "/studies?limit=1"
        yield _asked(f"fetch[{n}]", source.url + path, source)
    for n, alert in enumerate(config.alert, start=1):
        yield from _receiver(f"alert[{n}]", alert)


def _receiver(place: str, alert: Webhook | Mail | Syslog) -> Iterator[Check]:
    if isinstance(alert, Webhook):
        yield _asked(place, alert.url, None)
    elif alert.host is not None:
        is_udp = isinstance(alert, Syslog) and alert.protocol == "udp"
        yield (_resolved if is_udp else _connected)(place, alert.host, alert.port)


def _echoed(place: str, target: DicomTarget, own: str) -> Check:
    """The answer to a C-ECHO."""
    reached = _connected(place, target.host, target.port)
    if reached.state != "ok":
        return reached
    from pynetdicom import AE  # noqa: PLC0415 - slow to load
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # noqa: PLC0415

    entity = AE(ae_title=target.calling or own)
    entity.add_requested_context(Verification)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = WAIT_S
    entity.connection_timeout = WAIT_S
    try:
        association = entity.associate(
            target.host,
            target.port,
            ae_title=target.ae_title,
            tls_args=None if target.tls is None else (_context(target.tls), target.host),
        )
    except OSError as error:
        return Check(place, "broken", f"TLS cannot be used: {clean(str(error), 200)}")
    if not association.is_established:
        return Check(place, "broken", _no_association(association, target))
    try:
        status = association.send_c_echo()
    finally:
        association.release()
    if getattr(status, "Status", None) != 0:
        return Check(place, "broken", f"{target.ae_title} does not answer C-ECHO; ask its owner")
    return Check(place, "ok", f"{target.ae_title} answers C-ECHO")


def _no_association(association: Any, target: DicomTarget) -> str:
    where = f"{target.ae_title} at {target.host}:{target.port}"
    if association.is_rejected:
        return f"{where} rejects '{association.ae.ae_title}'; register it there"
    return f"{where} ends the connection; check that both sides use TLS, or neither"


def _context(tls: TlsClient) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.authorities))
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def _asked(place: str, url: str, login: Login | None) -> Check:
    """The answer to a request that changes nothing."""
    import requests  # noqa: PLC0415 - slow to load

    try:
        answer = requests.head(url, timeout=WAIT_S, allow_redirects=False, **_credentials(login))
    except CtiqaError as error:
        return Check(place, "broken", str(error))
    except (OSError, ValueError) as error:
        # The text of these errors repeats the address, which holds no secret, and no header.
        return Check(place, "broken", f"cannot be reached: {clean(str(error), 200)}")
    if answer.status_code in REFUSED:
        why = f"answers {answer.status_code}: the login is refused; check user, password or token"
        return Check(place, "broken", why)
    if answer.status_code >= 500:
        return Check(place, "broken", f"answers {answer.status_code}; ask its owner")
    return Check(place, "ok", f"answers {answer.status_code}")


def _credentials(login: Login | None) -> dict[str, Any]:
    if login is None:
        return {}
    found: dict[str, Any] = {"verify": str(login.authorities)} if login.authorities else {}
    if login.user is not None and login.password_file is not None:
        found["auth"] = (login.user, read_secret(login.password_file))
    if login.token_file is not None:
        found["headers"] = {"Authorization": f"Bearer {read_secret(login.token_file)}"}
    return found


def _connected(place: str, host: str, port: int) -> Check:
    try:
        with socket.create_connection((host, port), WAIT_S):
            return Check(place, "ok", f"{host}:{port} accepts connections")
    except OSError as error:
        why = f"{host}:{port} cannot be reached ({error.strerror or error})"
        return Check(place, "broken", f"{why}; check address, port and firewall")


def _resolved(place: str, host: str, port: int) -> Check:
    """Nothing answers by UDP; at least the name can be looked up."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        return Check(place, "broken", f"{host} is not known: {error.strerror or error}")
    return Check(place, "note", f"{host} is known; UDP does not confirm that messages arrive")
