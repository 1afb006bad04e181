"""Sessions that were ended before their time, also for other servers and after a restart."""

from __future__ import annotations

import fcntl
import logging
import os
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from ctiqa.clinic.records.clock import Clock

LOG = logging.getLogger("ctiqa.web")

MOST_ENDED = 100_000
"""Number of sessions that are remembered."""

SUFFIX = ".ended"
"""Added to the name of the file with the key."""


class Ended:
    r"""Names of sessions, in memory and in a file to which lines are appended.

    Args:
        file: The file; ``None`` keeps them in memory alone.
        now: The clock.

    >>> import tempfile
    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 31, tzinfo=UTC)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "web.key.ended")
    ...     Ended(file, lambda: at).add("a", at.replace(hour=8))
    ...     "a" in Ended(file, lambda: at), "a" in Ended(file, lambda: at.replace(day=1, month=2))
    (True, False)
    """

    def __init__(self, file: Path | None, now: Clock) -> None:
        self._file = file
        self._now = now
        self._lock = Lock()
        self._until: OrderedDict[str, float] = OrderedDict()
        self._n_read = 0
        self._look()
        self._forget_old()

    def __contains__(self, session: object) -> bool:
        """Whether a session was ended, here or by another server with the same key."""
        self._look()
        return session in self._until

    def add(self, session: str, until: datetime) -> None:
        """Remember a session.

        Args:
            session: Its name.
            until: When it would have ended by itself.
        """
        with self._lock:
            self._remember(session, until.timestamp())
        line = f"{until.timestamp():.0f} {session}\n"
        try:
            self._append(line.encode())
        except OSError as error:
            LOG.error("a logout cannot be kept for a restart (%s)", error.strerror)

    def _remember(self, session: str, until: float) -> None:
        self._until[session] = until
        while len(self._until) > MOST_ENDED:
            self._until.popitem(last=False)

    def _append(self, data: bytes) -> None:
        if self._file is None:
            return
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _look(self) -> None:
        """Read what was appended since the last look."""
        if self._file is None:
            return
        # Without a file, nobody has logged out.
        with suppress(OSError), self._lock:
            size = self._file.stat().st_size
            if size < self._n_read:
                self._n_read = 0
            if size > self._n_read:
                self._read_more(self._file)

    def _read_more(self, file: Path) -> None:
        with file.open("rb") as stream:
            stream.seek(self._n_read)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._n_read += len(whole)
        for line in whole.splitlines():
            until, session = _read(line)
            if until > self._now().timestamp():
                self._remember(session, until)

    def _forget_old(self) -> None:
        """Remove sessions from the file that are over by now."""
        if self._file is None or not self._n_read:
            return
        with suppress(OSError), self._file.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            now = self._now().timestamp()
            lines = stream.read().splitlines(keepends=True)
            kept = [each for each in lines if _read(each)[0] > now]
            stream.seek(0)
            stream.truncate()
            stream.writelines(kept)
            self._n_read = sum(map(len, kept))


def _read(line: bytes) -> tuple[float, str]:
    """When a session ends, and its name; what is no line has ended long ago."""
    until, _, session = line.decode("ascii", "replace").strip().partition(" ")
    return (float(until), session) if until.isdecimal() and session else (0.0, "")
