"""The store, opened when the database is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from ctiqa.errors import CtiqaError, OutputError
from ctiqa.store.store import Store

AGAIN_S = 2.0
"""After a failure, the store is opened again after so many seconds."""


class StoreDoor:
    """Opens a store once it can be opened.

    Args:
        opener: Opens the store.
        store: The store, if it is open already; then somebody else closes it.
    """

    def __init__(self, opener: Callable[[], Store], store: Store | None = None) -> None:
        self._opener = opener
        self._store = store
        self._is_ours = store is None
        self._lock = Lock()
        self._failure: CtiqaError | None = None
        self._failed_at = 0.0

    def store(self) -> Store:
        """The store.

        Raises:
            OutputError: If the database cannot be reached.
            DataError: If it is damaged, or of a newer version of ctiqa.
        """
        if self._store is not None:
            return self._store
        # Whoever comes while another one waits for the server gets an answer at once.
        if not self._lock.acquire(blocking=self._failure is None):
            raise self._failure or OutputError("the store is being opened; try again")
        try:
            return self._store or self._opened()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        if self._is_ours and self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store:
        if self._failure is not None and time.monotonic() - self._failed_at < AGAIN_S:
            raise self._failure
        try:
            self._store = self._opener()
        except CtiqaError as error:
            self._failure, self._failed_at = error, time.monotonic()
            raise
        self._failure = None
        return self._store
