"""Requests to a DICOMweb service: time-outs, a few repetitions, safe redirects, clear faults."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from ctiqa.archive.sources.dicomweb.site import HOW_TO_LOG_IN, Site
from ctiqa.version import __version__

TIMEOUT_S = (10.0, 60.0)
"""How long to wait for a connection, and for the next bytes."""

ATTEMPTS = 4
"""How often a request is made if the server cannot be reached or is overloaded."""

BACKOFF_S = 1.0
"""Pause before the first repetition; it doubles with each."""

OVERLOADED = frozenset({429, 500, 502, 503, 504})
"""Answers after which the request is repeated."""

MOST_REDIRECTS = 5

CHUNK_BYTES = 1 << 18

LOST = (requests.ConnectionError, requests.Timeout)
"""Exceptions that mean that there was no answer."""


class Fault(Exception):  # noqa: N818 - never leaves the package
    """A request that failed, in words.

    Attributes:
        status: Status of the answer; 0 if there was none.
        may_pass: Whether the same request may succeed later.
    """

    def __init__(self, text: str, status: int = 0, *, may_pass: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.may_pass = may_pass


class Server:
    """Connections to one DICOMweb service; close it after use.

    Args:
        site: Its address and login.
    """

    def __init__(self, site: Site) -> None:
        self._base = site.base
        self._session: requests.Session = _Session(site.authorization())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    @contextmanager
    def get(self, path: str, accept: str, params: Sequence[tuple[str, str]] = ()) -> Iterator[Any]:
        """Make a request.

        Args:
            path: Below the address of the service.
            accept: Media types.
            params: Query.

        Yields:
            The answer, whose body has not been read; its status is 2xx.

        Raises:
            Fault: If there is no answer, or it is an error. A connection that is lost while the
                body is read raises a ``RequestException``.
        """
        answer = self._ask(self._base + path, {"Accept": accept}, params)
        with answer:
            if not 200 <= answer.status_code < 300:
                raise Fault(_refusal(self._base, answer.status_code), answer.status_code)
            yield answer

    def _ask(
        self, url: str, headers: Mapping[str, str], params: Sequence[tuple[str, str]]
    ) -> requests.Response:
        """The answer to a request, which is repeated a few times if it may help."""
        for attempt in range(ATTEMPTS - 1):
            try:
                answer = self._ask_once(url, headers, params)
            except Fault as fault:
                if not fault.may_pass:
                    raise
            else:
                if answer.status_code not in OVERLOADED:
                    return answer
                answer.close()
            time.sleep(BACKOFF_S * 2**attempt)
        return self._ask_once(url, headers, params)

    def _ask_once(
        self, url: str, headers: Mapping[str, str], params: Sequence[tuple[str, str]]
    ) -> requests.Response:
        try:
            return self._session.get(
                url, headers=headers, params=params, stream=True, timeout=TIMEOUT_S
            )
        except requests.exceptions.SSLError as error:
            raise Fault(_untrusted(self._base)) from error
        except LOST as error:
            raise Fault(silent(self._base, error), may_pass=True) from error
        except requests.TooManyRedirects as error:
            raise Fault(f"'{self._base}' redirects in circles; check the address") from error
        except (requests.RequestException, ValueError) as error:
            raise Fault(f"'{self._base}' cannot be asked ({type(error).__name__})") from error


class _Login(AuthBase):
    """Sends a login; without one, it keeps ``requests`` from looking into ``~/.netrc``."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


class _Session(requests.Session):
    """Follows redirects only over http and https, never away from https, and without the login."""

    def __init__(self, header: str | None) -> None:
        super().__init__()
        self.auth = _Login(header)
        self.max_redirects = MOST_REDIRECTS
        self.headers["User-Agent"] = f"ctiqa/{__version__}"

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Remove the login if a redirect leads to another host, port or scheme."""
        if _origin(prepared_request.url) != _origin(response.request.url):
            prepared_request.headers.pop("Authorization", None)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where a redirect leads.

        Raises:
            Fault: If it is not allowed.
        """
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            scheme = urlsplit(urljoin(resp.url, target)).scheme.lower()
            if scheme not in ("http", "https") or (scheme == "http" and resp.url[:6] == "https:"):
                raise Fault(
                    f"'{_origin(resp.url)}' redirects from {urlsplit(resp.url).scheme} to "
                    f"'{scheme[:20]}:', which is not followed; check the address"
                )
        return target


def silent(base: str, error: Exception) -> str:
    """What to say if a server does not answer, or stops to."""
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"'{base}' does not answer in time ({TIMEOUT_S[1]:.0f} s); try again later"
    return f"'{base}' cannot be reached, or closes the connection; check address and network"


def _untrusted(base: str) -> str:
    return (
        f"the certificate of '{base}' must be valid, and is not trusted here; name the file with "
        "the certificates of your own authority in REQUESTS_CA_BUNDLE"
    )


def _refusal(base: str, status: int) -> str:
    if status in (401, 403):
        return f"'{base}' does not allow it (status {status}); {HOW_TO_LOG_IN}"
    if status in (404, 410):
        return (
            f"'{base}' has no such thing (status {status}); the address must be that of the "
            "DICOMweb service, often https://HOST/dicom-web"
        )
    if status in OVERLOADED:
        return f"'{base}' fails (status {status}, {ATTEMPTS} attempts); try again later"
    return f"'{base}' answers with status {status}; check the address"


def _origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"
