"""The least that has to be done: read and decode the same files with pydicom alone.

Run as ``python -m benchmarks.reading PATH``; a process of its own, so that starting Python counts
for both sides.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom import dcmread


def read(path: Path) -> int:
    """Decode a file or all files of a folder, one after the other.

    Returns:
        How many there were.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return sum(dcmread(file).pixel_array.size > 0 for file in files)


if __name__ == "__main__":
    read(Path(sys.argv[1]))
