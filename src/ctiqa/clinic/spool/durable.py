"""Files that survive a power cut: what is acknowledged is on the disk, whole, and stays."""

from __future__ import annotations

import filecmp
import hashlib
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place(file: Path, folder: Path, name: str) -> Path:
    """Move a file, whose content is on the disk, to its place; nothing there is overwritten.

    A file with the same name and content is taken for the same; one with other content is kept
    beside it, under a name with the digest of its content.

    Args:
        file: A file on the same drive; it is gone afterwards.
        folder: Where it belongs; must exist.
        name: Its name there, without suffix.

    Returns:
        Where the file is now.

    Raises:
        OSError: If the disk fails.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     folder = Path(temporary)
    ...     for content in ("a", "a", "b"):
    ...         _ = (folder / "new").write_text(content)
    ...         print(place(folder / "new", folder, "1.2").name)
    1.2.dcm
    1.2.dcm
    1.2~3e23e816.dcm
    """
    target = folder / f"{name}.dcm"
    if not _linked(file, target):
        target = folder / f"{name}~{_digest(file)}.dcm"
        _linked(file, target)
    sync_folder(folder)
    file.unlink(missing_ok=True)
    return target


def _linked(file: Path, target: Path) -> bool:
    """Whether a file is at its place, or one with the same content was there before."""
    try:
        os.link(file, target)
    except FileExistsError:
        return filecmp.cmp(file, target, shallow=False)
    return True


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:8]
