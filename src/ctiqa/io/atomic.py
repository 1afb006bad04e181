"""Atomic writes: no partial file is ever visible, and a failure leaves the old file intact."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ctiqa.errors import OutputError, UsageError

NEW_FILE_MODE = 0o666
"""Permissions of a new file before the user's umask."""


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file atomically.

    The bytes are written to a temporary file in the same folder and flushed to disc; then the file
    replaces ``path`` in one step. If anything fails, the temporary file is removed and ``path`` is
    unchanged.

    Args:
        path: File to write; its folder must exist.

    Yields:
        A binary stream to write to.

    Raises:
        OutputError: If the disc is full, permission is denied, or ``path`` is a folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replace_file(Path(folder, "report.json")) as stream:
    ...         _ = stream.write(b"{}")
    ...     Path(folder, "report.json").read_bytes()
    b'{}'
    """
    temporary: Path | None = None
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name[:32]}.", suffix=".tmp", dir=path.parent
        )
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode_of(path))
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"'{path}' must be writable, got '{error.strerror or error}'; "
            "free space, ask for permission or choose another place"
        ) from error
    finally:
        if temporary is not None:
            # After success the temporary name no longer exists.
            with suppress(OSError):
                temporary.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, as :func:`replace_file` does.

    Args:
        path: File to write; its folder must exist.
        data: Its content.

    Raises:
        OutputError: If it cannot be written; an existing file is unchanged.
    """
    with replace_file(path) as stream:
        stream.write(data)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, if they are missing.

    Raises:
        OutputError: If permission is denied, or a file is in the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder '{folder}' cannot be made: {error.strerror or error}; "
            "ask for permission or choose another place"
        ) from error


def check_folder(folder: Path) -> None:
    """Check, before any work is done, that results can be written to a folder.

    Args:
        folder: The folder, which need not exist; nothing is created.

    Raises:
        OutputError: If it cannot be created or is not writable.
    """
    above = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(
            f"'{above}' must be a writable folder; ask for permission or choose another place"
        )


def check_results_folder(out: Path, option: str = "out") -> None:
    """Check, before any work is done, that a command can write its results to a folder.

    Args:
        out: The folder, which need not exist.
        option: Name of the option that names it, for messages.

    Raises:
        UsageError: If it is a file.
        OutputError: If it cannot be created or written to.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"'{option}' must be a folder, got the file '{out}'")
    check_folder(out)


def _mode_of(path: Path) -> int:
    """Permissions of the file to be replaced, or of a new file."""
    with suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return NEW_FILE_MODE & ~mask
