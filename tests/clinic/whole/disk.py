"""A small disk of the tests' own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A disk in memory, mounted on a folder, which is made.

    Yields:
        Whether it may be mounted; without, the folder is on the disk of its parent.
    """
    folder.mkdir()
    is_mounted = _done("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", folder)
    try:
        yield is_mounted
    finally:
        if is_mounted:
            _done("umount", "--lazy", folder)


def _done(program: str, *arguments: object) -> bool:
    """Whether a program is there and succeeds."""
    if shutil.which(program) is None:
        return False
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
