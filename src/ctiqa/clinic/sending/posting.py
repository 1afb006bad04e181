"""Requests by HTTP POST: no redirects, no proxies or logins of the environment, bounded answers."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from requests.auth import AuthBase

from ctiqa.clinic.config.section import read_secret
from ctiqa.clinic.config.sending import Login
from ctiqa.clinic.sending.tls import TlsError, trusting
from ctiqa.errors import UsageError
from ctiqa.version import __version__

TIMEOUT_S = (15.0, 60.0)
"""How long to wait for a connection, and for the next bytes."""

MOST_SECONDS = 120.0
"""How long an answer may take, however steadily it drips."""

MOST_BYTES = 1 << 20
"""Largest answer that is read; the rest is left."""

OVERLOADED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may pass by themselves."""


class NoAnswerError(Exception):
    """There was no answer; the message says why and what to do, in plain words."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer.

    Attributes:
        status: Status of HTTP.
        media: Its media type, in lower case.
        body: Its body.
    """

    status: int
    media: str
    body: bytes


class Poster:
    """Connections to one server; close it after use.

    Args:
        url: Address.
        authorization: Header with the login, or ``None``.
        authorities: Certificates of the authorities that sign the server's; ``None`` for those of
            the system.

    Raises:
        NoAnswerError: If the certificates cannot be used.
    """

    def __init__(
        self, url: str, authorization: str | None = None, authorities: Path | None = None
    ) -> None:
        self._url = url
        if authorities is not None:
            _check(authorities)
        self._session = requests.Session()
        # Proxies and ~/.netrc are for users who browse, not for results of patients.
        self._session.trust_env = False
        self._session.auth = _Authorization(authorization)
        self._session.verify = True if authorities is None else str(authorities)
        self._session.headers["User-Agent"] = f"ctiqa/{__version__}"

    def post(self, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Make a request.

        Raises:
            NoAnswerError: If there is no answer.
        """
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=dict(headers),
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as answer:
                media = answer.headers.get("Content-Type", "").partition(";")[0]
                return Posted(answer.status_code, media.strip().lower(), _body(answer))
        except requests.exceptions.SSLError:
            raise NoAnswerError(
                "its certificate must be valid and trusted here; renew it, or name its authority "
                "in 'authorities'"
            ) from None
        except requests.Timeout:
            raise NoAnswerError(
                "it does not answer in time; see the network, the firewall and whether it runs"
            ) from None
        except requests.ConnectionError:
            raise NoAnswerError(
                "it cannot be reached, or closes the connection; see its address and whether it "
                "runs"
            ) from None
        except (requests.RequestException, ValueError) as error:
            raise NoAnswerError(
                f"it cannot be asked ({type(error).__name__}); correct its address"
            ) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def authorization_of(login: Login) -> str | None:
    """The header with a login; read from its files each time, so that a new secret counts.

    Raises:
        NoAnswerError: If a file with a secret cannot be used.
    """
    if login.token_file is not None:
        return bearer(login.token_file)
    if login.user is None or login.password_file is None:
        return None
    pair = f"{login.user}:{_secret(login.password_file)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def bearer(file: Path) -> str:
    """The header with a token.

    Raises:
        NoAnswerError: If the file cannot be used.
    """
    token = _secret(file).strip()
    if not (token.isascii() and token.isprintable()):
        raise NoAnswerError(f"the token in '{file}' must be ASCII text in one line")
    return f"Bearer {token}"


def refusal(status: int) -> str:
    """What a status of HTTP means that is not success, and what to do.

    >>> refusal(401), refusal(307)[:26]
    ('it does not accept the login of ctiqa; see user, password or token (HTTP status 401)',
     'it redirects to another ad')
    """
    texts = {
        401: "does not accept the login of ctiqa; see user, password or token",
        403: "does not allow it; allow the user of ctiqa to store there",
        404: "has nothing at this address; correct 'url'",
        407: "is behind a proxy that asks for a login; state an address without a proxy",
        413: "finds it too large; allow larger requests there",
        415: "does not take this kind of content; see whether 'url' is the right address",
    }
    if status in texts:
        text = texts[status]
    elif 300 <= status < 400:
        text = "redirects to another address; state the final one in 'url'"
    elif status in OVERLOADED or status >= 500:
        text = "fails or is overloaded; see its log"
    else:
        text = "refuses it; see its log"
    return f"it {text} (HTTP status {status})"


class _Authorization(AuthBase):
    """Sends a login."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


def _check(authorities: Path) -> None:
    try:
        trusting(authorities)
    except TlsError as error:
        raise NoAnswerError(str(error)) from None


def _secret(file: Path) -> str:
    try:
        return read_secret(file)
    except UsageError as error:
        raise NoAnswerError(str(error)) from None


def _body(answer: requests.Response) -> bytes:
    data, end = bytearray(), time.monotonic() + MOST_SECONDS
    for chunk in answer.iter_content(1 << 14):
        data += chunk
        if len(data) > MOST_BYTES or time.monotonic() > end:
            break
    return bytes(data[:MOST_BYTES])
