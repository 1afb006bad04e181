"""Who looked at what: one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from threading import Lock

from ctiqa.text.plain_text import clean

LOG = logging.getLogger("ctiqa.web")

MOST_TEXT = 128
"""Longest text in a line, in characters."""

SYNC_S = 1.0
"""A power cut costs the lines of so many seconds; the end of the process costs none."""


class Audit:
    r"""The file of the audit, opened for each line, so that it can be renamed at any time.

    Lines have no patient data, no passwords, and none of what was asked for in a query.

    Args:
        file: The file; ``None`` writes to standard error.

    >>> import tempfile
    >>> from datetime import UTC
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audit = Audit(Path(folder, "audit.jsonl"))
    ...     audit.write(datetime(2026, 1, 31, tzinfo=UTC), "login", who="ann", address="10.0.0.9")
    ...     Path(folder, "audit.jsonl").read_text()
    '{"at":"2026-01-31T00:00:00+00:00","action":"login","who":"ann","address":"10.0.0.9"}\n'
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = Lock()
        self._synced = 0.0

    def write(
        self, at: datetime, action: str, *, who: str, address: str, series: str | None = None
    ) -> None:
        """Write a line; a disk that is full is reported in the log, and nothing is raised.

        Args:
            at: When.
            action: What was done, a fixed word.
            who: Name of the user or the token.
            address: Address of the computer.
            series: The series as it is stored, if it is about one.
        """
        entry = {"at": at.isoformat(), "action": action, "who": who, "address": address}
        if series is not None:
            entry["series"] = series
        shown = {name: clean(text, MOST_TEXT) for name, text in entry.items()}
        line = json.dumps(shown, separators=(",", ":")) + "\n"
        try:
            self._append(line)
        except OSError as error:
            LOG.error("the audit cannot be written (%s); free space, or ask for permission", error)

    def check(self) -> None:
        """Open the file once.

        Raises:
            OSError: If it cannot be written.
        """
        self._append("")

    def _append(self, line: str) -> None:
        if self._file is None:
            sys.stderr.write(line)
            return
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            # One call, so that lines of several threads and processes are not mixed.
            os.write(handle, line.encode())
            if self._is_due():
                os.fdatasync(handle)
        finally:
            os.close(handle)

    def _is_due(self) -> bool:
        """Whether to write to the disk: once a second, as pages must not wait for it each time."""
        now = time.monotonic()
        with self._lock:
            is_due = now - self._synced >= SYNC_S
            if is_due:
                self._synced = now
            return is_due
