"""QIDO-RS: the rows of a query, page by page, whatever the server makes of limit and offset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import requests

from ctiqa.archive.sources.dicomweb.session import CHUNK_BYTES, Fault, Server, silent
from ctiqa.text.plain_text import clean

PAGE = 500
"""Rows to ask for at once; a server may send fewer."""

MOST_BYTES = 1 << 26
"""Maximum size of a page; a row of a series has about 2 kB."""

_ACCEPT = "application/dicom+json, application/json"


def pages(
    server: Server, path: str, key: str, params: Sequence[tuple[str, str]], name: str
) -> Iterator[list[Any]]:
    """Ask for all rows of a query.

    A server may send fewer rows than asked for, so only a page without anything new is the end.

    Args:
        server: The server.
        path: What is queried, such as ``/series``.
        key: Tag that tells rows apart.
        params: Conditions.
        name: Address of the service.

    Yields:
        New rows.

    Raises:
        Fault: If the server cannot be asked, its answer is not DICOM JSON, or it sends the same
            page again and again, so that the rest of the rows cannot be had.
    """
    seen: set[str] = set()
    received = 0
    while True:
        turn = [*params, ("limit", str(PAGE)), ("offset", str(received))]
        rows = _page(server, path, turn, name)
        new = [row for row in rows if _is_new(value_of(row, key), seen)]
        if not new:
            if received == len(rows) == PAGE:
                raise Fault(
                    f"'{name}' sends the same {PAGE} rows again, so it ignores 'offset', and the "
                    "others cannot be had; ask for fewer days with --since and --until, or allow "
                    "paging on the server"
                )
            return
        yield new
        received += len(rows)


def value_of(row: Any, tag: str) -> str:
    """The first value of a data element of DICOM JSON as text; empty if there is none.

    >>> value_of({"00080060": {"vr": "CS", "Value": ["CT"]}}, "00080060"), value_of({}, "00080060")
    ('CT', '')
    """
    element = row.get(tag) if isinstance(row, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else None
    return str(first).strip() if isinstance(first, str | int | float) else ""


def _is_new(value: str, seen: set[str]) -> bool:
    """Rows without a value, which are broken, are all one."""
    is_new = value not in seen
    seen.add(value)
    return is_new


def _page(server: Server, path: str, params: Sequence[tuple[str, str]], name: str) -> list[Any]:
    try:
        data, media = _read(server, path, params, name)
    except requests.RequestException:
        # The connection was lost in the middle; once may be chance.
        try:
            data, media = _read(server, path, params, name)
        except requests.RequestException as error:
            raise Fault(silent(name, error)) from error
    if not data.strip():
        return []
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Fault(_not_json(name, media)) from error
    if not isinstance(rows, list):
        raise Fault(_not_json(name, media))
    return rows


def _read(
    server: Server, path: str, params: Sequence[tuple[str, str]], name: str
) -> tuple[bytes, str]:
    """The body of an answer, and its media type."""
    with server.get(path, _ACCEPT, params) as answer:
        return _body(answer, name), answer.headers.get("Content-Type", "")


def _body(answer: Any, name: str) -> bytes:
    data = bytearray()
    for chunk in answer.iter_content(CHUNK_BYTES):
        data += chunk
        if len(data) > MOST_BYTES:
            raise Fault(f"'{name}' answers a query with more than {MOST_BYTES >> 20} MB; check it")
    return bytes(data)


def _not_json(name: str, media: str) -> str:
    kind = clean(media.partition(";")[0], 40) or "no media type"
    return (
        f"'{name}' must answer with DICOM JSON, and does with something else ({kind}); the address "
        "must be that of the DICOMweb service, often https://HOST/dicom-web, not of a web page"
    )
