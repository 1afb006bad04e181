"""The key that signs logins, in a file of its own."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from ctiqa.clinic.config.section import read_secret
from ctiqa.clinic.spool.durable import sync_folder
from ctiqa.errors import OutputError
from ctiqa.io.access.regular import is_there

KEY_BYTES = 32


def signing_key(file: Path) -> bytes:
    """The key in a file; it is made if there is none, readable for its owner alone.

    Raises:
        UsageError: If the file is empty, or everybody may read it.
        OutputError: If it cannot be made.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "web.key")
    ...     signing_key(file) == signing_key(file), oct(file.stat().st_mode & 0o777)
    (True, '0o600')
    """
    if not is_there(file):
        try:
            _make(file)
        except OSError as error:
            raise OutputError(
                f"the key of logins '{file}' cannot be made: {error.strerror or error}; ask for "
                "permission, or name another file in 'web.secret_file'"
            ) from None
    return read_secret(file).encode()


def _make(file: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".web.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        # If another process was first, its key stays.
        if not is_there(file):
            os.link(temporary, file)
        sync_folder(file.parent)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)
