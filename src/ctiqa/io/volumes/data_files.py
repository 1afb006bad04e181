"""Data files of a header file: their names, and the check that they are in its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ctiqa.errors import Reason, RefusedError

MAX_FILES = 20_000
"""Maximum number of data files of one volume: one per slice."""

_NUMBER = re.compile(r"%[0-9]*d")
"""A number in a pattern of file names, as in C: ``%03d``."""

MAX_DIGITS = 9
DRIVE = re.compile(r"[a-zA-Z]:")


def beside(header: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The data files of a header file.

    Args:
        header: The header file.
        names: Names given in the header, relative to its folder.

    Returns:
        Paths of the files, which need not exist.

    Raises:
        RefusedError: If there is no file or too many, or one is outside the folder.

    >>> beside(Path("scan/ct.nhdr"), ["./ct.raw"])
    (PosixPath('scan/ct.raw'),)
    """
    if not 1 <= len(names) <= MAX_FILES:
        raise RefusedError(
            Reason.CORRUPT, f"a header must name 1 to {MAX_FILES} data files, got {len(names)}"
        )
    return tuple(_beside(header, name) for name in names)


def _beside(header: Path, name: str) -> Path:
    path = os.path.normpath(name if os.sep == "\\" else name.replace("\\", "/"))
    if not name or os.path.isabs(path) or DRIVE.match(path) or Path(path).parts[:1] == ("..",):  # noqa: PTH117
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "data files must be in the folder of their header or below it, but the header names "
            "another place; move the file and change its name in the header",
        )
    found = header.parent / path
    if "\0" in name or found == header:
        raise RefusedError(Reason.CORRUPT, "the name of the data file is invalid")
    return found


def name_of(text: str) -> str:
    r"""File name in the encoding of the file system, from header text that was read as Latin-1.

    >>> name_of("sch\xc3\xa4del.raw")
    'schädel.raw'
    """
    return os.fsdecode(text.encode("latin-1"))


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern of file names with a range, such as ``s%03d.raw 1 40 1``.

    >>> is_pattern("s%03d.raw 1 40 1"), is_pattern("100% water.raw")
    (True, False)
    """
    words = text.split()
    return len(words) > 2 and bool(_NUMBER.search(words[0]))


def numbered(text: str) -> list[str]:
    """Expand a pattern of file names.

    Args:
        text: Pattern, first number, last number, step (1 if absent); the rest is ignored.

    Returns:
        The names.

    Raises:
        RefusedError: With ``CORRUPT`` if the pattern or its range is invalid.

    >>> numbered("s%02d.raw 1 3 1")
    ['s01.raw', 's02.raw', 's03.raw']
    """
    pattern, *words = text.split()
    first, last, step = (int(word) for word in (*words, "1")[:3])
    count = (last - first) // step + 1 if step else 0
    if not 1 <= count <= MAX_FILES or len(_NUMBER.findall(pattern)) != 1:
        raise RefusedError(Reason.CORRUPT, "the number range of the data files is invalid")
    return [_filled(pattern, first + step * index) for index in range(count)]


def data_file_named(text: str) -> list[str]:
    """The data files named by a header: one name or a pattern.

    >>> data_file_named("./ct.raw"), data_file_named("s%d.raw 1 2 1")
    (['./ct.raw'], ['s1.raw', 's2.raw'])
    """
    name = name_of(text)
    return numbered(name) if is_pattern(name) else [name]


def _filled(pattern: str, number: int) -> str:
    digits = _NUMBER.search(pattern)
    width = digits[0][1:-1] if digits else ""
    if len(width) > 2 or abs(number) >= 10**MAX_DIGITS:
        raise RefusedError(Reason.CORRUPT, "the numbers of the data files are too long")
    return _NUMBER.sub(lambda _: f"%{width}d" % number, pattern)
