"""Requests to an archive: no redirects, nothing of the environment, answers bounded in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from threading import Event
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from ctiqa.archive.sources.dicomweb.session import Fault, Server
from ctiqa.clinic.config.sending import Fetch
from ctiqa.clinic.fetching.faults import ArchiveFault, StoppedError, refused
from ctiqa.clinic.sending.posting import NoAnswerError, authorization_of
from ctiqa.text.strict_json import StrictJsonError, parse_json
from ctiqa.version import __version__

TIMEOUT_S = (10.0, 60.0)
"""How long to wait for a connection, and for the next bytes."""

MOST_SECONDS = 1800.0
"""How long one answer may take, however steadily it drips."""

MOST_BYTES = 1 << 26
"""Largest list that is read."""

CHUNK_BYTES = 1 << 18

JSON = "application/json"


class Archive(Server):
    """Connections to the archive of a table ``[[fetch]]``; close it after use.

    Args:
        fetch: The table.
        stop: Ends reading.

    Attributes:
        url: Its address.

    Raises:
        ArchiveFault: If a file with a secret or certificates cannot be used.
    """

    def __init__(self, fetch: Fetch, stop: Event) -> None:
        self.url = fetch.url
        self._stop = stop
        self._session = requests.Session()
        # Neither proxies nor ~/.netrc: the archive is in the hospital.
        self._session.trust_env = False
        self._session.verify = True if fetch.authorities is None else str(fetch.authorities)
        # A compressed answer could be a bomb.
        self._session.headers.update(
            {"User-Agent": f"ctiqa/{__version__}", "Accept-Encoding": "identity"}
        )
        try:
            login = authorization_of(fetch)
        except NoAnswerError as error:
            raise ArchiveFault(str(error)) from None
        if login is not None:
            self._session.headers["Authorization"] = login

    @contextmanager
    def get(self, path: str, accept: str, params: Sequence[tuple[str, str]] = ()) -> Iterator[Any]:
        """Make a request.

        Args:
            path: Below the address of the archive.
            accept: Media types.
            params: Query.

        Yields:
            The :class:`Answer`; its status is 2xx.

        Raises:
            ArchiveFault: If there is no answer, or none that depends on what was asked for.
            Fault: If the answer is another error. A connection that is lost while the body is
                read raises a ``RequestException``.
            StoppedError: If the program is to end.
        """
        with self._request(path, accept, params) as response:
            if not 200 <= response.status_code < 300:
                raise refused(response.status_code)
            yield Answer(response, self._stop)

    def json(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        """The content of an answer in JSON.

        Raises:
            Fault: As for :meth:`get`, or if the connection is lost, the answer is too large or is
                not JSON.
            StoppedError: If the program is to end.
        """
        try:
            with self.get(path, JSON, params) as answer:
                return parse_json(answer.whole())
        except StrictJsonError:
            raise Fault(
                "it must answer with JSON, and does not; correct 'url' in [[fetch]]"
            ) from None
        except requests.RequestException:
            raise Fault(
                "it closes the connection in the middle of an answer; see its log"
            ) from None

    def _request(
        self, path: str, accept: str, params: Sequence[tuple[str, str]]
    ) -> requests.Response:
        if self._stop.is_set():
            raise StoppedError
        try:
            return self._session.get(
                self.url + path,
                headers={"Accept": accept},
                params=params,
                stream=True,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            raise ArchiveFault(
                "its certificate must be valid and trusted here; renew it, or name its authority "
                "in 'authorities'"
            ) from None
        except requests.Timeout:
            raise ArchiveFault("it does not answer in time; see the network and its log") from None
        except requests.ConnectionError:
            raise ArchiveFault(
                "it cannot be reached, or closes the connection; see its address and whether it "
                "runs"
            ) from None
        # OSError: a file of certificates that is not there.
        except (requests.RequestException, ValueError, OSError) as error:
            raise ArchiveFault(
                f"it cannot be asked ({type(error).__name__}); correct 'url' or 'authorities'"
            ) from None


class Answer:
    """An answer whose body is read as it arrives, until the program is to end.

    Args:
        response: The answer of the library.
        stop: Ends reading.
    """

    def __init__(self, response: requests.Response, stop: Event) -> None:
        self._raw = response.raw
        self._stop = stop
        self.status_code = int(response.status_code)
        self.headers = response.headers

    def iter_content(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The body in pieces, as they arrive.

        Args:
            size: Largest piece.

        Raises:
            Fault: If it takes too long, or is compressed.
            RequestException: If the connection is lost, or the body is shorter than announced.
            StoppedError: If the program is to end.
        """
        if self.headers.get("Content-Encoding", "identity") != "identity":
            raise Fault("it compresses answers, although it is asked not to; correct it there")
        end = time.monotonic() + MOST_SECONDS
        while data := self._next(size):
            yield data
            if self._stop.is_set():
                raise StoppedError
            if time.monotonic() > end:
                raise Fault(f"one answer takes more than {MOST_SECONDS:.0f} s; see the network")

    def whole(self) -> bytes:
        """The whole body.

        Raises:
            Fault: If it has more than 64 MB, or as for :meth:`iter_content`.
        """
        data = bytearray()
        for piece in self.iter_content():
            data += piece
            if len(data) > MOST_BYTES:
                raise Fault(
                    f"it answers with a list of more than {MOST_BYTES >> 20} MB; see its log"
                )
        return bytes(data)

    def _next(self, size: int) -> bytes:
        try:
            return bytes(self._raw.read1(size, decode_content=False))
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise requests.ConnectionError(type(error).__name__) from None
