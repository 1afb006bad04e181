"""The file of one part: JSON lines, compressed by gzip, which has a checksum."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from ctiqa.store.bundle import Bundle
from ctiqa.store.database.tables import scans, slices

FORMAT = 1
"""Version of the format."""

SUFFIX = ".json.gz"

NAME = re.compile(r"([0-9a-f]{32})\.json\.gz")
"""Name of the file of a part, with its key."""

MOST_BYTES = 1 << 30
"""Largest part that is read, in bytes after decompression."""

SCAN_COLUMNS = frozenset(each.name for each in scans.c) - {"id", "run", "stored"}
SLICE_COLUMNS = frozenset(each.name for each in slices.c) - {"scan"}


class DamagedPartError(ValueError):
    """A file is not the part that it should be; the message says why."""


def pack(survey: str, key: str, bundles: Iterable[Bundle]) -> bytes:
    """The bytes of a part; the same results make the same bytes.

    >>> unpack(pack("s", "k", [Bundle({"name": "m"})]), "s", "k")[0].model
    {'name': 'm'}
    """
    lines = [each.to_json() for each in bundles]
    head = {"format": FORMAT, "survey": survey, "key": key, "bundles": len(lines)}
    text = "\n".join([json.dumps(head), *lines])
    return gzip.compress(text.encode(), 6, mtime=0)


def unpack(data: bytes, survey: str, key: str) -> list[Bundle]:
    """The bundles of a part.

    Raises:
        DamagedPartError: If it is cut off, altered, or belongs elsewhere.
    """
    head, *lines = _text(data).split("\n")
    try:
        expected = {"format": FORMAT, "survey": survey, "key": key, "bundles": len(lines)}
        if json.loads(head) != expected:
            raise DamagedPartError("it belongs to another survey or version, or is not complete")
        bundles = [Bundle.from_json(line) for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedPartError(f"it cannot be read ({type(error).__name__})") from error
    for bundle in bundles:
        _check(bundle)
    return bundles


def _text(data: bytes) -> str:
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(data, MOST_BYTES)
        if not reader.eof or reader.unused_data:
            raise DamagedPartError("it is cut off, too large, or has something after its end")
        return text.decode()
    except (zlib.error, UnicodeDecodeError):
        raise DamagedPartError("its checksum is wrong") from None


def _check(bundle: Bundle) -> None:
    """Check that rows have the columns of the tables."""
    for scan in bundle.scans:
        rows: list[tuple[Mapping[str, Any], frozenset[str]]] = [(scan.row, SCAN_COLUMNS)]
        rows += [(row, SLICE_COLUMNS) for row in scan.slices]
        if any(set(row) != columns for row, columns in rows):
            raise DamagedPartError("its rows have other columns than this version of ctiqa")
