"""One supervisor for a spool: two would move the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctiqa.clinic.service.errors import StartError
from ctiqa.clinic.spool.spool import PRIVATE

NAME = "lock"
"""Name of the locked file in the spool; the system releases the lock of a process that is gone."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a spool while the block runs.

    Args:
        folder: The spool; it is made if it is missing.

    Raises:
        StartError: If another process has it, or the folder cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     with only_one(Path(temporary)), only_one(Path(temporary)):
    ...         pass
    Traceback (most recent call last):
    ...
    ctiqa.clinic.service.errors.StartError: the spool '...' is in use by another 'ctiqa listen'; ...
    """
    import fcntl  # noqa: PLC0415 - not there on Windows

    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"the spool '{folder}' must be a writable folder: {error.strerror or error}; create "
            "it for the user of ctiqa, or choose another one in [spool]"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StartError(
            f"the spool '{folder}' is in use by another 'ctiqa listen'; stop that one, or choose "
            "another folder in [spool]"
        ) from None
    finally:
        os.close(handle)
