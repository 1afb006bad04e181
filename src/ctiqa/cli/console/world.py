"""Messages for errors of the environment: files, memory, space, permission, libraries."""

from __future__ import annotations

import errno
from pathlib import Path

from ctiqa.system.extras import lack

REMEDIES = {
    errno.EMFILE: "raise the limit of open files (ulimit -n), or use --jobs 1",
    errno.ENFILE: "raise the limit of open files of this computer, or use --jobs 1",
    errno.ENOMEM: "free memory, or use --jobs 1",
    errno.EAGAIN: "raise the limit of processes (ulimit -u), or use --jobs 1",
    errno.ENOSPC: "free space, or name another folder for temporary files in TMPDIR",
    errno.EDQUOT: "free space, or name another folder for temporary files in TMPDIR",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "ask for permission, or choose another place",
    errno.EPERM: "ask for permission, or choose another place",
}
"""Remedies by error number of the system."""


def fault_of_the_world(error: Exception) -> str | None:
    """The message for an error caused by the environment; ``None`` for any other.

    >>> fault_of_the_world(OSError(errno.EROFS, "Read-only file system", "/mnt/out"))
    "'/mnt/out' cannot be used: Read-only file system; choose a place that can be written to"
    >>> fault_of_the_world(ModuleNotFoundError("no", name="torch.nn"))
    "this needs torch, which is not installed; install it with: pip install 'ctiqa[train]'"
    """
    if isinstance(error, MemoryError):
        return f"there is not enough memory; {REMEDIES[errno.ENOMEM]}"
    if isinstance(error, ImportError):
        return _missing(error)
    if isinstance(error, OSError):
        return _refused_by_the_system(error)
    if str(error) == "can't start new thread":
        return f"no further thread can be started; {REMEDIES[errno.EAGAIN]}"
    return None


def _refused_by_the_system(error: OSError) -> str:
    what = f"'{error.filename}'" if error.filename else "something that ctiqa needs"
    if isinstance(error, FileNotFoundError) and not _folder_exists():
        return "the working folder no longer exists; change to another one"
    remedy = REMEDIES.get(error.errno or 0, "try again, or use another place")
    return f"{what} cannot be used: {error.strerror or error}; {remedy}"


def _folder_exists() -> bool:
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False


def _missing(error: ImportError) -> str | None:
    """The message for a missing library; a missing module of ctiqa itself is a bug."""
    name = (error.name or "").partition(".")[0]
    if name == "ctiqa":
        return None
    if not isinstance(error, ModuleNotFoundError):
        return f"{name or 'a library'} cannot be loaded ({error}); install it again"
    return lack("this", [name or "a library"])
