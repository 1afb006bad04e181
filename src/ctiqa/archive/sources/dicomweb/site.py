"""Address of a DICOMweb service, and the login for it."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ctiqa.archive.sources.addresses import check_url, is_loopback, scheme_of
from ctiqa.errors import UsageError

SCHEMES = ("http", "https", "dicomweb+http", "dicomweb+https")

TOKEN = "CTIQA_DICOMWEB_TOKEN"  # noqa: S105 - the name of a variable
USER = "CTIQA_DICOMWEB_USER"
PASSWORD = "CTIQA_DICOMWEB_PASSWORD"  # noqa: S105 - the name of a variable

HOW_TO_LOG_IN = f"set {TOKEN}, or {USER} and {PASSWORD}"

_UID = re.compile(r"(?=.{1,64}$)\d+(\.\d+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Site:
    """A DICOMweb service.

    Attributes:
        base: Its address without login, without ``/`` at the end.
        login: ``USER:PASSWORD`` of the address.
    """

    base: str
    login: str | None = field(default=None, repr=False)

    def authorization(self) -> str | None:
        """The header to send, from the address or the environment; ``None`` if there is no login.

        Raises:
            UsageError: If it would be sent unencrypted to another computer, or has no password.
        """
        header = self._header()
        if header and self.base.startswith("http:") and not is_loopback(self.base):
            raise UsageError(
                f"a login is sent only to https addresses, and '{self.base}' is not one; use "
                f"https, or unset {TOKEN}, {USER} and {PASSWORD}"
            )
        return header

    def _header(self) -> str | None:
        if self.login is not None:
            return _basic(self.login)
        if token := os.environ.get(TOKEN):
            if not (token.isascii() and token.isprintable()):
                raise UsageError(f"{TOKEN} must be ASCII text in one line")
            return f"Bearer {token.strip()}"
        user, password = os.environ.get(USER), os.environ.get(PASSWORD)
        if bool(user) != bool(password):
            raise UsageError(f"{USER} and {PASSWORD} must both be set, or neither")
        return _basic(f"{user}:{password}") if user else None


def parse_site(text: str) -> Site:
    """Read the address of a DICOMweb service.

    Args:
        text: ``https://HOST/dicom-web``, perhaps with ``USER:PASSWORD@`` before the host, or
            ``dicomweb+`` before the scheme.

    Raises:
        UsageError: If it is not one. The message does not quote a login.

    >>> parse_site("https://me:secret@pacs.example/dicom-web/")
    Site(base='https://pacs.example/dicom-web')
    """
    check_url(text)
    if scheme_of(text) not in SCHEMES:
        raise UsageError(
            f"the address of a DICOMweb service must be {' or '.join(SCHEMES[:2])}://…"
        )
    try:
        parts = urlsplit(text.removeprefix("dicomweb+"))
        _ = parts.port
    except ValueError:
        raise UsageError(
            "the address of a DICOMweb service must have a host and a port from 1 to 65535, as in "
            "https://HOST:PORT/dicom-web"
        ) from None
    if parts.query or parts.fragment:
        raise UsageError("the address of a DICOMweb service must not have a '?' or '#'")
    login, _, host = parts.netloc.rpartition("@")
    base = f"{parts.scheme.lower()}://{host}{parts.path.rstrip('/')}"
    return Site(base, unquote(login) if login else None)


def is_uid(text: object) -> bool:
    """Whether a text is a UID, and so can be a part of an address.

    >>> is_uid("1.2.840.1"), is_uid("1..2"), is_uid("../x"), is_uid("1" * 65)
    (True, False, False, False)
    """
    return isinstance(text, str) and _UID.fullmatch(text) is not None


def _basic(login: str) -> str:
    return f"Basic {b64encode(login.encode()).decode()}"
