"""CSV files as they come: with or without BOM, in several encodings, with several separators."""

from __future__ import annotations

import codecs
import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ctiqa.errors import DataError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

SEPARATORS = ",;\t|"

_CHUNK = 1 << 20

_HEAD_CHARACTERS = 1 << 14
"""The line with the names of the columns must be within so many characters."""


@contextmanager
def as_utf8(file: Path) -> Iterator[Path]:
    r"""Make a CSV file available as UTF-8 without BOM; the file itself if it is that already.

    Args:
        file: The CSV file.

    Raises:
        DataError: If it is not text.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "m.csv")
    ...     _ = file.write_bytes("path\r\nKöln.dcm".encode("cp1252"))
    ...     with as_utf8(file) as text:
    ...         text.read_text(encoding="utf-8").split()
    ['path', 'Köln.dcm']
    """
    encoding = encoding_of(file)
    if encoding == "utf-8":
        yield file
        return
    with TemporaryDirectory(prefix="ctiqa-") as folder:
        copy = Path(folder, "manifest.csv")
        try:
            with (
                file.open(encoding=encoding, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as target,
            ):
                shutil.copyfileobj(source, target, _CHUNK)
        except UnicodeError as error:
            raise DataError(
                f"'{file}' must be text in UTF-8, and is not ({encoding} neither); save it as "
                "CSV in UTF-8"
            ) from error
        yield copy


def encoding_of(file: Path) -> str:
    """The encoding of a CSV file: that of its BOM, UTF-8 if it is that, else Windows-1252.

    Raises:
        DataError: If it has bytes that no text has.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = ""
    with file.open("rb") as stream:
        head = stream.read(_CHUNK)
        bom = next((name for mark, name in BOMS if head.startswith(mark)), None)
        if bom is not None:
            return bom
        while head:
            if b"\0" in head:
                raise DataError(f"'{file}' must be a CSV or Parquet file, and is binary")
            try:
                decoder.decode(head)
            except UnicodeDecodeError:
                return "cp1252"
            head = stream.read(_CHUNK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        encoding = "cp1252"
    return encoding or "utf-8"


def separator_of(file: Path, column: str) -> str:
    """What separates the columns: the sign with which the first line names a certain column.

    Args:
        file: In UTF-8.
        column: The name, in small letters.
    """
    with file.open(encoding="utf-8", newline="") as stream:
        line = stream.readline(_HEAD_CHARACTERS)
    for sign in SEPARATORS:
        names = next(csv.reader([line], delimiter=sign), [])
        if column in [name.strip().lower() for name in names]:
            return sign
    return max(SEPARATORS, key=line.count)
