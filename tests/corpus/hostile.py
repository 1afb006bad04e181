"""Hostile input: what the files of this kind share.

Every case runs in a process of its own (``bounded.py``), because it may take that process down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.corpus import build
from tests.corpus import dicom_bytes as raw
from tests.corpus.case import read, refused

from ctiqa.errors import Reason

OWN = "own run"
MB = 1 << 20

CORRUPT, TOO_LARGE, TRUNCATED = Reason.CORRUPT, Reason.TOO_LARGE, Reason.TRUNCATED
NO_IMAGE = refused(
    *(CORRUPT, TOO_LARGE, TRUNCATED, Reason.NO_PIXELS, Reason.UNKNOWN_FORMAT, Reason.NOT_2D),
    *(
        Reason.NOT_CT,
        Reason.UNSUPPORTED_TRANSFER_SYNTAX,
        Reason.NOT_HU,
        Reason.HU_CONVENTION_UNKNOWN,
        Reason.TOO_SMALL,
    ),
)
DAMAGED = refused(CORRUPT, TRUNCATED, TOO_LARGE, Reason.UNSUPPORTED_TRANSFER_SYNTAX)


def small_as_read() -> build.Hu:
    """What a reader must make of the slice that hostile files wrap."""
    return raw.small()[None].astype("f4")


READ_OR_DAMAGED = read(small_as_read, CORRUPT, TRUNCATED, Reason.NOT_CT, Reason.NO_PIXELS)


def sparse(path: Path, head: bytes, size: int) -> None:
    """A file with a head and a hole."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


def written(content: Callable[[], bytes], name: str = "a.dcm") -> Callable[[Path], object]:
    """A builder that writes some bytes."""
    return lambda folder: (folder / name).write_bytes(content())
