"""Network drives, on which SQLite cannot lock a file reliably."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
"""Linux's list of mounted file systems."""

NETWORK = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "orangefs", "smb2", "smb3", "smbfs"),
    }
)
"""File systems that other computers can write to."""


def network_drive(path: Path, mounts: Path = MOUNTS) -> str | None:
    """File system of a path on a network drive; ``None`` if it is local, or if it is not known.

    Args:
        path: A file or folder, which need not exist.
        mounts: List of mounted file systems; systems other than Linux have none.

    >>> network_drive(Path("/tmp/ct.sqlite"), Path("/none"))
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = Path(os.path.realpath(path))
    found, longest = None, -1
    for _device, point, system, *_ in (words for line in lines if len(words := line.split()) > 2):
        folder = _unescaped(point)
        # Of two file systems at one place, the later one hides the earlier one.
        if place.is_relative_to(folder) and len(folder) >= longest:
            found, longest = system, len(folder)
    return found if found in NETWORK else None


def _unescaped(text: str) -> str:
    r"""Spaces in the list are written as ``\040``.

    >>> _unescaped(r"/mnt/my\040drive")
    '/mnt/my drive'
    """
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)
